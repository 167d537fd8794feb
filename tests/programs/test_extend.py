"""The mode `extend`, by feeding replies."""

from __future__ import annotations

import pytest

from anytime import AnytimeError, BudgetGrid, Cue, Elicited, Message, Reply, Request
from anytime.programs.accounting import accounted
from anytime.programs.answers import AnswerRules
from anytime.programs.extend import WAIT, extend
from anytime.settings import run_settings
from tests.feeding import feed

QUESTION = (Message("user", "What is 6 * 7?"),)
CUE = Cue(ask="Time is up: answer.", begin="Answer: ")
RULES = AnswerRules(strip=lambda text: "" if text.startswith("Answer:") else text)


def reply(tokens: list[str], finish: str = "stop") -> Reply:
    return Reply(
        "".join(tokens),
        output_tokens=len(tokens),
        token_bytes=tuple(token.encode() for token in tokens),
        finish=finish,  # type: ignore[arg-type]
    )


THOUGHT = [f"w{place} " for place in range(6)]
FIRST = reply([*THOUGHT, "\n\n", "Answer:", " 41"])
"""Six tokens of thought, three of answer."""
AGAIN = reply([", ", "no ", "\n\n", "Answer:", " 42"])
FRAMED = reply(["<think>", "a ", "b", "</think>", "Answer:", " 41"])


def run(
    traces: list[Reply], budgets: list[int], waits: int = 2
) -> tuple[Elicited, list[list[Request]]]:
    parts = iter(traces)

    def answer(request: Request) -> Reply:
        if request.kind == "answer":
            return Reply(f"at {request.budget}", output_tokens=1)
        part = next(parts)
        if (part.output_tokens or 0) <= request.max_tokens:
            return part
        assert part.token_bytes is not None
        return reply([one.decode() for one in part.token_bytes[: request.max_tokens]], "length")

    program = extend(
        QUESTION,
        BudgetGrid(budgets),
        waits=waits,
        cue=CUE,
        continuation="prefill",
        answer_tokens=5,
        rules=RULES,
    )
    return feed(accounted(program), answer)


def told(found: Elicited) -> list[tuple[int, str, int | None, bool]]:
    return [(p.budget, p.answer, p.tokens, p.forced) for p in found.checkpoints]


def test_an_ended_trace_goes_on_behind_its_reasoning() -> None:
    found, batches = run([FIRST, AGAIN, AGAIN], [4, 9, 12, 14, 40])
    first, second, third, forced = batches
    assert [one.max_tokens for (one,) in (first, second, third)] == [40, 31, 25]
    assert second[0].messages[-1] == Message("assistant", "".join(THOUGHT).rstrip() + " " + WAIT)
    assert second[0].slice == 1
    assert third[0].messages[-1].content.endswith(f"{WAIT}, no {WAIT}")
    assert {request.kind for request in forced} == {"answer"}
    assert found.extended == 2
    assert found.strategy == "extend:2"


def test_what_was_taken_off_is_spent() -> None:
    """The first end after 9 tokens, 3 of them taken off; Wait is one; then 5, 3 taken off; ..."""
    found, _ = run([FIRST, AGAIN, AGAIN], [4, 9, 12, 15, 40])
    assert told(found) == [
        (4, "Answer: at 4", 4, True),
        (9, FIRST.text, 9, False),
        # 3 were taken off, so 9 tokens of the trace: 6, Wait, and two of what follows.
        (12, "Answer: at 9", 12, True),
        (15, found.checkpoints[3].answer, 15, False),
        (40, found.checkpoints[4].answer, 21, False),
    ]
    assert found.checkpoints[3].answer.endswith("Answer: 42")
    assert found.tokens == 21
    assert found.bill is not None
    assert found.bill.calls == 3 + 2
    assert found.bill.tokens == 9 + 5 + 5 + 2


def test_it_is_cut_off_by_the_largest_budget_all_the_same() -> None:
    found, batches = run([FIRST, AGAIN], [4, 12], waits=5)
    assert batches[1][0].max_tokens == 3
    assert found.finish == "length"
    assert found.extended == 1
    assert told(found)[1] == (12, "Answer: at 9", 12, True)


def test_a_trace_that_never_ends_is_never_extended() -> None:
    found, batches = run([reply(THOUGHT * 4, "length")], [4, 12])
    assert [len(batch) for batch in batches] == [1, 2]
    assert found.extended == 0


def test_within_a_frame_it_goes_on_within_the_frame() -> None:
    _, batches = run([FRAMED, reply(["c ", "</think>", "Answer:", " 42"])], [2, 30], waits=1)
    handed = batches[1][0].messages[-1].content
    assert handed == f"<think>a b{WAIT}"


def test_a_failed_part_fails_the_trace() -> None:
    found, _ = run([FIRST, Reply("", failed="filtered")], [4, 40])
    assert found.failed == "filtered"


def test_records_are_read_back() -> None:
    found, _ = run([FIRST, AGAIN, AGAIN], [4, 9, 40])
    again = Elicited.from_json(found.to_json())
    assert (again.extended, again.bill, again.strategy) == (2, found.bill, "extend:2")


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ({"mode": "extend"}, "mode=extend needs waits, such as waits=2"),
        ({"waits": 2}, "waits is of mode=extend, and this is mode=interrupt"),
        ({"mode": "vote", "k": 2, "waits": 2}, "waits is of mode=extend, and this is mode=vote"),
        ({"mode": "extend", "waits": 0}, "waits 0 is not a whole number from 1 on"),
    ],
)
def test_what_makes_no_sense_is_refused(named: dict[str, object], says: str) -> None:
    with pytest.raises(AnytimeError) as refused:
        run_settings({"budgets": "128,256", **named})
    assert str(refused.value) == says


def test_a_reprompt_cannot_make_it_go_on() -> None:
    grid = BudgetGrid([2, 4])
    program = extend(QUESTION, grid, waits=1, cue=CUE, continuation="reprompt", answer_tokens=5)
    with pytest.raises(AnytimeError, match="mode=extend hands a trace back to go on"):
        next(program)
