"""The samples of an archive, annotated here or by several processes, in their order.

Each process reads the log itself and gets no more than the names of some of its members, so that
what goes from one to the other is what is written. They are begun anew and not forked, for a fork
would copy the threads of whatever is imported by then.

Known issues: a pattern of the log's own that does not come to an end on three samples is not tried
on further ones, and each process counts its own.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import NamedTuple

import anyio
import anyio.lowlevel

from anytime.errors import AnytimeError
from anytime.harnesses import Annotated, GradedBy
from anytime.logs.inspect_ai.annotated_samples import Annotator, How, Row, joined
from anytime.logs.inspect_ai.log_file import InspectLog

__all__ = ["Member", "annotated_members"]

AT_ONCE = 32
"""Samples that a process is given at a time, of `BYTES_AT_ONCE` together unless one has more."""
BYTES_AT_ONCE = 8 << 20
WORTH_IT = 1000
"""Samples that a further process is begun for: with fewer it would import longer than it works."""


class Member(NamedTuple):
    """A sample as it is written: its member, its bytes, and its curves if it has any."""

    name: str
    data: bytes
    row: Row | None


Made = tuple[list[Member], Annotated]
"""Some members, and what is counted of them."""


class _Work(NamedTuple):
    """What a process is told at its begin."""

    path: Path
    graded_by: GradedBy
    how: How


def annotated_members(
    log: InspectLog, graded_by: GradedBy, how: How, jobs: int | None, outcome: Annotated
) -> Generator[Member, None, None]:
    """All samples of an archive, annotated and counted.

    Args:
        log: An archive.
        graded_by: Who grades instead of the task's own scorers, if anybody does.
        how: Where its traces are cut, and what with.
        jobs: Processes; None for as many as are worth it. What cannot be sent to another process,
            such as a domain that is known in this one alone, is worked with here.
        outcome: Where samples are counted.

    Raises:
        AnytimeError: It cannot be graded; a process was ended before it was done.
    """
    work = _Work(log.path, graded_by, how)
    sizes = log.members()
    many = _processes(len(sizes), jobs)
    tasks = _tasks(sizes)
    made = _apart(work, tasks, many) if many > 1 and _can_be_sent(work) else _here(work, tasks)
    try:
        for members, counts in made:
            outcome.samples += counts.samples
            outcome.empty += counts.empty
            outcome.skipped += counts.skipped
            outcome.regraded += counts.regraded
            outcome.estimated += counts.estimated
            yield from members
    finally:
        made.close()


def _processes(samples: int, jobs: int | None) -> int:
    if jobs is not None:
        return max(1, min(jobs, -(-samples // AT_ONCE)))
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(cores, samples // WORTH_IT))


def _tasks(sizes: Sequence[tuple[str, int]]) -> Iterator[list[str]]:
    """Names of members, in their order, some at a time."""
    some: list[str] = []
    together = 0
    for name, size in sizes:
        if some and (len(some) == AT_ONCE or together + size > BYTES_AT_ONCE):
            yield some
            some, together = [], 0
        some.append(name)
        together += size
    if some:
        yield some


def _can_be_sent(work: _Work) -> bool:
    try:
        pickle.dumps(work)
    except Exception:  # whatever the parts of others make of it
        return False
    return True


def _here(work: _Work, tasks: Iterator[list[str]]) -> Generator[Made, None, None]:
    own = _Own(work)
    for names in tasks:
        yield own.annotated(names)


def _apart(work: _Work, tasks: Iterator[list[str]], many: int) -> Generator[Made, None, None]:
    begun = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(many, begun, initializer=_begin, initargs=(work,))
    waiting: deque[Future[Made]] = deque()
    try:
        # Two for each: one that it works on, and one that waits.
        for names in tasks:
            waiting.append(pool.submit(_annotated, names))
            if len(waiting) >= 2 * many:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise AnytimeError(
            f"a process that annotated {work.path} was ended before it was done, for want of "
            f"memory perhaps: --jobs 1 does without others"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Own:
    """What a process keeps from one task to the next: the log, and who grades it."""

    def __init__(self, work: _Work) -> None:
        self._how = work.how
        self._log = InspectLog(work.path)
        self._annotator = Annotator(self._log, work.graded_by)

    def annotated(self, names: Sequence[str]) -> Made:
        """Some members, in that order."""
        outcome = Annotated()

        async def annotate() -> list[Member]:
            members = []
            for sample in self._log.raw(names):
                await anyio.lowlevel.checkpoint()  # where Ctrl-C stops it
                row = await self._annotator.annotate(sample.fields, self._how, outcome)
                members.append(Member(sample.name, joined(sample), row))
            return members

        return anyio.run(annotate), outcome


_own: list[_Own] = []


def _begin(work: _Work) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who began this process ends it
    _own[:] = [_Own(work)]


def _annotated(names: Sequence[str]) -> Made:
    return _own[0].annotated(names)
