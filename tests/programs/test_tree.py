"""The mode `tree`, by feeding replies."""

from __future__ import annotations

import re

import pytest

from anytime import AnytimeError, BudgetGrid, Cue, Elicited, Message, Reply, Request
from anytime.programs.accounting import accounted
from anytime.programs.tree import FIRST_THOUGHT, NEXT_THOUGHT, VALUE, VALUE_TOKENS, TreeShape, tree
from anytime.settings import run_settings
from tests.feeding import feed

QUESTION = (Message("user", "What is 6 * 7?"),)
CUE = Cue(ask="Time is up: answer.", begin="Answer: ")
SHAPE = TreeShape(width=2, branch=2, thought=20)
COST = 10
"""Tokens of a thought here, as a model may stop before its cap; a judgement takes 2."""


def worth(state: str) -> int:
    """Later draws think better thoughts."""
    return sum(map(int, re.findall(r"draw (\d+)", state)))


def model(request: Request) -> Reply:
    last = request.messages[-1].content
    if last.endswith(VALUE):
        return Reply(f"I say {worth(request.messages[-2].content)}", output_tokens=2)
    if last.endswith((FIRST_THOUGHT, NEXT_THOUGHT)):
        return Reply(f"draw {request.draw}", output_tokens=COST)
    state = last.removesuffix(CUE.begin)
    return Reply(f"{worth(state)}", output_tokens=1)


def run(
    budgets: list[int], answer: object = model, shape: TreeShape = SHAPE
) -> tuple[Elicited, list[list[Request]]]:
    program = tree(
        QUESTION,
        BudgetGrid(budgets),
        shape,
        cue=CUE,
        continuation="prefill",
        answer_tokens=5,
    )
    return feed(accounted(program), answer)  # type: ignore[arg-type]


FIRST = 2 * (COST + 2)
"""A level from the one empty state; the next ones have two states."""
NEXT = 4 * (COST + 2)


def test_the_best_states_go_on_level_by_level() -> None:
    found, batches = run([FIRST, 300])
    thoughts = [batch for batch in batches if batch[0].max_tokens == SHAPE.thought]
    assert [len(batch) for batch in thoughts[:3]] == [2, 4, 4]
    assert [request.draw for request in thoughts[1]] == [1, 2, 3, 4]
    # Of draws 1 and 2 the second is better, and goes on first; both are kept, as two fit.
    handed = [request.messages[-2].content for request in thoughts[1]]
    assert handed == ["draw 2", "draw 2", "draw 1", "draw 1"]
    # 2+1, 2+2, 1+3, 1+4: the best two are those of draw 1.
    handed = [request.messages[-2].content for request in thoughts[2]]
    assert handed == ["draw 1\n\ndraw 4"] * 2 + ["draw 2\n\ndraw 2"] * 2
    assert found.strategy == "tree:2x2x20"


def test_the_answer_is_that_of_the_last_level_that_was_complete() -> None:
    found, _ = run([FIRST - 1, FIRST, FIRST + NEXT - 1, FIRST + NEXT, 400])
    told = [(point.budget, point.tokens, point.answer) for point in found.checkpoints]
    assert told[:4] == [
        (FIRST - 1, 0, "Answer: 0"),
        (FIRST, FIRST, "Answer: 2"),
        (FIRST + NEXT - 1, FIRST, "Answer: 2"),
        (FIRST + NEXT, FIRST + NEXT, "Answer: 5"),
    ]
    assert [point.depth for point in found.checkpoints][:4] == [0, 12, 12, 24]


def test_no_level_is_begun_that_might_not_fit() -> None:
    most = 4 * (SHAPE.thought + VALUE_TOKENS)
    found, _ = run([FIRST, FIRST + most])
    assert found.tokens == FIRST + NEXT
    short, _ = run([FIRST, FIRST + most - 1])
    assert short.tokens == FIRST
    assert max(point.tokens or 0 for point in found.checkpoints) <= FIRST + most


def test_everything_is_on_the_bill() -> None:
    found, batches = run([FIRST, 300])
    assert found.bill is not None
    assert found.bill.calls == sum(map(len, batches))
    answers = len(batches[-1])
    assert found.bill.tokens == (found.tokens or 0) + answers


def test_an_unreadable_judgement_counts_as_nothing_and_is_counted() -> None:
    def silent(request: Request) -> Reply:
        if request.messages[-1].content.endswith(VALUE):
            return Reply("who knows", output_tokens=2)
        return model(request)

    found, batches = run([FIRST, 100], silent)
    assert found.unjudged == sum(
        len(batch) for batch in batches if batch[0].max_tokens == VALUE_TOKENS
    )
    assert Elicited.from_json(found.to_json()).unjudged == found.unjudged


def test_states_that_say_the_same_are_one() -> None:
    def same(request: Request) -> Reply:
        if request.max_tokens == SHAPE.thought:
            return Reply("the same", output_tokens=COST)
        return model(request)

    _, batches = run([FIRST, 300], same)
    assert [len(batch) for batch in batches if batch[0].max_tokens == SHAPE.thought][:2] == [2, 2]


def test_a_failed_thought_fails_the_run_of_a_problem() -> None:
    found, _ = run([FIRST, 300], lambda request: Reply("", failed="filtered"))
    assert found.failed == "filtered"


def test_nobody_counts() -> None:
    with pytest.raises(AnytimeError, match="mode=tree keeps to a budget of tokens"):
        run([FIRST, 300], lambda request: Reply("7"))


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({"mode": "tree"}, "mode=tree needs width, such as width=2"),
        ({"mode": "tree", "width": 2, "branch": 2}, "mode=tree needs thought, such as thought=32"),
        ({"branch": 2}, "branch is of mode=tree, and this is mode=interrupt"),
        ({"mode": "tree", "width": 0}, "width 0 is not a whole number from 1 on"),
    ],
)
def test_what_makes_no_sense_is_refused(named: dict[str, object], says: str) -> None:
    with pytest.raises(AnytimeError) as refused:
        run_settings({"budgets": "128,256", **named})
    assert str(refused.value) == says
