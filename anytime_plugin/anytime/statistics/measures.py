"""The measures: every number that is told of a curve, in one table.

A new measure is one entry in `MEASURES`. Tables of both harnesses, summaries, exports and reports
take its name, its value, its arrow and its place from there. Needs numpy and scipy.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from anytime.settings import Envelope, IndexOptions
from anytime.statistics.bounded import Interval
from anytime.statistics.curve import Curve, FloatArray
from anytime.statistics.index import overthought, read_drift, read_index

__all__ = [
    "MEASURES",
    "Input",
    "Measure",
    "higher_is_better",
    "mean_over_problems",
    "measured",
    "measures_of",
]

CONFIDENCE = 0.95
"""Of the intervals in tables."""

Input = Literal["quality", "unparsed", "leaked", "answers", "failed", "prompt"]
"""What a measure is of, trace by trace.

`quality`: of the answer at each budget, shape (..., T). `unparsed`: 1 where no answer could be
extracted, 0 where one was, NaN where that is unknown, shape (..., T). `leaked`: tokens of reasoning
per forced answer, shape (...), NaN where there is none; `answers`: all tokens of one, likewise.
`failed`: 1 where the model gave no answer at some budget, shape (...). `prompt`: the method puts
the number beside the prompt it makes.
"""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number of a curve.

    Attributes:
        name: In tables, logs and files.
        about: What it is, in a line.
        kind: `area` under the curve, a mean `quality`, a `rate` of traces or checkpoints, `tokens`.
        of_curve: Its value for a whole curve, where it is not the mean of those of its traces.
        of_traces: Its value for each trace, from the array of its `of`.
        of_problems: Its value for each problem, from the problems' own mean curves, shape
            (problems, T); given where a standard error over problems is told of it.
        of: What it is computed from.
        higher_is_better: Which way its arrow points.
        envelope: Where an area takes "best so far": where the run does (`asked`), or fixed.
        difference: Whether it is one area less another, which may be below 0.
        bound_of: The measure whose interval it is a limit of, in the order low, high.
        at_end: Whether it is read at the largest budget alone.
        logged: Whether a trace's own value stands in its sample of an Inspect log.
        title: Its name where it is shown to people; empty for the same.
        shown: In tables for people `everywhere`, leaderboards included; in wider `tables`; or in
            `files` alone.
    """

    name: str
    about: str
    kind: Literal["area", "quality", "rate", "tokens"]
    of_curve: Callable[[Curve, IndexOptions], float] | None = None
    of_traces: Callable[[FloatArray], FloatArray] | None = None
    of_problems: Callable[[FloatArray], FloatArray] | None = None
    of: Input = "quality"
    higher_is_better: bool = True
    envelope: Literal["asked"] | Envelope | None = None
    difference: bool = False
    bound_of: str = ""
    at_end: bool = False
    logged: bool = True
    title: str = ""
    shown: Literal["everywhere", "tables", "files"] = "tables"


def _index(curve: Curve, options: IndexOptions) -> float:
    return read_index(curve, options).value


def _plugin(curve: Curve, options: IndexOptions) -> float:
    return _index(curve, options._replace(estimator="plugin"))


def _raw(curve: Curve, options: IndexOptions) -> float:
    return _index(curve, options._replace(envelope="none"))


@lru_cache(maxsize=1)  # both limits are asked for, one after the other
def _interval(curve: Curve, options: IndexOptions) -> Interval:
    return read_index(curve, options).interval(CONFIDENCE)


def _low(curve: Curve, options: IndexOptions) -> float:
    return _interval(curve, options).low


def _high(curve: Curve, options: IndexOptions) -> float:
    return _interval(curve, options).high


@lru_cache(maxsize=1)
def _drifting(curve: Curve, options: IndexOptions) -> tuple[float, Interval]:
    return read_drift(curve, options, CONFIDENCE)


def _drift(curve: Curve, options: IndexOptions) -> float:
    return _drifting(curve, options)[0]


def _drift_low(curve: Curve, options: IndexOptions) -> float:
    return _drifting(curve, options)[1].low


def _drift_high(curve: Curve, options: IndexOptions) -> float:
    return _drifting(curve, options)[1].high


def _final(curve: Curve, options: IndexOptions) -> float:
    return float(curve.mean[-1])


def _average(curve: Curve, options: IndexOptions) -> float:
    return float(curve.mean.mean())


def _last(quality: FloatArray) -> FloatArray:
    return quality[..., -1]


def _over_budgets(values: FloatArray) -> FloatArray:
    found: FloatArray = values.mean(axis=-1)
    return found


