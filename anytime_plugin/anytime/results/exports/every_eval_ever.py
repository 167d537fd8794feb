"""Every Eval Ever: one record per run, and a line for each of its answers beside it.

The schema (0.3.0), its validator and its datastore are the EvalEval coalition's (arXiv 2606.14516);
docs/export.md says what of it is filled in, and with what.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from anytime.errors import AnytimeError
from anytime.places import is_remote
from anytime.results.exports.measuring import Measured, benchmark, measure
from anytime.results.exports.naming import About, Named, log_name, named
from anytime.results.exports.origins import HUB, Asked, hub_datasets, official_url
from anytime.results.exports.scores import Score, grid, scores_of
from anytime.rows import Row
from anytime.runs import FinishedRun, RunInfo
from anytime.writing import whole_file

__all__ = ["aggregate", "instance", "planned", "write_records"]

SCHEMA = "0.3.0"

WITHHELD = "no problem statement, prompt, reference or trace is part of this export"


def planned(runs: Sequence[FinishedRun], place: Path, about: About, *, force: bool) -> list[Named]:
    """Name the files of runs, whose headers alone are looked at.

    Raises:
        AnytimeError: They cannot be named, or are there already.
    """
    if about.model_id is not None and len(models := {run.info.model for run in runs}) > 1:
        raise AnytimeError(
            f"--model-id names one model, and these are runs of {len(models)}: export the logs of "
            f"one model at a time"
        )
    plan: list[Named] = []
    logs: dict[str, str] = {}
    for run in runs:
        log = run.info.log
        names = named(run.info, about)
        twin = 0
        while logs.get(names.file) == log:
            twin += 1
            names = named(run.info, about, twin)
        if logs.setdefault(names.file, log) != log:
            raise AnytimeError(f"{log} is the run in {logs[names.file]}: name one of the two")
        for path in (place / names.record, place / names.samples):
            if path.exists() and not force:
                raise AnytimeError(
                    f"{path} is there already: name another directory, or add --force"
                )
        plan.append(names)
    return plan


def write_records(
    runs: Sequence[FinishedRun], place: Path, plan: Sequence[Named], about: About
) -> list[tuple[Path, int]]:
    """Write the record of each run and its lines, all runs' or none.

    Every run is read once, and its answers are written as they go by.

    Returns:
        The records, each with how many lines stand beside it.

    Raises:
        AnytimeError: A run cannot be read, or a file not be written.
    """
    written = []
    with ExitStack() as files:
        for run, names in zip(runs, plan, strict=True):
            files.enter_context(_folder(place / names.folder))
            # Closed in reverse order: a record appears after the lines that it tells of.
            record = files.enter_context(whole_file(place / names.record))
            samples = files.enter_context(whole_file(place / names.samples))
            written.append((place / names.record, _write(run, names, about, record, samples)))
    return written


def _write(run: FinishedRun, names: Named, about: About, record: Path, samples: Path) -> int:
    """Write the lines of a run, and then its record, which tells their number and sum."""
    total, count = hashlib.sha256(), 0

    with samples.open("wb") as file:

        def add(row: Row) -> None:
            nonlocal count
            count += 1
            line = json.dumps(instance(row, run.info, names), allow_nan=False).encode() + b"\n"
            total.update(line)
            file.write(line)

        measured = measure(run, add)
    made = aggregate(measured, names, about, (total.hexdigest(), count))
    record.write_text(json.dumps(made, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    return count


@contextmanager
def _folder(path: Path) -> Iterator[None]:
    """Make a directory, which is gone again where what comes into it fails."""
    if is_remote(path):  # where names of files make folders
        yield
        return
    made = [one for one in (path, *path.parents) if not one.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AnytimeError(f"{path} cannot be made: {error.strerror}") from None
    try:
        yield
    except BaseException:
        for one in made:
            with suppress(OSError):
                one.rmdir()
        raise


def _evaluation_name(info: RunInfo, scorer: str) -> str:
    name = benchmark(info)
    return name if scorer == info.domain else f"{name}/{scorer}"


def aggregate(
    measured: Sequence[Measured], names: Named, about: About, samples: tuple[str, int]
) -> dict[str, Any]:
    """The record of one run.

    Args:
        measured: The curves of its scorers.
        names: How it is called.
        about: What no log tells.
        samples: SHA-256 and number of the lines beside it.
    """
    info = measured[0].info
    scorers = [one.summary.key.scorer for one in measured]
    if len(set(scorers)) < len(scorers):
        raise AnytimeError(f"{info.log} mixes methods or modes: each needs a log of its own")
    checksum, rows = samples
    record: dict[str, Any] = {
        "schema_version": SCHEMA,
        "evaluation_id": names.evaluation,
        "retrieved_timestamp": str(about.retrieved),
        "source_metadata": {
            "source_name": "anytime",
            "source_type": "evaluation_run",
            "source_organization_name": about.organization,
            "evaluator_relationship": about.relationship,
            "additional_details": {"log": log_name(info), "run": info.run, "task": info.task},
        },
        "eval_library": {
            "name": info.harness or "unknown",
            "version": info.version or "unknown",
            "additional_details": {"plugin": "anytime"},
        },
        "model_info": _model_info(info, names.model, about),
        "evaluation_results": [result for one in measured for result in _results(one)],
        "detailed_evaluation_results": {
            "format": "jsonl",
            "file_path": names.samples,
            "hash_algorithm": "sha256",
            "checksum": checksum,
            "total_rows": rows,
            "additional_details": {
                "rows": "one per problem, trace, budget and scorer, each of the result quality at "
                "its budget; the other results are computed from the same rows",
                "texts": WITHHELD,
                "sample_hash": "of input.raw, which names problem, dataset and revision",
            },
        },
    }
    if (when := _seconds(info.created)) is not None:
        record["evaluation_timestamp"] = when
    return record


def _seconds(created: str | None) -> str | None:
    try:
        return str(int(datetime.fromisoformat(created or "").timestamp()))
    except ValueError:
        return None


def _model_info(info: RunInfo, model: Asked, about: About) -> dict[str, Any]:
    made: dict[str, Any] = {"name": model.id.rpartition("/")[2], "id": model.id}
    if model.developer is not None:
        made["developer"] = model.developer
    if model.platform is not None:
        made["inference_platform"] = model.platform
    if model.engine is not None:
        made["inference_engine"] = {"name": model.engine}
    made["additional_details"] = {
        "deployment_type": model.deployment,
        "model_availability": about.availability,
    }
    return made


def _source(info: RunInfo) -> dict[str, Any]:
    details = {"dataset": info.dataset, "revision": info.revision, "split": info.split}
    if info.dataset == "builtin":
        details["note"] = "generated stand-ins in the shape of the benchmark, not the benchmark"
    told = {name: value for name, value in details.items() if value}
    name = benchmark(info) if info.domain else info.dataset or info.task
    on_hub, url = hub_datasets(info), official_url(info)
    if len(on_hub) == 1:
        source: dict[str, Any] = {
            "dataset_name": name,
            "source_type": "hf_dataset",
            "hf_repo": on_hub[0].repo,
        }
    elif urls := [f"{HUB}/{one.repo}" for one in on_hub] or ([url] if url else []):
        source = {"dataset_name": name, "source_type": "url", "url": urls}
    else:
        source = {"dataset_name": name, "source_type": "other"}
    return source | {"additional_details": told}


def _results(one: Measured) -> list[dict[str, Any]]:
    info, key = one.info, one.summary.key
    name = _evaluation_name(info, key.scorer)
    source = _source(info)
    return [
        {
            "evaluation_result_id": f"{name}:{score.name}",
            "evaluation_name": name,
            "source_data": source,
            "metric_config": {
                "evaluation_description": score.title,
                "metric_id": f"anytime.{re.sub('@.*', '_at_budget', score.name)}",
                "metric_name": score.name,
                "metric_kind": score.kind,
                "metric_unit": "proportion",
                "metric_parameters": dict(score.parameters),
                "lower_is_better": score.lower_is_better,
                "score_type": "continuous",
                "min_score": _bound(score.lowest),
                "max_score": _bound(score.highest),
            },
            "score_details": {
                "score": _within(score),
                "details": {
                    "problems": str(one.summary.problems),
                    "traces": str(one.summary.traces),
                },
                "uncertainty": {**(score.uncertainty or {}), "num_samples": one.summary.problems},
            },
            "generation_config": _generation(one, score),
        }
        for score in scores_of(one)
    ]


def _within(score: Score) -> float:
    # A sum of weights may exceed 1 in its last digit, which a validator would refuse.
    return min(max(float(score.value), score.lowest), score.highest)


def _bound(value: float) -> float | str:
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _generation(one: Measured, score: Score) -> dict[str, Any]:
    info, key = one.info, one.summary.key
    at = score.parameters.get("budget")
    return {
        "generation_args": dict(info.sampling),
        "additional_details": {
            **({} if at is None else {"budget": str(at)}),
            "budgets": grid(one),
            "budget_unit": "generated trace tokens after which reasoning is interrupted",
            "mode": key.mode,
            "method": key.method,
            "checkpoints": key.source,
        },
    }


def instance(row: Row, info: RunInfo, names: Named) -> dict[str, Any]:
    """The line of one answer."""
    # The lines of a dataset whose rows may not be shown must not show them, so none does.
    raw = f"withheld: problem {row.problem} of {benchmark(info)}, dataset {info.dataset}"
    digest = None
    if info.revision is not None:
        raw += f", revision {info.revision}"
        digest = hashlib.sha256(raw.encode(errors="replace")).hexdigest()
    # Where a task's own scorer graded, what is kept as the answer is its verdict.
    answer = row.answer if info.domain is not None else None
    name = _evaluation_name(info, row.scorer)
    line: dict[str, Any] = {
        "schema_version": SCHEMA,
        "evaluation_id": names.evaluation,
        "model_id": names.model.id,
        "evaluation_name": name,
        "evaluation_result_id": f"{name}:q@{row.budget}",
        "sample_id": row.problem,
        "sample_hash": digest,
        "interaction_type": "single_turn",
        "input": {"raw": raw, "reference": []},
        "output": {"raw": [] if answer is None else [answer]},
        "answer_attribution": [],
        "evaluation": {"score": row.quality, "is_correct": row.quality == 1},
        "metadata": _metadata(row),
    }
    if answer is not None:
        line["answer_attribution"] = [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": answer,
                "extraction_method": f"anytime.{info.domain}",
                "is_terminal": True,
            }
        ]
    if row.seconds is not None:
        line["performance"] = {"latency_ms": row.seconds * 1000}
    return line


_TOLD = (
    "trace",
    "budget",
    "tokens",
    "parsed",
    "forced",
    "cut",
    "continuation",
    "answer_tokens",
    "leaked_reasoning_tokens",
    "finish",
    "cost",
    "trace_tokens",
    "trace_finish",
    "added_tokens",
    "pool_tokens",
    "method",
    "mode",
)


def _metadata(row: Row) -> dict[str, str]:
    values = {name: getattr(row, name) for name in _TOLD}
    values |= {f"metric_{name}": value for name, value in row.metrics.items()}
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if value is not None
    }
