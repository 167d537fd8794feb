"""A band that holds the whole curve: simultaneous intervals of mean quality over all budgets.

Intervals that each cover at their own budget do not cover together: of seven at 95 %, one misses
in up to 30 of 100 runs. The band here covers all budgets at once. Needs numpy and scipy.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from anytime.errors import AnytimeError
from anytime.statistics.bounded import lower_limit, upper_limit
from anytime.statistics.curve import Curve, FloatArray
from anytime.statistics.index import check_confidence

__all__ = ["Band", "curve_band"]


class Band(NamedTuple):
    """Simultaneous intervals of mean quality, one per budget.

    Attributes:
        low: Shape (T,), in [0, 1].
        high: Shape (T,), in [0, 1].
        critical: How many standard errors it would reach to either side of a mean far from 0 and 1.
    """

    low: FloatArray
    high: FloatArray
    critical: float


def curve_band(
    curve: Curve, *, confidence: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> Band:
    """The band that the whole true mean curve lies in, with the given confidence.

    The problem is the unit: traces are averaged per problem first. The critical value is that of
    the largest of all budgets' t statistics (max-t): the Gaussian multiplier bootstrap over
    problems (arXiv 1212.6906), drawn from its law, which is normal with the budgets' correlation;
    divided by a standard deviation that is as uncertain as that of so many problems, as Student's
    t does. It says how confident each budget's own interval has to be, which is that of a bounded
    mean (`anytime.statistics.bounded`): near 0 and 1 it is skewed inwards, stays in [0, 1], and has
    a width where all problems are alike.

    Args:
        curve: Quality by problem, trace and budget.
        confidence: Share of such bands meant to hold the whole curve.
        resamples: Draws of the largest statistic.
        seed: Of numpy's default generator; equal seeds give equal bands.

    Returns:
        The band; NaN throughout for a single problem, about which nothing can be said.

    Raises:
        AnytimeError: A confidence outside (0, 1), fewer than 1 resample.
    """
    from scipy.special import stdtr  # type: ignore[import-untyped]

    check_confidence(confidence)
    if resamples < 1:
        raise AnytimeError(f"{resamples} resamples: at least 1 is needed")
    values = curve.by_problem
    n, length = values.shape
    if n < 2:
        nothing = np.full(length, math.nan)
        return Band(nothing, nothing, math.nan)
    mean, spread = values.mean(axis=0), values.std(axis=0, ddof=1)
    # What differs by rounding alone does not differ.
    spread[spread < 1e-9] = 0
    critical = _critical(values - mean, spread, confidence, resamples, seed)
    tail = float(stdtr(n - 1, -critical))
    low = np.array([lower_limit(column, tail) for column in values.T])
    high = np.array([upper_limit(column, tail) for column in values.T])
    return Band(low, high, critical)


def _critical(
    centered: FloatArray, spread: FloatArray, confidence: float, resamples: int, seed: int
) -> float:
    """Quantile of the largest absolute t statistic over the budgets."""
    n, length = centered.shape
    scaled = np.divide(centered, spread, out=np.zeros_like(centered), where=spread > 0)
    correlation = scaled.T @ scaled / (n - 1)
    # A budget at which nothing spreads tells of no other.
    correlation[np.diag_indices(length)] = 1
    strengths, directions = np.linalg.eigh(correlation)
    # The symmetric root: others depend on how rounding turns the directions.
    root = (directions * np.sqrt(np.maximum(strengths, 0))) @ directions.T
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal((resamples, length)) @ root.T
    uncertain = np.sqrt(rng.chisquare(n - 1, resamples) / (n - 1))
    largest = np.abs(normal).max(axis=1) / uncertain
    return float(np.quantile(largest, confidence))
