"""Work that is shared between processes and comes back in its order.

The processes are forks of this one: what a task needs (scorers made from a log, a tokenizer) is
there without being sent, and nothing is imported anew. Where a system has no safe fork (Windows,
and macOS, whose own libraries forbid it) the work is done in this process.

Python's pools do not fit: one waits forever for a process that was killed, and the other gives all
up.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar

from anytime.errors import AnytimeError

__all__ = ["Shared", "check_jobs", "cores", "rarely_collected", "shared"]

Task = TypeVar("Task")
Done = TypeVar("Done")

AHEAD = 4
"""So many tasks for each process are taken before the first of them is gone through."""

_FORKS = hasattr(os, "fork") and sys.platform != "darwin"


def cores() -> int:
    """How many processor cores this process may use; 1 where processes cannot be forked."""
    if not _FORKS:
        return 1
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def check_jobs(jobs: int) -> None:
    """Refuse a number of processes that cannot be.

    Raises:
        AnytimeError: It is below 1, or above where this system has no safe fork.
    """
    if jobs < 1:
        raise AnytimeError(f"--jobs {jobs} is no number of processes: name 1 or more")
    if jobs > 1 and not _FORKS:
        raise AnytimeError(
            f"--jobs {jobs} needs a system that forks processes, such as Linux: leave it out"
        )


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Have Python look for what nobody refers to any more a hundred times as seldom.

    Very many small objects are made here that refer to nothing in circles, and each look goes
    through what the libraries of a harness hold.
    """
    often = gc.get_threshold()
    gc.set_threshold(often[0] * 100, *often[1:])
    try:
        yield
    finally:
        gc.set_threshold(*often)


@dataclass
class _Worker:
    """A process that does one task after another.

    Attributes:
        process: Its number.
        line: To it and from it.
        place: Of the task it is at; None while it waits for one.
        died: It is no more.
    """

    process: int
    line: Connection
    place: int | None = None
    died: bool = False


class Shared(Generic[Done]):
    """What comes of the tasks, each at its turn."""

    def __init__(self, results: Iterator[Done], workers: list[_Worker]) -> None:
        """Nothing is done yet."""
        self._results = results
        self._workers = workers

    def __iter__(self) -> Iterator[Done]:
        """The results, once."""
        return self._results

    @property
    def lost(self) -> int:
        """How many processes died by now; what they were at is done by the others."""
        return sum(worker.died for worker in self._workers)


class _Raised(NamedTuple):
    """What a task raised in another process."""

    error: Exception


@contextmanager
def shared(
    work: Callable[[Task], Done], tasks: Iterable[Task], jobs: int, what: str
) -> Iterator[Shared[Done]]:
    """Do tasks in processes that end with the block.

    Only a few tasks for each process are taken before the first of their results is gone through,
    so memory does not grow with their number.

    Args:
        work: Does one task, with the same result whoever does it and whatever was done before.
            Tasks and results can be pickled. What it raises is raised here, at its turn.
        tasks: Taken one after another, in this process.
        jobs: How many processes at most; 1 is this one, which also does a single task.
        what: What is worked at, for the sentence where processes die.

    Raises:
        AnytimeError: A task ended two processes, or all of them died.
    """
    all_tasks = iter(tasks)
    first = list(islice(all_tasks, jobs)) if jobs > 1 else []
    all_tasks = chain(first, all_tasks)
    workers: list[_Worker] = []
    if len(first) < 2:
        yield Shared(map(work, all_tasks), workers)
        return
    try:
        for _ in first:
            workers.append(_forked(work, workers))
        yield Shared(_in_order(all_tasks, workers, what), workers)
    finally:
        for worker in workers:
            worker.line.close()
            _end(worker)


def _in_order(tasks: Iterator[Any], workers: list[_Worker], what: str) -> Iterator[Any]:
    waiting: deque[tuple[int, Any]] = deque()
    given: dict[int, Any] = {}
    done: dict[int, Any] = {}
    fatal: set[int] = set()
    taken, turn, more = 0, 0, True
    while True:
        while more and taken - turn < AHEAD * len(workers):
            try:
                waiting.append((taken, next(tasks)))
                taken += 1
            except StopIteration:
                more = False
        for worker in workers:
            # Only one that waits is sent anything: a pipe takes little, and one that is about to
            # send its result would not read.
            if waiting and worker.place is None and not worker.died:
                place, task = waiting.popleft()
                worker.place, given[place] = place, task
                with suppress(OSError):  # it died, as is seen at the other end of the line
                    worker.line.send(task)
        if turn == taken and not more:
            return
        for worker in _ready(workers, 0 if turn in done else None):
            assert worker.place is not None
            place, worker.place = worker.place, None
            task = given.pop(place)
            try:
                done[place] = worker.line.recv()
            except (EOFError, OSError):
                worker.died = True
                _check(worker, place in fatal, all(one.died for one in workers), what)
                fatal.add(place)
                waiting.appendleft((place, task))
        if turn in done:
            result = done.pop(turn)
            turn += 1
            if isinstance(result, _Raised):
                raise result.error
            yield result


def _ready(workers: list[_Worker], timeout: float | None) -> list[_Worker]:
    """Those that are done with their task, or died of it."""
    busy = {worker.line: worker for worker in workers if worker.place is not None}
    return [busy[line] for line in wait(list(busy), timeout)]  # type: ignore[index]


def _check(worker: _Worker, again: bool, last: bool, what: str) -> None:
    """Say so where nobody is left to do what a process died of, or it is known to be fatal."""
    how = _end(worker)
    if again or last:
        many = "two processes were ended" if again else "all processes were ended"
        raise AnytimeError(
            f"{what}: {many} while they were at it (the last {how}), by the system for lack of "
            f"memory perhaps: --jobs 1 works in one"
        )


def _end(worker: _Worker) -> str:
    """End a process, if it is still there; how it ended."""
    if worker.process == 0:
        return ""
    with suppress(ProcessLookupError):
        os.kill(worker.process, signal.SIGKILL)
    _, status = os.waitpid(worker.process, 0)
    worker.process = 0
    code = os.waitstatus_to_exitcode(status)
    return f"by signal {-code}" if code < 0 else f"with exit code {code}"


def _forked(work: Callable[[Any], Any], others: list[_Worker]) -> _Worker:
    ours, theirs = Pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    with warnings.catch_warnings():
        # That threads of this process are not in its fork: those of numpy's libraries, which see
        # to it themselves.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process:
        theirs.close()
        return _Worker(process, ours)
    try:
        ours.close()
        for other in others:  # or it would not see that this process ended
            other.line.close()
        _serve(work, theirs)
    finally:
        os._exit(1)


def _serve(work: Callable[[Any], Any], line: Connection) -> NoReturn:
    """Do what is sent, until the line is closed; nothing of this returns to the caller's stack."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever forked it ends it
    gc.freeze()  # what is there is shared as long as nobody writes to it
    while True:
        try:
            task = line.recv()
        except (EOFError, OSError):
            os._exit(0)
        try:
            answer = pickle.dumps(work(task))
        except Exception as error:
            answer = _packed(error)
        try:
            line.send_bytes(answer)
        except OSError:
            os._exit(0)


def _packed(error: Exception) -> bytes:
    try:
        packed = pickle.dumps(_Raised(error))
        pickle.loads(packed)  # some errors can be written and not be read
    except Exception:
        told = "".join(traceback.format_exception(error))
        return pickle.dumps(_Raised(RuntimeError(told)))
    return packed
