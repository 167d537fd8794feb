"""The Anytime Index, the normalised area under a curve of quality by budget, and its companions.

Source: arXiv 2601.11038. The paper leaves open where "best so far" is taken and what quality counts
as full; here both are named options (`Envelope`, `QMax`) whose defaults agree with the paper's
tables. Needs numpy alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.settings import (
    Envelope,
    Estimator,
    IndexOptions,
    Population,
    QMax,
    Scale,
    check_choice,
    check_q_max,
    check_scale,
)
from anytime.statistics.bounded import (
    Interval,
    lower_limit,
    student_interval,
    upper_limit,
)
from anytime.statistics.curve import Curve, FloatArray, mean_of_known
from anytime.statistics.paths import cross_weights, partitions, path_weights
from anytime.statistics.within import student_within, within_interval

__all__ = [
    "Curve",
    "FloatArray",
    "Interval",
    "Reading",
    "anytime_index",
    "budget_weights",
    "check_confidence",
    "index_interval",
    "index_of_means",
    "overthought",
    "read_drift",
    "read_index",
]


def budget_weights(budgets: Sequence[int], scale: Scale = "linear") -> FloatArray:
    """The share of each budget's quality in the index: shape (T,), sums to 1.

    The trapezoid rule written as a weighted mean. With doubling budgets the last *interval* carries
    about half of the linear area, which is why these are worth reporting.

    Raises:
        AnytimeError: An unknown scale, or budget 0 on the scale `log2`.

    Example:
        >>> budget_weights([128, 256, 512]).round(3)
        array([0.167, 0.5  , 0.333])
        >>> budget_weights([128, 256, 512], scale="log2")
        array([0.25, 0.5 , 0.25])
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
    curve: Curve,
    *,
    envelope: Envelope = "mean",
    scale: Scale = "linear",
    q_max: QMax = 1.0,
    estimator: Estimator = "crossfit",
    seed: int = 0,
) -> float:
    """The Anytime Index of a curve, in [0, 1].

    AI = sum_t (Q*_t + Q*_{t+1}) / 2 * (b_{t+1} - b_t) / ((b_T - b_1) * q_max)

    Args:
        curve: Quality by problem, trace and budget.
        envelope: Where "best so far" (Q*) is taken; open in the paper.
        scale: Distance between budgets; the paper's is linear.
        q_max: Quality that counts as 1; 1 is consistent with the paper's tables. `achieved` is the
            largest mean quality that the enveloped curve reaches; an all-zero curve has index 0.
        estimator: How a maximum over noisy means is estimated under the envelope `mean`: `crossfit`
            without the bias of such a maximum (`anytime.statistics.paths`), `plugin` as the formula
            stands, which is the paper's. Of a single problem both are the plug-in.
        seed: Of the folds of `crossfit`.

    Raises:
        AnytimeError: An unknown option, or quality above q_max.

    Example:
        >>> curve = Curve([100, 200, 400], [[0, 1, 1], [0, 0, 1]])
        >>> round(anytime_index(curve, envelope="none"), 3)
        0.583
    """
    return read_index(curve, IndexOptions(envelope, scale, q_max, seed, estimator)).value


