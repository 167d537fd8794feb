"""From the checkpoints of a problem's traces to lm-eval's values, and from those to the table."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from anytime.domains.base import Domain, Problem
from anytime.grading import trace_values
from anytime.hosts.lm_eval.api import mean
from anytime.hosts.lm_eval.settings import RunSettings, Settings
from anytime.methods.prompting import COSTS
from anytime.plugins import get_method
from anytime.programs.checkpoints import Elicited
from anytime.statistics.index import Curve, anytime_index, index_interval

__all__ = [
    "Aggregate",
    "Curved",
    "aggregations",
    "higher_is_better",
    "index_aggregations",
    "index_values",
    "values",
]

Aggregate = Callable[[Sequence[Any]], float]


class Curved(float):
    """A problem's own number, with the curve it was taken from.

    lm-eval aggregates numbers, one per document. The index of all problems is no mean of the
    problems' own where the envelope is taken on the mean curve, so it needs their curves.

    Attributes:
        quality: Quality by trace and budget, shape (traces, T).
    """

    quality: Sequence[Sequence[float]]

    def __new__(cls, value: float, quality: Sequence[Sequence[float]]) -> Curved:
        """Carry the curve along."""
        made = super().__new__(cls, value)
        made.quality = quality
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """Ranks send it to one another."""
        return Curved, (float(self), self.quality)


def values(
    domain: Domain,
    problem: Problem,
    settings: Settings,
    traces: Sequence[tuple[Elicited, Mapping[str, Any]]],
) -> dict[str, float]:
    """Every number of one problem, averaged over its traces.

    Keys: `q@B` and the domain's further `em@B`, ... for each budget; `final`, `average`,
    `overthinking`, `unparsed` (share of checkpoints without an extractable answer),
    `leaked_reasoning_tokens` (per forced answer); of a method other than `cot` `added_tokens` and
    `pool_tokens`; and the index with its companions.
    """
    per_trace = []
    curve = []
    for elicited, method in traces:
        grades = [domain.grade(problem, point.answer) for point in elicited.checkpoints]
        quality = [grade.quality for grade in grades]
        curve.append(quality)
        value = trace_values(elicited.checkpoints, grades)
        value |= {key: float(method[key]) for key in COSTS if key in method}
        per_trace.append(value | {"average": float(np.mean(quality))})
    averaged = {key: float(np.mean([value[key] for value in per_trace])) for key in per_trace[0]}
    return averaged | index_values(curve, settings)


def index_values(quality: Sequence[Sequence[float]], settings: RunSettings) -> dict[str, float]:
    """A problem's own index with its companions; they carry the curve they were taken from.

    NaN where one is outside [0, 1]: whether a metric of others is a quality is not known before,
    and ranks have to send one another the same names.

    Args:
        quality: Quality by trace and budget.
        settings: How the index is computed.
    """
    if not _is_quality(quality):
        return dict.fromkeys(_INDEX, Curved(math.nan, quality))
    own = Curve(settings.budgets, [quality])
    return {name: Curved(statistic(own, settings), quality) for name, statistic in _INDEX.items()}


def _is_quality(values: npt.ArrayLike) -> bool:
    found = np.asarray(values)
    return bool(((found >= 0) & (found <= 1)).all())


def _index(curve: Curve, settings: RunSettings) -> float:
    return anytime_index(
        curve, envelope=settings.envelope, scale=settings.scale, q_max=settings.q_max
    )


def _raw(curve: Curve, settings: RunSettings) -> float:
    return anytime_index(curve, envelope="none", scale=settings.scale, q_max=settings.q_max)


def _drift(curve: Curve, settings: RunSettings) -> float:
    enveloped = anytime_index(curve, envelope="mean", scale=settings.scale, q_max=settings.q_max)
    return enveloped - _raw(curve, settings)


def _bound(side: int) -> Callable[[Curve, RunSettings], float]:
    def statistic(curve: Curve, settings: RunSettings) -> float:
        if len(curve.quality) < 2:  # of one problem there is no interval
            return _index(curve, settings)
        return index_interval(
            curve,
            envelope=settings.envelope,
            scale=settings.scale,
            q_max=settings.q_max,
            seed=settings.seed,
        )[side]

    return statistic


_INDEX: Mapping[str, Callable[[Curve, RunSettings], float]] = {
    "anytime_index": _index,
    "anytime_index_low": _bound(0),
    "anytime_index_high": _bound(1),
    "anytime_index_raw": _raw,
    "drift": _drift,
}

_BETTER = {
    "drift": False,
    "overthinking": False,
    "unparsed": False,
    "leaked_reasoning_tokens": False,
    "added_tokens": False,
    "pool_tokens": False,
}


def aggregations(domain: Domain, settings: Settings) -> dict[str, Aggregate]:
    """How each value becomes a number of the table: a mean, which has a stderr, or the index."""
    names = ["q", *domain.metrics]
    per_budget = [f"{name}@{budget}" for name in names for budget in settings.budgets]
    per_trace = ["final", "average", "overthinking", "unparsed", "leaked_reasoning_tokens"]
    if get_method(settings.method).write is not None:
        per_trace += COSTS
    return dict.fromkeys([*per_budget, *per_trace], mean) | index_aggregations(settings)


def index_aggregations(settings: RunSettings) -> dict[str, Aggregate]:
    """How the `index_values` of the problems become those of all of them."""
    return {name: _over_problems(statistic, settings) for name, statistic in _INDEX.items()}


def higher_is_better(names: Sequence[str]) -> dict[str, bool]:
    """For the arrows of the table."""
    return {name: _BETTER.get(name, True) for name in names}


def _over_problems(
    statistic: Callable[[Curve, RunSettings], float], settings: RunSettings
) -> Aggregate:
    def aggregate(items: Sequence[Curved]) -> float:
        quality = np.array([item.quality for item in items])
        if not _is_quality(quality):
            return math.nan
        # Ranks send problems in an order of their own; sums of floats shall not depend on it.
        by_problem = quality.mean(axis=1)
        return statistic(Curve(settings.budgets, quality[np.lexsort(by_problem.T)]), settings)

    return aggregate
