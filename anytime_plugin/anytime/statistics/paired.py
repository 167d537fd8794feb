"""Tests and intervals of differences that are paired by problem.

A p-value comes from swapping the two results of a problem at random, which is exact where the runs
do not differ and each problem has as many traces in one run as in the other. Where it has more in
one, means over all of them are not exchangeable: those of fewer traces spread more, and a maximum
over them is larger. `even_means` then takes as many of each by a seeded draw, which is exact again
and costs what the left out traces knew.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from anytime.statistics.bounded import Interval

__all__ = ["even_means", "flip_p_values", "paired_interval"]

FloatArray = npt.NDArray[np.float64]

_CHUNK = 4_000_000
"""Signs drawn at a time, which bounds memory."""


def even_means(a: FloatArray, b: FloatArray, seed: int) -> tuple[FloatArray, FloatArray]:
    """Means over traces, over as many of one run as of the other.

    Args:
        a: Quality, shape (n, traces of a, T); a missing trace is NaN throughout.
        b: Shape (n, traces of b, T), the same problems, in an order that is the same in all files.
        seed: Of the draw.

    Returns:
        Two arrays of shape (n, T).
    """
    counts = [(~np.isnan(each[..., 0])).sum(axis=1) for each in (a, b)]
    least = np.minimum(*counts)
    rng = np.random.default_rng(seed)
    means = []
    for each, count in zip((a, b), counts, strict=True):
        lots = rng.random(each.shape[:2])
        if (count > least).any():
            lots[np.isnan(each[..., 0])] = np.inf
            kept = lots.argsort(axis=1).argsort(axis=1) < least[:, np.newaxis]
        else:
            kept = ~np.isnan(each[..., 0])
        means.append(np.where(kept[..., np.newaxis], each, 0).sum(axis=1) / least[:, np.newaxis])
    return means[0], means[1]


def flip_p_values(
    a: FloatArray,
    b: FloatArray,
    claims: Callable[[FloatArray, FloatArray], FloatArray],
    resamples: int,
    seed: int,
) -> FloatArray:
    """Two-sided p-values of differences, from swapping the results of problems.

    All 2**n swaps are tried where they are at most `resamples`, else so many random ones with what
    was observed among them, so that p is never below 2 / (resamples + 1). Two-sided is twice the
    smaller side, as in scipy's `permutation_test`, which takes a hundred times as long.

    Args:
        a: Means over traces, shape (n, K); whatever `claims` is computed from.
        b: The same of the other run.
        claims: From mean rows of both runs, shape (rows, K) each, their differences (rows, C).
        resamples: How many random swaps.
        seed: Of the swaps.

    Returns:
        Shape (C,).
    """
    n = len(a)
    middle, half = (a + b).mean(axis=0) / 2, (a - b) / 2
    observed = claims(
        (middle + half.mean(axis=0))[np.newaxis], (middle - half.mean(axis=0))[np.newaxis]
    )
    everything = n < 60 and 2**n <= resamples
    rounds = 2**n if everything else resamples
    at_least = np.zeros(observed.shape[1])
    at_most = np.zeros(observed.shape[1])
    rng = np.random.default_rng(seed)
    step = max(1, _CHUNK // n)
    for start in range(0, rounds, step):
        rows = min(step, rounds - start)
        if everything:
            numbers = np.arange(start, start + rows)[:, np.newaxis]
            bits = ((numbers >> np.arange(n)) & 1).astype(np.uint8)
        else:
            drawn = np.frombuffer(rng.bytes(rows * ((n + 7) // 8)), dtype=np.uint8)
            bits = np.unpackbits(drawn.reshape(rows, -1), axis=1, count=n)
        shift = (bits * 2.0 - 1) @ half / n
        found = claims(middle + shift, middle - shift)
        # A swap that ties with what was observed shall not differ from it by the order of sums.
        found = np.where(np.isclose(found, observed, rtol=0, atol=1e-12), observed, found)
        at_least += (found >= observed).sum(axis=0)
        at_most += (found <= observed).sum(axis=0)
    extra = 0 if everything else 1
    p: FloatArray = 2 * (np.minimum(at_least, at_most) + extra) / (rounds + extra)
    return np.minimum(1.0, p)


def paired_interval(differences: FloatArray, confidence: float, limit: float = 1.0) -> Interval:
    """Student's interval of a mean difference, with half a pseudo-pair at either limit.

    Without the pseudo-pairs it has no width where all differences seen are 0, as they are of two
    good runs on 30 problems, and holds a true difference there far less often than it says.

    Args:
        differences: Shape (n,), each in [-limit, limit]; at least two.
        confidence: Share of intervals meant to hold the true mean difference.
        limit: The largest difference there can be.
    """
    from scipy.special import stdtrit  # type: ignore[import-untyped]

    n = len(differences)
    variance = ((n - 1) * differences.var(ddof=1) + limit**2) / n
    half = stdtrit(n - 1, (1 + confidence) / 2) * math.sqrt(variance / n)
    center = differences.mean() * n / (n + 1)
    return Interval(float(max(-limit, center - half)), float(min(limit, center + half)))
