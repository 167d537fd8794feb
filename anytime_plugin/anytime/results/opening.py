"""From the files a user names to finished runs, whichever harness wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from anytime.errors import AnytimeError
from anytime.runs import FinishedRun

__all__ = ["open_runs"]

_HEAD = 65536
"""Bytes of a file that are looked at to learn what it is."""


def open_runs(logs: str | Path | Iterable[str | Path]) -> list[FinishedRun]:
    """Open finished runs; little more than their headers is read.

    Args:
        logs: Logs of Inspect AI; lm-eval's `samples_*.jsonl`, or `results_*.json` for all tasks of
            its run; directories for all that is in them.

    Raises:
        AnytimeError: One cannot be read, is no run, or is named twice.
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
    return [_open(file) for file in files]


def _files(path: Path) -> Iterator[Path]:
    """The logs a path stands for."""
    if path.is_dir():
        found = {*path.rglob("*.eval"), *path.rglob("samples_*.jsonl")}
        found |= {file for file in path.rglob("*.json") if _is_inspect(_head(file))}
        if not found:
            raise AnytimeError(f"{path} is a directory without a log of Inspect AI or lm-eval")
        yield from sorted(found)
    elif path.name.startswith("results_") and path.exists() and not _is_inspect(_head(path)):
        from anytime.hosts.lm_eval.reading import samples_files

        yield from samples_files(path)
    else:
        yield path


def _open(path: Path) -> FinishedRun:
    head = _head(path)
    if path.name.startswith("samples_") or head.startswith(b'{"doc_id"'):
        from anytime.hosts.lm_eval.reading import LmEvalRun

        return LmEvalRun(path)
    if head.startswith(b"PK") or _is_inspect(head):
        from anytime.hosts.inspect_ai.reading import InspectRun

        return InspectRun(path)
    raise AnytimeError(
        f"{path} is no run: name a log of Inspect AI (.eval, .json), or lm-eval's samples_*.jsonl "
        f"or results_*.json"
    )


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
