"""What an lm-eval task says of answers: its own filters and metrics, at every budget.

No model is asked here, and nothing is needed but the task as lm-eval loads it: `judge` serves runs
and finished logs alike.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.api import Instance, mean
from anytime.hosts.lm_eval.private import with_instances
from anytime.hosts.lm_eval.scoring import (
    Aggregate,
    arrows,
    index_aggregations,
    index_values,
    of_forced,
    trace_measures,
)
from anytime.hosts.lm_eval.settings import TaskSettings
from anytime.statistics.measures import Measure, measures_of
from anytime.statistics.traces import known_mean

__all__ = [
    "Verdict",
    "Written",
    "all_aggregations",
    "all_better",
    "curved_metrics",
    "judge",
    "values_of",
]

SHOWN = 256
"""Characters of a filtered answer that are logged: where a filter takes the whole text, that text
stands in the log already, and once is enough."""

Values = Mapping[str, Any]
"""What the task's `process_results` gives: values by metric."""


class Written(NamedTuple):
    """The texts of one trace.

    Attributes:
        whole: The trace as the model wrote it, which is all that lm-eval itself would see.
        answers: The answer at each budget.
        leaked: Tokens of reasoning sneaked into its forced answers, per answer; NaN without any.
        tokens: Tokens of its forced answers, per answer; NaN without any.
        failed: Whether the model gave no answer at some budget.
    """

    whole: str
    answers: Sequence[str]
    leaked: float = 0.0
    tokens: float = math.nan
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a task says of one trace, or of its `repeats` taken together, behind one filter.

    Attributes:
        whole: Values of the trace as the model wrote it.
        at: Values at each budget.
        answers: The filtered answer at each budget.
        leaked: Tokens of reasoning sneaked into the forced answers, per answer.
        problem: Name of the document.
        tokens: Tokens of the forced answers, per answer.
        failed: Whether the model gave no answer at some budget: these values are worth nothing.
    """

    whole: Values
    at: Sequence[Values]
    answers: Sequence[Any]
    leaked: float
    tokens: float = math.nan
    failed: bool = False
    problem: str = ""

    def __str__(self) -> str:
        """As it is logged with each sample; see `docs/lm_eval.md`."""
        shown = [str(answer)[:SHOWN] for answer in self.answers]
        record = {"whole": self.whole, "at": list(self.at), "answers": shown}
        return json.dumps(record, ensure_ascii=False, default=_plain)


def judge(
    task: Any,
    docs: Sequence[Any],
    written: Sequence[Sequence[Sequence[Written]]],
    names: Sequence[str],
) -> list[dict[str, list[Verdict]]]:
    """Let a task's own filters and metrics see the answers at every budget.

    Args:
        task: The task as lm-eval loads it, not wrapped.
        docs: Documents of the task.
        written: For each document its traces, the same number for all; of each trace the texts of
            its repeats, one unless the task has `repeats`. A task's filters see the repeats of one
            trace and one budget together, as they see those of a document in lm-eval.
        names: Of the documents.

    Returns:
        For each document, by the name of the filter, a verdict on each of its traces.
    """
    budgets = len(written[0][0][0].answers)
    found: list[dict[str, list[Verdict]]] = [{} for _ in docs]
    known: list[dict[Any, Values]] = [{} for _ in docs]
    for trace in range(len(written[0])):
        of_trace = [traces[trace] for traces in written]
        looks = [_filtered(task, docs, [[one.whole for one in each] for each in of_trace])]
        for place in range(budgets):
            texts = [[one.answers[place] for one in each] for each in of_trace]
            looks.append(_filtered(task, docs, texts))
        for number, (doc, repeats) in enumerate(zip(docs, of_trace, strict=True)):
            leaked = known_mean([one.leaked for one in repeats])
            tokens = known_mean([one.tokens for one in repeats])
            failed = any(one.failed for one in repeats)
            for name in looks[0][number]:
                answers = [look[number][name] for look in looks]
                whole, *at = _processed(task, doc, answers, known[number])
                verdict = Verdict(whole, at, answers[1:], leaked, tokens, failed, names[number])
                found[number].setdefault(name, []).append(verdict)
    return found


def _filtered(
    task: Any, docs: Sequence[Any], texts: Sequence[Sequence[str]]
) -> list[Mapping[str, Any]]:
    """What each filter makes of the texts of each document.

    By the task's own `apply_filters`, which a task may have overridden.
    """
    seen = [
        Instance("generate_until", doc, ("", {}), 0, (None, number, len(each)), resps=list(each))
        for number, (doc, each) in enumerate(zip(docs, texts, strict=True))
    ]
    with_instances(task, seen).apply_filters()
    return [instance.filtered_resps for instance in seen]


def _processed(
    task: Any, doc: Any, answers: Sequence[Any], known: dict[Any, Values]
) -> list[Values]:
    """The values of filtered answers; one that recurs, as they do at many budgets, is seen once."""
    values = []
    for answer in answers:
        try:
            key = (type(answer), hash(answer), answer)
        except TypeError:  # a list of answers, say
            key = (type(answer), 0, repr(answer))
        if key not in known:
            known[key] = dict(task.process_results(doc, [answer]))
        values.append(known[key])
    return values


def curved_metrics(
    verdicts: Iterable[Verdict], better: Mapping[str, bool], *, bounded: bool = True
) -> list[str]:
    """The metrics that have an index: qualities in [0, 1], higher being better, at every budget.

    Args:
        verdicts: On all documents, so that none is left out of an index for its values.
        better: The task's `higher_is_better`.
        bounded: Whether to look at the values' size; without, any number will do.
    """
    found = {metric: True for metric, up in better.items() if up}
    seen: set[str] = set()
    for verdict in verdicts:
        for metric in found:
            values = [at[metric] for at in verdict.at if metric in at]
            if not values and metric not in verdict.whole:
                continue  # of documents of another kind
            seen.add(metric)
            numbers = [_number(value) for value in values]
            found[metric] &= len(values) == len(verdict.at) and all(
                number is not None and (not bounded or 0 <= number <= 1) for number in numbers
            )
    return [metric for metric, good in found.items() if good and metric in seen]


def values_of(
    verdicts: Sequence[Verdict], curved: Collection[str], settings: TaskSettings, *, alone: bool
) -> dict[str, Any]:
    """Every value of one document behind one filter, averaged over its traces.

    Keys: `METRIC`, the task's own value of the whole trace; `METRIC@B` for each budget;
    `leaked_reasoning_tokens` and `answer_tokens` (per forced answer); `failed`, the share of traces
    that are left out since the model gave no answer at some budget; and for each curved metric
    `final`, `average`, `overthinking` and the index with its companions.

    Args:
        verdicts: One per trace.
        curved: The metrics that have an index.
        settings: The run's.
        alone: Whether the index goes by its own name, without the metric's before it.

    Raises:
        AnytimeError: Several traces, and a value that is no number.
    """
    answered = [verdict for verdict in verdicts if not verdict.failed]
    failed = {"failed": 1 - len(answered) / len(verdicts)}
    if not answered:  # lm-eval averages over the documents that have a value
        return failed
    verdicts = answered
    found = _averaged([verdict.whole for verdict in verdicts]) | failed
    for place, budget in enumerate(settings.run.budgets):
        at = _averaged([verdict.at[place] for verdict in verdicts])
        found |= {f"{metric}@{budget}": value for metric, value in at.items()}
    of_answers: dict[str, list[float]] = {
        "leaked": [verdict.leaked for verdict in verdicts],
        "answers": [verdict.tokens for verdict in verdicts],
    }
    found |= {measure.name: known_mean(of_answers[measure.of]) for measure in _of_answers()}
    for metric in curved:
        if metric not in verdicts[0].at[0]:
            continue
        quality = [[_number(at[metric]) or 0.0 for at in verdict.at] for verdict in verdicts]
        by_trace = trace_measures(np.array(quality))
        own = {name: float(np.mean(values)) for name, values in by_trace.items()}
        own |= index_values(quality, settings, verdicts[0].problem)
        found |= {_name(metric, name, alone): value for name, value in own.items()}
    return found


def _averaged(values: Sequence[Values]) -> dict[str, Any]:
    if len(values) == 1:
        return dict(values[0])
    found = {}
    for metric in dict.fromkeys(metric for each in values for metric in each):
        numbers = [_number(each[metric]) for each in values if metric in each]
        known = [number for number in numbers if number is not None]
        if len(known) < len(numbers):
            raise AnytimeError(
                f"{metric} is no number but a {type(values[0].get(metric)).__name__} that lm-eval "
                f"sums up over documents, so it cannot be averaged over traces: use traces=1"
            )
        found[metric] = float(np.mean(known))
    return found


def all_aggregations(
    own: Mapping[str, Aggregate], curved: Collection[str], settings: TaskSettings, *, alone: bool
) -> dict[str, Aggregate]:
    """How each value becomes a number of the table: the task's own way, and the index.

    Args:
        own: The task's own aggregations.
        curved: The metrics that have an index.
        settings: The run's.
        alone: As in `values_of`.
    """
    found = dict(own)
    for metric, aggregate in own.items():
        at = aggregate if aggregate is mean else _without_bootstrap(aggregate)
        found |= {f"{metric}@{budget}": at for budget in settings.run.budgets}
    found |= of_forced(measure.name for measure in _of_answers()) | {"failed": mean}
    names = _trace_names() | index_aggregations(settings)
    for metric in curved:
        found |= {_name(metric, name, alone): aggregate for name, aggregate in names.items()}
    return found


def _without_bootstrap(aggregate: Aggregate) -> Aggregate:
    # lm-eval knows by identity which aggregations to draw 100,000 samples for: once per budget and
    # filter would take longer than the run.
    return lambda items: aggregate(items)


def _of_answers() -> list[Measure]:
    """The measures that are of the forced answers, whatever a metric says of them."""
    return measures_of("leaked", "answers")


def _trace_names() -> dict[str, Aggregate]:
    known = measures_of("quality")
    return {measure.name: mean for measure in known if measure.of_traces is not None}


def all_better(
    own: Mapping[str, bool], curved: Collection[str], settings: TaskSettings, *, alone: bool
) -> dict[str, bool]:
    """For the arrows of the table; arguments as in `all_aggregations`."""
    found = dict(own)
    for metric, better in own.items():
        found |= {f"{metric}@{budget}": better for budget in settings.run.budgets}
    found |= arrows(["failed", *(measure.name for measure in _of_answers())])
    names = arrows([*_trace_names(), *index_aggregations(settings)])
    for metric in curved:
        found |= {_name(metric, name, alone): better for name, better in names.items()}
    return found


def _name(metric: str, name: str, alone: bool) -> str:
    return name if alone else f"{metric}_{name}"


def _number(value: Any) -> float | None:
    if isinstance(value, bool | int | float | np.bool_ | np.number):
        return float(value)
    return None


def _plain(value: Any) -> Any:
    number = _number(value)
    return str(value) if number is None else number
