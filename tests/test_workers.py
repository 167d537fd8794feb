"""Work shared between processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from anytime import workers
from anytime.errors import AnytimeError
from anytime.workers import AHEAD, check_jobs, cores, shared

pytestmark = pytest.mark.skipif(not workers._FORKS, reason="processes are not forked here")

LARGE = b"x" * 300_000  # more than a pipe takes at once


def test_results_come_in_the_order_of_their_tasks() -> None:
    def square(task: tuple[int, bytes]) -> tuple[int, int, bytes]:
        number, _ = task
        for _ in range((number % 3) * 20_000):  # some take longer
            pass
        return number**2, os.getpid(), LARGE

    tasks = ((number, LARGE) for number in range(40))
    with shared(square, tasks, 3, "log") as done:
        found = list(done)
    assert [square for square, _, _ in found] == [number**2 for number in range(40)]
    assert os.getpid() not in {process for _, process, _ in found}
    assert done.lost == 0


@pytest.mark.parametrize(("jobs", "tasks"), [(1, 5), (4, 1), (4, 0)])
def test_one_process_or_one_task_is_done_here(jobs: int, tasks: int) -> None:
    with shared(lambda _: os.getpid(), range(tasks), jobs, "log") as done:
        assert list(done) == [os.getpid()] * tasks


def test_no_more_processes_than_tasks() -> None:
    with shared(lambda _: os.getpid(), range(2), 50, "log") as done:
        assert len(done._workers) == 2
        assert len(list(done)) == 2


def test_few_tasks_are_taken_ahead() -> None:
    taken = []

    def tasks() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    with shared(lambda number: number, tasks(), 2, "log") as done:
        for number in done:
            assert len(taken) <= number + 1 + 2 * AHEAD
    assert len(taken) == 100


def test_a_process_that_dies_loses_nothing(tmp_path: Path) -> None:
    once = tmp_path / "once"
    once.touch()

    def work(number: int) -> int:
        if number == 7 and once.exists():
            once.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with shared(work, range(20), 3, "log") as done:
        assert list(done) == list(range(20))
    assert done.lost == 1


@pytest.mark.parametrize("jobs", [2, 3])
def test_what_ends_every_process_is_told(jobs: int) -> None:
    def work(number: int) -> int:
        if number == 7:
            os._exit(3)
        return number

    found = []
    with (
        pytest.raises(AnytimeError, match=r"^a\.eval: .* \(the last with exit code 3\).*--jobs 1"),
        shared(work, range(20), jobs, "a.eval") as done,
    ):
        found.extend(done)
    assert found == list(range(len(found)))
    assert len(found) <= 7


class OddError(Exception):
    """Cannot be read again once it was packed."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__("odd")


def test_what_a_task_raises_is_raised_at_its_turn() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise AnytimeError("it is damaged")
        return number

    found = []
    with (
        pytest.raises(AnytimeError, match=r"^it is damaged$"),
        shared(work, range(20), 3, "log") as done,
    ):
        found.extend(done)
    assert found == [0, 1, 2]


def test_what_cannot_be_sent_is_told_with_its_place() -> None:
    def work(number: int) -> int:
        raise OddError(1, 2)

    with (
        pytest.raises(RuntimeError, match=r"in work\n(.*\n)+.*OddError: odd"),
        shared(work, range(9), 3, "log") as done,
    ):
        list(done)


def test_processes_end_with_the_block() -> None:
    with shared(lambda number: number, range(200), 3, "log") as done:
        assert next(iter(done)) == 0
        processes = [worker.process for worker in done._workers]
        assert len(processes) == 3
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


INTERRUPTED = r"""
import os, time
from anytime.workers import shared

def work(number):
    os.write(1, b"%d\n" % os.getpid())
    time.sleep(600)

with shared(work, range(9), 2, "log") as done:
    list(done)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_processes_end_with_the_one_that_began_them(how: signal.Signals) -> None:
    """Ctrl-C, which reaches all of them, and a kill, which reaches the first alone."""
    seconds = "1" if how == signal.SIGKILL else "600"  # it sees so when it has done its task
    program = INTERRUPTED.replace("600", seconds)
    begun = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A shell lets what it starts in the background ignore Ctrl-C, and the tests with it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert begun.stdout is not None
    processes = [int(begun.stdout.readline()) for _ in range(2)]
    if how == signal.SIGINT:
        os.killpg(begun.pid, how)
    else:
        os.kill(begun.pid, how)
    # Its output is open as long as any of them is there.
    _, told = begun.communicate(timeout=600)
    assert ("KeyboardInterrupt" in told) == (how == signal.SIGINT)
    for process in processes:
        # What a process had open is closed a moment before it is gone.
        while _runs(process):
            time.sleep(0.01)


def _runs(process: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/stat").read_text().split()[2] not in "ZX"
    return False


def test_the_number_of_processes_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    check_jobs(1)
    check_jobs(3)
    with pytest.raises(AnytimeError, match="--jobs 0 is no number of processes"):
        check_jobs(0)
    monkeypatch.setattr(workers, "_FORKS", False)
    assert cores() == 1
    check_jobs(1)
    with pytest.raises(AnytimeError, match="--jobs 2 needs a system that forks processes"):
        check_jobs(2)
