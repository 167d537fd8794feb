"""Quantiles of the beta, Student's t and the normal distribution, one at a time.

`scipy.special` has them, too; to import it takes longer than all else a summary of a small log
does, as it brings numpy's own tests along. These agree with it to 1e-9 and better
(tests/statistics/test_quantiles.py).
"""

from __future__ import annotations

import functools
import math
from statistics import NormalDist

from anytime.statistics.roots import crossing

__all__ = [
    "beta_probability",
    "beta_quantile",
    "normal_probability",
    "normal_quantile",
    "student_probability",
    "student_quantile",
]

_NORMAL = NormalDist()
_TINY = 1e-300
_EXACT = 1e-15
_MOST_TERMS = 100_000
"""Some times the root of the larger parameter are needed: enough for more problems than there
are."""


def normal_quantile(probability: float) -> float:
    """The standard normal deviate that this probability lies below."""
    if probability in (0, 1):
        return math.inf if probability else -math.inf
    return _NORMAL.inv_cdf(probability)


def normal_probability(deviate: float) -> float:
    """How probable a standard normal deviate is that is no larger; precise far below 0, too."""
    return math.erfc(-deviate / math.sqrt(2)) / 2


@functools.lru_cache(maxsize=1024)
def student_quantile(freedom: float, probability: float) -> float:
    """The same of Student's t with so many degrees of freedom; NaN without any."""
    if not freedom > 0:
        return math.nan
    if probability in (0, 1) or math.isinf(freedom):
        return normal_quantile(probability)
    if probability == 0.5:
        return 0.0
    if probability < 0.5:
        return -student_quantile(freedom, 1 - probability)
    tail = 1 - probability
    reach = 1.0
    while student_probability(freedom, -reach) > tail:
        reach *= 2
    return crossing(lambda at: student_probability(freedom, -at) - tail, 0.0, reach, near=_EXACT)


def student_probability(freedom: float, at: float) -> float:
    """How probable a value of Student's t is that is no larger; NaN without any freedom."""
    if not freedom > 0 or math.isnan(at):
        return math.nan
    if at > 0:
        return 1 - student_probability(freedom, -at)
    square = at * at
    inside = beta_probability(freedom / 2, 0.5, freedom / (freedom + square))
    if square > freedom:
        return inside / 2
    # Nearer to the middle the other end of the distribution is where digits are kept.
    return (1 - beta_probability(0.5, freedom / 2, square / (freedom + square))) / 2


@functools.lru_cache(maxsize=1024)
def beta_quantile(a: float, b: float, probability: float) -> float:
    """What a value with the distribution Beta(a, b) lies below with this probability."""
    return crossing(lambda at: beta_probability(a, b, at) - probability, 0.0, 1.0, near=_EXACT)


def beta_probability(a: float, b: float, at: float) -> float:
    """The regularised incomplete beta function: the probability of values no larger than `at`."""
    if at <= 0 or at >= 1:
        return float(at >= 1)
    if at > (a + 1) / (a + b + 2):
        return 1 - _front(b, a, 1 - at) * _fraction(b, a, 1 - at)
    return _front(a, b, at) * _fraction(a, b, at)


def _front(a: float, b: float, at: float) -> float:
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    return math.exp(scale + a * math.log(at) + b * math.log1p(-at)) / a


def _fraction(a: float, b: float, at: float) -> float:
    """The continued fraction of the incomplete beta function (DLMF 8.17.22), by Lentz's method."""
    numerator = 1.0
    denominator = 1 / _nonzero(1 - (a + b) * at / (a + 1))
    value = denominator
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * at / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * at / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            denominator = 1 / _nonzero(1 + term * denominator)
            numerator = _nonzero(1 + term / numerator)
            value *= numerator * denominator
        if abs(numerator * denominator - 1) < _EXACT:
            return value
    raise ValueError(f"the incomplete beta function of {a}, {b} at {at} does not converge")


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
