"""Inspect AI as a harness: whose finished logs are read, annotated and made pools of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from anytime.errors import AnytimeError
from anytime.harnesses import (
    Annotation,
    Answering,
    GradedBy,
    Harness,
    NamedModel,
    Refused,
    read_head,
)
from anytime.hookspecs import hookimpl

if TYPE_CHECKING:
    from anytime.preferences.pool import Pool
    from anytime.runs import FinishedRun

__all__ = ["InspectAI", "anytime_harnesses"]


class InspectAI:
    """Logs of Inspect AI, `.eval` or `.json`."""

    name = "inspect_ai"
    title = "Inspect AI"
    files = "a log of Inspect AI (.eval, .json)"

    def claims(self, path: Path, head: bytes) -> bool:
        """By the first bytes, whatever its name; by its name where there is no such file."""
        if not head:
            return path.suffix == ".eval" and not path.exists()
        return head.startswith(b"PK") or (path.suffix != ".jsonl" and _is_json_log(head))

    def logs_of(self, path: Path) -> Sequence[Path]:
        """A log is a run of its own."""
        if not path.is_dir():
            return [path]
        return [*path.rglob("*.eval"), *filter(_may_be_log, path.rglob("*.json"))]

    def open_run(self, path: Path) -> FinishedRun:
        """As `Harness.open_run`."""
        from anytime.logs.inspect_ai.reading import InspectRun

        return InspectRun(path)

    def open_pool(self, path: Path) -> Pool:
        """As `Harness.open_pool`."""
        from anytime.logs.inspect_ai.pools import InspectPool

        return InspectPool(path)

    def annotations(
        self, logs: Sequence[Path], graded_by: GradedBy, answering: Answering | None
    ) -> Mapping[Path, Annotation | Refused]:
        """As `Harness.annotations`."""
        return {log: _annotation(log, graded_by, answering) for log in logs}

    def answering(self, model: NamedModel) -> Answering:
        """As `Harness.answering`."""
        from anytime.logs.inspect_ai.annotating_live import answering

        return answering(model)


def _annotation(
    log: Path, graded_by: GradedBy, answering: Answering | None
) -> Annotation | Refused:
    from anytime.logs.inspect_ai.annotating import InspectAnnotation

    try:
        if graded_by.task is not None or graded_by.include_path is not None:
            raise AnytimeError(
                f"{log} is a log of Inspect AI, and --task and --include-path are lm-eval's: leave "
                f"them out, or name --domain"
            )
        if answering is None:
            return InspectAnnotation(log, graded_by)
        from anytime.logs.inspect_ai.annotating_live import HandedBack, InspectAnswering

        if not isinstance(answering, InspectAnswering):
            raise AnytimeError("logs of Inspect AI are answered by a model of Inspect AI")
        return HandedBack(log, graded_by, answering)
    except AnytimeError as error:
        return Refused(log, str(error))


_LISTING = re.compile(rb'\{\s*"[^"]*\.(?:eval|json)"\s*:')
"""How `logs.json` and `listing.json` begin, which Inspect writes beside logs: headers by file."""


def _is_json_log(head: bytes) -> bool:
    other = head.startswith(b'{"doc_id"') or _LISTING.match(head)
    return head.startswith(b"{") and b'"eval"' in head and not other


def _may_be_log(file: Path) -> bool:
    if not file.is_file():
        return False
    try:
        return _is_json_log(read_head(file))
    except AnytimeError:
        return True  # whoever opens it says what is wrong with it


@hookimpl
def anytime_harnesses() -> list[Harness]:
    """Inspect AI."""
    return [InspectAI()]
