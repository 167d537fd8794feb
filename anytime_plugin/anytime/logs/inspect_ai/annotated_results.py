"""The parts of an annotated log that tell of all its samples: header, reductions, summaries."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from inspect_ai.log import (
    EvalLog,
    EvalSample,
    EvalSpec,
    read_eval_log_sample_summaries,
    recompute_metrics,
)
from inspect_ai.scorer import Score

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.archive import HEADER_MEMBER, REDUCTIONS_MEMBER, SUMMARIES_MEMBER
from anytime.hosts.inspect_ai.records import ANNOTATED
from anytime.logs.inspect_ai.log_file import InspectLog
from anytime.settings import IndexOptions

__all__ = ["Row", "add_results", "header_of", "summaries_of"]

Row = tuple[str | int, int, dict[str, Any]]
"""Id and epoch of a sample, and the values of its curves by the names of their scores: plain
numbers, for there may be very many."""


def header_of(log: InspectLog, source: zipfile.ZipFile) -> dict[str, Any]:
    """The header as it stands; of a killed run what Inspect makes of its beginning."""
    names = set(source.namelist())
    if HEADER_MEMBER not in names:
        return log.header.model_dump(mode="json", exclude_none=True)
    header: dict[str, Any] = json.loads(source.read(HEADER_MEMBER))
    if REDUCTIONS_MEMBER in names:
        header["reductions"] = json.loads(source.read(REDUCTIONS_MEMBER))
    return header


def summaries_of(log: InspectLog, source: zipfile.ZipFile, rows: Sequence[Row]) -> list[Any]:
    """Of every sample what lists of samples show."""
    if SUMMARIES_MEMBER in source.namelist():
        found: list[Any] = json.loads(source.read(SUMMARIES_MEMBER))
    else:
        read = read_eval_log_sample_summaries(str(log.path), format=log.format)
        found = [summary.model_dump(mode="json", exclude_none=True) for summary in read]
    curves = {(id_, epoch): values for id_, epoch, values in rows}
    for summary in found:
        if curve := curves.get((summary["id"], summary["epoch"])):
            added = {name: {"value": value} for name, value in curve.items()}
            summary["scores"] = {**(summary.get("scores") or {}), **added}
    return found


def add_results(
    header: dict[str, Any],
    log: InspectLog,
    rows: Sequence[Row],
    skipped: Mapping[str, int],
    budgets: BudgetGrid,
    options: IndexOptions,
) -> None:
    """Put the curves' scorers and Inspect's own metrics of them into a header.

    Raises:
        AnytimeError: No sample has a curve, with the reasons.
    """
    if not rows:
        reasons = ", ".join(f"{count} {reason}" for reason, count in skipped.items())
        hidden = any("hidden" in reason for reason in skipped)
        raise AnytimeError(
            f"{log.path} holds no trace that can be cut and graded ({reasons})"
            + (": mode=contract runs such a model once per budget" if hidden else "")
        )
    made = _results(log, rows, options)
    told = made.model_dump(mode="json", exclude_none=True)
    given = header.get("results") or told["results"] | {"scores": []}
    given["scores"] = [*given["scores"], *told["results"]["scores"]]
    header["results"] = given
    header["reductions"] = [*(header.get("reductions") or []), *told.get("reductions", [])]
    run = header["eval"]
    run["scorers"] = [*(run.get("scorers") or []), *told["eval"]["scorers"]]
    run["eval_id"] = uuid4().hex
    run["metadata"] = {
        **(run.get("metadata") or {}),
        ANNOTATED: {
            "mode": "intrace",
            "budgets": list(budgets),
            "of": log.header.eval.eval_id,
            **options._asdict(),
        },
    }


def _results(log: InspectLog, rows: Sequence[Row], options: IndexOptions) -> EvalLog:
    """A log of the curves alone, with Inspect's own metrics of them."""
    names = dict.fromkeys(name for _, _, values in rows for name in values)
    scorers = [{"name": name, "options": {}, "metrics": _metrics(options)} for name in names]
    run = log.header.eval.model_dump()
    spec = EvalSpec.model_validate(run | {"scorers": scorers, "metrics": None})
    blank = EvalSample(id=0, epoch=0, input="", target="")
    samples = [
        blank.model_copy(
            update={
                "id": id_,
                "epoch": epoch,
                "scores": {name: Score(value=value) for name, value in values.items()},
            }
        )
        for id_, epoch, values in rows
    ]
    made = EvalLog(eval=spec)
    made.samples = samples
    recompute_metrics(made)
    made.samples = None
    return made


def _metrics(options: IndexOptions) -> list[Any]:
    """As a log holds `curve_metrics`."""
    mean, stderr = {"name": "inspect_ai/mean"}, {"name": "inspect_ai/stderr"}
    block = {"name": "anytime/anytime", "options": options._asdict()}
    return [{"q@*": [mean, stderr], "em@*": [mean]}, block]