MEASURES: tuple[Measure, ...] = (
    Measure(
        "anytime_index",
        "Area under the curve of quality by token budget, best so far, over the area of perfect "
        "answers",
        "area",
        of_curve=_index,
        envelope="asked",
        title="index",
        shown="everywhere",
    ),
    Measure(
        "anytime_index_low",
        "Lower limit of its 95 % interval",
        "area",
        of_curve=_low,
        envelope="asked",
        bound_of="anytime_index",
    ),
    Measure(
        "anytime_index_high",
        "Upper limit of its 95 % interval",
        "area",
        of_curve=_high,
        envelope="asked",
        bound_of="anytime_index",
    ),
    Measure(
        "anytime_index_plugin",
        "The index as the paper's formula stands, with the bias of a maximum over noisy means",
        "area",
        of_curve=_plugin,
        envelope="asked",
        shown="files",
    ),
    Measure(
        "anytime_index_raw",
        "The same area without best so far: what an interrupted user gets",
        "area",
        of_curve=_raw,
        envelope="none",
        shown="files",
    ),
    Measure(
        "final",
        "Mean quality of the answer at the largest budget",
        "quality",
        of_curve=_final,
        of_traces=_last,
        of_problems=_last,
        at_end=True,
        shown="everywhere",
    ),
    Measure(
        "average",
        "Mean of the quality over budgets, unweighted",
        "quality",
        of_curve=_average,
        of_traces=_over_budgets,
        of_problems=_over_budgets,
        logged=False,  # the qualities that it is of stand there
    ),
    Measure(
        "drift",
        "Area lost because quality fell again with more budget",
        "area",
        of_curve=_drift,
        higher_is_better=False,
        envelope="mean",
        difference=True,
    ),
    Measure(
        "drift_low",
        "Lower limit of its 95 % interval: where it is 0, the drift seen may be noise",
        "area",
        of_curve=_drift_low,
        higher_is_better=False,
        envelope="mean",
        bound_of="drift",
        shown="files",
    ),
    Measure(
        "drift_high",
        "Upper limit of its 95 % interval",
        "area",
        of_curve=_drift_high,
        higher_is_better=False,
        envelope="mean",
        bound_of="drift",
        shown="files",
    ),
    Measure(
        "overthinking",
        "Share of traces that were once better than at their end",
        "rate",
        of_traces=overthought,
        higher_is_better=False,
    ),
    Measure(
        "unparsed",
        "Share of checkpoints without an answer that could be extracted",
        "rate",
        of_traces=_over_budgets,
        of="unparsed",
        higher_is_better=False,
    ),
    Measure(
        "leaked_reasoning_tokens",
        "Tokens of reasoning sneaked into a forced answer",
        "tokens",
        of_traces=lambda leaked: leaked,
        of="leaked",
        higher_is_better=False,
    ),
    Measure(
        "answer_tokens",
        "Tokens of a forced answer, reasoning in it included",
        "tokens",
        of_traces=lambda answers: answers,
        of="answers",
        higher_is_better=False,
    ),
    Measure(
        "failed",
        "Share of traces at some budget of which the model gave no answer; they are left out",
        "rate",
        of_traces=lambda failed: failed,
        of="failed",
        higher_is_better=False,
        logged=False,
    ),
    Measure(
        "added_tokens",
        "Tokens that the method put into the prompt",
        "tokens",
        of="prompt",
        higher_is_better=False,
    ),
    Measure(
        "pool_tokens",
        "Tokens that it took to learn them",
        "tokens",
        of="prompt",
        higher_is_better=False,
    ),
)
"""In the order in which they are told."""


def measures_of(*known: Input) -> list[Measure]:
    """The measures that can be told where these inputs are known, in the order of the table."""
    return [measure for measure in MEASURES if measure.of in known]


def higher_is_better(name: str) -> bool:
    """Which way the arrow of a number points; a number that is no measure is a quality: up.

    That of a budget (`answer_tokens@256`) points as the measure's own.
    """
    measure = name.partition("@")[0]
    return next((one.higher_is_better for one in MEASURES if one.name == measure), True)


def measured(
    curve: Curve, options: IndexOptions, inputs: Mapping[Input, FloatArray]
) -> dict[str, float]:
    """Every measure of a curve.

    Args:
        curve: Quality by problem, trace and budget.
        options: How the index is computed.
        inputs: What is known of its traces, `quality` at least: arrays of shape (problems, traces,
            ...), the same problem and trace in the same place of all.

    Returns:
        By name, in the order of the table; NaN where nothing can be said.
    """
    missing = np.isnan(inputs["quality"][..., 0])
    found = {}
    for measure in measures_of(*inputs):
        if measure.of_curve is not None:
            found[measure.name] = measure.of_curve(curve, options)
        elif measure.of_traces is not None:
            found[measure.name] = mean_over_problems(measure.of_traces(inputs[measure.of]), missing)
    return found


def mean_over_problems(values: FloatArray, missing: npt.NDArray[np.bool_]) -> float:
    """Over problems of the mean over a problem's traces; NaN where one that is there is NaN."""
    if np.isnan(values[~missing]).any():
        return math.nan
    by_problem = (np.nanmean if missing.any() else np.mean)(values, axis=1)
    return float(by_problem.mean())
