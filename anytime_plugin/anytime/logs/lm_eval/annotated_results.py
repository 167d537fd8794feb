"""The results file of an annotated run: lm-eval's own, with what was found out at every budget."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from anytime.budgets import BudgetGrid
from anytime.hosts.lm_eval.api import mean, mean_stderr
from anytime.hosts.lm_eval.records import PARSED, WRAP, scorer_name
from anytime.hosts.lm_eval.scoring import arrows
from anytime.hosts.lm_eval.settings import ThirdPartySettings
from anytime.hosts.lm_eval.task_metrics import (
    Verdict,
    all_aggregations,
    all_better,
    curved_metrics,
    values_of,
)
from anytime.hosts.lm_eval.wrapping import recorded
from anytime.logs.lm_eval.log_file import PlainRun
from anytime.logs.lm_eval.log_scorers import Grader
from anytime.settings import GENERIC_ANSWER_TOKENS, IndexOptions, RunSettings

__all__ = ["Found", "Row", "add_task", "settings_of"]

Row = Mapping[str, Sequence[Verdict]]
"""What is said of a document, by the name of the filter: one verdict per trace."""

Logged = Mapping[tuple[str, str], Sequence[float]]
"""The values that stand in a log, by metric and filter."""


class Found(NamedTuple):
    """What is known of a task once all its samples were gone through.

    Attributes:
        run: Its log.
        grader: Who graded.
        mode: How the answers were obtained: `intrace` or `interrupt`.
        repeats: Responses that its filters saw together.
        rows: One per document.
        logged: The values in the log; read where there is no results file.
    """

    run: PlainRun
    grader: Grader
    mode: str
    repeats: int
    rows: Sequence[Row]
    logged: Logged


def settings_of(
    budgets: BudgetGrid,
    options: IndexOptions,
    *,
    traces: int = 1,
    continuation: str = "auto",
    answer_tokens: int = GENERIC_ANSWER_TOKENS,
    cue: str | None = None,
) -> ThirdPartySettings:
    """The settings of a live run that these are, for `judging`."""
    run = RunSettings(budgets, continuation=continuation, answer_tokens=answer_tokens)
    return ThirdPartySettings(run=run, index=options, traces=traces, trace_store=None, cue=cue)


def add_task(results: dict[str, Any], found: Found, settings: ThirdPartySettings) -> None:
    """Put one task's values into the results of its run, beside those that are there."""
    run, grader = found.run, found.grader
    task = run.header.task
    everything = [one for row in found.rows for of_filter in row.values() for one in of_filter]
    curved = curved_metrics(everything, grader.curved)
    own = {name: how for name, how in grader.task.aggregation().items() if name != PARSED}
    alone = grader.domain is not None or list(own) == curved
    raw: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in found.rows:
        for name, verdicts in row.items():
            values = values_of(verdicts, curved, settings, alone=alone)
            for metric, value in _told(values, verdicts, grader).items():
                raw[metric, name].append(value)
    how = all_aggregations(own, curved, settings, alone=alone)
    given = results.setdefault("results", {}).setdefault(task, _from_lines(found))
    for (metric, name), items in raw.items():
        if scorer_name(metric, name) in given:
            continue  # lm-eval's own word
        aggregate = how.get(metric, mean)
        given[scorer_name(metric, name)] = aggregate(items)
        given[scorer_name(f"{metric}_stderr", name)] = (
            mean_stderr(items) if aggregate is mean and len(items) > 1 else "N/A"
        )
    better = all_better(_plain(grader.task.higher_is_better()), curved, settings, alone=alone)
    if grader.domain is not None:
        better |= arrows(["unparsed"])
    results.setdefault("higher_is_better", {}).setdefault(task, {}).update(better)
    results.setdefault("versions", {}).setdefault(task, "N/A")
    results.setdefault("n-shot", {})
    configs = results.setdefault("configs", {})
    marker = recorded(settings, found.repeats) | {
        "mode": found.mode,
        "source": "annotated",
        "graded_by": grader.name,
        "domain": None if grader.domain is None else grader.domain.name,
        "scorers": [scorer_name(metric, name) for name in found.rows[0] for metric in curved],
    }
    config = configs.get(task) or _config(run)
    metadata = config.get("metadata") or {}
    configs[task] = {**config, "metadata": {**metadata, WRAP: marker}}


def _told(
    values: Mapping[str, Any], verdicts: Sequence[Verdict], grader: Grader
) -> Mapping[str, Any]:
    """The values that are shown: of a domain the share of checkpoints without an answer."""
    if grader.domain is None:
        return values
    parsed = [at[PARSED] for verdict in verdicts for at in verdict.at]
    shown = {k: v for k, v in values.items() if k.partition("@")[0] != PARSED}
    return shown | {"unparsed": 1.0 - float(np.mean(parsed))}


def _plain(better: Mapping[str, bool]) -> dict[str, bool]:
    return {name: up for name, up in better.items() if name != PARSED}


def _from_lines(found: Found) -> dict[str, Any]:
    """The row of a task without a results file: the means of the values in its lines."""
    task = found.run.header.task
    row: dict[str, Any] = {"name": task, "alias": task, "sample_len": len(found.rows)}
    for (metric, name), values in found.logged.items():
        row[scorer_name(metric, name)] = math.fsum(values) / len(values)
        row[scorer_name(f"{metric}_stderr", name)] = (
            mean_stderr(values) if len(values) > 1 else "N/A"
        )
    return row


def _config(run: PlainRun) -> dict[str, Any]:
    """What the samples tell of a task's configuration."""
    return {
        "task": run.header.task,
        "output_type": "generate_until",
        "generation_kwargs": dict(run.first.generation),
        "repeats": run.responses,
    }
