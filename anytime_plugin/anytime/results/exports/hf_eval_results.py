"""`.eval_results/*.yaml`, by which a model's repository on the Hugging Face Hub shows its results.

The library that reads the format writes it: `huggingface_hub.EvalResultEntry`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from anytime.errors import AnytimeError
from anytime.results.exports.measuring import Measured
from anytime.results.exports.naming import component
from anytime.results.exports.origins import asked, hub_datasets
from anytime.runs import FinishedRun, RunInfo
from anytime.writing import whole_file

__all__ = [
    "Target",
    "Value",
    "check_one_model",
    "entries",
    "files_by_model",
    "targets",
    "write_yaml",
]

Value = Literal["final", "index"]
"""What is shown as the result: quality at the largest budget, or the Anytime Index."""

_GPQA = ("Idavidrein/gpqa", "gpqa_diamond")
"""As the library's documentation names it. Our Diamond set is the file of simple-evals."""


class Target(NamedTuple):
    """The benchmark a result is of, as the Hub knows it."""

    dataset: str
    task: str
    revision: str | None


def targets(
    runs: Sequence[FinishedRun], dataset_id: str | None, task_id: str | None
) -> list[Target]:
    """The benchmark of each run, from its header and what the user says.

    Raises:
        AnytimeError: One is not known.
    """
    if dataset_id is not None and dataset_id.strip("/").count("/") != 1:
        raise AnytimeError(f"dataset id {dataset_id!r}: write it as on the Hub, ORGANISATION/NAME")
    return [_target(run.info, dataset_id, task_id) for run in runs]


def check_one_model(runs: Sequence[FinishedRun]) -> None:
    """Refuse results of several models in one file.

    Raises:
        AnytimeError: They are.
    """
    models = sorted({run.info.model for run in runs})
    if len(models) > 1:
        raise AnytimeError(
            f"{', '.join(models)}: .eval_results belong to one model's repository: name a "
            f"directory with -o DIRECTORY/, in which each model gets one of its own"
        )


def files_by_model(
    folder: Path, measured: Sequence[tuple[Measured, Target]]
) -> dict[Path, list[tuple[Measured, Target]]]:
    """Results of many models: `MODEL/.eval_results/DATASET.yaml` in a folder, as the Hub has them.

    Raises:
        AnytimeError: Two models would be written to one place.
    """
    found: dict[Path, list[tuple[Measured, Target]]] = {}
    owners: dict[Path, str] = {}
    for one, target in measured:
        own = folder.joinpath(*map(component, asked(one.info.model).id.split("/")))
        if owners.setdefault(own, one.info.model) != one.info.model:
            raise AnytimeError(
                f"{owners[own]} and {one.info.model} would both be written to {own}: export them "
                f"one at a time"
            )
        name = component(target.dataset.rpartition("/")[2])
        found.setdefault(own / ".eval_results" / f"{name}.yaml", []).append((one, target))
    return found


def _target(info: RunInfo, dataset_id: str | None, task_id: str | None) -> Target:
    known = hub_datasets(info)
    diamond = (info.domain, info.dataset, info.split) == ("gpqa", "official", "test")
    if dataset_id is None and diamond:
        dataset_id, known_task = _GPQA
        return Target(dataset_id, task_id or known_task, None)
    if dataset_id is None:
        if len(known) != 1:
            why = (
                f"are from {len(known)} datasets of the Hub"
                if known
                else f"are from {info.dataset or 'a dataset'}, which is not known to be on the Hub"
            )
            raise AnytimeError(
                f"the problems of {info.log} {why}: name the one that the result is of with "
                f"--dataset-id ORGANISATION/NAME"
            )
        dataset_id = known[0].repo
    if task_id is None:
        raise AnytimeError(
            f"which task of {dataset_id} is {info.log}: name it with --task-id, as in the "
            f"eval.yaml of that dataset"
        )
    pinned = {one.repo: one.revision for one in known}
    return Target(dataset_id, task_id, pinned.get(dataset_id))


def entries(
    measured: Sequence[tuple[Measured, Target]], value: Value = "final"
) -> list[dict[str, Any]]:
    """One entry per curve, as YAML values.

    Values are percentages. Everything that makes two of them incomparable is in the notes.
    """
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    return eval_result_entries_to_yaml(
        [
            EvalResultEntry(
                dataset_id=target.dataset,
                task_id=target.task,
                value=_percent(_number(one, value)),
                dataset_revision=target.revision,
                date=_date(one.info.created),
                notes=_notes(one, value),
            )
            for one, target in measured
        ]
    )


def _number(one: Measured, value: Value) -> float:
    numbers = one.summary.summary
    return numbers.final if value == "final" else numbers.anytime_index


def _percent(number: float) -> float:
    return round(100 * number, 4)


def _date(created: str | None) -> str | None:
    try:
        when = datetime.fromisoformat(created or "")
    except ValueError:
        return None
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _notes(one: Measured, value: Value) -> str:
    info, key, numbers = one.info, one.summary.key, one.summary.summary
    budgets = one.curve.budgets
    index = f"Anytime Index {_percent(numbers.anytime_index):g} %"
    low, high = numbers.interval
    if not math.isnan(low):
        over = f"over {one.summary.population}"
        index += f" (95 % interval {over} {_percent(low):g}-{_percent(high):g})"
    final = f"quality {_percent(numbers.final):g} % at {budgets[-1]} tokens"
    shown, other = (final, index) if value == "final" else (index, final)
    details = [
        f"value: {shown}",
        other,
        f"budgets {','.join(map(str, budgets))}",
        f"method {key.method}, {key.mode}",
        f"{one.summary.problems} problems, {one.summary.traces} traces",
    ]
    if key.scorer != info.domain:
        details.append(f"scorer {key.scorer}")
    if info.dataset == "builtin":
        details.append("generated stand-in problems, not the benchmark")
    return "; ".join(details)


def write_yaml(path: Path, made: Sequence[Mapping[str, Any]]) -> None:
    """Write entries, all or nothing."""
    import yaml

    text = yaml.safe_dump(list(made), sort_keys=False, allow_unicode=True, width=1000)
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8", errors="replace")
