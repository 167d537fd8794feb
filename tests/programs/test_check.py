"""The mode `check`, by feeding replies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime import BudgetGrid, Cue, Elicited, Message, Program, Reply, Request, interrupt
from anytime.domains.trip import TRIP
from anytime.models.side_requests import Judged, judged
from anytime.programs.accounting import accounted
from anytime.programs.answers import answer_checker
from anytime.programs.check import CHOOSE, check
from anytime.programs.vote import vote
from tests.feeding import feed

QUESTION = (Message("user", "What is 6 * 7?"),)
CUE = Cue(ask="Time is up: answer.", begin="Answer: ")
SAID = {1: "41", 2: "41", 3: "42", 4: "mumble"}


def one(grid: BudgetGrid) -> Program[Elicited]:
    return interrupt(QUESTION, grid, cue=CUE, continuation="prefill", answer_tokens=5)


def read(text: str) -> str | None:
    said = text.removeprefix("Answer: ").strip()
    return said if said.isdigit() else None


def run(judgement: Reply, checker: object = None) -> tuple[Elicited, list[list[Request]]]:
    def answer(request: Request) -> Reply:
        if request.kind == "trace":
            words = [f"w{place} " for place in range(request.max_tokens)]
            texts = tuple(word.encode() for word in words)
            return Reply(
                "".join(words), output_tokens=len(words), token_bytes=texts, finish="length"
            )
        if CHOOSE in request.messages[-1].content:
            return judgement
        assert request.draw is not None
        return Reply(SAID[request.draw], output_tokens=1)

    program = check(
        vote(one, BudgetGrid([8, 16]), 4),
        read=read,
        checker=checker,  # type: ignore[arg-type]
        question="What is 6 * 7?",
        judge_tokens=7,
        draw=1,
    )
    return feed(accounted(program), answer)


def test_the_model_is_shown_each_answer_once_and_its_choice_stands() -> None:
    found, batches = run(Reply("Best: 2", output_tokens=3))
    asked = batches[-1]
    assert [request.max_tokens for request in asked] == [7, 7]
    shown = asked[0].messages[-1].content
    case = judged(shown)
    assert case == Judged("What is 6 * 7?", ("Answer: 41", "Answer: 42"), choose=True)
    assert [point.among for point in found.checkpoints] == [("Answer: 42",)] * 2
    assert found.unjudged == 0
    assert found.strategy == "check:4"


def test_judging_is_spent() -> None:
    found, _ = run(Reply("Best: 2", output_tokens=3))
    assert [(point.tokens, point.depth) for point in found.checkpoints] == [(11, 5), (19, 7)]
    assert found.tokens == 19
    assert found.bill is not None
    assert found.bill.calls == 4 + 8 + 2
    assert found.bill.tokens == 4 * 4 + 8 + 2 * 3


@pytest.mark.parametrize("said", ["Best: 3", "neither", "0", "99999999"])
def test_what_cannot_be_read_leaves_the_vote_and_is_counted(said: str) -> None:
    found, _ = run(Reply(said, output_tokens=3))
    assert found.unjudged == 2
    assert [len(point.among or ()) for point in found.checkpoints] == [4, 4]
    assert Elicited.from_json(found.to_json()).unjudged == 2


def test_a_failed_judgement_fails_its_budget() -> None:
    found, _ = run(Reply("", failed="filtered"))
    assert found.failed == "filtered"


def test_a_checker_needs_no_request() -> None:
    found, batches = run(Reply("never"), checker=lambda text: float(text.endswith("42")))
    assert len(batches) == 2
    assert [point.among for point in found.checkpoints] == [("Answer: 42",)] * 2
    assert found.unjudged is None


TRIPS = TRIP.load("builtin", None, 0).problems


@given(st.sampled_from(TRIPS), st.sampled_from(TRIPS))
def test_a_trip_is_checked_without_its_gold(problem: object, other: object) -> None:
    """Whatever stands for the golden plan: the constraints are in the prompt."""
    checker = answer_checker(TRIP, problem)  # type: ignore[arg-type]
    assert checker is not None
    text = other.gold  # type: ignore[attr-defined]
    spoilt = replace(problem, gold="nonsense", facts={})  # type: ignore[type-var]
    assert TRIP.check is not None
    assert checker(text) == TRIP.check(spoilt, text)  # type: ignore[arg-type]
    assert checker(text) == TRIP.grade(problem, text).quality  # type: ignore[arg-type]
