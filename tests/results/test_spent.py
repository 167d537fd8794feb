"""What traces took: each call once, and nothing that is not known counts as known."""

from __future__ import annotations

import pytest

from anytime.programs.checkpoints import Checkpoint, Elicited
from anytime.results.spent import Spent, spent_table


def point(budget: int, **about: object) -> Checkpoint:
    given = {
        "answer": "7",
        "forced": True,
        "tokens": budget,
        "answer_tokens": 10,
        "leaked_reasoning_tokens": 0,
        "finish": "stop",
    } | about
    return Checkpoint(budget, **given)  # type: ignore[arg-type]


def own(budget: int, tokens: int, **about: object) -> Checkpoint:
    return point(budget, forced=False, tokens=tokens, answer_tokens=0, **about)


def spent(*traces: Elicited) -> Spent:
    found = Spent()
    for trace in traces:
        found.add(trace)
    return found


def test_a_trace_that_ended_counts_once_whatever_many_budgets_it_stands_at() -> None:
    points = (
        point(100, seconds=1.0, cost=0.01),
        own(200, 150, seconds=3.0, cost=0.05),
        own(400, 150, seconds=3.0, cost=0.05),
    )
    found = spent(Elicited("interrupt", 150, "stop", points))
    assert found.tokens_per_trace == 160
    assert (found.calls, found.limited, found.unlogged) == (2, 0, 0)
    assert (found.seconds_told, found.dollars_told) == ("4.0", "0.06")


def test_a_trace_that_was_cut_off_tells_no_call_of_its_own() -> None:
    points = (point(100, seconds=1.0), point(200, seconds=2.0))
    found = spent(Elicited("interrupt", 200, "length", points))
    assert (found.limited, found.unlogged) == (1, 1)
    assert found.tokens_per_trace == 220
    assert found.seconds_told == "at least 3.0"
    assert found.dollars_told == ""


def test_in_contract_mode_every_budget_is_a_run() -> None:
    points = tuple(
        own(b, b - 1, finish=how, seconds=2.0) for b, how in ((10, "stop"), (20, "length"))
    )
    found = spent(Elicited("contract", 19, "length", points))
    assert found.tokens_per_trace == 28
    assert (found.calls, found.limited) == (2, 1)
    assert found.seconds_told == "4.0"


def test_nothing_is_asked_in_a_finished_trace() -> None:
    points = (own(100, 100, cut="exact"), own(200, 150))
    found = spent(Elicited("intrace", 150, "stop", points))
    assert (found.calls, found.limited, found.unlogged) == (0, 0, 0)
    assert found.tokens_per_trace == 150


def test_what_one_trace_does_not_tell_is_not_guessed() -> None:
    whole = Elicited("interrupt", 150, "stop", (own(200, 150),))
    silent = Elicited("interrupt", None, "stop", (own(200, 0),))
    found = spent(whole, silent)
    assert found.tokens_per_trace == 150
    assert found.counted == 1
    assert found.limited is None
    assert found.to_json()["cut_at_the_end"] is None


@pytest.mark.parametrize("many", [1, 3])
def test_a_table_has_the_columns_that_something_is_known_of(many: int) -> None:
    table = spent_table([spent(Elicited("interrupt", 150, "stop", (own(200, 150),)))] * many)
    assert table is not None
    assert table.heads == ("tokens a trace", "calls", "cut at the end")
    assert table.rows == (("150", "1", "0 of 1"),) * many
    assert spent_table([Spent()] * many) is None
