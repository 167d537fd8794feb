"""Selection against a reference that looks at every pair of traces."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from anytime.errors import AnytimeError
from anytime.preferences.pool import PoolCost, Scored
from anytime.preferences.selection import Choice, select

QUALITIES = [0.0, 1 / 3, 0.5, 2 / 3, 0.8, 1.0]


def every_pair(
    traces: list[Scored], budgets: list[int], ranks: int, min_gap: float
) -> list[list[Choice]]:
    """For each budget the best pair of each problem, best first, found by trying all."""
    ranked = []
    for place, budget in enumerate(budgets):
        best: dict[str, Choice] = {}
        for one, other in permutations(traces, 2):
            gap = one.quality[place] - other.quality[place]
            if one.problem != other.problem or budget == 0 or gap <= 0 or gap < min_gap:
                continue
            pair = Choice(
                place, one.problem, one.draw, other.draw, one.quality[place], other.quality[place]
            )
            now = best.get(one.problem)
            if now is None or _order(pair) < _order(now):
                best[one.problem] = pair
        ranked.append(sorted(best.values(), key=_order)[:ranks])
    return ranked


def _order(pair: Choice) -> tuple[float, float, str, int, int]:
    return -(pair.better - pair.worse), -pair.better, pair.problem, pair.chosen, pair.rejected


@st.composite
def runs(draw: st.DrawFn) -> tuple[list[Scored], list[int]]:
    budgets = draw(st.sampled_from([[0, 8, 32], [8, 32], [8, 16, 32, 64]]))
    traces = [
        Scored(name, number, tuple(draw(st.sampled_from(QUALITIES)) for _ in budgets), 10)
        for name in "abcd"[: draw(st.integers(1, 4))]
        for number in range(1, draw(st.integers(1, 6)) + 1)
    ]
    return draw(st.permutations(traces)), budgets


@given(runs(), st.integers(1, 4), st.sampled_from([0.0, 0.2, 1 / 3, 0.5, 1.0]))
def test_selection_is_that_of_the_reference(
    run: tuple[list[Scored], list[int]], ranks: int, min_gap: float
) -> None:
    traces, budgets = run
    expected = every_pair(traces, budgets, ranks, min_gap)
    problems = {trace.problem for trace in traces}
    target(float(sum(map(len, expected))))
    if not any(expected):
        reason = "one trace per problem" if len(traces) == len(problems) else "no budget has a gap"
        with pytest.raises(AnytimeError, match=reason):
            select(traces, budgets, ranks=ranks, min_gap=min_gap)
        return
    ranked, cost = select(traces, budgets, ranks=ranks, min_gap=min_gap)
    assert ranked == expected
    assert cost == PoolCost(len(problems), len(traces), 10 * len(traces))


def test_equal_qualities_make_no_pair() -> None:
    traces = [Scored("a", draw, (0.5, 0.5), 1) for draw in (1, 2, 3)]
    with pytest.raises(
        AnytimeError, match=r"no budget has a gap in quality .*1 problems, 3 traces"
    ):
        select(traces, [8, 32])


def test_a_gap_at_budget_0_alone_makes_no_pair() -> None:
    traces = [Scored("a", 1, (1.0, 0.5), 1), Scored("a", 2, (0.0, 0.5), 1)]
    with pytest.raises(AnytimeError, match="no budget has a gap"):
        select(traces, [0, 32])


def test_a_gap_of_the_minimum_counts() -> None:
    traces = [Scored("a", 1, (0.0, 0.5), 1), Scored("a", 2, (0.0, 1.0), 1)]
    ranked, _ = select(traces, [8, 32], min_gap=0.5)
    assert ranked == [[], [Choice(1, "a", 2, 1, 1.0, 0.5)]]
    with pytest.raises(AnytimeError, match=r"gap of 0\.6 or more"):
        select(traces, [8, 32], min_gap=0.6)


def test_an_empty_pool_says_so() -> None:
    with pytest.raises(AnytimeError, match="the pool is empty"):
        select([], [8, 32])
