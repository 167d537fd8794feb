"""Whether time grows as the size does: two times of one process, one divided by the other.

Where regular expressions do the work there is nothing to count. Neither time alone decides, both
are the process's own, the least of several counts, and there is room for a busy machine.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

SCALE = 8
"""How many times longer the long text is than the short one."""

ROOM = 3.0
"""How many times longer than linear growth it may take; quadratic growth takes `SCALE` times."""

TRIES = 5

FLOOR_SECONDS = 0.002
"""What takes less is taken to take this: first touches of memory would drown it."""


def grows_linearly(work: Callable[[T], object], sized: Callable[[int], T]) -> bool:
    """Whether `work(sized(SCALE))` takes about `SCALE` times as long as `work(sized(1))`."""
    short, long = sized(1), sized(SCALE)
    least = max(min(_seconds(work, short) for _ in range(TRIES)), FLOOR_SECONDS)
    return any(_seconds(work, long) <= SCALE * ROOM * least for _ in range(TRIES))


def _seconds(work: Callable[[T], object], what: T) -> float:
    # The collector looks at everything that the tests before have left, whatever the size here.
    gc.disable()
    try:
        start = time.process_time()
        work(what)
        return time.process_time() - start
    finally:
        gc.enable()


def repeated(unit: str, length: int = 12_500) -> Callable[[int], str]:
    """Texts of a unit over and over: of about `length` characters, and as many times longer."""
    return lambda times: unit * (length // len(unit) + 1) * times
