"""The index of one curve with what is always reported beside it, each with its interval.

Needs numpy and scipy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from anytime.errors import AnytimeError
from anytime.settings import Envelope, Estimator, IndexOptions, Population, QMax, Scale
from anytime.statistics.bounded import Interval, mean_interval
from anytime.statistics.curve import Curve
from anytime.statistics.index import check_confidence, overthought, read_drift, read_index
from anytime.statistics.measures import mean_over_problems
from anytime.statistics.within import within_interval

__all__ = ["Summary", "summarize"]


@dataclass(frozen=True, slots=True)
class Summary:
    """The Anytime Index and what is always reported beside it, each with its interval.

    Attributes:
        anytime_index: Anytime Index under the asked envelope and estimator.
        interval: Its interval.
        plugin: The index as the formula stands, with the bias of a maximum over noisy means.
        raw: Index without envelope: what an interrupted user really gets.
        raw_interval: Of `raw`.
        final: Q_T, mean quality at the largest budget.
        final_interval: Of `final`.
        average: Mean of Q_t over budgets, unweighted.
        drift: Area lost to falling quality: index under the envelope `mean` minus `raw`, not below
            0.
        drift_interval: Of `drift`; where its lower end is 0, the drift seen may be noise.
        overthinking: Share of traces whose best quality exceeds their last.
        by_budget: Of mean quality at each budget.

    Example:
        >>> found: Summary = summarize(Curve([128, 256, 512], [[0, 1, 0], [0, 1, 1]]))
        >>> found.overthinking  # of the traces, one was better before its end
        0.5
        >>> found.final_interval.low <= found.final <= found.final_interval.high
        True
    """

    anytime_index: float
    interval: Interval
    plugin: float
    raw: float
    raw_interval: Interval
    final: float
    final_interval: Interval
    average: float
    drift: float
    drift_interval: Interval
    overthinking: float
    by_budget: tuple[Interval, ...]

    @property
    def drift_is_noise(self) -> bool:
        """Whether quality was seen to fall, and no more than it does by luck."""
        return self.drift_interval.low == 0 < self.drift_interval.high


def summarize(
    curve: Curve,
    *,
    envelope: Envelope = "mean",
    scale: Scale = "linear",
    q_max: QMax = 1.0,
    estimator: Estimator = "crossfit",
    confidence: float = 0.95,
    seed: int = 0,
    population: Population = "problems",
) -> Summary:
    """All numbers of one curve; arguments as in `anytime_index` and `index_interval`.

    Example:
        >>> curve = Curve(budgets=[128, 256, 512], quality=[[0, 0, 1], [0, 1, 1]])
        >>> found = summarize(curve)
        >>> round(found.final, 3), round(found.average, 3)
        (1.0, 0.5)
    """
    if not isinstance(curve, Curve):
        raise AnytimeError("summarize takes a Curve: write summarize(Curve(budgets, quality))")
    check_confidence(confidence)
    options = IndexOptions(envelope, scale, q_max, seed, estimator, population)
    index = read_index(curve, options)
    raw = read_index(curve, options._replace(envelope="none"))
    by_budget = _intervals(curve, options, confidence)
    drift, drift_interval = read_drift(curve, options, confidence)
    return Summary(
        anytime_index=index.value,
        interval=index.interval(confidence),
        plugin=read_index(curve, options._replace(estimator="plugin")).value,
        raw=raw.value,
        raw_interval=raw.interval(confidence),
        final=float(curve.mean[-1]),
        final_interval=by_budget[-1],
        average=float(curve.mean.mean()),
        drift=drift,
        drift_interval=drift_interval,
        overthinking=mean_over_problems(
            overthought(curve.quality), np.isnan(curve.quality[..., 0])
        ),
        by_budget=by_budget,
    )


def _intervals(curve: Curve, options: IndexOptions, confidence: float) -> tuple[Interval, ...]:
    """Of mean quality at each budget."""
    if options.population == "traces":
        columns = np.moveaxis(curve.quality, -1, 0)
        return tuple(within_interval(column, column, confidence) for column in columns)
    if len(curve.quality) < 2:
        return (Interval(math.nan, math.nan),) * len(curve.budgets)
    return tuple(mean_interval(column, confidence) for column in curve.by_problem.T)
