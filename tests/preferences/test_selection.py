"""Selection against references that try everything."""

from __future__ import annotations

from itertools import combinations, permutations, product

import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from anytime.errors import AnytimeError
from anytime.preferences.pool import PoolCost, Scored
from anytime.preferences.selection import Choice, select

QUALITIES = [0.0, 1 / 3, 0.5, 2 / 3, 0.8, 1.0]


def every_pair(traces: list[Scored], budgets: list[int], min_gap: float) -> list[list[Choice]]:
    """For each budget the best pair of each problem, best first, found by trying all."""
    ranked = []
    for place, budget in enumerate(budgets):
        best: dict[str, Choice] = {}
        for one, other in permutations(traces, 2):
            gap = one.quality[place] - other.quality[place]
            if one.problem != other.problem or budget == 0 or gap <= 0 or gap < min_gap:
                continue
            read = place not in one.unread and place not in other.unread
            qualities = one.quality[place], other.quality[place]
            pair = Choice(place, one.problem, one.draw, other.draw, *qualities, read)
            now = best.get(one.problem)
            if now is None or _within(pair) < _within(now):
                best[one.problem] = pair
        ranked.append(sorted(best.values(), key=_order))
    return ranked


def _within(pair: Choice) -> tuple[bool, float, float, int, int]:
    """Between pairs of one problem; its two qualities are what they are, to the last digit."""
    return not pair.read, -(pair.better - pair.worse), -pair.better, pair.chosen, pair.rejected


def _merit(pair: Choice) -> tuple[bool, float]:
    return not pair.read, -round(pair.better - pair.worse, 9)


def _order(pair: Choice) -> tuple[tuple[bool, float], float, str]:
    return _merit(pair), -pair.better, pair.problem


def best_sets(offers: list[Choice], ranks: int) -> list[tuple[Choice, ...]]:
    """Every set of so many pairs that is as good as any, in the fixed order."""
    sets = list(combinations(offers, min(ranks, len(offers))))
    least = min(sorted(map(_merit, some)) for some in sets)
    return [some for some in sets if sorted(map(_merit, some)) == least]


def problems_in(chosen: list[tuple[Choice, ...]] | list[list[Choice]]) -> set[str]:
    return {choice.problem for choices in chosen for choice in choices}


@st.composite
def runs(draw: st.DrawFn, *, unread: bool = False) -> tuple[list[Scored], list[int]]:
    budgets = draw(st.sampled_from([[0, 8, 32], [8, 32], [8, 16, 32, 64]]))
    qualities = draw(st.sampled_from([QUALITIES, [0.0, 1.0]]))  # the latter are nearly all ties
    traces = []
    for name in "abcde"[: draw(st.integers(1, 5))]:
        for number in range(1, draw(st.integers(1, 5)) + 1):
            quality = tuple(draw(st.sampled_from(qualities)) for _ in budgets)
            bad = [place for place, value in enumerate(quality) if value == 0]
            lost = tuple(place for place in bad if unread and draw(st.booleans()))
            traces.append(Scored(name, number, quality, 10, lost))
    return draw(st.permutations(traces)), budgets


@given(
    st.booleans().flatmap(lambda unread: runs(unread=unread)),
    st.integers(1, 3),
    st.sampled_from([0.0, 0.2, 0.5, 1.0]),
)
def test_selection_is_the_best_of_all_there_are(
    run: tuple[list[Scored], list[int]], ranks: int, min_gap: float
) -> None:
    traces, budgets = run
    offered = every_pair(traces, budgets, min_gap)
    problems = {trace.problem for trace in traces}
    if not any(offered):
        reason = "one trace per problem" if len(traces) == len(problems) else "no budget has a gap"
        with pytest.raises(AnytimeError, match=reason):
            select(traces, budgets, ranks=ranks, min_gap=min_gap)
        return
    ranked, cost = select(traces, budgets, ranks=ranks, min_gap=min_gap)
    assert cost == PoolCost(len(problems), len(traces), 10 * len(traces))
    sets = [best_sets(offers, ranks) for offers in offered]
    # Ties aside the choice is fixed, and best first.
    assert all(tuple(choices) in some for choices, some in zip(ranked, sets, strict=True))
    most = max(len(problems_in(list(chosen))) for chosen in product(*sets))
    assert len(problems_in(ranked)) == most
    target(float(most))


@given(runs(unread=True), st.integers(1, 3))
def test_without_ties_the_largest_gaps_are_chosen(
    run: tuple[list[Scored], list[int]], ranks: int
) -> None:
    traces, budgets = run
    offered = every_pair(traces, budgets, 0.0)
    tied = any(len(set(map(_merit, offers))) < len(offers) for offers in offered)
    if any(offered) and not tied:
        ranked, _ = select(traces, budgets, ranks=ranks)
        assert ranked == [offers[:ranks] for offers in offered]
        target(float(sum(map(len, offered))))


