"""The Anytime Index, the normalised area under a curve of quality by budget, and its companions.

Source: arXiv 2601.11038. The paper leaves open where "best so far" is taken and what quality counts
as full; here both are named options (`Envelope`, `QMax`) whose defaults agree with the paper's
tables. Needs numpy alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.settings import Envelope, QMax, Scale, check_choice, check_q_max, check_scale

__all__ = [
    "Curve",
    "Interval",
    "anytime_index",
    "budget_weights",
    "index_interval",
    "overthought",
]

FloatArray = npt.NDArray[np.float64]

# Resampled curves are computed this many at a time, which bounds memory at any number of resamples.
_CHUNK = 1000


@dataclass(frozen=True, eq=False, init=False)
class Curve:
    """Quality by budget of every trace of every problem.

    Attributes:
        budgets: T increasing budgets in tokens.
        quality: Array of shape (problems, traces, T) with values in [0, 1]. A problem that lacks
            traces has NaN in *all* budgets of the missing ones; each has at least one trace.

    Raises:
        AnytimeError: Shapes that do not match, quality that is NaN within a trace or outside
            [0, 1], a problem without a trace.
    """

    budgets: BudgetGrid
    quality: FloatArray

    def __init__(self, budgets: Sequence[int], quality: npt.ArrayLike) -> None:
        """Validate and freeze; see the class for shapes and errors."""
        grid = budgets if isinstance(budgets, BudgetGrid) else BudgetGrid(budgets)
        try:
            values = np.array(quality)
            if not (values.dtype.kind in "bif" or values.size == 0):
                raise ValueError
            values = values.astype(np.float64)
        except (TypeError, ValueError):
            raise AnytimeError(
                "quality has to be numbers in rows of one length: an array of shape (problems, "
                "traces, budgets) or (problems, budgets)"
            ) from None
        if values.ndim == 2:  # one trace per problem
            values = values[:, np.newaxis, :]
        if values.ndim != 3 or 0 in values.shape:
            raise AnytimeError(
                f"quality has shape {values.shape}: expected (problems, traces, budgets) or "
                f"(problems, budgets), none of them empty"
            )
        if values.shape[2] != len(grid):
            raise AnytimeError(f"quality has {values.shape[2]} budgets but {len(grid)} are named")
        absent = np.isnan(values)
        missing: npt.NDArray[np.bool_] = np.all(absent, axis=2)
        torn = np.any(absent, axis=2) & ~missing
        if torn.any():
            problem, trace = np.argwhere(torn)[0]
            raise AnytimeError(f"quality is NaN within trace {trace} of problem {problem}")
        untried = np.all(missing, axis=1)
        if untried.any():
            raise AnytimeError(f"problem {untried.argmax()} has no trace")
        outside = (values < 0) | (values > 1)
        if outside.any():
            problem, trace, budget = np.argwhere(outside)[0]
            raise AnytimeError(
                f"quality {values[problem, trace, budget]:g} of problem {problem}, trace {trace}, "
                f"budget {grid[budget]} is outside [0, 1]"
            )
        values.setflags(write=False)
        object.__setattr__(self, "budgets", grid)
        object.__setattr__(self, "quality", values)

    @property
    def by_problem(self) -> FloatArray:
        """Mean over traces, shape (problems, T)."""
        return _mean(self.quality, axis=1)

    @property
    def mean(self) -> FloatArray:
        """Q_t: mean over problems of the mean over traces, shape (T,)."""
        return _mean(self.by_problem, axis=0)


def _mean(values: FloatArray, axis: int) -> FloatArray:
    # A missing trace is NaN throughout; plain mean is several times faster where none is missing.
    result: FloatArray = (np.nanmean if np.isnan(values).any() else np.mean)(values, axis=axis)
    return result


def budget_weights(budgets: Sequence[int], scale: Scale = "linear") -> FloatArray:
    """The share of each budget's quality in the index: shape (T,), sums to 1.

    The trapezoid rule written as a weighted mean. With doubling budgets the last *interval* carries
    about half of the linear area, which is why these are worth reporting.

    Raises:
        AnytimeError: An unknown scale, or budget 0 on the scale `log2`.
    """
    grid = BudgetGrid(budgets)
    check_scale(scale, grid)
    positions = np.asarray(grid, dtype=np.float64)
    if scale == "log2":
        positions = np.log2(positions)
    steps = np.diff(positions) / (positions[-1] - positions[0])
    weights = np.zeros(len(positions))
    weights[:-1] += steps / 2
    weights[1:] += steps / 2
    return weights


def anytime_index(
    curve: Curve, *, envelope: Envelope = "mean", scale: Scale = "linear", q_max: QMax = 1.0
) -> float:
    """The Anytime Index of a curve, in [0, 1 / q_max].

    AI = sum_t (Q*_t + Q*_{t+1}) / 2 * (b_{t+1} - b_t) / ((b_T - b_1) * q_max)

    Args:
        curve: Quality by problem, trace and budget.
        envelope: Where "best so far" (Q*) is taken; open in the paper.
        scale: Distance between budgets; the paper's is linear.
        q_max: Quality that counts as 1; 1 is consistent with the paper's tables. With `achieved` an
            all-zero curve has index 0.

    Raises:
        AnytimeError: An unknown option.
    """
    weights = budget_weights(curve.budgets, scale)
    enveloped = _mean(_enveloped(curve, envelope), axis=0)
    if envelope == "mean":
        enveloped = np.maximum.accumulate(enveloped)
    return float(_area(enveloped[np.newaxis], weights, q_max)[0])


def _enveloped(curve: Curve, envelope: Envelope) -> FloatArray:
    """Q* per problem, shape (problems, T); for `mean` it is taken later, on the mean curve."""
    check_choice("envelope", envelope, get_args(Envelope))
    if envelope == "trace":
        return _mean(np.maximum.accumulate(curve.quality, axis=2), axis=1)
    if envelope == "problem":
        best: FloatArray = np.maximum.accumulate(curve.by_problem, axis=1)
        return best
    return curve.by_problem


def _area(curves: FloatArray, weights: FloatArray, q_max: QMax) -> FloatArray:
    """Index of each row of `curves` (rows, T), already enveloped."""
    area: FloatArray = curves @ weights
    if q_max == "achieved":
        full = curves[:, -1]
        return np.divide(area, full, out=np.zeros_like(area), where=full > 0)
    check_q_max(q_max)
    return area / q_max


class Interval(NamedTuple):
    """A confidence interval."""

    low: float
    high: float


def index_interval(
    curve: Curve,
    *,
    envelope: Envelope = "mean",
    scale: Scale = "linear",
    q_max: QMax = 1.0,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> Interval:
    """Interval of the Anytime Index over problems.

    The problem is the unit: traces are averaged per problem first, since traces of one problem are
    not independent. Where the index is a mean of per-problem values (every envelope but `mean`,
    with a fixed `q_max`) it is Student's t interval of that mean, cut to what is possible; else a
    seeded percentile bootstrap over problems that recomputes the curve and its envelope.

    Args:
        curve: Quality by problem, trace and budget; at least two problems.
        envelope: As in `anytime_index`; so are `scale` and `q_max`.
        scale: Distance between budgets.
        q_max: Quality that counts as 1.
        confidence: Share of intervals meant to cover the true index.
        resamples: Bootstrap resamples.
        seed: Of the bootstrap; equal seeds give equal intervals.

    Returns:
        The interval; (nan, nan) for a single problem, about which nothing can be said.

    Raises:
        AnytimeError: An unknown option, a confidence outside (0, 1), fewer than 1 resample.
    """
    if not 0 < confidence < 1:
        raise AnytimeError(f"confidence {confidence!r} is not between 0 and 1")
    if resamples < 1:
        raise AnytimeError(f"{resamples} resamples: at least 1 is needed")
    weights = budget_weights(curve.budgets, scale)
    values = _enveloped(curve, envelope)
    if len(values) < 2:
        return Interval(math.nan, math.nan)
    if envelope != "mean" and q_max != "achieved":
        # 1 / q_max is the index of perfect answers throughout.
        return _t_interval(_area(values, weights, q_max), confidence, 1 / q_max)

    def statistic(curves: FloatArray) -> FloatArray:
        if envelope == "mean":
            curves = np.maximum.accumulate(curves, axis=1)
        return _area(curves, weights, q_max)

    return bootstrap_means(values, statistic, confidence, resamples, seed)


def bootstrap_means(
    values: FloatArray,
    statistic: Callable[[FloatArray], FloatArray],
    confidence: float,
    resamples: int,
    seed: int,
) -> Interval:
    """Percentile bootstrap of a statistic of column means.

    Resampling rows and averaging them is one product of a matrix of counts with `values`, which is
    why this is faster than a general bootstrap that hands every resample to the statistic.

    Args:
        values: Shape (n, T): what is averaged, one row per resampled unit.
        statistic: Maps means of shape (chunk, T) to shape (chunk,).
        confidence: Share of intervals meant to cover.
        resamples: How many.
        seed: Of numpy's default generator.
    """
    rng = np.random.default_rng(seed)
    # In whatever order problems came, and whatever their means are off by, one interval.
    values = values[np.lexsort(values.round(9).T)]
    n = len(values)
    found = []
    for start in range(0, resamples, _CHUNK):
        rows = min(_CHUNK, resamples - start)
        drawn = rng.integers(0, n, size=(rows, n), dtype=np.int32)
        drawn += np.arange(rows, dtype=np.int32)[:, np.newaxis] * n
        counts = np.bincount(drawn.ravel(), minlength=rows * n).reshape(rows, n)
        found.append(statistic(counts.astype(np.float64) @ values / n))
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(found), [tail, 1 - tail])
    return Interval(float(low), float(high))


def _t_interval(values: FloatArray, confidence: float, full: float) -> Interval:
    n = len(values)
    half = _t_quantile((1 + confidence) / 2, n - 1) * float(values.std(ddof=1)) / math.sqrt(n)
    center = float(values.mean())
    return Interval(max(0.0, center - half), min(full, center + half))


def _t_quantile(probability: float, freedom: int) -> float:
    """Student's t quantile for probabilities above 1/2, by integrating the density.

    scipy has it; but this module promises to need numpy alone. Tested against scipy.
    """
    # With t = sqrt(freedom) * tan(a) the density becomes cos(a)**(freedom - 1), smooth and bounded.
    angles = np.linspace(0, math.pi / 2, 200_001)
    density = np.cos(angles) ** (freedom - 1)
    mass = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    angle = np.interp(probability - 0.5, 0.5 * mass / mass[-1], angles)
    return math.sqrt(freedom) * math.tan(float(angle))


def overthought(quality: npt.ArrayLike) -> FloatArray:
    """1 where a trace was once better than at its end, 0 elsewhere, NaN for a missing trace.

    Args:
        quality: Shape (..., T); the result has the shape without its last axis.
    """
    values = np.asarray(quality, dtype=np.float64)
    lost = (values.max(axis=-1) > values[..., -1]).astype(np.float64)
    result: FloatArray = np.where(np.isnan(values[..., -1]), np.nan, lost)
    return result