def index_interval(
    curve: Curve,
    *,
    envelope: Envelope = "mean",
    scale: Scale = "linear",
    q_max: QMax = 1.0,
    confidence: float = 0.95,
    seed: int = 0,
    population: Population = "problems",
) -> Interval:
    """Interval of the Anytime Index, over problems unless `population` says otherwise.

    The problem is the unit: traces are averaged per problem first, since traces of one problem are
    not independent. Limits are those of a bounded mean (`anytime.statistics.bounded`), which have a
    width where all problems are alike. Under the envelope `mean` the lower one is of problems read
    along the path that others chose, the upper one of problems read along the path of all, whose
    bias is upwards: both err to the safe side.

    Args:
        curve: Quality by problem, trace and budget; at least two problems.
        envelope: As in `anytime_index`; so are `scale`, `q_max` and `seed`.
        scale: Distance between budgets.
        q_max: Quality that counts as 1.
        confidence: Share of intervals meant to cover the true index.
        seed: Of the folds; equal seeds give equal intervals, in whatever order problems come.
        population: `problems`: these are a sample of such problems. `traces`: they are all there
            are, and other traces of them are asked about (`anytime.statistics.within`).

    Returns:
        The interval; (nan, nan) over problems of a single one, about which nothing can be said.

    Raises:
        AnytimeError: An unknown option, quality above q_max, a confidence outside (0, 1); over
            traces, a problem with a single one, envelope `problem` or q_max `achieved`.

    Example:
        >>> curve = Curve([100, 200, 400], [[0, 1, 1], [0, 0, 1], [1, 1, 1], [0, 1, 1]])
        >>> low, high = index_interval(curve)
        >>> 0 < low < anytime_index(curve) < high <= 1
        True
    """
    check_confidence(confidence)
    options = IndexOptions(envelope, scale, q_max, seed, population=population)
    return read_index(curve, options).interval(confidence)


class Reading(NamedTuple):
    """The index with what each problem contributes to it: part of a whole that counts as 1.

    Attributes:
        value: The index.
        low: Parts and wholes for the lower limit, shape (n, 2).
        high: Those for the upper limit.
        traces: What each trace contributes to either, shape (n, traces) each, where an interval
            over traces was asked for.
    """

    value: float
    low: FloatArray
    high: FloatArray
    traces: tuple[FloatArray, FloatArray] | None = None

    def interval(self, confidence: float) -> Interval:
        """Interval of the index; NaN over problems of a single one."""
        if self.traces is not None:
            return within_interval(*self.traces, confidence)
        if len(self.low) < 2:
            return Interval(math.nan, math.nan)
        tail = (1 - confidence) / 2
        return Interval(
            lower_limit(self.low[:, 0], tail, self.low[:, 1]),
            upper_limit(self.high[:, 0], tail, self.high[:, 1]),
        )


def read_index(curve: Curve, options: IndexOptions) -> Reading:
    """The index of a curve, and what intervals and comparisons of it are made of.

    Raises:
        AnytimeError: As in `anytime_index`.
    """
    check_choice("estimator", options.estimator, get_args(Estimator))
    check_choice("population", options.population, get_args(Population))
    weights = budget_weights(curve.budgets, options.scale)
    values = mean_of_known(curve.best(options.envelope), axis=1)
    _check_full(curve, options.q_max)
    # Beside the index the value at the end of the path, which `achieved` divides by.
    both = np.stack([weights, np.eye(len(weights))[-1]], axis=1)
    plain = path_weights(values.mean(axis=0)[np.newaxis], both)
    paths = [plain, plain]
    if len(values) > 1:
        paths[0] = cross_weights(values, both, partitions(curve.problems, options.seed))
    if options.envelope != "mean":  # a mean over problems as it is, with nothing chosen
        paths = [np.stack([np.broadcast_to(weights, p.shape[:2]), p[..., 1]], 2) for p in paths]
    fair, plugin = (np.einsum("nt,ntk->nk", values, _of_all(path, values)) for path in paths)
    if options.q_max != "achieved":
        plugin, fair = (_of_one(pairs[:, 0] / options.q_max) for pairs in (plugin, fair))
    part, whole = (fair if options.estimator == "crossfit" else plugin).mean(axis=0)
    value = min(1.0, float(part / whole)) if whole > 0 else 0.0
    traces = None
    if options.population == "traces":
        _check_traces(options)
        full = 1.0 if options.q_max == "achieved" else options.q_max
        quality = curve.best(options.envelope) / full
        low, high = (np.einsum("nst,nt->ns", quality, _of_all(p, values)[..., 0]) for p in paths)
        traces = (low, high)
    return Reading(value, fair, plugin, traces)


