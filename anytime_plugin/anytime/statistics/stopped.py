"""What stopping rules are worth on traces whose answers at all budgets are known.

A rule is followed along each trace. Its quality where it stopped is compared with that of a fixed
budget which costs as many tokens on average, on the same traces and paired by problem: whoever has
the rule's tokens could have spent them so. Forced answers cost: of a rule all those that it asked
for, of a fixed budget its one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.statistics.compared import Difference
from anytime.statistics.comparison import difference_of_means, holm
from anytime.statistics.curve import FloatArray
from anytime.statistics.paired import flip_p_values
from anytime.statistics.stopping import Probe, Rule, Sweep

__all__ = ["Fixed", "Judged", "Stop", "Trail", "follow", "judge"]


class Trail(NamedTuple):
    """One trace with its answers at budgets, up to where it ended.

    Attributes:
        problem: Id of its problem.
        probes: What rules see, in order of budgets; the last one is `last`.
        quality: Of each, in [0, 1]; rules never see it.
    """

    problem: str
    probes: tuple[Probe, ...]
    quality: tuple[float, ...]


class Stop(NamedTuple):
    """Where a rule stopped a trace.

    Attributes:
        place: Of the checkpoint, among the trace's.
        answer: Place of the checkpoint whose answer was handed over.
        probe_tokens: Of all forced answers that were asked for up to there, as far as known.
        unknown: How many of those nobody told the tokens of.
    """

    place: int
    answer: int
    probe_tokens: int
    unknown: int


class Fixed(NamedTuple):
    """A fixed budget that costs what a rule costs on average.

    Attributes:
        low: The budget below it, of the run's.
        high: The one above.
        share: Of traces that go on to `high`, the others stopping at `low`; drawn by lot, so that
            tokens are equal on average.
        tokens: Mean tokens, its one forced answer included.
        quality: Mean quality.
        equal: Whether it costs as much as the rule: not where the rule's probes make it dearer than
            the largest budget, or the rule is cheaper than the smallest.
    """

    low: int
    high: int
    share: float
    tokens: float
    quality: float
    equal: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """What a rule came to.

    Attributes:
        written: As the user wrote it.
        chosen: Where one of several was chosen: on one half of the problems, judged on the other,
            and the other way round. Empty where there was one.
        quality: Mean over problems of the mean over traces, where it stopped.
        tokens: Mean trace tokens, likewise.
        probe_tokens: Mean tokens of the forced answers asked for.
        early: Share of traces that it stopped before their end.
        unknown: Forced answers asked for whose tokens nobody told: they count for nothing.
        fixed: What it is compared with.
        difference: Its quality minus that of the fixed budget, paired by problem.
    """

    written: str
    chosen: tuple[str, ...]
    quality: float
    tokens: float
    probe_tokens: float
    early: float
    unknown: int
    fixed: Fixed
    difference: Difference

    @property
    def cost(self) -> float:
        """All tokens: of the trace and of the forced answers."""
        return self.tokens + self.probe_tokens


def follow(rule: Rule, probes: Sequence[Probe]) -> Stop:
    """Follow a rule along a trace.

    Args:
        rule: The rule; it is shown the checkpoints it asks at, one after another.
        probes: All there are, the last one being `last`.

    Raises:
        AnytimeError: As `Rule.decide`.
    """
    places: list[int] = []
    seen: list[Probe] = []
    spent = unknown = 0
    for place, probe in enumerate(probes):
        if not (rule.asks(probe.budget) or probe.last):
            continue
        places.append(place)
        seen.append(probe)
        spent += probe.probe_tokens or 0
        unknown += probe.probe_tokens is None
        chosen = rule.decide(seen)
        if chosen is not None or probe.last:
            answer = place if chosen is None else places[chosen]
            return Stop(place, answer, spent, unknown)
    raise AnytimeError("a trace without a last checkpoint cannot be stopped")


def judge(
    trails: Sequence[Trail],
    grid: BudgetGrid,
    sweeps: Sequence[Sweep],
    *,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> tuple[Judged, ...]:
    """Judge rules against fixed budgets of equal mean tokens.

    Of several rules in a sweep the one is taken that is furthest above its fixed budget of equal
    tokens on one half of the problems, the cheaper of equal ones, and it is judged on the other
    half; and the other way round. P-values are adjusted over all sweeps by Holm's method.

    Args:
        trails: The traces.
        grid: The budgets they were asked at.
        sweeps: What to judge.
        confidence: Of intervals.
        resamples: Of the sign flips.
        seed: Of the flips and of the halves.

    Raises:
        AnytimeError: Fewer than two problems, or four where a rule is to be chosen; a fixed budget
            that is none of the grid.
    """
    for rule in (rule for sweep in sweeps for rule in sweep.rules):
        once = None if rule.kind.once is None else rule.kind.once(rule.argument)
        if once is not None and once not in grid:
            raise AnytimeError(
                f"{rule.written} asks at a budget that the run was not asked at: choose one of "
                f"{', '.join(map(str, grid))}"
            )
    problems = sorted({trail.problem for trail in trails})
    least = 4 if any(len(sweep.rules) > 1 for sweep in sweeps) else 2
    if len(problems) < least:
        raise AnytimeError(
            f"a stopping rule is judged on {least} problems or more, and here is {len(problems)}"
            + (", as it is chosen on one half of them and judged on the other" * (least == 4))
        )
    rows = _Rows(problems, trails)
    curve = _curve(rows, len(grid))
    order = np.random.default_rng(seed).permutation(len(problems))
    halves = (np.sort(order[: len(order) // 2]), np.sort(order[len(order) // 2 :]))
    found = []
    for sweep in sweeps:
        tables = [_followed(rows, rule) for rule in sweep.rules]
        chosen: tuple[str, ...] = ()
        table = tables[0]
        if len(tables) > 1:
            best = [_best(tables, curve, half) for half in halves]
            chosen = tuple(sweep.rules[place].written for place in best)
            table = tables[best[1]].copy()
            table[halves[1]] = tables[best[0]][halves[1]]
        fixed, values = _equal(curve, float(table[:, _COST].mean()), grid)
        p = flip_p_values(table[:, [_QUALITY]], values[:, np.newaxis], np.subtract, resamples, seed)
        means = table.mean(axis=0)
        found.append(
            Judged(
                written=sweep.written,
                chosen=chosen,
                quality=float(means[_QUALITY]),
                tokens=float(means[_COST] - means[_PROBES]),
                probe_tokens=float(means[_PROBES]),
                early=float(means[_EARLY]),
                unknown=round(float(table[:, _UNKNOWN].sum())),
                fixed=fixed,
                difference=difference_of_means(table[:, _QUALITY], values, float(p[0]), confidence),
            )
        )
    adjusted = holm([one.difference.p for one in found])
    return tuple(
        replace(one, difference=replace(one.difference, p_holm=p))
        for one, p in zip(found, adjusted, strict=True)
    )


class _Rows:
    """Traces with the row of their problem, and how many each problem has."""

    def __init__(self, problems: Sequence[str], trails: Sequence[Trail]) -> None:
        row_of = {problem: row for row, problem in enumerate(problems)}
        self.trails = trails
        self.rows = np.array([row_of[trail.problem] for trail in trails])
        self.counts = np.bincount(self.rows, minlength=len(problems))

    def means(self, values: FloatArray) -> FloatArray:
        """Over the traces of each problem: from (traces, ...) to (problems, ...)."""
        sums = np.zeros((len(self.counts), *values.shape[1:]))
        np.add.at(sums, self.rows, values)
        means: FloatArray = sums / self.counts.reshape(-1, *[1] * (values.ndim - 1))
        return means


_QUALITY, _COST, _PROBES, _EARLY, _UNKNOWN = range(5)
"""Columns of what following a rule comes to."""


def _followed(rows: _Rows, rule: Rule) -> FloatArray:
    """Means of the problems, shape (problems, 5); `_UNKNOWN` is a sum."""
    values = np.empty((len(rows.trails), 5))
    for row, trail in zip(values, rows.trails, strict=True):
        stop = follow(rule, trail.probes)
        row[:] = (
            trail.quality[stop.answer],
            trail.probes[stop.place].tokens + stop.probe_tokens,
            stop.probe_tokens,
            stop.place < len(trail.probes) - 1,
            stop.unknown,
        )
    means = rows.means(values)
    means[:, _UNKNOWN] *= rows.counts
    return means


class _Curve(NamedTuple):
    """Of fixed budgets, shape (problems, T) each: quality, and tokens with the forced answer's."""

    quality: FloatArray
    cost: FloatArray


