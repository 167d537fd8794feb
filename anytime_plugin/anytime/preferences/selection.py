"""Which pairs of traces to learn from: the largest gaps in quality at each budget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from anytime.errors import AnytimeError
from anytime.preferences.pool import PoolCost, Scored

__all__ = ["Choice", "pool_cost", "select"]


class Choice(NamedTuple):
    """Two traces of one problem cut at one budget.

    Attributes:
        place: Of the budget in the pool's grid.
        problem: Id of the problem.
        chosen: Draw of the better trace.
        rejected: Draw of the worse one.
        better: Quality of the better one there.
        worse: Quality of the worse one there.
    """

    place: int
    problem: str
    chosen: int
    rejected: int
    better: float
    worse: float

    @property
    def gap(self) -> float:
        """How much better."""
        return self.better - self.worse


class _Extremes:
    """Best and worst trace of a problem at each budget; of equals the first drawn."""

    __slots__ = ("best", "traces", "worst")

    def __init__(self, budgets: int) -> None:
        self.best: list[tuple[float, int]] = [(-1.0, 0)] * budgets
        self.worst: list[tuple[float, int]] = [(2.0, 0)] * budgets
        self.traces = 0

    def see(self, scored: Scored) -> None:
        self.traces += 1
        draw = scored.draw
        for place, quality in enumerate(scored.quality):
            best, first = self.best[place]
            if quality > best or (quality == best and draw < first):
                self.best[place] = (quality, draw)
            worst, first = self.worst[place]
            if quality < worst or (quality == worst and draw < first):
                self.worst[place] = (quality, draw)


def select(
    scored: Iterable[Scored], budgets: Sequence[int], *, ranks: int = 1, min_gap: float = 0.0
) -> tuple[list[list[Choice]], PoolCost]:
    """Rank the pairs of a pool at each budget by their gap.

    The paper (arXiv 2601.11038, METHOD of this project) takes, for each budget, the largest gap
    within one problem over the pool. A problem offers one pair per budget here: its best against
    its worst trace. Ties go to the higher chosen quality, then to the problem's id; between traces
    of equal quality to the one drawn first. Budget 0 has no reasoning to learn from and no pairs.

    Args:
        scored: All traces, in any order.
        budgets: The pool's grid.
        ranks: How many pairs to keep per budget, each of another problem.
        min_gap: Smaller gaps are left out; a gap of 0 always is.

    Returns:
        For each budget its pairs, best first; and what the pool holds.

    Raises:
        AnytimeError: The pool is empty, has one trace per problem, or has no gap at any budget.
    """
    problems: dict[str, _Extremes] = {}
    tokens = 0
    for trace in scored:
        if trace.problem not in problems:
            problems[trace.problem] = _Extremes(len(budgets))
        problems[trace.problem].see(trace)
        tokens += trace.tokens
    cost = PoolCost(len(problems), sum(p.traces for p in problems.values()), tokens)
    _check(problems, cost)
    ranked: list[list[Choice]] = []
    for place, budget in enumerate(budgets):
        choices = [
            Choice(
                place,
                name,
                seen.best[place][1],
                seen.worst[place][1],
                seen.best[place][0],
                seen.worst[place][0],
            )
            for name, seen in problems.items()
            if budget > 0
        ]
        choices = [c for c in choices if c.gap > 0 and c.gap >= min_gap]
        choices.sort(key=lambda c: (-c.gap, -c.better, c.problem))
        ranked.append(choices[:ranks])
    if not any(ranked):
        least = f"of {min_gap} or more " if min_gap > 0 else ""
        raise AnytimeError(
            f"no pair to learn from: no budget has a gap {least}in quality between two traces of "
            f"one problem ({cost.problems} problems, {cost.traces} traces); sample more traces or "
            f"harder problems"
        )
    return ranked, cost


def _check(problems: dict[str, _Extremes], cost: PoolCost) -> None:
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
