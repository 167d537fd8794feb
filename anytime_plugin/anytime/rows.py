"""The schema of tidy results: one row per sample, trace and budget, the same for both harnesses.

docs/results.md explains the columns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, get_args, get_type_hints

from anytime.errors import AnytimeError
from anytime.plugins import known_domains
from anytime.runs import FinishedRun, GradedTrace, RunInfo

__all__ = [
    "METRIC",
    "Row",
    "columns",
    "from_record",
    "rows_of",
    "rows_of_trace",
    "to_record",
    "without_answers",
]

METRIC = "metric_"
"""Begins the names of the columns that `Row.metrics` is spread into."""


class Row(NamedTuple):
    """One checkpoint, with the trace and the run it belongs to.

    Attributes:
        harness: `inspect_ai` or `lm_eval`; None for a third-party table.
        log: The file it is from.
        run: What its harness calls the run.
        task: Name of the task.
        domain: Name of the domain; None for a third-party task.
        dataset: Name of the dataset.
        revision: What identifies its content.
        split: Which of its problems.
        model: Who was asked.
        method: How the problem became the first prompt.
        mode: `interrupt`, `contract` or `intrace`; `vote:4` where four traces share each budget.
        scorer: Who graded: the domain by its name, or the task's own scorer.
        problem: Id of the problem.
        trace: Which of the problem's traces: 1 and on.
        budget: In trace tokens.
        tokens: Trace tokens really spent.
        quality: Of the answer, in [0, 1].
        parsed: Whether an answer could be extracted; None where the scorer does not tell.
        answer: The extracted answer, or the scorer's verdict; None where there is none.
        forced: Whether the model was made to answer.
        cut: How the cut was found; None where nothing was cut.
        continuation: How the cut trace was handed back; None where it was not.
        answer_tokens: Generated for the forced answer.
        leaked_reasoning_tokens: Reasoning sneaked into it.
        finish: Why the answer ended.
        seconds: Wall time of the call that gave the answer.
        cost: Its price in dollars.
        trace_tokens: Length of the whole trace; in contract mode that of the largest run.
        trace_finish: Why the trace ended.
        added_tokens: Tokens the method put into the prompt; None for `cot`.
        pool_tokens: Tokens it took to learn them; None for `cot`.
        source: How the checkpoint was obtained: `elicited`, `annotated` or `table`.
        envelope: Where the run's index takes "best so far".
        scale: Distance between budgets in it.
        q_max: Quality that counts as 1 in it: a number as text, or `achieved`.
        seed: Of its folds.
        estimator: How it is estimated.
        population: What its interval generalises to.
        created: When the run began, in ISO 8601; None if unknown.
        settings: What it was asked with beside model and method: a JSON object of texts.
        depth: Trace tokens that had to wait for each other; fewer than `tokens` where several
            traces share the budget.
        probability: Mean probability of the forced answer's tokens; None where nobody told.
        metrics: The domain's further numbers, such as `em`; a column `metric_em` each.
    """

    harness: str | None
    log: str
    run: str
    task: str
    domain: str | None
    dataset: str
    revision: str | None
    split: str | None
    model: str
    method: str
    mode: str
    scorer: str
    problem: str
    trace: int
    budget: int
    tokens: int | None
    quality: float
    parsed: bool | None
    answer: str | None
    forced: bool
    cut: str | None
    continuation: str | None
    answer_tokens: int | None
    leaked_reasoning_tokens: int
    finish: str
    seconds: float | None
    cost: float | None
    trace_tokens: int | None
    trace_finish: str
    added_tokens: float | None
    pool_tokens: int | None
    source: str
    envelope: str
    scale: str
    q_max: str
    seed: int
    estimator: str
    population: str
    created: str | None
    settings: str
    depth: int | None
    probability: float | None
    metrics: Mapping[str, float]


def columns() -> dict[str, type]:
    """Names and types of the columns; every one but a few may be empty.

    A metric's column is there whatever the rows are of, so that files of all runs have one schema.
    """
    kinds = {
        name: next(kind for kind in (*get_args(hint), hint) if kind is not type(None))
        for name, hint in get_type_hints(Row).items()
        if name != "metrics"
    }
    metrics = sorted({name for domain in known_domains().values() for name in domain.metrics})
    return kinds | {METRIC + name: float for name in metrics}


def rows_of(run: FinishedRun, look: Callable[[GradedTrace], object] | None = None) -> Iterator[Row]:
    """The rows of a run, a problem's own one after another.

    Args:
        run: The run.
        look: Is shown each trace on the way.

    Raises:
        AnytimeError: There are none.
    """
    row = None
    for trace in run.traces():
        if look is not None:
            look(trace)
        for row in rows_of_trace(run.info, trace):
            yield row
    if row is None:
        raise without_answers(run)


def without_answers(run: FinishedRun) -> AnytimeError:
    """What to raise of a run that was read and had none."""
    reasons = ", ".join(f"{count} {reason}" for reason, count in run.skipped.items())
    return AnytimeError(
        f"{run.info.log} holds no answers at budgets" + (f" ({reasons})" if reasons else "")
    )


def rows_of_trace(info: RunInfo, trace: GradedTrace) -> Iterator[Row]:
    """The rows of one trace of a run, in the order of budgets."""
    elicited, method = trace.elicited, trace.method
    settings = json.dumps(dict(info.settings), sort_keys=True)
    for checkpoint, grade in zip(elicited.checkpoints, trace.grades, strict=True):
        yield Row(
            harness=info.harness,
            log=info.log,
            run=info.run,
            task=info.task,
            domain=info.domain,
            dataset=info.dataset,
            revision=info.revision,
            split=info.split,
            model=info.model,
            method=method.get("method", "cot"),
            mode=elicited.strategy,
            scorer=trace.scorer,
            problem=trace.problem,
            trace=trace.draw,
            budget=checkpoint.budget,
            tokens=checkpoint.tokens,
            quality=float(grade.quality),
            parsed=grade.parsed,
            answer=grade.answer or None,
            forced=checkpoint.forced,
            cut=checkpoint.cut,
            continuation=checkpoint.continuation,
            answer_tokens=checkpoint.answer_tokens,
            leaked_reasoning_tokens=checkpoint.leaked_reasoning_tokens,
            finish=checkpoint.finish,
            seconds=checkpoint.seconds,
            cost=checkpoint.cost,
            trace_tokens=elicited.tokens,
            trace_finish=elicited.finish,
            added_tokens=method.get("added_tokens"),
            pool_tokens=method.get("pool_tokens"),
            source=info.source,
            envelope=info.envelope,
            scale=info.scale,
            q_max=str(info.q_max),
            seed=info.seed,
            estimator=info.estimator,
            population=info.population,
            created=info.created,
            settings=settings,
            depth=checkpoint.tokens if checkpoint.depth is None else checkpoint.depth,
            probability=checkpoint.probability,
            metrics=grade.metrics,
        )


_FIELDS = Row._fields[:-1]

_LATER = {
    "estimator": "crossfit",
    "population": "problems",
    "created": None,
    "settings": "{}",
    "depth": None,
    "probability": None,
}
"""Columns that the first tables lack."""


def to_record(row: Row) -> dict[str, Any]:
    """A row as it is written: flat, with a column for each of its metrics."""
    record = dict(zip(_FIELDS, row, strict=False))
    for name, value in row.metrics.items():
        record[METRIC + name] = value
    return record


def from_record(record: Mapping[str, Any]) -> Row:
    """Read what `to_record` made, metrics without a value aside.

    Raises:
        KeyError: A column is missing.
    """
    metrics = {
        name.removeprefix(METRIC): value
        for name, value in record.items()
        if name.startswith(METRIC) and value is not None
    }
    record = {**_LATER, **record}
    return Row(**{name: record[name] for name in _FIELDS}, metrics=metrics)
