"""Which pairs of traces to learn from: the largest gaps in quality at each budget.

Many pairs are equally good: where an answer is right or wrong, every gap is 1. Among equals those
of problems that are not shown yet come first, so that a prompt shows as many problems as it can.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product
from typing import NamedTuple

from anytime.errors import AnytimeError
from anytime.preferences.pool import PoolCost, Scored

__all__ = ["Choice", "equals", "merit", "pool_cost", "select"]

DIGITS = 9
"""Gaps that are alike in so many digits are equal: 1 - 2/3 is not 1/3 in floating point."""

EQUALS = 4
"""Traces of a problem that are looked at on either side where the first pair cannot be shown."""


class Choice(NamedTuple):
    """Two traces of one problem cut at one budget.

    Attributes:
        place: Of the budget in the pool's grid.
        problem: Id of the problem.
        chosen: Draw of the better trace.
        rejected: Draw of the worse one.
        better: Quality of the better one there.
        worse: Quality of the worse one there.
        read: Whether an answer could be read on both sides. Where none could on one of them, the
            gap may be one of format alone.
    """

    place: int
    problem: str
    chosen: int
    rejected: int
    better: float
    worse: float
    read: bool = True

    @property
    def gap(self) -> float:
        """How much better."""
        return self.better - self.worse


def merit(gap: float, *, read: bool) -> tuple[bool, float]:
    """What makes a pair worth showing: smaller is better, and equal is as good."""
    return not read, -round(gap, DIGITS)


def _merit(choice: Choice) -> tuple[bool, float]:
    return merit(choice.gap, read=choice.read)


def _order(choice: Choice) -> tuple[tuple[bool, float], float, str]:
    return _merit(choice), -choice.better, choice.problem


class _Extremes:
    """Best and worst trace of a problem at each budget; of equals the first drawn."""

    __slots__ = ("best", "worst")

    def __init__(self, budgets: int) -> None:
        self.best: list[tuple[float, int]] = [(-1.0, 0)] * budgets
        self.worst: list[tuple[float, int]] = [(2.0, 0)] * budgets

    def see(self, place: int, quality: float, draw: int) -> None:
        best, first = self.best[place]
        if quality > best or (quality == best and draw < first):
            self.best[place] = (quality, draw)
        worst, first = self.worst[place]
        if quality < worst or (quality == worst and draw < first):
            self.worst[place] = (quality, draw)


class _Traces:
    """What is seen of a problem's traces: of all, and of those whose answer could be read."""

    __slots__ = ("all", "count", "name", "read")

    def __init__(self, name: str, budgets: int) -> None:
        self.name = name
        self.all, self.read = _Extremes(budgets), _Extremes(budgets)
        self.count = 0

    def see(self, scored: Scored) -> None:
        self.count += 1
        for place, quality in enumerate(scored.quality):
            self.all.see(place, quality, scored.draw)
            if place not in scored.unread:
                self.read.see(place, quality, scored.draw)

    def offer(self, place: int, min_gap: float) -> Choice | None:
        """The problem's pair at a budget: of read answers, if there is one."""
        for extremes, read in ((self.read, True), (self.all, False)):
            (better, chosen), (worse, rejected) = extremes.best[place], extremes.worst[place]
            choice = Choice(place, self.name, chosen, rejected, better, worse, read)
            if choice.gap > 0 and choice.gap >= min_gap:
                return choice
        return None


def select(
    scored: Iterable[Scored],
    budgets: Sequence[int],
    *,
    ranks: int = 1,
    further: int = 0,
    min_gap: float = 0.0,
) -> tuple[list[list[Choice]], PoolCost]:
    """Choose pairs of a pool at each budget by their gap.

    The paper (arXiv 2601.11038, METHOD of this project) takes, for each budget, the largest gap
    within one problem over the pool. A problem offers one pair per budget here: its best against
    its worst trace, of those whose answer could be read, or else of all. Pairs of read answers go
    before others, whatever their gap. Ties go to problems that are shown at no budget yet, as many
    of them as there can be, then to the higher chosen quality, then to the problem's id; between
    traces of equal quality to the one drawn first. Budget 0 has no reasoning to learn from and no
    pairs.

    Args:
        scored: All traces, in any order.
        budgets: The pool's grid.
        ranks: How many pairs to show per budget, each of another problem.
        further: How many more to name behind them, for where one of them cannot be shown.
        min_gap: Smaller gaps are left out; a gap of 0 always is.

    Returns:
        For each budget its pairs, best first, and then the further ones; and what the pool holds.

    Raises:
        AnytimeError: The pool is empty, has one trace per problem, or has no gap at any budget.
    """
    problems: dict[str, _Traces] = {}
    tokens = 0
    for trace in scored:
        if trace.problem not in problems:
            problems[trace.problem] = _Traces(trace.problem, len(budgets))
        problems[trace.problem].see(trace)
        tokens += trace.tokens
    cost = PoolCost(len(problems), sum(p.count for p in problems.values()), tokens)
    _check(problems, cost)
    offered: list[list[Choice]] = []
    for place, budget in enumerate(budgets):
        made = (seen.offer(place, min_gap) for seen in problems.values() if budget > 0)
        offered.append(sorted((one for one in made if one is not None), key=_order))
    if not any(offered):
        least = f"of {min_gap} or more " if min_gap > 0 else ""
        raise AnytimeError(
            f"no pair to learn from: no budget has a gap {least}in quality between two traces of "
            f"one problem ({cost.problems} problems, {cost.traces} traces); sample more traces or "
            f"harder problems"
        )
    chosen = _most_problems(offered, ranks)
    shown = {choice.problem for choices in chosen for choice in choices}
    for _ in range(further):
        for choices, offers in zip(chosen, offered, strict=True):
            left = [one for one in offers if one not in choices]
            if left:
                tied = [one for one in left if _merit(one) == _merit(left[0])]
                choices.append(next((one for one in tied if one.problem not in shown), tied[0]))
                shown.add(choices[-1].problem)
    return chosen, cost


