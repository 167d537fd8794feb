"""A pool on disk: one line of JSON per finished trace, only ever appended while it grows.

A pool that is built for a run costs money, so every trace is kept the moment it is scored; building
it again asks for what is missing. While it grows it is called `NAME.part`.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from anytime.budgets import BudgetGrid
from anytime.domains.base import Problem
from anytime.errors import AnytimeError
from anytime.preferences.pool import Point, PoolInfo, PoolTrace, Scored, TraceId

__all__ = ["GrowingPool", "PoolFile", "is_pool_file"]

log = logging.getLogger(__name__)

FORMAT = "anytime pool 1"


class PoolFile:
    """A finished pool file, as pairs are selected from it.

    Raises:
        AnytimeError: It is none, or damaged; reading tells the line.
    """

    def __init__(self, path: Path) -> None:
        """Read the first line."""
        self._path = path
        try:
            with path.open("rb") as file:
                first = file.readline()
        except OSError as error:
            raise AnytimeError(f"pool {path} cannot be read: {error.strerror}") from None
        self.info = _read_info(first, path)

    def scored(self) -> Iterator[Scored]:
        """The numbers of every trace, one by one."""
        for trace in self.traces():
            yield trace.scored

    def traces(self, wanted: Collection[TraceId] | None = None) -> Iterator[PoolTrace]:
        """Whole traces, one by one."""
        for trace in _read_traces(self._path, len(self.info.budgets)):
            if wanted is None or (trace.problem.id, trace.draw) in wanted:
                yield trace


class GrowingPool:
    """A pool that is being built: what it has already, and a place for more.

    Args:
        path: Its name when it is finished.
        info: What it must be a pool of.

    Raises:
        AnytimeError: The file cannot be used.
    """

    def __init__(self, path: Path, info: PoolInfo) -> None:
        """Read what an earlier, interrupted building left."""
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self.done: set[TraceId] = set()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            whole = self._read(info)
            self._file = self._part.open("ab")
            self._file.truncate(whole)
        except OSError as error:
            raise AnytimeError(f"pool {self._part} cannot be used: {error.strerror}") from None
        if whole == 0:
            self._write(_info_record(info))

    def _read(self, info: PoolInfo) -> int:
        """Note which traces are there, and say where the last whole line ends."""
        if not self._part.exists():
            return 0
        content = self._part.read_bytes()
        end = content.rfind(b"\n") + 1
        if end < len(content):
            log.warning("%s: the last line was torn by a kill and is dropped", self._part)
        for number, line in enumerate(content[:end].split(b"\n")[:-1], 1):
            if number == 1:
                _check_same(_read_info(line, self._part), info)
            else:
                where = f"{self._part}, line {number}"
                trace = _read_trace(line, len(info.budgets), where)
                self.done.add((trace.problem.id, trace.draw))
        return end

    def add(self, trace: PoolTrace) -> None:
        """Keep a trace; it is on disk when this returns.

        Raises:
            AnytimeError: It cannot be written.
        """
        # That an answer could be read is not said of each, as pools of before do not.
        points = [point[:3] if point.read else point for point in trace.points]
        self._write(asdict(trace) | {"points": points})
        self.done.add((trace.problem.id, trace.draw))

    def finish(self) -> PoolFile:
        """Give the file its own name."""
        self._file.close()
        self._part.replace(self._path)
        return PoolFile(self._path)

    def close(self) -> None:
        """Stop here; what there is stays for the next time."""
        with suppress(OSError):  # what could not be written has been told of
            self._file.close()

    def _write(self, record: Mapping[str, Any]) -> None:
        try:
            self._file.write((json.dumps(record) + "\n").encode())
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise AnytimeError(f"pool {self._part} cannot be written: {error.strerror}") from None


def is_pool_file(path: Path) -> bool:
    """Whether a file says of itself that it is a pool."""
    try:
        with path.open("rb") as file:
            return FORMAT.encode() in file.read(200)
    except OSError:
        return False


def _info_record(info: PoolInfo) -> dict[str, Any]:
    return {"format": FORMAT, **asdict(info), "budgets": list(info.budgets)}


def _check_same(found: PoolInfo, expected: PoolInfo) -> None:
    for what in ("domain", "revision", "model", "budgets"):
        if getattr(found, what) != getattr(expected, what):
            raise AnytimeError(
                f"{found.source} is of another run, with another {what}: remove that file"
            )


def _read_info(line: bytes, path: Path) -> PoolInfo:
    try:
        record = json.loads(line.decode())
        if record.pop("format") != FORMAT:
            raise ValueError
        info = PoolInfo(**{**record, "budgets": BudgetGrid(record["budgets"])})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise AnytimeError(f"{path} is no pool of anytime") from None
    return replace(info, source=str(path))


def _read_traces(path: Path, budgets: int) -> Iterator[PoolTrace]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if number > 1:
                yield _read_trace(line, budgets, f"{path}, line {number}")


def _read_trace(line: bytes, budgets: int, where: str) -> PoolTrace:
    try:
        record = json.loads(line.decode())
        problem = Problem(**record.pop("problem"))
        points = tuple(Point(*point) for point in record.pop("points"))
        trace = PoolTrace(problem=problem, points=points, **record)
        if len(points) != budgets or not _is_sound(trace):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise AnytimeError(
            f"{where} is damaged: remove that line, or build the pool again"
        ) from None
    return trace


def _is_sound(trace: PoolTrace) -> bool:
    problem = trace.problem
    texts = [problem.id, problem.prompt, problem.gold, trace.reasoning, trace.text]
    texts += [point.answer for point in trace.points]
    numbers = [trace.draw, trace.tokens]
    numbers += [point.end for point in trace.points if point.end is not None]
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(number, int) for number in numbers)
        and all(0 <= point.quality <= 1 for point in trace.points)
        and all(isinstance(point.read, bool) for point in trace.points)
    )
