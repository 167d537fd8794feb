"""Runs in processes of their own that are killed at drawn moments, and what they asked for.

What a server was asked is counted there: what has arrived, and whose answer has left. A request is
in flight from when a client sends it until the client has kept its answer, and a client has at most
as many in flight as it has connections. So a kill may cost what had no answer yet, and what was
answered so shortly before that nobody can have kept it: never more than there are connections.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.serving import Server

__all__ = ["Books", "Killed", "NeverCameError", "ended", "kill", "started", "wait_until"]

ROOT = Path(__file__).parents[1]
PATIENCE_SECONDS = 600
LOOK_SECONDS = 0.002


class NeverCameError(AssertionError):
    """What was waited for did not come."""


def started(
    command: Sequence[object], folder: Path, env: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start a command in a group of its own, so that it is killed with whatever it starts."""
    program, *words = map(str, command)
    folder.mkdir(parents=True, exist_ok=True)
    told = (folder / f"told-{len(list(folder.glob('told-*')))}").open("w+")
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name(program)), *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **(env or {})},
        stdout=told,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    process.told = told  # type: ignore[attr-defined]
    return process


def said(process: subprocess.Popen[str]) -> str:
    """What a process that `started` returned has said until now."""
    return Path(process.told.name).read_text(errors="replace")  # type: ignore[attr-defined, no-any-return]


def ended(process: subprocess.Popen[str]) -> str:
    """Wait until a command has ended well; what it said."""
    process.wait(PATIENCE_SECONDS)
    assert process.returncode == 0, said(process)
    return said(process)


def kill(process: subprocess.Popen[str]) -> None:
    """`kill -9` for the whole group."""
    with suppress(ProcessLookupError):  # it has ended by itself
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE_SECONDS)


def wait_until(condition: Callable[[], bool], *processes: subprocess.Popen[str]) -> bool:
    """Wait for something while processes run; False where all ended well before it came.

    Raises:
        NeverCameError: It did not come, or a process failed.
    """
    looks = 0
    while not condition():
        codes = [process.poll() for process in processes]
        for code, process in zip(codes, processes, strict=True):
            if code:
                raise NeverCameError(f"a run ended with {code}:\n{said(process)}")
        if codes and all(code == 0 for code in codes):
            return condition()
        if (looks := looks + 1) * LOOK_SECONDS > PATIENCE_SECONDS:
            raise NeverCameError("\n".join(map(said, processes)))
        time.sleep(LOOK_SECONDS)
    return True


@dataclass(frozen=True)
class Killed:
    """What a kill may cost.

    Attributes:
        unanswered: Requests whose answer had not left.
        just_answered: The last answers that had left, twice as many as there are connections.
        connections: No more requests than these were in flight.
    """

    unanswered: Counter[str]
    just_answered: Counter[str]
    connections: int

    @property
    def in_flight(self) -> Counter[str]:
        """Requests that may have been in flight."""
        return self.unanswered + self.just_answered


class Books:
    """What a server was asked from now on, and what kills may cost.

    Args:
        server: The server.
        connections: How many each client has.
    """

    def __init__(self, server: Server, connections: int) -> None:
        """Begin at this moment."""
        self._server = server
        self._connections = connections
        self._arrived, self._left = len(server.arrived), len(server.left)
        self.kills: list[Killed] = []

    @property
    def asked(self) -> Counter[str]:
        """How often each request has arrived."""
        return Counter(self._server.arrived[self._arrived :])

    @property
    def count(self) -> int:
        """How many requests have arrived."""
        return len(self._server.arrived) - self._arrived

    @property
    def answered(self) -> Counter[str]:
        """How often an answer to each has left."""
        return Counter(self._server.left[self._left :])

    def kill(self, process: subprocess.Popen[str], clients: int = 1) -> Killed:
        """Kill a run, one of several clients perhaps, and write down what that may cost."""
        server, few = self._server, self._connections * clients
        left, arrived = len(server.left), len(server.arrived)
        kill(process)
        # What it had sent and nobody had read yet arrives now.
        if clients == 1:
            wait_until(lambda: server.connections == 0)
            late = server.arrived[arrived:]
        else:
            wait_until(lambda: len(server.arrived) >= arrived + few or not server.under_way())
            late = server.arrived[arrived : arrived + few]
        unanswered = (Counter(server.arrived[:arrived]) - Counter(server.left[:left])) + Counter(
            late
        )
        last = server.left[max(self._left, left - 2 * few) : left]
        done = Killed(unanswered, Counter(last), self._connections)
        self.kills.append(done)
        return done

    def check(self, needed: Counter[str]) -> int:
        """Hold what was asked against what an uninterrupted run asks.

        Returns:
            How many requests were asked again.

        Raises:
            AssertionError: Something was never asked, or asked again though it was not in flight.
        """
        asked = self.asked
        missing = needed - asked
        assert not missing, f"{missing.total()} requests were never asked"
        again = asked - needed
        allowed = sum((one.in_flight for one in self.kills), Counter[str]())
        lost = again - allowed
        assert not lost, (
            f"{lost.total()} requests that were in flight at no kill were asked again, such as "
            f"{next(iter(lost))[:300]}"
        )
        most = sum(one.connections for one in self.kills)
        assert again.total() <= most, (
            f"{again.total()} requests were asked again after {len(self.kills)} kills of runs with "
            f"{self._connections} connections"
        )
        return again.total()


def aim(draw: random.Random, rest: int, kills_left: int) -> int:
    """After how many further requests to kill: the rest is spread over the kills that are left."""
    return min(rest, draw.randint(0, max(1, 2 * rest // kills_left)))
