"""The mode `vote`, by feeding replies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime import BudgetGrid, Cue, Elicited, Grade, Message, Program, Reply, Request, interrupt
from anytime.errors import AnytimeError
from anytime.programs.accounting import accounted
from anytime.programs.vote import grade_of, vote, voted
from anytime.settings import run_settings
from tests.feeding import feed

QUESTION = (Message("user", "What is 6 * 7?"),)
CUE = Cue(ask="Time is up: answer.", begin="Answer: ")


def one(grid: BudgetGrid) -> Program[Elicited]:
    return interrupt(QUESTION, grid, cue=CUE, continuation="prefill", answer_tokens=5)


def words(count: int, finish: str = "stop") -> Reply:
    tokens = [f"w{place} " for place in range(count)]
    return Reply(
        "".join(tokens),
        output_tokens=count,
        token_bytes=tuple(token.encode() for token in tokens),
        finish=finish,  # type: ignore[arg-type]
        cost=1.0,
        seconds=2.0,
    )


LENGTHS = {1: 3, 2: 8, 3: 8, 4: 5}
ANSWERS = {1: "41", 2: "42", 3: "42", 4: "7"}


def answer(request: Request) -> Reply:
    assert request.draw is not None
    if request.kind == "trace":
        length = LENGTHS[request.draw]
        return words(length, "length" if length == request.max_tokens else "stop")
    return Reply(ANSWERS[request.draw], output_tokens=request.draw, cost=0.5, seconds=1.0)


def run() -> tuple[Elicited, list[list[Request]]]:
    return feed(accounted(vote(one, BudgetGrid([8, 16, 32]), 4)), answer)


def test_two_rounds_whatever_k_and_each_trace_is_capped_at_its_share() -> None:
    _, (first, second) = run()
    assert [(request.kind, request.max_tokens, request.draw) for request in first] == [
        ("trace", 8, 1),
        ("trace", 8, 2),
        ("trace", 8, 3),
        ("trace", 8, 4),
    ]
    # Shares 2, 4, 8: traces of 3 and 5 tokens end before, those of 8 are cut off at 8.
    assert [(request.draw, request.budget) for request in second] == [
        *((1, 2), (2, 2), (2, 4), (2, 8), (3, 2), (3, 4), (3, 8), (4, 2), (4, 4))
    ]


def test_what_was_spent_is_a_sum_and_what_was_waited_for_the_longest() -> None:
    found, _ = run()
    assert [(point.budget, point.tokens, point.depth) for point in found.checkpoints] == [
        (8, 8, 2),
        (16, 3 + 4 + 4 + 4, 4),
        (32, 3 + 8 + 8 + 5, 8),
    ]
    assert [point.answer_tokens for point in found.checkpoints] == [10, 9, 5]
    assert found.tokens == 24
    assert found.finish == "length"
    assert found.strategy == "vote:4"


def test_the_bill_has_every_call() -> None:
    found, batches = run()
    calls = [request for batch in batches for request in batch]
    assert found.bill is not None
    assert found.bill.calls == len(calls) == 13
    assert found.bill.tokens == sum(answer(request).output_tokens or 0 for request in calls)
    assert found.bill.cost == 4 * 1.0 + 9 * 0.5
    assert found.bill.seconds == 4 * 2.0 + 9 * 1.0


def test_own_answers_vote_beside_forced_ones() -> None:
    found, _ = run()
    said = [point.among for point in found.checkpoints]
    assert said[0] == ("Answer: 41", "Answer: 42", "Answer: 42", "Answer: 7")
    assert said[2] is not None
    assert said[2][0] == "w0 w1 w2 "
    assert Elicited.from_json(found.to_json()).checkpoints == found.checkpoints
    assert Elicited.from_json(found.to_json()).bill == found.bill


def test_a_budget_fails_with_one_of_its_traces() -> None:
    def refusing(request: Request) -> Reply:
        failed = request.kind == "answer" and request.draw == 2 and request.budget == 2
        return Reply("", failed="filtered") if failed else answer(request)

    found, _ = feed(vote(one, BudgetGrid([8, 16]), 4), refusing)
    assert [point.failed for point in found.checkpoints] == ["filtered", None]


GRADES = st.lists(
    st.tuples(st.sampled_from(["", "a", "b", "c"]), st.booleans()), min_size=1, max_size=9
)


@given(GRADES)
def test_a_plurality_decides_and_a_tie_is_worth_its_mean(cast: list[tuple[str, bool]]) -> None:
    worth = {"a": 1.0, "b": 0.25, "c": 0.0, "": 0.0}
    grades = [Grade(worth[said], bool(said), said, {"em": worth[said]}) for said, _ in cast]
    votes = [said for said, _ in cast if said]
    found = voted(grades)
    if not votes:
        assert found == Grade(0.0, False, "", {"em": 0.0})
        return
    most = max(votes.count(said) for said in votes)
    tied = sorted({said for said in votes if votes.count(said) == most})
    assert found.quality == pytest.approx(sum(worth[said] for said in tied) / len(tied))
    assert found.metrics["em"] == pytest.approx(found.quality)
    assert found.answer == " or ".join(tied)


def test_a_checkpoint_of_one_trace_is_graded_as_ever() -> None:
    found, _ = feed(one(BudgetGrid([2, 4])), lambda r: words(3) if r.kind == "trace" else words(1))
    seen: list[str] = []
    grade_of(found.checkpoints[0], lambda text: seen.append(text) or Grade(1.0, True, text))  # type: ignore[func-returns-value]
    assert seen == ["Answer: w0 "]


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"mode": "vote"}, "mode=vote needs k, such as k=4"),
        ({"k": 4}, "k is of mode=vote or mode=check, and this is mode=interrupt"),
        (
            {"mode": "contract", "k": 4},
            "k is of mode=vote or mode=check, and this is mode=contract",
        ),
        ({"mode": "vote", "k": 1}, "k 1 is not a whole number from 2 on"),
        ({"mode": "vote", "k": "4"}, "k '4' is not a whole number from 2 on"),
        ({"mode": "vote", "k": True}, "k True is not a whole number from 2 on"),
        (
            {"mode": "vote", "k": 3, "budgets": "128,256,512"},
            "budget 128 is not divided evenly among k=3 traces: name 126,255,510 as budgets",
        ),
        (
            {"mode": "vote", "k": 300, "budgets": "128,256,1200"},
            "300 traces cannot share a budget of 128 tokens: each would have less than one; name "
            "larger ones",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(named: dict[str, object], told: str) -> None:
    with pytest.raises(AnytimeError) as refused:
        run_settings({"budgets": "128,256", **named})
    assert str(refused.value) == told


def test_no_reasoning_at_all_may_be_shared() -> None:
    assert run_settings({"mode": "vote", "k": 4, "budgets": "0,128"}).budgets[0] == 0
