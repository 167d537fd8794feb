"""Where a function crosses zero: Brent's method (1973), as scipy's `brentq` has it.

`scipy.optimize` holds it, too, and takes a fifth of a second to import, as much as all else a
summary of a small log does.
"""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["crossing"]

_RELATIVE = 2.0**-50
"""How near, as a share of the place: four times what floats can tell apart."""

_STEPS = 100


def crossing(
    function: Callable[[float], float], low: float, high: float, *, near: float = 2e-12
) -> float:
    """A place where a continuous function is zero, to within `near`.

    Args:
        function: Of different signs at the two ends, or zero at one of them.
        low: One end.
        high: The other.
        near: How far off the place may be.

    Raises:
        ValueError: The function has one sign at both ends, is no number somewhere, or jumps about.
    """
    before, at = low, high
    f_before, f_at = function(before), function(at)
    if f_before == 0:
        return before
    if f_at == 0:
        return at
    if not (f_before < 0 < f_at or f_at < 0 < f_before):
        raise ValueError(f"the function has one sign at both ends, {low} and {high}")
    other, f_other = before, f_before  # the zero lies between this place and `at`
    last = step = at - before
    for _ in range(_STEPS):
        if f_before != 0 and f_at != 0 and (f_before < 0) != (f_at < 0):
            other, f_other = before, f_before
            last = step = at - before
        if abs(f_other) < abs(f_at):
            before, at, other = at, other, at
            f_before, f_at, f_other = f_at, f_other, f_at
        least = (near + _RELATIVE * abs(at)) / 2
        half = (other - at) / 2
        if f_at == 0 or abs(half) < least:
            return at
        bound = min(abs(last), 3 * abs(half) - least)
        shortcut = (
            _interpolated((before, at, other), (f_before, f_at, f_other))
            if abs(last) > least and abs(f_at) < abs(f_before)
            else None
        )
        if shortcut is not None and 2 * abs(shortcut) < bound:
            last, step = step, shortcut
        else:
            last = step = half
        before, f_before = at, f_at
        at += step if abs(step) > least else (least if half > 0 else -least)
        f_at = function(at)
        if math.isnan(f_at):
            raise ValueError(f"the function is no number at {at}")
    raise ValueError(f"no zero was found in {_STEPS} steps between {low} and {high}")


def _interpolated(places: tuple[float, float, float], values: tuple[float, float, float]) -> float:
    """The step to where a line, or an inverse parabola, through the last places is zero."""
    before, at, other = places
    f_before, f_at, f_other = values
    if before == other:
        return -f_at * (at - before) / (f_at - f_before)
    from_before = (f_before - f_at) / (before - at)
    from_other = (f_other - f_at) / (other - at)
    return (
        -f_at
        * (f_other * from_other - f_before * from_before)
        / (from_other * from_before * (f_other - f_before))
    )
