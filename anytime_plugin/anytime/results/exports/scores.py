"""The numbers of a run, each with what kind of number it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np

from anytime.results.exports.measuring import Measured, index_options
from anytime.runs import RunInfo
from anytime.statistics.curve import FloatArray
from anytime.statistics.index import Interval
from anytime.statistics.measures import Measure, measures_of

__all__ = ["Score", "grid", "scores_of"]

_KINDS = {
    "aime": "accuracy",
    "gpqa": "accuracy",
    "trip": "constraint_satisfaction_rate",
}
"""The family that a domain's quality belongs to; just `quality` for all others."""


class Score(NamedTuple):
    """A number of a run, and what kind of number it is."""

    name: str
    title: str
    kind: str
    value: float
    lowest: float
    highest: float
    parameters: Mapping[str, str | float]
    lower_is_better: bool = False
    uncertainty: Mapping[str, Any] | None = None


def scores_of(one: Measured) -> list[Score]:
    """All numbers of a curve: areas, the index first; then qualities, by budget first; the rest."""
    known = [
        measure
        for measure in measures_of("quality", "unparsed")
        if not measure.bound_of and one.summary.measures[measure.name] is not None
    ]
    areas = list(takewhile(lambda measure: measure.kind == "area", known))
    first = [_score(one, measure) for measure in areas]
    return first + _by_budget(one) + [_score(one, measure) for measure in known[len(areas) :]]


def _score(one: Measured, measure: Measure) -> Score:
    value = one.summary.measures[measure.name]
    lowest, highest = _range(measure)
    return Score(
        measure.name,
        measure.about,
        _kind(measure.kind, one.info),
        math.nan if value is None else value,
        lowest,
        highest,
        _parameters(one, measure),
        lower_is_better=not measure.higher_is_better,
        uncertainty=_uncertainty(one, measure),
    )


def _by_budget(one: Measured) -> list[Score]:
    by_problem = one.curve.curve.by_problem
    return [
        Score(
            f"q@{budget}",
            f"Mean quality of the answer after {budget} tokens of trace",
            _kind("quality", one.info),
            value,
            0,
            1,
            {"budget": budget},
            uncertainty=_standard_error(by_problem[:, place]),
        )
        for place, (budget, value) in enumerate(one.summary.quality.items())
    ]


def _kind(kind: str, info: RunInfo) -> str:
    """The family of a number, as exports name it; a quality's is its domain's own."""
    own = {"area": "normalized_area_under_curve", "quality": _KINDS.get(info.domain or "", kind)}
    return own.get(kind, kind)


def _range(measure: Measure) -> tuple[float, float]:
    """Between which values it can lie; quality above the full one was refused."""
    return 0, math.inf if measure.kind == "tokens" else 1


def _parameters(one: Measured, measure: Measure) -> dict[str, str | float]:
    budgets: dict[str, str | float] = {"budgets": grid(one)}
    if measure.kind == "area":
        fixed = {} if measure.envelope in (None, "asked") else {"envelope": str(measure.envelope)}
        return index_options(one.info) | budgets | fixed
    return {"budget": one.curve.budgets[-1]} if measure.at_end else budgets


def _uncertainty(one: Measured, measure: Measure) -> dict[str, Any] | None:
    if (known := one.summary.intervals.get(measure.name)) is not None:
        return _interval(known, measure, one.info)
    if measure.of_problems is not None:
        return _standard_error(measure.of_problems(one.curve.curve.by_problem))
    return None


def _interval(interval: Interval, measure: Measure, info: RunInfo) -> dict[str, Any]:
    if math.isnan(interval.low):  # of a single problem
        return {}
    method = "Student's t" if measure.difference else "limits of a bounded mean"
    return {
        "confidence_interval": {
            "lower": interval.low,
            "upper": interval.high,
            "confidence_level": 0.95,
            "method": f"{method} over {info.population}",
        }
    }


def _standard_error(values: FloatArray) -> dict[str, Any]:
    if len(values) < 2:
        return {}
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return {"standard_error": {"value": error, "method": "analytic"}}


def grid(one: Measured) -> str:
    """Its budgets, as users type them."""
    return ",".join(map(str, one.curve.budgets))
