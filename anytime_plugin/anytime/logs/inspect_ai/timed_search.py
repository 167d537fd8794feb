"""A regular expression out of a stranger's log, tried in a process that can be ended.

Python's `re` cannot be interrupted, and a pattern such as `(a+)+$` takes years over forty letters.
So a text is searched here first; where that comes to an end in time, it does so again in our own
process. This file is the program of that process, too, which is why it imports nothing of ours.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence

__all__ = ["LIMIT", "TRIES", "TimedSearch"]

LIMIT = 5.0
"""Seconds of processor time that the texts of one sample may take."""

_CLOCK = getattr(signal, "setitimer", None)
"""Counts processor time, which is the same however busy the machine is; not on Windows."""

_PATIENCE = 20
"""Without that clock: how many times as long by the clock on the wall."""

TRIES = 3
"""A pattern that was not done in time so often is not tried on further samples."""


class TimedSearch:
    """A pattern, and whether it comes to an end on texts.

    Args:
        pattern: The regular expression.
        flags: Of `re`.
        limit: Seconds of processor time for the texts of one sample.
    """

    def __init__(self, pattern: str, flags: int, limit: float = LIMIT) -> None:
        """Start nothing yet."""
        self._begin = {"pattern": pattern, "flags": flags, "limit": limit}
        self._wall = limit * _PATIENCE
        self._process: subprocess.Popen[str] | None = None
        self._owner = 0
        self._late = 0

    @property
    def late(self) -> int:
        """How many times a search did not end."""
        return self._late

    def ends(self, batch: Sequence[Sequence[str]], late: int = 0) -> list[bool]:
        """Of each sample of a batch, whether a search of all its texts ends in time.

        A pattern that is none ends at once.

        Args:
            batch: The texts of each sample.
            late: How many samples before these were too late; `late` is how many then are.
        """
        self._late = late
        found: list[bool] = []
        while len(found) < len(batch):
            left = batch[len(found) :]
            if self._late >= TRIES:
                return found + [False] * len(left)
            found += self._all_ended(left if _CLOCK else left[:1])
        return found

    def _all_ended(self, batch: Sequence[Sequence[str]]) -> list[bool]:
        """Of each sample up to the first that is too late."""
        if self._process is None or self._owner != os.getpid():  # a fork has one of its own
            self._process = self._started()
        process = self._process
        line = json.dumps([list(texts) for texts in batch])
        ended = self._asked(process, line, len(batch)) if _CLOCK else self._guarded(process, line)
        if ended == len(batch):
            return [True] * ended
        process.kill()
        process.wait()
        self._process = None
        self._late += 1
        return [True] * ended + [False]

    def _guarded(self, process: subprocess.Popen[str], line: str) -> int:
        guard = threading.Timer(self._wall, process.kill)
        guard.start()
        try:
            return self._asked(process, line, 1)
        finally:
            guard.cancel()

    def _started(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-I", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        weakref.finalize(self, process.kill)
        self._owner = os.getpid()
        self._asked(process, json.dumps(self._begin), 1)
        return process

    @staticmethod
    def _asked(process: subprocess.Popen[str], line: str, count: int) -> int:
        """How many lines it answers, of so many."""
        assert process.stdin is not None
        assert process.stdout is not None
        ended = 0
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            while ended < count and process.stdout.readline():
                ended += 1
        except OSError:  # it has ended
            pass
        return ended


def _serve() -> None:
    """Search the texts of each sample, and answer with a line; or be ended by the clock."""
    begin = json.loads(sys.stdin.readline())
    print(flush=True)
    for line in sys.stdin:
        for texts in json.loads(line):
            if _CLOCK:  # its signal ends the process, inside of `re` too
                _CLOCK(signal.ITIMER_VIRTUAL, begin["limit"])
            for text in texts:
                try:
                    re.search(begin["pattern"], text, begin["flags"])
                except (re.error, RecursionError, OverflowError):
                    break  # the scorer itself will say so
            if _CLOCK:
                _CLOCK(signal.ITIMER_VIRTUAL, 0)
            print(flush=True)


if __name__ == "__main__":
    _serve()