@given(runs(unread=True), st.integers(1, 2), st.integers(0, 4))
def test_further_ones_follow_and_change_nothing(
    run: tuple[list[Scored], list[int]], ranks: int, further: int
) -> None:
    traces, budgets = run
    offered = every_pair(traces, budgets, 0.0)
    if not any(offered):
        return
    first, _ = select(traces, budgets, ranks=ranks)
    more, _ = select(traces, budgets, ranks=ranks, further=further)
    for shown, choices, offers in zip(first, more, offered, strict=True):
        assert choices[: len(shown)] == shown
        assert len(choices) == min(len(offers), ranks + further)
        assert len({choice.problem for choice in choices}) == len(choices)
        rest = choices[len(shown) :]
        assert [_merit(one) for one in rest] == [
            _merit(one) for one in offers[len(shown) : len(choices)]
        ]


def of_gap_1(*names: str, budgets: int = 6) -> list[Scored]:
    """Problems of which one trace is right and one is wrong, at every budget."""
    return [
        Scored(name, draw, (float(draw == 2),) * budgets, 1) for name in names for draw in (1, 2)
    ]


def chosen_problems(traces: list[Scored], budgets: int, **options: int) -> list[str]:
    ranked, _ = select(traces, [8 * 2**n for n in range(budgets)], **options)
    return ["".join(choice.problem for choice in choices) for choices in ranked]


@pytest.mark.parametrize(
    ("names", "options", "expected"),
    [
        ("abcdefgh", {}, ["a", "b", "c", "d", "e", "f"]),
        ("abc", {}, ["a", "b", "c", "a", "a", "a"]),  # all are shown: the fixed order again
        ("a", {}, ["a"] * 6),
        ("abcdefgh", {"ranks": 2}, ["ag", "bh", "ac", "ad", "ae", "af"]),
        ("abcdefgh", {"further": 1}, ["ag", "bh", "ca", "da", "ea", "fa"]),
    ],
)
def test_ties_go_to_problems_that_are_not_shown_yet(
    names: str, options: dict[str, int], expected: list[str]
) -> None:
    assert chosen_problems(of_gap_1(*names), 6, **options) == expected


def test_a_budget_gives_way_to_one_that_has_no_choice() -> None:
    """The first takes what comes first in order; but the second has that one alone."""
    traces = [
        Scored("a", 1, (0.0, 0.0), 1),
        Scored("a", 2, (1.0, 1.0), 1),
        Scored("b", 1, (0.0, 0.5), 1),
        Scored("b", 2, (1.0, 1.0), 1),
    ]
    assert chosen_problems(traces, 2) == ["b", "a"]


def test_a_tie_goes_to_another_problem_before_a_higher_quality() -> None:
    traces = [
        Scored("a", 1, (0.5, 0.5), 1),
        Scored("a", 2, (1.0, 1.0), 1),
        Scored("b", 1, (0.0, 0.0), 1),
        Scored("b", 2, (0.5, 0.5), 1),
    ]
    assert chosen_problems(traces, 2) == ["a", "b"]


def test_gaps_that_differ_by_rounding_alone_are_ties() -> None:
    assert 1 - 2 / 3 != 1 / 3
    traces = [
        Scored("a", 1, (2 / 3, 2 / 3), 1),
        Scored("a", 2, (1.0, 1.0), 1),
        Scored("b", 1, (0.0, 0.0), 1),
        Scored("b", 2, (1 / 3, 1 / 3), 1),
    ]
    assert chosen_problems(traces, 2) == ["a", "b"]


def test_a_pair_of_read_answers_goes_before_a_larger_gap() -> None:
    traces = [
        Scored("a", 1, (0.0,), 1, unread=(0,)),
        Scored("a", 2, (1.0,), 1),
        Scored("b", 1, (0.25,), 1),
        Scored("b", 2, (0.5,), 1),
    ]
    ranked, _ = select(traces, [8], ranks=2)
    assert ranked == [[Choice(0, "b", 2, 1, 0.5, 0.25), Choice(0, "a", 2, 1, 1.0, 0.0, read=False)]]


def test_within_a_problem_the_worst_read_answer_is_rejected() -> None:
    traces = [
        Scored("a", 1, (0.0, 0.0), 1, unread=(0, 1)),
        Scored("a", 2, (1.0, 1.0), 1),
        Scored("a", 3, (0.5, 0.0), 1),
    ]
    ranked, _ = select(traces, [8, 16])
    assert ranked == [[Choice(0, "a", 2, 3, 1.0, 0.5)], [Choice(1, "a", 2, 3, 1.0, 0.0)]]
    # The least gap that was asked for counts before.
    ranked, _ = select(traces, [8, 16], min_gap=0.6)
    assert ranked[0] == [Choice(0, "a", 2, 1, 1.0, 0.0, read=False)]


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


def test_many_ties_are_arranged_in_no_time() -> None:
    names = [f"p{number:03}" for number in range(300)]
    traces = of_gap_1(*names, budgets=12)
    ranked, _ = select(traces, [2**n for n in range(1, 13)], ranks=25, further=3)
    shown = [choice.problem for choices in ranked for choice in choices[:25]]
    assert len(set(shown)) == len(shown) == 300
