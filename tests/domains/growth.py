"""How the time that a function takes grows with its text: a ratio, which a busy machine keeps."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["growth"]

SMALL = 30_000
TIMES = 8


def growth(run: Callable[[str], object], unit: str, small: int = SMALL) -> float:
    """Times as long on a text of a unit that is eight times as long: 8 if linear, 64 if quadratic.

    The best of three of either, in time of the process; what is too short to measure counts as a
    millisecond.
    """
    return _best(run, unit, TIMES * small) / max(_best(run, unit, small), 0.001)


def _best(run: Callable[[str], object], unit: str, length: int) -> float:
    text = unit * (length // len(unit) + 1)
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        run(text)
        best = min(best, time.process_time() - start)
    return best