def _of_all(path: FloatArray, values: FloatArray) -> FloatArray:
    """A path that is one for all problems, for each of them."""
    return np.broadcast_to(path, (*values.shape, path.shape[2]))


def _check_traces(options: IndexOptions) -> None:
    for name, value in (("envelope", "problem"), ("q_max", "achieved")):
        if getattr(options, name) == value:
            raise AnytimeError(
                f"{name}={value} has no interval over traces, since it is no mean over them: use "
                f"population=problems, or another {name}"
            )


def index_of_means(means: FloatArray, budgets: Sequence[int], options: IndexOptions) -> FloatArray:
    """The plug-in index of mean curves: shape (rows, T) to (rows,).

    Args:
        means: What was averaged over problems: `Curve.best` under this envelope.
        budgets: T of them.
        options: How the index is computed.
    """
    if options.envelope == "mean":
        means = np.maximum.accumulate(means, axis=1)
    area: FloatArray = means @ budget_weights(budgets, options.scale)
    full = means.max(axis=1)
    if options.q_max != "achieved":
        full = np.full_like(area, options.q_max)
    result: FloatArray = np.divide(area, full, out=np.zeros_like(area), where=full > 0)
    return result


def _of_one(parts: FloatArray) -> FloatArray:
    return np.stack([parts, np.ones(len(parts))], axis=1)


def _check_full(curve: Curve, q_max: QMax) -> None:
    if q_max == "achieved":
        return
    check_q_max(q_max)
    best = float(np.nanmax(curve.quality))
    if best > q_max:
        raise AnytimeError(
            f"quality {best:g} is above q_max={q_max:g}, the quality that counts as full: leave "
            f"q_max out, or name the largest quality there can be"
        )


def check_confidence(confidence: float) -> None:
    """Refuse a confidence that is none.

    Raises:
        AnytimeError: It is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise AnytimeError(f"confidence {confidence!r} is not between 0 and 1")


def read_drift(
    curve: Curve, options: IndexOptions, confidence: float = 0.95
) -> tuple[float, Interval]:
    """What falling quality costs: never below 0, of which a guesser's differs by noise alone.

    Student's limits, the lower one of problems read along the path that others chose.
    """
    best, raw = (read_index(curve, options._replace(envelope=e)) for e in ("mean", "none"))
    drift = max(0.0, best.value - raw.value)
    if best.traces is not None and raw.traces is not None:
        # Where the paths are the budgets themselves nothing is lost, sums of floats or not.
        lost = [(x - y).round(9) for x, y in zip(best.traces, raw.traces, strict=True)]
        low, high = student_within(lost[0], lost[1], confidence)
    elif len(best.low) < 2:
        return drift, Interval(math.nan, math.nan)
    else:
        low = student_interval(_lost(best.low, raw.low), confidence).low
        high = student_interval(_lost(best.high, raw.low), confidence).high
    # Both areas lie in [0, 1].
    return drift, Interval(max(0.0, low), min(1.0, max(0.0, high)))


def _lost(best: FloatArray, raw: FloatArray) -> FloatArray:
    """What each problem adds to the difference of two ratios (delta method)."""
    (part, whole), (other, full) = best.mean(axis=0), raw.mean(axis=0)
    if whole == 0 or full == 0:
        return np.zeros(len(best))
    gain = (best[:, 0] - part / whole * best[:, 1]) / whole
    shares = gain - (raw[:, 0] - other / full * raw[:, 1]) / full
    result: FloatArray = (shares + part / whole - other / full).round(9)
    return result


def overthought(quality: npt.ArrayLike) -> FloatArray:
    """1 where a trace was once better than at its end, 0 elsewhere, NaN for a missing trace.

    Args:
        quality: Shape (..., T); the result has the shape without its last axis.
    """
    values = np.asarray(quality, dtype=np.float64)
    lost = (values.max(axis=-1) > values[..., -1]).astype(np.float64)
    result: FloatArray = np.where(np.isnan(values[..., -1]), np.nan, lost)
    return result