def equals(scored: Iterable[Scored], choices: Collection[Choice]) -> dict[Choice, list[Choice]]:
    """For each choice further pairs of its problem and budget that are as good, in drawn order.

    For where the texts of a choice cannot be shown: its quality is that of others as well.

    Args:
        scored: All traces, in any order.
        choices: Of `select`, on the same traces.
    """
    wanted = {
        (one.problem, one.place, quality, one.read)
        for one in choices
        for quality in (one.better, one.worse)
    }
    draws: dict[tuple[str, int, float, bool], list[int]] = {key: [] for key in wanted}
    for trace in scored:
        for place, quality in enumerate(trace.quality):
            for read in {False, place not in trace.unread}:
                key = (trace.problem, place, quality, read)
                if key in draws:
                    draws[key] = sorted([*draws[key], trace.draw])[:EQUALS]
    found = {}
    for one in choices:
        better, worse = (
            draws[one.problem, one.place, quality, one.read] for quality in (one.better, one.worse)
        )
        pairs = (one._replace(chosen=c, rejected=r) for c, r in product(better, worse))
        found[one] = [pair for pair in pairs if pair != one]
    return found


def _most_problems(offered: Sequence[Sequence[Choice]], ranks: int) -> list[list[Choice]]:
    """The best pairs of each budget, with as many different problems as ties leave room for.

    A place in the prompt may go to any of the pairs that tie for it. Place by place the first
    problem is taken that is not shown yet; where all of a place's own are, another place gives way
    if it can take one more problem instead. A place for which that is not to be had takes the
    first in order.
    """
    places = [
        (at, [one for one in offers if _merit(one) == _merit(offers[rank])])
        for rank in range(ranks)
        for at, offers in enumerate(offered)
        if rank < len(offers)
    ]
    wanted = [[one.problem for one in tied] for _, tied in places]
    seats: dict[int, str] = {}
    for number in range(len(places)):
        _seat(number, wanted, seats)
    taken = {(places[number][0], problem) for number, problem in seats.items()}
    for number, (at, tied) in enumerate(places):
        if number not in seats:
            problem = next(one.problem for one in tied if (at, one.problem) not in taken)
            taken.add((at, problem))
    return [
        [one for one in offers if (at, one.problem) in taken] for at, offers in enumerate(offered)
    ]


def _seat(number: int, wanted: Sequence[Sequence[str]], seats: dict[int, str]) -> None:
    """Give a place a problem that no other one has, others moving up where that helps.

    Breadth first, which finds the fewest moves (Kuhn's matching): a free problem of its own first.
    """
    owners = {problem: place for place, problem in seats.items()}
    asked_by: dict[str, int] = {}
    asking = [number]
    for place in asking:
        for problem in wanted[place]:
            if problem in asked_by:
                continue
            asked_by[problem] = place
            if problem in owners:
                asking.append(owners[problem])
                continue
            while True:  # back along the way that led here
                to = asked_by[problem]
                before = seats.get(to)
                seats[to] = problem
                if before is None:
                    return
                problem = before


def _check(problems: Mapping[str, _Traces], cost: PoolCost) -> None:
    if not problems:
        raise AnytimeError("the pool is empty: none of its samples has a scored trace")
    if cost.traces == cost.problems:
        raise AnytimeError(
            "the pool has one trace per problem, and a pair needs two: sample several "
            "(--epochs 64 in Inspect, traces=64 in lm-eval's --metadata)"
        )


def pool_cost(scored: Iterable[Scored]) -> PoolCost:
    """What a pool holds and took."""
    traces = tokens = 0
    problems = set()
    for trace in scored:
        problems.add(trace.problem)
        traces += 1
        tokens += trace.tokens
    return PoolCost(len(problems), traces, tokens)
