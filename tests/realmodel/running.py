"""Runs of both harnesses on a real model, and what each says of a trace in the same words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog, EvalSample, read_eval_log

from tests.lm_eval_runs import checkpoints, evaluate, samples

__all__ = ["Run", "Traced", "in_inspect", "in_lm_eval", "numbers_of", "traced"]


class Traced(NamedTuple):
    """One problem's trace as a harness logged it.

    Attributes:
        text: All that the model wrote before the first forced answer.
        finish: Why it ended.
        tokens: Its length.
        points: The checkpoints, as logged.
    """

    text: str
    finish: str
    tokens: int
    points: list[dict[str, Any]]

    @property
    def cuts(self) -> list[tuple[int, int, int]]:
        """Budget, tokens and characters of each cut."""
        return [(p["budget"], p["tokens"], p["end"]) for p in self.points if p["forced"]]

    @property
    def answers(self) -> list[str]:
        """What each checkpoint is graded by; the trace's own answer is the trace."""
        return [point["answer"] if point["forced"] else self.text for point in self.points]


class Run(NamedTuple):
    """What a harness made of a task.

    Attributes:
        traces: By the problem's id.
        numbers: Its table.
        log: As the harness has it.
    """

    traces: dict[str, Traced]
    numbers: dict[str, float]
    log: Any


def in_inspect(task: Any, model: Any, folder: Path, **options: Any) -> Run:
    """Run a task of ours in Inspect; keywords are those of `inspect_ai.eval`."""
    (made,) = inspect_eval(
        task,
        model=model,
        log_dir=str(folder / "logs"),
        display="plain",
        log_model_api=True,
        max_retries=2,
        **options,
    )
    log = read_eval_log(made.location, resolve_attachments=True)
    assert log.status == "success", log.error and log.error.traceback
    traces = {str(sample.id): traced(sample) for sample in log.samples or ()}
    return Run(traces, numbers_of(log), log)


def traced(sample: EvalSample) -> Traced:
    record = sample.store["anytime"]
    return Traced(
        sample.output.completion, record["finish"], record["tokens"], record["checkpoints"]
    )


def numbers_of(log: EvalLog) -> dict[str, float]:
    """Budgets' means and the block of the index, under lm-eval's names."""
    assert log.results is not None
    found: dict[str, float] = {}
    for score in log.results.scores:
        for name, metric in score.metrics.items():
            if name == "mean":
                found[score.name] = metric.value
            elif name != "stderr":
                found[name] = metric.value
    return found


def in_lm_eval(task: str, model: Any, metadata: Mapping[str, Any], **options: Any) -> Run:
    """Run a task of ours in lm-eval; keywords are those of `simple_evaluate`."""
    results = evaluate(task, model, metadata, **options)
    traces = {}
    for id_, sample in samples(results, task).items():
        text, record = sample["resps"][0][0]
        told = json.loads(record)
        traces[str(id_)] = Traced(text, told["finish"], told["tokens"], checkpoints(sample))
    numbers = {
        name.removesuffix(",none"): value
        for name, value in results["results"][task].items()
        if name.endswith(",none") and "_stderr" not in name
    }
    return Run(traces, numbers, results)
