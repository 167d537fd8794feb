"""Differences of two runs on problems that are all there are, over other traces of them.

Given the problems, the traces of one run are independent of those of the other, and each run's mean
has an interval of its own (`anytime.statistics.within`). The distances of both to their limits are
put together as standard errors are (Zou and Donner 2008, "MOVER"), so that the limits of the
difference have a width where all traces agree. The p-value is the level at which the interval
begins to leave 0 out: it takes no two traces to be exchangeable, so one run may have more of them
than the other, and problems may differ in both directions.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from anytime.settings import IndexOptions
from anytime.statistics.bounded import Interval
from anytime.statistics.curve import Curve, FloatArray
from anytime.statistics.index import read_index
from anytime.statistics.within import lower_within, standard_error, upper_within

__all__ = ["Side", "detectable_within", "difference_within", "p_within", "sides"]

LEAST_P = 1e-9
"""Nobody needs to know of a smaller one how small it is."""

_EVEN = 0.499
"""The largest tail that is asked about: at one half nothing is left of an interval."""


class Side(NamedTuple):
    """One run's number.

    Attributes:
        value: The number.
        low: What its lower limit is of, shape (problems, traces), in [0, 1]; missing ones are NaN.
        high: What its upper one is of; mostly the same.
    """

    value: float
    low: FloatArray
    high: FloatArray


def sides(curve: Curve, options: IndexOptions) -> list[Side]:
    """The index of a run, its average, and its quality at every budget.

    Raises:
        AnytimeError: As in `index_interval` over traces.
    """
    reading = read_index(curve, options._replace(population="traces"))
    assert reading.traces is not None  # they were asked for
    quality = curve.quality
    tables = [quality.mean(axis=2), *np.moveaxis(quality, -1, 0)]
    means = [float(curve.mean.mean()), *map(float, curve.mean)]
    return [
        Side(reading.value, *reading.traces),
        *(Side(mean, table, table) for mean, table in zip(means, tables, strict=True)),
    ]


def difference_within(a: Side, b: Side, confidence: float) -> Interval:
    """Interval of a - b.

    Raises:
        AnytimeError: A problem has a single trace, which does not tell how its traces vary.
    """
    tail = (1 - confidence) / 2
    return Interval(max(-1.0, _low(a, b, tail)), min(1.0, -_low(b, a, tail)))


def _low(a: Side, b: Side, tail: float) -> float:
    below = max(0.0, a.value - lower_within(a.low, tail))
    above = max(0.0, upper_within(b.high, tail) - b.value)
    return a.value - b.value - math.hypot(below, above)


def p_within(a: Side, b: Side) -> float:
    """Two-sided: twice the tail at which the interval begins at 0; at least `LEAST_P`."""
    from scipy.optimize import brentq  # type: ignore[import-untyped]
    from scipy.special import ndtr, ndtri  # type: ignore[import-untyped]

    better, worse = (a, b) if a.value >= b.value else (b, a)

    def beyond(deviate: float) -> float:  # nearly a straight line
        return _low(better, worse, float(ndtr(deviate)))

    least, most = float(ndtri(LEAST_P / 2)), float(ndtri(_EVEN))
    if beyond(most) <= 0:
        return 1.0
    if beyond(least) >= 0:
        return LEAST_P
    return 2 * float(ndtr(brentq(beyond, least, most, xtol=1e-6)))


def detectable_within(a: Side, b: Side, confidence: float, power: float = 0.8) -> float:
    """Minimum detectable effect: how far intervals like this reach, and as far beyond as luck takes
    the difference seen with this power; NaN where no spread of traces was seen to tell it.
    """
    from scipy.special import stdtrit

    tail = (1 - confidence) / 2
    reach = max(x.value - y.value - _low(x, y, tail) for x, y in ((a, b), (b, a)))
    found = []
    for one, other in ((a.low, b.low), (a.high, b.high)):
        errors = [standard_error(values) for values in (one, other)]
        together = math.hypot(*(error for error, _ in errors))
        found.append((together, sum(each for _, each in errors)))
    spread, freedom = max(found)
    return reach + float(stdtrit(freedom, power)) * spread if spread > 1e-9 else math.nan
