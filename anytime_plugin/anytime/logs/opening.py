"""From the files a user names to finished runs, whoever wrote them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path

from anytime.errors import AnytimeError
from anytime.logs.tables import TABLES, check_columns, read_table
from anytime.runs import FinishedRun

__all__ = ["LogKind", "log_files", "log_kind", "open_runs"]

_HEAD = 65536
"""Bytes of a file that are looked at to learn what it is."""


class LogKind(Enum):
    """What a file is."""

    INSPECT = "a log of Inspect AI"
    LM_EVAL = "samples of lm-eval"
    TABLE = "a table"


def open_runs(
    logs: str | Path | Iterable[str | Path],
    columns: Mapping[str, str] | None = None,
    left_out: Callable[[AnytimeError], None] | None = None,
) -> list[FinishedRun]:
    """Open finished runs; little more than their headers is read, but for tables.

    Args:
        logs: Logs of Inspect AI; lm-eval's `samples_*.jsonl`, or `results_*.json` for all tasks of
            its run; tables of rows, see `anytime.logs.tables`; directories for all logs in them.
        columns: What the columns of a table are called that somebody else made.
        left_out: Is told of a file in a directory that is no run at budgets, which is left out
            then; without, it is an error as for a file that is named itself.

    Raises:
        AnytimeError: One cannot be read, is no run, or is named twice.
    """
    if columns is not None:
        check_columns(columns)
    logs = [logs] if isinstance(logs, str | Path) else list(logs)
    files = log_files(logs)
    kinds = [log_kind(file) for file in files]
    if columns is not None and LogKind.TABLE not in kinds:
        raise AnytimeError("columns are named and no table is: name a .csv, .jsonl or .parquet")
    named = {Path(log) for log in logs}
    runs: list[FinishedRun] = []
    for file, kind in zip(files, kinds, strict=True):
        try:
            runs += _open(file, kind, columns)
        except AnytimeError as error:
            # A folder of logs holds others too; one that is named is meant.
            if left_out is None or file in named or len(files) == 1:
                raise
            left_out(error)
    if not runs:
        raise AnytimeError("none of these files holds a run at budgets")
    return runs


def log_files(logs: str | Path | Iterable[str | Path]) -> list[Path]:
    """The logs that paths stand for.

    Raises:
        AnytimeError: There are none, one cannot be read, or one is named twice.
    """
    named = [Path(logs)] if isinstance(logs, str | Path) else [Path(log) for log in logs]
    if not named:
        raise AnytimeError("no log: name at least one finished run")
    files = [file for path in named for file in _files(path)]
    known: set[Path] = set()
    for file in files:
        if (real := file.resolve()) in known:
            raise AnytimeError(f"{file} is named twice")
        known.add(real)
    return files


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        found = {*path.rglob("*.eval"), *path.rglob("samples_*.jsonl")}
        found |= {file for file in path.rglob("*.json") if _is_inspect(_head(file))}
        if not found:
            raise AnytimeError(f"{path} is a directory without a log of Inspect AI or lm-eval")
        yield from sorted(found)
    elif path.name.startswith("results_") and path.exists() and not _is_inspect(_head(path)):
        from anytime.logs.lm_eval.reading import samples_files

        yield from samples_files(path)
    else:
        yield path


def log_kind(path: Path) -> LogKind:
    """What a file is, by its first bytes.

    Raises:
        AnytimeError: It cannot be read, or is nothing that holds a run.
    """
    head = _head(path)
    if path.name.startswith("samples_") or head.startswith(b'{"doc_id"'):
        return LogKind.LM_EVAL
    if head.startswith(b"PK") or _is_inspect(head):
        return LogKind.INSPECT
    if path.suffix.lower() in TABLES:
        return LogKind.TABLE
    raise AnytimeError(
        f"{path} is no run: name a log of Inspect AI (.eval, .json), lm-eval's samples_*.jsonl or "
        f"results_*.json, or a table (.csv, .jsonl, .parquet)"
    )


def _open(path: Path, kind: LogKind, columns: Mapping[str, str] | None) -> list[FinishedRun]:
    if kind is LogKind.LM_EVAL:
        from anytime.logs.lm_eval.reading_wrapped import finished_run

        return [finished_run(path)]
    if kind is LogKind.INSPECT:
        from anytime.logs.inspect_ai.reading import InspectRun

        return [InspectRun(path)]
    return list(read_table(path, columns))


def _is_inspect(head: bytes) -> bool:
    return head.startswith(b"{") and b'"eval"' in head


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except FileNotFoundError:
        raise AnytimeError(f"there is no log {path}") from None
    except OSError as error:
        raise AnytimeError(f"log {path} cannot be read: {error.strerror}") from None