def _curve(rows: _Rows, length: int) -> _Curve:
    values = np.empty((len(rows.trails), length, 2))
    for row, trail in zip(values, rows.trails, strict=True):
        for place in range(length):
            at = min(place, len(trail.probes) - 1)
            probe = trail.probes[at]
            row[place] = trail.quality[at], probe.tokens + (probe.probe_tokens or 0)
    means = rows.means(values)
    return _Curve(means[..., 0], means[..., 1])


def _equal(curve: _Curve, cost: float, grid: BudgetGrid) -> tuple[Fixed, FloatArray]:
    """The fixed budget of a mean cost, and its quality on each problem."""
    costs = curve.cost.mean(axis=0)
    low = high = len(grid) - 1
    share, equal = 0.0, True
    if cost > costs.max() + 1e-9:
        equal = False
    else:
        # From the end: where a longer trace costs no more, nobody would stop earlier.
        for place in reversed(range(len(grid) - 1)):
            ends = sorted((costs[place], costs[place + 1]))
            if ends[0] - 1e-9 <= cost <= ends[1] + 1e-9:
                low, high = place, place + 1
                width = costs[high] - costs[low]
                share = 1.0 if width == 0 else float(np.clip((cost - costs[low]) / width, 0, 1))
                break
        else:
            low = high = int(costs.argmin())
            equal = False
    values = (1 - share) * curve.quality[:, low] + share * curve.quality[:, high]
    spent = float((1 - share) * costs[low] + share * costs[high])
    fixed = Fixed(grid[low], grid[high], share, spent, float(values.mean()), equal)
    return fixed, values


def _best(tables: Sequence[FloatArray], curve: _Curve, half: np.ndarray) -> int:
    """Which of several is furthest above its fixed budget of equal tokens on these problems."""
    own = _Curve(curve.quality[half], curve.cost[half])
    grid = BudgetGrid(range(curve.cost.shape[1]))  # names do not matter here

    def above(place: int) -> tuple[float, float]:
        means = tables[place][half].mean(axis=0)
        fixed, _ = _equal(own, float(means[_COST]), grid)
        return round(float(means[_QUALITY]) - fixed.quality, 12), -float(means[_COST])

    return max(range(len(tables)), key=above)
