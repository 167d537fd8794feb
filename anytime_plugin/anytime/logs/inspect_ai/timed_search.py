"""A regular expression out of a stranger's log, tried in a process that can be ended.

Python's `re` cannot be interrupted, and a pattern such as `(a+)+$` takes years over forty letters.
So a text is searched here first; where that comes to an end in time, it does so again in our own
process. This file is the program of that process, too, which is why it imports nothing of ours.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence

__all__ = ["LIMIT", "TimedSearch"]

LIMIT = 5.0
"""Seconds of processor time that the texts of one sample may take."""

_CLOCK = getattr(signal, "setitimer", None)
"""Counts processor time, which is the same however busy the machine is; not on Windows."""

_PATIENCE = 20
"""Without that clock: how many times as long by the clock on the wall."""

_TRIES = 3
"""A pattern that was not done in time so often is not tried on further samples."""


class TimedSearch:
    """A pattern, and whether it comes to an end on texts.

    Args:
        pattern: The regular expression.
        flags: Of `re`.
        limit: Seconds of processor time for the texts of one call.
    """

    def __init__(self, pattern: str, flags: int, limit: float = LIMIT) -> None:
        """Start nothing yet."""
        self._begin = {"pattern": pattern, "flags": flags, "limit": limit}
        self._wall = limit * _PATIENCE
        self._process: subprocess.Popen[str] | None = None
        self._late = 0

    def ends(self, texts: Sequence[str]) -> bool:
        """Whether a search of all these texts ends in time; a pattern that is none ends at once."""
        if self._late >= _TRIES:
            return False
        process = self._process or self._started()
        line = json.dumps(list(texts))
        done = self._asked(process, line) if _CLOCK else self._guarded(process, line)
        if not done:
            process.kill()
            process.wait()
            self._process = None
            self._late += 1
        return done

    def _guarded(self, process: subprocess.Popen[str], line: str) -> bool:
        guard = threading.Timer(self._wall, process.kill)
        guard.start()
        try:
            return self._asked(process, line)
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
        self._process = process
        self._asked(process, json.dumps(self._begin))
        return process

    @staticmethod
    def _asked(process: subprocess.Popen[str], line: str) -> bool:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline() != ""
        except OSError:  # it has ended
            return False


def _serve() -> None:
    """Search the texts of each line, and answer with a line; or be ended by the clock."""
    begin = json.loads(sys.stdin.readline())
    print(flush=True)
    for line in sys.stdin:
        if _CLOCK:  # its signal ends the process, inside of `re` too
            _CLOCK(signal.ITIMER_VIRTUAL, begin["limit"])
        for text in json.loads(line):
            try:
                re.search(begin["pattern"], text, begin["flags"])
            except (re.error, RecursionError, OverflowError):
                break  # the scorer itself will say so
        if _CLOCK:
            _CLOCK(signal.ITIMER_VIRTUAL, 0)
        print(flush=True)


if __name__ == "__main__":
    _serve()
