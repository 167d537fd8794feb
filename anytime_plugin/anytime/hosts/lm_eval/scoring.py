"""From the checkpoints of a problem's traces to lm-eval's values, and from those to the table."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from anytime.domains.base import Domain, Problem, grading_once
from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.api import mean
from anytime.hosts.lm_eval.settings import Settings, TaskSettings
from anytime.plugins import get_method
from anytime.programs.checkpoints import Elicited
from anytime.programs.vote import grade_of
from anytime.settings import IndexOptions
from anytime.statistics.curve import Curve, FloatArray
from anytime.statistics.measures import Measure, higher_is_better, measures_of
from anytime.statistics.traces import answer_tokens_at, known_mean, trace_values

__all__ = [
    "Aggregate",
    "Curved",
    "aggregations",
    "arrows",
    "index_aggregations",
    "index_values",
    "of_forced",
    "trace_measures",
    "values",
]

Aggregate = Callable[[Sequence[Any]], float]


class Curved(float):
    """A problem's own number, with the curve it was taken from.

    lm-eval aggregates numbers, one per document. The index of all problems is no mean of the
    problems' own where the envelope is taken on the mean curve, so it needs their curves.

    Attributes:
        quality: Quality by trace and budget, shape (traces, T).
        problem: Name of the problem, which the folds of the index hang on.
    """

    quality: Sequence[Sequence[float]]
    problem: str

    def __new__(cls, value: float, quality: Sequence[Sequence[float]], problem: str = "") -> Curved:
        """Carry the curve along."""
        made = super().__new__(cls, value)
        made.quality, made.problem = quality, problem
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """Ranks send it to one another."""
        return Curved, (float(self), self.quality, self.problem)


def values(
    domain: Domain,
    problem: Problem,
    settings: Settings,
    traces: Sequence[tuple[Elicited, Mapping[str, Any]]],
) -> dict[str, float]:
    """Every number of one problem, averaged over its traces.

    Keys: `q@B`, the domain's further `em@B`, ... and `answer_tokens@B` for each budget; the
    measures of a trace (`anytime.statistics.measures`); of a method that puts something into the
    prompt, what that took; and the measures of a curve: the index with its companions. Traces at
    some budget of which the model gave no answer are left out, and counted in `failed`, which is
    all that is left where every trace is one.
    """
    costs = [measure.name for measure in measures_of("prompt")]
    per_trace: list[dict[str, Any]] = []
    curve = []
    answered = [each for each in traces if not each[0].failed]
    failed = {"failed": 1 - len(answered) / len(traces)}
    if not answered:  # lm-eval averages over the documents that have a value
        return failed
    grade = grading_once(domain, problem)
    for elicited, method in answered:
        grades = [grade_of(point, grade) for point in elicited.checkpoints]
        quality = [grade.quality for grade in grades]
        curve.append(quality)
        value = trace_values(elicited.checkpoints, grades) | answer_tokens_at(elicited.checkpoints)
        value |= {name: float(method[name]) for name in costs if name in method}
        per_trace.append(value | trace_measures(np.array(quality)))
    averaged = {key: _averaged(key, [value[key] for value in per_trace]) for key in per_trace[0]}
    return averaged | failed | index_values(curve, settings, problem.id)


def _averaged(name: str, values: Sequence[float]) -> float:
    of_answers = name.partition("@")[0] in _of_answers()
    return known_mean(values) if of_answers else float(np.mean(values))


def _of_answers() -> list[str]:
    """Measures of forced answers, which a trace may have none of."""
    return [measure.name for measure in measures_of("leaked", "answers")]


def of_forced(names: Iterable[str]) -> dict[str, Aggregate]:
    """How values of forced answers become a number: documents without any count for nothing."""
    return dict.fromkeys(names, known_mean)


def trace_measures(quality: FloatArray) -> dict[str, FloatArray]:
    """The measures of traces that their quality alone tells.

    Args:
        quality: Shape (..., T).

    Returns:
        By name, arrays of shape (...).
    """
    return {
        measure.name: measure.of_traces(quality)
        for measure in measures_of("quality")
        if measure.of_traces is not None
    }


def index_values(
    quality: Sequence[Sequence[float]], settings: TaskSettings, problem: str
) -> dict[str, float]:
    """A problem's own index with its companions; they carry the curve they were taken from.

    NaN where one is outside [0, 1]: whether a metric of a third-party task is a quality is not
    known before, and ranks have to send one another the same names.

    Args:
        quality: Quality by trace and budget.
        settings: How the index is computed.
        problem: Its name.
    """
    known = _of_curve()
    if not _is_quality(quality):
        return {measure.name: Curved(math.nan, quality, problem) for measure in known}
    own = Curve(settings.run.budgets, [quality])
    return {
        measure.name: Curved(_value(measure, own, settings.index), quality, problem)
        for measure in known
    }


def _of_curve() -> list[Measure]:
    """The measures that are no mean of those of traces, so that lm-eval cannot average them."""
    return [measure for measure in measures_of("quality") if measure.of_traces is None]


def _value(measure: Measure, curve: Curve, options: IndexOptions) -> float:
    bounded = next((one for one in _of_curve() if one.name == measure.bound_of), None)
    if bounded is not None and len(curve.quality) < 2:  # of one problem there is no interval
        measure = bounded
    if measure.of_curve is None:
        return math.nan
    try:
        return measure.of_curve(curve, options)
    except AnytimeError as error:  # quality above q_max, which a metric of others' may have
        # By now the run is paid for, and the other numbers are worth having.
        warnings.warn(f"{measure.name} is not known: {error}", stacklevel=2)
        return math.nan


def _is_quality(values: npt.ArrayLike) -> bool:
    found = np.asarray(values)
    return bool(((found >= 0) & (found <= 1)).all())


def aggregations(domain: Domain, settings: Settings) -> dict[str, Aggregate]:
    """How each value becomes a number of the table: a mean, which has a stderr, or the index."""
    names = ["q", *domain.metrics]
    per_budget = [f"{name}@{budget}" for name in names for budget in settings.run.budgets]
    known = measures_of("quality", "unparsed", "failed")
    per_trace = [measure.name for measure in known if measure.of_traces is not None]
    if get_method(settings.method).write is not None:
        per_trace += [measure.name for measure in measures_of("prompt")]
    means = dict.fromkeys([*per_budget, *per_trace], mean)
    means |= of_forced([*_of_answers(), *(f"answer_tokens@{b}" for b in settings.run.budgets)])
    return means | index_aggregations(settings)


def index_aggregations(settings: TaskSettings) -> dict[str, Aggregate]:
    """How the `index_values` of the problems become those of all of them."""
    return {measure.name: _over_problems(measure, settings) for measure in _of_curve()}


def arrows(names: Iterable[str]) -> dict[str, bool]:
    """Which way is better, by name, for the arrows of the table."""
    return {name: higher_is_better(name) for name in names}


def _over_problems(measure: Measure, settings: TaskSettings) -> Aggregate:
    def aggregate(items: Sequence[Curved]) -> float:
        if not all(_is_quality(item.quality) for item in items):
            return math.nan
        # Of some problems traces may be left out.
        most = max(len(item.quality) for item in items)
        quality = np.full((len(items), most, len(settings.run.budgets)), math.nan)
        for target, item in zip(quality, items, strict=True):
            target[: len(item.quality)] = item.quality
        names = [item.problem for item in items]
        named = names if len(set(names)) == len(names) else None
        return _value(measure, Curve(settings.run.budgets, quality, named), settings.index)

    return aggregate
