"""How many problems and traces a result needs: an interval so wide, a difference so large.

A run's index varies for two reasons: other problems would have been harder or easier (between), and
other traces of the same problems luckier or not (within). From a pilot both are known, and with n
problems of N traces each the index has the variance (between + within / N) / n. More traces shrink
the second part alone: where what is left is too wide, only more problems help.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from anytime.errors import AnytimeError
from anytime.settings import IndexOptions
from anytime.statistics.bounded import lower_limit, upper_limit
from anytime.statistics.curve import Curve, FloatArray
from anytime.statistics.index import budget_weights, read_index
from anytime.statistics.paths import best_so_far

__all__ = [
    "Components",
    "Pilot",
    "components",
    "detectable",
    "pilot_of",
    "pilot_of_pair",
    "predicted_width",
    "problems_for",
    "problems_to_show",
]

MOST_PROBLEMS = 1_000_000


@dataclass(frozen=True, slots=True)
class Components:
    """Variance of one trace of one problem, by where it comes from.

    Attributes:
        between: Of problems' own values.
        within: Of traces of one problem; None where no problem of the pilot has two.
        traces: Harmonic mean of traces per problem in the pilot.
    """

    between: float
    within: float | None
    traces: float

    def of_problem(self, traces: float) -> float:
        """Variance of the mean of so many traces of a problem.

        Raises:
            AnytimeError: The pilot cannot tell.
        """
        if self.within is None:
            if traces == self.traces:
                return self.between
            raise AnytimeError(
                "this pilot has one trace per problem, which does not tell what more traces would "
                "bring: run one with two or more (--epochs 2, or traces=2 in --metadata)"
            )
        return self.between + self.within / traces


@dataclass(frozen=True, slots=True)
class Pilot:
    """What a pilot tells of the index.

    Attributes:
        low: Per problem what the lower limit is made of, in [0, 1]; shape (n,).
        high: What the upper limit is made of.
        parts: The variance's.
    """

    low: FloatArray
    high: FloatArray
    parts: Components


def components(values: npt.ArrayLike) -> Components:
    """Part the variance of traces into that between problems and that within (one-way ANOVA).

    Args:
        values: Shape (problems, traces); a missing trace is NaN. At least two problems.
    """
    table = np.asarray(values, dtype=np.float64)
    counts = (~np.isnan(table)).sum(axis=1)
    means = np.nanmean(table, axis=1)
    seen = float(means.var(ddof=1))
    harmonic = len(counts) / float((1 / counts).sum())
    if not (counts > 1).any():
        return Components(seen, None, harmonic)
    squares = np.nansum((table - means[:, np.newaxis]) ** 2)
    within = float(squares / (counts - 1).sum())
    return Components(max(0.0, seen - within / harmonic), within, harmonic)


def pilot_of(curve: Curve, options: IndexOptions) -> Pilot:
    """What a finished run tells of a larger one.

    Raises:
        AnytimeError: It has one problem; `q_max=achieved`, whose ratio has no such parts.
    """
    if len(curve.problems) < 2:
        raise AnytimeError("a pilot of one problem tells nothing of others: run two or more")
    reading = read_index(curve, options)
    if options.q_max == "achieved":
        raise AnytimeError("q_max=achieved cannot be planned with: name the quality that is full")
    traces = _by_trace(curve, options)
    return Pilot(reading.low[:, 0], reading.high[:, 0], components(traces))


def pilot_of_pair(a: Curve, b: Curve, options: IndexOptions) -> Components:
    """Parts of the variance of the difference of two runs on the same problems.

    Raises:
        AnytimeError: The problems are not the same.
    """
    if a.problems != b.problems:
        raise AnytimeError("two pilots are compared on the same problems: these differ in them")
    of_a, of_b = (_by_trace(curve, options) for curve in (a, b))
    parts = [components(each) for each in (of_a, of_b)]
    seen = float((np.nanmean(of_a, axis=1) - np.nanmean(of_b, axis=1)).var(ddof=1))
    if parts[0].within is None or parts[1].within is None:
        return Components(seen, None, min(part.traces for part in parts))
    noise = sum((part.within or 0.0) / part.traces for part in parts)
    within = (parts[0].within or 0.0) + (parts[1].within or 0.0)
    return Components(max(0.0, seen - noise), within, within / noise if noise else 1.0)


def _by_trace(curve: Curve, options: IndexOptions) -> FloatArray:
    """Each trace read along the path of the mean curve: shape (problems, traces)."""
    weights = budget_weights(curve.budgets, options.scale)
    quality = curve.best(options.envelope)
    if options.envelope == "mean":
        quality = quality[:, :, best_so_far(curve.mean[np.newaxis])[0]]
    full = 1.0 if options.q_max == "achieved" else options.q_max
    result: FloatArray = quality @ weights / full
    return result


def predicted_width(pilot: Pilot, problems: int, traces: float, confidence: float = 0.95) -> float:
    """Width of the index interval that a run of this size is to be expected to show.

    The pilot's problems are drawn together or apart until they vary as problems with so many traces
    would, stand for as many problems as are asked for, and get the interval that the run would.

    Args:
        pilot: What is known.
        problems: Of the run.
        traces: Per problem.
        confidence: Of the interval.

    Raises:
        AnytimeError: The pilot cannot tell of so many traces.
    """
    tail = (1 - confidence) / 2
    seen = float(pilot.high.var(ddof=1))
    times = pilot.parts.of_problem(traces) / seen if seen > 0 else 1.0
    gap = float(pilot.high.mean() - pilot.low.mean())
    scale = math.sqrt(times * len(pilot.high) / problems)
    high = _resized(pilot.high, problems, times)
    low = _resized(pilot.low, problems, times)
    above = upper_limit(high, tail) - float(high.mean())
    below = float(low.mean()) - lower_limit(low, tail)
    return above + below + gap * scale


_COPIES = 32


def _resized(values: FloatArray, problems: int, times: float) -> FloatArray:
    """So many values of about the same shape and mean, with so many times the variance."""
    center = values.mean()
    if times <= 1:
        crowd = center + (values - center) * math.sqrt(times)
    else:
        # Fewer traces: a problem's mean goes up or down, as far as [0, 1] has room, and in such
        # shares that its expectation stays.
        room = float((values * (1 - values)).mean())
        added = float(values.var()) * (times - 1)
        step = math.sqrt(min(1.0, added / room)) if room > 0 else 0.0
        ups = (np.arange(_COPIES) + 0.5)[:, np.newaxis] / _COPIES < values
        crowd = (values * (1 - step) + step * ups).ravel()
    # Few values shall not become a smooth crowd, nor a crowd lose its rare ones by chance.
    places = ((np.arange(problems) + 0.5) / problems * len(crowd)).astype(int)
    resized: FloatArray = np.sort(crowd)[places]
    return resized


def problems_for(pilot: Pilot, width: float, traces: float, confidence: float = 0.95) -> int | None:
    """The fewest problems that give an interval no wider; None where a million would not.

    Args:
        pilot: What is known.
        width: Wanted.
        traces: Per problem.
        confidence: Of the interval.
    """
    return _fewest(lambda n: predicted_width(pilot, n, traces, confidence) <= width)


def detectable(
    parts: Components, problems: int, traces: float, confidence: float = 0.95, power: float = 0.8
) -> float:
    """The true difference that a paired test finds with this power (docs/methods.md).

    Args:
        parts: Of the difference, `pilot_of_pair`.
        problems: Of both runs; at least two.
        traces: Per problem and run.
        confidence: 1 - the level of the test.
        power: Chance to find it.
    """
    from scipy.special import stdtrit  # type: ignore[import-untyped]

    quantiles = stdtrit(problems - 1, (1 + confidence) / 2) + stdtrit(problems - 1, power)
    return float(quantiles * math.sqrt(parts.of_problem(traces) / problems))


def problems_to_show(
    parts: Components, difference: float, traces: float, confidence: float = 0.95
) -> int | None:
    """The fewest problems with which a true difference is detectable; None where a million fail.

    Args:
        parts: Of the difference, `pilot_of_pair`.
        difference: Above 0.
        traces: Per problem and run.
        confidence: 1 - the level of the test.
    """
    return _fewest(lambda n: detectable(parts, n, traces, confidence) <= difference)


def _fewest(enough: Callable[[int], bool]) -> int | None:
    low, high = 1, 2
    while not enough(high):
        low, high = high, high * 2
        if high > MOST_PROBLEMS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
