"""Intervals over traces of problems that are all there are, instead of over problems.

AIME's 60 problems are no sample to somebody who asks about these 60. What is left to chance then is
the luck of traces within problems, which two traces or more of each problem tell.

Independent answers of problems that differ vary less than as many of problems that are alike do
(Hoeffding 1956). So the limit that all traces would have, were they of one problem
(`anytime.statistics.bounded`), is too far away: it is drawn nearer by the ratio of both standard
errors. Where all traces of each problem agree that ratio is 0; the distance is never less than what
so many answers that agree leave open, of all problems or of those with the fewest traces.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from anytime.errors import AnytimeError
from anytime.statistics.bounded import Interval, lower_limit, upper_limit

__all__ = [
    "lower_within",
    "standard_error",
    "student_within",
    "upper_within",
    "within_interval",
]

FloatArray = npt.NDArray[np.float64]

_NONE = 1e-12
"""Values that are alike may differ by the order of their sums: such a standard error is none."""


def within_interval(low: FloatArray, high: FloatArray, confidence: float = 0.95) -> Interval:
    """Interval of the mean over these problems, from independent traces of each.

    Args:
        low: What the lower limit is of, shape (problems, traces), in [0, 1]; a missing trace is
            NaN.
        high: What the upper one is of; mostly the same.
        confidence: Share of intervals meant to hold the true mean.

    Raises:
        AnytimeError: A problem has a single trace, which does not tell how its traces vary.
    """
    tail = (1 - confidence) / 2
    return Interval(lower_within(low, tail), upper_within(high, tail))


def upper_within(values: FloatArray, tail: float) -> float:
    """The mirror image of `lower_within`."""
    return 1 - lower_within(1 - values, tail)


def lower_within(values: FloatArray, tail: float) -> float:
    """What the mean over these problems lies below with a probability of about `tail`.

    Args:
        values: Shape (problems, traces), in [0, 1]; a missing trace is NaN.
        tail: Between 0 and 1/2.

    Raises:
        AnytimeError: As in `within_interval`.
    """
    from scipy.special import ndtri, stdtrit  # type: ignore[import-untyped]

    error, freedom = standard_error(values)
    pooled = values[~np.isnan(values)]
    distance = float(pooled.mean()) - lower_limit(pooled, tail)
    alike = float(pooled.std(ddof=1)) / math.sqrt(len(pooled))
    nearer = 0.0
    if error > _NONE:
        nearer = error / alike * float(stdtrit(freedom, 1 - tail) / -ndtri(tail))
    mean = float(np.nanmean(values, axis=1).mean())
    least = _left_open((~np.isnan(values)).sum(axis=1), tail)
    return max(0.0, mean - math.hypot(nearer * distance, least))


def _left_open(counts: npt.NDArray[np.int64], tail: float) -> float:
    """How far the mean may be from what is seen where all answers to each problem agree.

    Problems with few traces may hide what those with many cannot: the fewest are taken by
    themselves too, and what they leave open is shared by all.

    Args:
        counts: Traces of each problem.
        tail: As in `lower_within`.
    """
    fewest = np.sort(counts)
    alike = np.append(np.flatnonzero(np.diff(fewest)) + 1, len(fewest))
    worth = alike**2 / np.cumsum(1 / fewest)[alike - 1]  # as many of each would tell as much
    return max(
        float(some / len(fewest)) * upper_limit(np.zeros(round(answers)), tail)
        for some, answers in zip(alike, worth.tolist(), strict=True)
    )


def student_within(low: FloatArray, high: FloatArray, confidence: float) -> Interval:
    """Student's interval, for what has no bounds; arguments as in `within_interval`."""
    from scipy.special import stdtrit

    ends = []
    for values, sign in ((low, -1), (high, 1)):
        error, freedom = standard_error(values)
        half = float(stdtrit(freedom, (1 + confidence) / 2)) * error
        ends.append(float(np.nanmean(values, axis=1).mean()) + sign * half)
    return Interval(*ends)


def standard_error(values: FloatArray) -> tuple[float, float]:
    """Standard error of the mean over problems of means over traces; degrees of freedom of it.

    Raises:
        AnytimeError: As in `within_interval`.
    """
    counts = (~np.isnan(values)).sum(axis=1)
    if (counts < 2).any():
        raise AnytimeError(
            "population=traces needs two traces or more of each problem, and some have one: run "
            "more (--epochs 2, or traces=2 in --metadata), or use population=problems"
        )
    parts = np.nanvar(values, axis=1, ddof=1) / counts
    total = float(parts.sum())
    # As of one variance that all problems share. Welch's, of the few problems whose two traces
    # differ, makes intervals of two traces twice as wide as they have to be.
    return math.sqrt(total) / len(counts), float((counts - 1).sum())
