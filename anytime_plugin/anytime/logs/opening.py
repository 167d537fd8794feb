"""From the files a user names to finished runs, whoever wrote them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from anytime.errors import AnytimeError
from anytime.harnesses import (
    Harness,
    compression,
    files_of_harnesses,
    harness_of,
    logs_of,
    read_head,
)
from anytime.logs.tables import TABLES, check_columns, dataset_files, read_table
from anytime.packed import is_packed
from anytime.places import expanded, place, same_place
from anytime.runs import FinishedRun

__all__ = ["harnesses_of", "log_files", "open_runs"]


def open_runs(
    logs: str | Path | Iterable[str | Path],
    columns: Mapping[str, str] | None = None,
    left_out: Callable[[AnytimeError], None] | None = None,
) -> list[FinishedRun]:
    """Open finished runs; little more than their headers is read, but for tables.

    Args:
        logs: Logs of any harness; lm-eval's `results_*.json` for all tasks of its run; tables of
            rows, see `anytime.logs.tables`; directories for all logs in them.
        columns: What the columns of a table are called that somebody else made.
        left_out: Is told of a file in a directory that is no run at budgets, or the copy of one
            that is there already, which is left out then; without, the first is an error as for a
            file that is named itself.

    Raises:
        AnytimeError: One cannot be read, is no run, or is named twice.
    """
    if columns is not None:
        check_columns(columns)
    logs = [logs] if isinstance(logs, str | Path) else list(logs)
    files = log_files(logs)
    named = {one for log in logs for one in expanded(place(log))}
    runs: list[FinishedRun] = []
    none: list[tuple[Path, AnytimeError]] = []
    tables = 0
    for file in files:
        try:
            (harness,) = harnesses_of([file])
            tables += harness is None
            opened = read_table(file, columns) if harness is None else [harness.open_run(file)]
            if harness is not None and left_out is not None and file not in named:
                _check_new(opened[0], runs)
            runs += opened
        except AnytimeError as error:
            # A folder of logs holds others too; one that is named is meant.
            if left_out is None or file in named or len(files) == 1:
                raise
            none.append((file, error))
    if left_out is not None:
        for file, reason in none:
            left_out(_annotated_instead(file, runs) or reason)
    if columns is not None and not tables:
        raise AnytimeError("columns are named and no table is: name a .csv, .jsonl or .parquet")
    if not runs:
        raise AnytimeError("none of these files holds a run at budgets")
    return runs


def _check_new(run: FinishedRun, known: Iterable[FinishedRun]) -> None:
    """Count a run once of which a folder holds several copies.

    Raises:
        AnytimeError: It is there already.
    """
    info = run.info
    for other in known:
        one = other.info
        alike = (one.harness, one.run, one.task, one.model, one.source) == (
            *(info.harness, info.run, info.task, info.model, info.source),
        )
        if info.run and alike and _same_bytes(place(info.log), place(one.log)):
            raise AnytimeError(f"{info.log} is the same run as {one.log}, which is counted")


def _same_bytes(file: Path, other: Path) -> bool:
    """Whether two files hold the same; what was annotated twice holds two curves of one run."""
    if file.stat().st_size != other.stat().st_size:
        return False
    with file.open("rb") as one, other.open("rb") as another:
        while part := one.read(1 << 20):
            if part != another.read(1 << 20):
                return False
    return True


def _annotated_instead(file: Path, runs: Iterable[FinishedRun]) -> AnytimeError | None:
    """Say of a log without answers at budgets that its annotated copy, of one name, is counted."""
    for run in runs:
        if run.info.source == "annotated" and place(run.info.log).name == file.name:
            return AnytimeError(f"{file}, whose annotated copy {run.info.log} is counted")
    return None


def log_files(logs: str | Path | Iterable[str | Path]) -> list[Path]:
    """The logs that paths stand for.

    Raises:
        AnytimeError: There are none, one cannot be read, or one is named twice.
    """
    given = [logs] if isinstance(logs, str | Path) else list(logs)
    named = [one for log in given for one in expanded(place(log))]
    if not named:
        raise AnytimeError("no log: name at least one finished run")
    found: dict[str, Path] = {}
    for path in named:
        of_path: dict[str, Path] = {}  # a folder may hold links to its own files
        for file in dataset_files(path) or logs_of(path):
            of_path.setdefault(same_place(file), file)
        if twice := [file for real, file in of_path.items() if real in found]:
            raise AnytimeError(f"{twice[0]} is named twice")
        found |= of_path
    return list(found.values())


def harnesses_of(files: Iterable[Path]) -> list[Harness | None]:
    """Who wrote each file, by its first bytes; None for a table.

    Raises:
        AnytimeError: One cannot be read, or is nothing that holds a run.
    """
    found = []
    for file in files:
        head = read_head(file)
        harness = harness_of(file, head)
        if how := "gzip" if harness is None and is_packed(file) else compression(head):
            raise AnytimeError(f"{file} is compressed ({how}): unpack it and name what is in it")
        if harness is None and file.suffix.lower() not in TABLES:
            raise AnytimeError(
                f"{file} is no run: name {files_of_harnesses()}, or a table ({', '.join(TABLES)})"
            )
        found.append(harness)
    return found
