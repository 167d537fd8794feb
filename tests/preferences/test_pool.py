"""Pools: grading traces into them, and several taken as one."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime import AnytimeError, BudgetGrid, Checkpoint, Elicited, Problem, Reply
from anytime.domains.aime import AIME
from anytime.preferences.pool import Point, Scored, cut_text, merged, pool_trace
from tests.pooling import INFO, ListPool, problem, trace

A, B = problem("a"), problem("b")
FORTY_TWO = Problem(id="p", prompt="How many?", gold="42")


def point(budget: int, answer: str, end: int | None, tokens: int | None = 3) -> Checkpoint:
    return Checkpoint(
        budget=budget,
        answer=answer,
        forced=end is not None,
        tokens=budget,
        answer_tokens=tokens,
        leaked_reasoning_tokens=0,
        finish="stop",
        end=end,
    )


def elicited(*points: Checkpoint, trace: Reply | None = None, **changes: Any) -> Elicited:
    trace = trace or Reply("Let me count. ANSWER: 42", reasoning="Hm, well.")
    return Elicited(**{
        "mode": "interrupt",
        "tokens": 20,
        "finish": "stop",
        "checkpoints": points,
        "trace": trace,
        **changes,
    })  # fmt: skip


def test_every_answer_is_graded_and_every_token_counted() -> None:
    found = pool_trace(
        AIME,
        FORTY_TWO,
        3,
        elicited(
            point(8, "\\boxed{41}", 12),
            point(16, "\\boxed{42}", 20, tokens=None),
            point(32, "ANSWER: 42", None, tokens=0),
        ),
    )
    assert found.points == (
        Point(0.0, "\\boxed{41}", 12),
        Point(1.0, "\\boxed{42}", 20),
        Point(1.0, "ANSWER: 42", None),
    )
    assert (found.reasoning, found.text) == ("Hm, well.", "Let me count. ANSWER: 42")
    assert found.scored == Scored("p", 3, (0.0, 1.0, 1.0), 23)


def test_where_nobody_counted_there_are_no_tokens() -> None:
    found = pool_trace(AIME, FORTY_TWO, 1, elicited(point(8, "", None, None), tokens=None))
    assert found.tokens == 0


def test_cuts_count_from_the_separated_trace() -> None:
    reply = Reply("<think>\nHm, well.\n</think>\n\nLet me count.")
    found = pool_trace(AIME, FORTY_TWO, 1, elicited(point(8, "", 12), trace=reply))
    assert cut_text(found, 0) == "Hm, well.\n\nLet"


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (0, ""),
        (3, "Hm,"),
        (9, "Hm, well."),
        (10, "Hm, well.\n\nL"),
        (22, "Hm, well.\n\nLet me count."),
        (None, "Hm, well.\n\nLet me count."),
    ],
)
def test_a_cut_shows_reasoning_then_text(end: int | None, expected: str) -> None:
    one = trace(A, 1, [0, 0], reasoning="Hm, well.", text="Let me count.")
    one = dataclasses.replace(one, points=(Point(0, "", end), Point(0, "", None)))
    assert cut_text(one, 0) == expected


@pytest.mark.parametrize("changes", [{"mode": "contract"}, {"trace": None}])
def test_only_a_cut_trace_makes_a_pool(changes: dict[str, Any]) -> None:
    given = dataclasses.replace(elicited(point(8, "", 3)), **changes)
    with pytest.raises(AnytimeError, match="run it with mode=interrupt"):
        pool_trace(AIME, FORTY_TWO, 1, given)


def test_a_run_that_does_not_tell_its_cuts_is_no_pool() -> None:
    old = dataclasses.replace(point(8, "", 3), end=None)
    with pytest.raises(AnytimeError, match="do not tell where the trace was cut"):
        pool_trace(AIME, FORTY_TWO, 1, elicited(old))


# Several as one


def pools(*shapes: dict[str, list[int]]) -> list[ListPool]:
    """Pools whose traces of each problem have these draws; each trace tells where it is from."""
    return [
        ListPool(
            [
                trace(problem(name), draw, [0, 1], text=f"{place} {name} {draw}")
                for name, draws in shape.items()
                for draw in draws
            ]
        )
        for place, shape in enumerate(shapes)
    ]


def test_draws_of_one_run_follow_those_of_the_run_before() -> None:
    whole = merged(pools({"a": [1, 2, 3], "b": [1]}, {"a": [2], "b": [1, 2]}, {"c": [1]}))
    assert [(s.problem, s.draw) for s in whole.scored()] == [
        ("a", 1), ("a", 2), ("a", 3), ("b", 1), ("a", 5), ("b", 4), ("b", 5), ("c", 6),
    ]  # fmt: skip
    assert {(t.problem.id, t.draw): t.text for t in whole.traces()} == {
        ("a", 1): "0 a 1",
        ("a", 2): "0 a 2",
        ("a", 3): "0 a 3",
        ("b", 1): "0 b 1",
        ("a", 5): "1 a 2",
        ("b", 4): "1 b 1",
        ("b", 5): "1 b 2",
        ("c", 6): "2 c 1",
    }


shapes = st.lists(
    st.dictionaries(
        st.sampled_from("abc"), st.lists(st.integers(1, 5), unique=True, max_size=4), max_size=3
    ),
    min_size=1,
    max_size=4,
)


@given(shapes, st.booleans(), st.data())
def test_a_wanted_trace_is_the_one_that_was_scored(
    given_shapes: list[dict[str, list[int]]], first: bool, data: st.DataObject
) -> None:
    whole = merged(pools(*given_shapes))
    if first:  # the order of the two readings makes no difference
        list(whole.scored())
    everything = {(t.problem.id, t.draw): t.text for t in whole.traces()}
    assert len(everything) == sum(len(draws) for s in given_shapes for draws in s.values())
    assert sorted(everything) == sorted((s.problem, s.draw) for s in whole.scored())
    choices = [*everything, ("a", 99), ("nobody", 1)]
    wanted = data.draw(st.sets(st.sampled_from(choices)))
    found = {(t.problem.id, t.draw): t.text for t in whole.traces(wanted)}
    assert found == {key: everything[key] for key in wanted if key in everything}


def test_nothing_wanted_is_nothing() -> None:
    assert list(merged(pools({"a": [1]}, {"a": [1]})).traces([])) == []


def test_one_pool_stays_itself_and_none_is_an_error() -> None:
    (pool,) = pools({"a": [1]})
    assert merged([pool]) is pool
    with pytest.raises(AnytimeError, match="no pool: name at least one log"):
        merged([])


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("domain", "gpqa", "is of another domain than a.log (gpqa, not aime)"),
        ("budgets", BudgetGrid([8, 32]), "is of another budget than a.log (8,32, not 8,16)"),
        ("model", "some/other", "is of another model than a.log (some/other, not some/model)"),
        ("judge", "self", "is of another judge than a.log (self, not metric)"),
        ("revision", "seed 1", "is of another revision than a.log (seed 1, not seed 0)"),
    ],
)
def test_pools_that_differ_are_not_taken_as_one(field: str, value: Any, message: str) -> None:
    other = dataclasses.replace(INFO, source="b.log", **{field: value})
    with pytest.raises(AnytimeError) as error:
        merged([ListPool([]), ListPool([]), ListPool([], other)])
    assert str(error.value).startswith(f"b.log {message}: ")


@pytest.mark.parametrize(("field", "value"), [("dataset", "mine.jsonl"), ("split", "all")])
def test_pools_may_differ_in_what_makes_no_difference(field: str, value: str) -> None:
    changes: dict[str, Any] = {field: value}
    other = dataclasses.replace(INFO, source="b.log", **changes)
    assert merged([ListPool([]), ListPool([], other)]).info == INFO
