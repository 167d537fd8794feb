"""The numbers of a run, each with what kind of number it is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from anytime.results.exports.measuring import Measured, index_options
from anytime.statistics.index import FloatArray

__all__ = ["RESAMPLES", "Score", "grid", "scores_of"]

RESAMPLES = 10_000
"""Of the bootstrap behind an interval: the default of `anytime.statistics.index.index_interval`."""

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
    """All numbers of a curve, the index first."""
    info, numbers, budgets = one.info, one.summary.summary, one.curve.budgets
    quality = _KINDS.get(info.domain or "", "quality")
    options = {**index_options(info), "budgets": grid(one)}
    area = "normalized_area_under_curve"
    by_problem = one.curve.curve.by_problem
    # Relative to what was achieved at the end, a curve that falls may have any area.
    relative = info.q_max == "achieved"
    full = 1.0 if isinstance(info.q_max, str) else 1 / info.q_max
    raw = math.inf if relative else full
    top = math.inf if relative and info.envelope == "none" else full
    scores = [
        Score(
            "anytime_index",
            "Area under the curve of quality by token budget, best so far, over the area of "
            "perfect answers",
            area,
            numbers.anytime_index,
            0,
            top,
            options,
            uncertainty=_interval(one),
        ),
        Score(
            "anytime_index_raw",
            "The same area without best so far: what an interrupted user gets",
            area,
            numbers.raw,
            0,
            raw,
            options | {"envelope": "none"},
        ),
    ]
    scores += [
        Score(
            f"q@{budget}",
            f"Mean quality of the answer after {budget} tokens of trace",
            quality,
            value,
            0,
            1,
            {"budget": budget},
            uncertainty=_standard_error(by_problem[:, place]),
        )
        for place, (budget, value) in enumerate(one.summary.quality.items())
    ]
    scores += [
        Score(
            "final",
            "Mean quality of the answer at the largest budget",
            quality,
            numbers.final,
            0,
            1,
            {"budget": budgets[-1]},
            uncertainty=_standard_error(by_problem[:, -1]),
        ),
        Score(
            "average",
            "Mean of the quality over budgets, unweighted",
            quality,
            numbers.average,
            0,
            1,
            {"budgets": grid(one)},
            uncertainty=_standard_error(by_problem.mean(axis=1)),
        ),
        Score(
            "drift",
            "Area lost because quality fell again with more budget",
            area,
            numbers.drift,
            -math.inf if relative else 0,
            full,
            options | {"envelope": "mean"},
            lower_is_better=True,
        ),
        Score(
            "overthinking",
            "Share of traces that were once better than at their end",
            "rate",
            numbers.overthinking,
            0,
            1,
            {"budgets": grid(one)},
            lower_is_better=True,
        ),
    ]
    if one.summary.unparsed is not None:
        scores.append(
            Score(
                "unparsed",
                "Share of checkpoints without an answer that could be extracted",
                "rate",
                one.summary.unparsed,
                0,
                1,
                {"budgets": grid(one)},
                lower_is_better=True,
            )
        )
    return scores


def _interval(one: Measured) -> dict[str, Any]:
    low, high = one.summary.summary.interval
    if math.isnan(low):  # of a single problem
        return {}
    bootstrap = one.info.envelope == "mean" or one.info.q_max == "achieved"
    made: dict[str, Any] = {
        "confidence_interval": {
            "lower": low,
            "upper": high,
            "confidence_level": 0.95,
            "method": "percentile bootstrap over problems" if bootstrap else "Student's t",
        }
    }
    if bootstrap:
        made["num_bootstrap_samples"] = RESAMPLES
    return made


def _standard_error(values: FloatArray) -> dict[str, Any]:
    if len(values) < 2:
        return {}
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return {"standard_error": {"value": error, "method": "analytic"}}


def grid(one: Measured) -> str:
    """Its budgets, as users type them."""
    return ",".join(map(str, one.curve.budgets))
