"""The index of one curve with what is always reported beside it, each with its interval.

Needs numpy and scipy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from anytime.errors import AnytimeError
from anytime.harmless import for_terminal
from anytime.settings import (
    Envelope,
    Estimator,
    IndexOptions,
    Population,
    QMax,
    Scale,
    options_named,
)
from anytime.statistics.bounded import Interval, mean_interval
from anytime.statistics.curve import Curve
from anytime.statistics.index import check_confidence, overthought, read_drift, read_index
from anytime.statistics.measures import mean_over_problems
from anytime.statistics.paired_runs import Run
from anytime.statistics.shown import Several, html_table, html_text, limits_told
from anytime.statistics.within import within_interval

__all__ = ["Summary", "summarize"]


@dataclass(frozen=True, slots=True, repr=False)
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
        name: Of the run; empty for a bare curve.
        budgets: T of them.
        quality: Q_t, mean quality at each budget.
        confidence: Of all intervals.
        population: What the intervals generalise to.

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
    name: str = ""
    budgets: tuple[int, ...] = ()
    quality: tuple[float, ...] = ()
    confidence: float = 0.95
    population: Population = "problems"

    @property
    def drift_is_noise(self) -> bool:
        """Whether quality was seen to fall, and no more than it does by luck."""
        return self.drift_interval.low == 0 < self.drift_interval.high

    def __repr__(self) -> str:
        """A number a line, behind it its interval."""
        lines = [
            f"{name}={value}{f' ({limits})' if limits else ''}"
            for name, value, limits in self._rows
        ]
        return "\n".join([for_terminal(self._about), *(f"  {line}" for line in lines)])

    def _repr_html_(self) -> str:
        heads = ("", "", f"{self.confidence:.0%}")
        return f"<p>{html_text(self._about)}</p>{html_table(heads, self._rows)}"

    @property
    def _about(self) -> str:
        of = f" of {self.name}" if self.name else ""
        return f"Summary{of}, with {self.confidence:.0%} intervals over {self.population}"

    @property
    def _rows(self) -> list[tuple[str, str, str]]:
        """Name, value and interval of each number."""
        numbers: list[tuple[str, float, Interval | None]] = [
            ("anytime_index", self.anytime_index, self.interval),
            ("anytime_index_plugin", self.plugin, None),
            ("anytime_index_raw", self.raw, self.raw_interval),
            ("final", self.final, self.final_interval),
            ("average", self.average, None),
            ("drift", self.drift, self.drift_interval),
            ("overthinking", self.overthinking, None),
        ]
        by_budget = zip(self.budgets, self.quality, self.by_budget, strict=True)
        numbers += [(f"q@{budget}", value, interval) for budget, value, interval in by_budget]
        return [
            (name, f"{value:.3f}", limits_told(interval) if interval else "")
            for name, value, interval in numbers
        ]


@overload
def summarize(
    curve: Curve | Run,
    *,
    envelope: Envelope | None = ...,
    scale: Scale | None = ...,
    q_max: QMax | None = ...,
    estimator: Estimator | None = ...,
    confidence: float = ...,
    seed: int | None = ...,
    population: Population | None = ...,
) -> Summary: ...
@overload
def summarize(
    curve: Sequence[Run],
    *,
    envelope: Envelope | None = ...,
    scale: Scale | None = ...,
    q_max: QMax | None = ...,
    estimator: Estimator | None = ...,
    confidence: float = ...,
    seed: int | None = ...,
    population: Population | None = ...,
) -> tuple[Summary, ...]: ...
def summarize(
    curve: Curve | Run | Sequence[Run],
    *,
    envelope: Envelope | None = None,
    scale: Scale | None = None,
    q_max: QMax | None = None,
    estimator: Estimator | None = None,
    confidence: float = 0.95,
    seed: int | None = None,
    population: Population | None = None,
) -> Summary | tuple[Summary, ...]:
    """All numbers of one curve; of several runs a tuple of one each.

    Args:
        curve: The curve; or a run, such as `anytime.load` gives, or several, whose own options of
            the index are used unless they are named.
        envelope: As in `anytime_index`; so are `scale`, `q_max`, `estimator` and `seed`.
        scale: Distance between budgets.
        q_max: Quality that counts as 1.
        estimator: Of the index.
        confidence: Share of intervals meant to cover the true number.
        seed: Of all draws.
        population: What the intervals generalise to, as in `index_interval`.

    Raises:
        AnytimeError: It is none of these; an unknown option, a confidence outside (0, 1).

    Example:
        >>> curve = Curve(budgets=[128, 256, 512], quality=[[0, 0, 1], [0, 1, 1]])
        >>> found = summarize(curve)
        >>> round(found.final, 3), round(found.average, 3)
        (1.0, 0.5)
    """
    named = options_named(envelope, scale, q_max, seed, estimator, population)
    check_confidence(confidence)
    if isinstance(curve, Curve | Run):
        return _summary(curve, named, confidence)
    if isinstance(curve, Sequence) and all(isinstance(one, Run) for one in curve):
        return Several(_summary(one, named, confidence) for one in curve)
    raise AnytimeError(
        "summarize takes a Curve: write summarize(Curve(budgets, quality)); or runs, as "
        "anytime.load(logs) gives them"
    )


def _summary(of: Curve | Run, named: dict[str, Any], confidence: float) -> Summary:
    run = of if isinstance(of, Run) else None
    curve = of.curve if isinstance(of, Run) else of
    options = ((run and run.options) or IndexOptions())._replace(**named)
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
        name=run.name if run else "",
        budgets=tuple(curve.budgets),
        quality=tuple(map(float, curve.mean)),
        confidence=confidence,
        population=options.population,
    )


def _intervals(curve: Curve, options: IndexOptions, confidence: float) -> tuple[Interval, ...]:
    """Of mean quality at each budget."""
    if options.population == "traces":
        columns = np.moveaxis(curve.quality, -1, 0)
        return tuple(within_interval(column, column, confidence) for column in columns)
    if len(curve.quality) < 2:
        return (Interval(math.nan, math.nan),) * len(curve.budgets)
    return tuple(mean_interval(column, confidence) for column in curve.by_problem.T)
