"""The scorer `anytime/curve`, one key per budget, and the metric block with the Anytime Index."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from inspect_ai.scorer import (
    Metric,
    SampleScore,
    Score,
    Scorer,
    Target,
    mean,
    metric,
    scorer,
    stderr,
)
from inspect_ai.solver import TaskState

from anytime.domains.base import Domain, Grade, Problem, grading_once
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.aside import graded, graded_points
from anytime.hosts.inspect_ai.errors import PrerequisiteError, one_sentence
from anytime.hosts.inspect_ai.private import scorers_here
from anytime.hosts.inspect_ai.records import (
    CURVE,
    Record,
    checkpoint_of,
    domain_of,
    read_record,
    was_stopped,
)
from anytime.hosts.inspect_ai.recovered import recall
from anytime.hosts.inspect_ai.verdicts import third_party_grade
from anytime.programs.checkpoints import Checkpoint
from anytime.programs.vote import grade_of
from anytime.settings import (
    Envelope,
    Estimator,
    IndexOptions,
    Population,
    QMax,
    Scale,
    check_options,
)
from anytime.statistics.curve import Curve
from anytime.statistics.measures import Measure, measures_of
from anytime.statistics.traces import (
    answer_tokens_at,
    checkpoint_values,
    known_mean,
    trace_values,
)

__all__ = [
    "anytime",
    "curve",
    "curve_metrics",
    "refuse_failed",
    "score_curve",
]

_BUDGET_KEY = re.compile(r"q@(\d+)\Z")


@metric
def anytime(
    envelope: Envelope = "mean",
    scale: Scale = "linear",
    q_max: QMax = 1.0,
    seed: int = 0,
    estimator: Estimator = "crossfit",
    population: Population = "problems",
) -> Metric:
    """The Anytime Index, its 95 % interval over problems, and what is always reported beside it.

    Reads the values of `anytime/curve` reduced over epochs: one problem each, a mean over traces.

    Args:
        envelope: Where "best so far" is taken: `mean`, `none`, `problem` or `trace`.
        scale: Distance between budgets: `linear` or `log2`.
        q_max: Quality that counts as 1, or `achieved`.
        seed: Of the folds of `crossfit`.
        estimator: `crossfit`, without the bias of a maximum over noisy means, or `plugin`.
        population: What the interval generalises to: `problems`; Inspect shows metrics no traces.
    """
    options = IndexOptions(envelope, scale, q_max, seed, estimator, population)
    with one_sentence():
        check_options(options)
        if population == "traces":
            raise AnytimeError(
                "population=traces needs every trace, and Inspect shows metrics means over epochs: "
                "run with population=problems, then anytime summary LOG --population traces"
            )

    def block(scores: list[SampleScore]) -> dict[str, float]:
        scored = [score for score in scores if isinstance(score.score.value, dict)]
        names = [str(score.sample_id) for score in scored]
        return _block([score.score.value for score in scored], names, options)

    return block


def _block(
    values: Sequence[Any], problems: Sequence[str], options: IndexOptions
) -> dict[str, float]:
    known = measures_of("quality", "unparsed", "leaked", "answers")
    nothing = dict.fromkeys([measure.name for measure in known], math.nan)
    if not values:  # Inspect asks before the first sample is done
        return nothing | dict.fromkeys(_FAILED, math.nan)
    budgets = [int(found[1]) for key in values[0] if (found := _BUDGET_KEY.match(key))]
    if not budgets:  # solved without anytime/budget: answers, but no curve
        return nothing | {key: _mean(values, key) for key in nothing if key in values[0]}
    failed = {name: _mean(values, name) for name in _FAILED if name in values[0]}
    last = f"q@{budgets[-1]}"
    # Of a problem of which every trace failed nothing else is known.
    left = {
        place: value
        for place, value in enumerate(values)
        if not (value.get("failed") == 1 and math.isnan(value[last]))
    }
    if not left:
        return nothing | failed
    answered = list(left.values()), [problems[place] for place in left]
    return _of_answered(*answered, budgets, options, nothing) | failed


def _of_answered(
    values: Sequence[Mapping[str, Any]],
    problems: Sequence[str],
    budgets: Sequence[int],
    options: IndexOptions,
    nothing: dict[str, float],
) -> dict[str, float]:
    known = measures_of("quality", "unparsed", "leaked", "answers")
    if any(math.isnan(value[f"q@{budgets[-1]}"]) for value in values):
        return nothing  # a reducer such as pass_at_2 gave no numbers
    # Samples of older logs, and of metrics called by hand, may have no ids.
    named = problems if len(set(problems)) == len(problems) else None
    curve = _curve(budgets, values, "q", named)
    seen, asked = curve, options
    if options.envelope == "trace":
        seen, asked = _best(budgets, values, named), options._replace(envelope="none")
    block = {}
    for measure in [*known, *measures_of("prompt")]:
        if measure.of_curve is not None:
            of = (seen, asked) if measure.envelope == "asked" else (curve, options)
            block[measure.name] = _known(measure, *of)
        elif measure.name in values[0]:
            block[measure.name] = _mean(values, measure.name)
    return block


def _known(measure: Measure, curve: Curve, options: IndexOptions) -> float:
    try:
        return math.nan if measure.of_curve is None else measure.of_curve(curve, options)
    except AnytimeError as error:  # quality above q_max, which a scorer of others' may give
        # By now the run is paid for, and the other numbers are worth having.
        warnings.warn(f"{measure.name} is not known: {error}", stacklevel=2)
        return math.nan


def _mean(values: Sequence[Mapping[str, Any]], key: str) -> float:
    found = [value[key] for value in values]
    if key in _OF_ANSWERS:  # which a problem may have none of
        return known_mean(found)
    return float(np.mean(found))


_OF_ANSWERS = [measure.name for measure in measures_of("leaked", "answers")]
_FAILED = [measure.name for measure in measures_of("failed")]


def _best(
    budgets: Sequence[int], values: Sequence[Mapping[str, Any]], problems: Sequence[str] | None
) -> Curve:
    """The curve of the envelope `trace`, which the scorer took before epochs were reduced."""
    if f"best@{budgets[0]}" not in values[0]:
        raise PrerequisiteError(
            "envelope=trace is taken per trace, which these scores do not hold: score with "
            "-S envelope=trace (`inspect score`) or run with -T envelope=trace"
        )
    return _curve(budgets, values, "best", problems)


def _curve(
    budgets: Sequence[int],
    values: Sequence[Mapping[str, Any]],
    name: str,
    problems: Sequence[str] | None,
) -> Curve:
    table = [[value[f"{name}@{budget}"] for budget in budgets] for value in values]
    return Curve(budgets, table, problems)


def curve_metrics(
    options: IndexOptions,
) -> list[Metric | dict[str, list[Metric]]]:
    """Metrics of `anytime/curve`: means per budget, and the block of `anytime`."""
    by_budget: dict[str, list[Metric]] = {
        "q@*": [mean(), stderr()],
        "em@*": [mean()],
        "answer_tokens@*": [mean()],
    }
    return [by_budget, anytime(*options)]


@scorer(metrics=curve_metrics(IndexOptions()))
def curve(envelope: Envelope = "mean") -> Scorer:
    """Quality of the answer at every budget.

    Grades what `anytime/budget` left in the sample, without a model, so that `inspect score` can
    run it again. In one of our own tasks by the domain's quality; in any other task by what the
    task's first scorer said of each checkpoint.

    The value holds `q@B` (quality at budget B), the domain's further numbers (`em@B`, ...), and per
    trace `final`, `overthinking`, `unparsed` (share of checkpoints without an extractable answer),
    `leaked_reasoning_tokens` and `answer_tokens` (per forced answer; `answer_tokens@B` is that of
    one budget, NaN where none was forced), and `failed`: 1 where the model gave no answer at some
    budget, and then all else is NaN.

    Args:
        envelope: `trace` adds `best@B`, the best so far of each trace, which the metric needs then.
    """

    async def grade(state: TaskState, target: Target) -> Score:
        with one_sentence():
            known = domain_of(state.metadata)
            checkpoint = checkpoint_of(state.metadata)
            if checkpoint is not None:
                return await _score_checkpoint(known, state, checkpoint)
            recall(state.store)
            record = read_record(state.store)
            if was_stopped(state.store):
                # NaN is how Inspect counts a sample as not scored.
                reason = "not scored: stopped, by a limit say, before its checkpoints were known"
                return Score(value=math.nan, explanation=reason)
            if record is None:  # solved in another way: an answer, but no curve
                return await _score_answer(known, state)
            if record.elicited.failed:
                return _score_failed(known, record, best=envelope == "trace")
            if known is not None and not record.grades:
                grades = await graded_points(state, *known, record.elicited.checkpoints, keep=False)
                record = record._replace(grades={curve.__name__: grades})
            return score_curve(known, record, best=envelope == "trace")

    return grade


async def _score_checkpoint(
    known: tuple[Domain, Problem] | None, state: TaskState, checkpoint: Checkpoint
) -> Score:
    if known is None:
        raise AnytimeError("anytime/curve has no quality of its own for third-party tasks")
    (grade,) = await graded_points(state, *known, [checkpoint], keep=True)
    return Score(
        value=checkpoint_values(checkpoint.budget, grade),
        answer=grade.answer or None,
        explanation=_sentence(checkpoint),
    )


async def _score_answer(known: tuple[Domain, Problem] | None, state: TaskState) -> Score:
    if known is None:
        raise AnytimeError(
            "anytime/curve found no checkpoints in this sample: run the task with "
            "`--solver anytime/budget` first"
        )
    (grade,) = await graded(state, *known, [state.output.completion], keep=False)
    return Score(
        value={"final": grade.quality, **grade.metrics, "unparsed": float(not grade.parsed)},
        answer=grade.answer or None,
        explanation="no curve: the task was not solved with anytime/budget",
    )


def score_curve(known: tuple[Domain, Problem] | None, record: Record, *, best: bool) -> Score:
    """The values of one trace; in a third-party task from the first verdict on each checkpoint."""
    checkpoints = record.elicited.checkpoints
    if record.grades:
        grades = list(next(iter(record.grades.values())))
    elif known is None:
        if not record.scores:
            raise AnytimeError("this task has no scorer whose verdicts could make a curve")
        verdicts = [scores[0] for scores in record.scores]
        if any(isinstance(verdict, float) and math.isnan(verdict) for verdict in verdicts):
            return Score(value=math.nan, explanation="not scored: the task's scorer gave NaN")
        grades = [third_party_grade(verdict) for verdict in verdicts]
    else:
        domain, problem = known
        grade = grading_once(domain, problem)
        grades = [grade_of(checkpoint, grade) for checkpoint in checkpoints]
    value = trace_values(checkpoints, grades) | answer_tokens_at(checkpoints)
    value |= dict.fromkeys(_FAILED, 0.0)
    costs = [measure.name for measure in measures_of("prompt")]
    value |= {name: float(record.method[name]) for name in costs if name in record.method}
    if best:
        quality = np.maximum.accumulate([grade.quality for grade in grades])
        for checkpoint, so_far in zip(checkpoints, quality, strict=True):
            value[f"best@{checkpoint.budget}"] = float(so_far)
    return Score(
        value=value,
        answer=grades[-1].answer or None,
        explanation="\n".join(
            f"{_sentence(checkpoint)}: quality {grade.quality:.3f}, {grade.answer or 'no answer'}"
            for checkpoint, grade in zip(checkpoints, grades, strict=True)
        ),
    )


def refuse_failed(state: TaskState, record: Record) -> None:
    """Make a sample that the model did not answer an error: Inspect asks it again on a retry.

    The error keeps the sample from its scorers. So what our own would say of it is left here: that
    it failed, which is counted beside the index.

    Raises:
        PrerequisiteError: The model gave no answer at some budget.
    """
    elicited = record.elicited
    if not elicited.failed:
        return
    known = domain_of(state.metadata)
    ours = [name for name in scorers_here() if name == curve.__name__ or name.endswith(CURVE)]
    state.scores = (state.scores or {}) | {
        name: _score_failed(known, record, best=name == curve.__name__) for name in ours
    }
    failed = [str(point.budget) for point in elicited.checkpoints if point.failed]
    with one_sentence():
        raise AnytimeError(
            f"the model gave no answer at budget {', '.join(failed)} ({elicited.failed}): "
            f"inspect eval-retry asks again, and with --no-fail-on-error the other samples go "
            f"on without this one"
        )


def _score_failed(known: tuple[Domain, Problem] | None, record: Record, *, best: bool) -> Score:
    """Of a trace with a budget at which the model gave no answer: that it failed, and no number."""
    metrics = dict.fromkeys(known[0].metrics if known else (), math.nan)
    unknown = Grade(quality=math.nan, parsed=None, answer="", metrics=metrics)
    checkpoints = record.elicited.checkpoints
    known_of_it = trace_values(checkpoints, [unknown] * len(checkpoints))
    value = dict.fromkeys([*known_of_it, *answer_tokens_at(checkpoints)], math.nan)
    value |= dict.fromkeys(_FAILED, 1.0)
    costs = [measure.name for measure in measures_of("prompt")]
    value |= dict.fromkeys((name for name in costs if name in record.method), math.nan)
    if best:
        value |= {f"best@{checkpoint.budget}": math.nan for checkpoint in checkpoints}
    reason = f"not scored: the model gave no answer at some budget ({record.elicited.failed})"
    return Score(value=value, explanation=reason)


def _sentence(checkpoint: Checkpoint) -> str:
    if checkpoint.among is not None:
        spent = "" if checkpoint.tokens is None else f" ({checkpoint.tokens} tokens)"
        return f"at {checkpoint.budget} tokens the vote of {len(checkpoint.among)} traces{spent}"
    if checkpoint.cut is not None and not checkpoint.forced:
        return f"at {checkpoint.budget} tokens what stood in the trace ({checkpoint.cut} cut)"
    if not checkpoint.forced:
        spent = "" if checkpoint.tokens is None else f" ({checkpoint.tokens} tokens)"
        return f"at {checkpoint.budget} tokens the model's own answer{spent}"
    capped = ", ended at its cap" if checkpoint.finish == "length" else ""
    return (
        f"at {checkpoint.budget} tokens a forced answer ({checkpoint.cut} cut, "
        f"{checkpoint.continuation}{capped})"
    )
