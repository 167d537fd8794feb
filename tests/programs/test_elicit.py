"""The choice of program by mode, by feeding replies."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from anytime import AnytimeError, BudgetGrid, Elicited, Message, Program, Reply, Request
from anytime.programs import elicit as room
from anytime.programs.elicit import GENERIC_CUE, Asked, ModeProgram, elicit, hands_back
from anytime.settings import RunSettings
from tests.feeding import feed

GRID = BudgetGrid([1, 2, 4])
ASKED = Asked(
    (Message("user", "How many?"),),
    RunSettings(GRID, answer_tokens=9),
    GENERIC_CUE,
    continuation="reprompt",
)


def six(request: Request) -> Reply:
    return Reply("a b c d e f"[: 2 * request.max_tokens], output_tokens=6)


def asked(**changes: object) -> Asked:
    return dataclasses.replace(ASKED, **changes)  # type: ignore[arg-type]


def test_interrupt_asks_once_and_then_for_answers() -> None:
    elicited, batches = feed(elicit(ASKED), six)
    assert [len(batch) for batch in batches] == [1, 3]
    assert {request.max_tokens for request in batches[1]} == {9}
    assert elicited.mode == "interrupt"
    assert hands_back("interrupt")


def test_a_trace_that_is_there_is_not_asked_for() -> None:
    _, batches = feed(elicit(asked(sampled=six(Request((), 3, "trace")))), six)
    assert [len(batch) for batch in batches] == [3]


def test_contract_asks_once_per_budget_and_hands_nothing_back() -> None:
    run = RunSettings(GRID, "contract")
    elicited, batches = feed(elicit(asked(run=run, continuation=None)), six)
    assert [[request.max_tokens for request in batch] for batch in batches] == [[1, 2, 4]]
    assert elicited.mode == "contract"
    assert not hands_back("contract")


def test_a_prompt_for_each_budget_is_for_contract_runs() -> None:
    by_budget = {budget: (Message("user", f"At {budget}?"),) for budget in GRID}
    run = RunSettings(GRID, "contract")
    _, (batch,) = feed(elicit(asked(messages=by_budget, run=run)), six)
    assert [request.messages[0].content[:5] for request in batch] == ["At 1?", "At 2?", "At 4?"]
    with pytest.raises(AnytimeError, match="show=matched needs mode=contract"):
        elicit(asked(messages=by_budget))


def test_without_a_continuation_nothing_can_be_handed_back() -> None:
    with pytest.raises(AnytimeError, match="name a continuation"):
        elicit(asked(continuation=None))


def test_a_new_mode_is_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    def backwards(one: Asked) -> Program[Elicited]:
        run = dataclasses.replace(one.run, budgets=BudgetGrid([3, 5]))
        usual: Callable[[Asked], Program[Elicited]] = room.PROGRAMS["contract"].start
        return usual(dataclasses.replace(one, run=run))

    table = {**room.PROGRAMS, "interrupt": ModeProgram(backwards, hands_back=False)}
    monkeypatch.setattr(room, "PROGRAMS", table)
    _, (batch,) = feed(elicit(ASKED), six)
    assert [request.max_tokens for request in batch] == [3, 5]
