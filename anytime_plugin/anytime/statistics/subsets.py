"""What k of a problem's N traces would come to together: exact means over all subsets of size k.

A finished run with N traces holds, for nothing, what a vote of any k <= N would have given. The
estimates are means over all C(N, k) subsets (draws with replacement would be biased), and unbiased
for what k new traces give. None of them enumerates or samples subsets.

A vote of k depends on how many of the k have each answer. With n_a traces of answer a, weight
C(n_a, j) for j of them is a polynomial in x (votes); the product over answers counts the subsets by
size. For every number of votes w that may win, answers are kept below w votes, or at w with a
factor in y (how many are tied), and the quality of the tied ones is summed beside. Answers with
fewer than w traces in all cannot win with w and go in together. So one pass gives every k at once,
in time O(N k^2 log N) a problem and budget, where enumeration grows with the number of distinct
answers. Weights are binomial probabilities in place of binomial coefficients, which overflow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from anytime.statistics.curve import FloatArray

__all__ = ["best_of_subsets", "vote_of_subsets"]


def vote_of_subsets(
    counts: Sequence[int], quality: Sequence[float], silent: int, sizes: Sequence[int]
) -> FloatArray:
    """Mean quality of a plurality vote over all subsets, for several sizes.

    A tie is worth the mean over the tied answers; where nobody votes the quality is 0.

    Args:
        counts: Traces of each distinct answer, above 0.
        quality: Of each answer, in [0, 1].
        silent: Traces whose answer cannot be read, which do not vote.
        sizes: Of the subsets; none above the number of traces.

    Returns:
        Shape (len(sizes),).

    Example:
        >>> vote_of_subsets([2, 1], [1.0, 0.0], silent=0, sizes=[1, 2, 3]).round(3)
        array([0.667, 0.667, 1.   ])
    """
    # Alike answers in one order, so that a problem met before is known again.
    order = sorted(zip(counts, quality, strict=True))
    key = tuple((int(count), float(value)) for count, value in order)
    total = sum(counts) + silent
    found: dict[int, float] = {}
    left = sorted({int(size) for size in sizes})
    while left:
        # One pass for as many sizes as floats can hold beside the largest.
        share = _share(left[-1], total)
        together = [size for size in left if _log_weight(total, size, share) > _LEAST]
        found |= zip(together, _vote(key, int(silent), tuple(together)), strict=True)
        left = [size for size in left if size not in found]
    return np.array([found[int(size)] for size in sizes])


_LEAST = math.log(1e-150)
"""Weights below this leave too few digits above the smallest float."""


def _share(size: int, total: int) -> float:
    """The probability with which each trace is drawn, so that so many are likely."""
    return min(max(size / total, 1e-6), 1 - 1e-6)


@lru_cache(maxsize=4096)  # problems that all traces solve, or none, are many
def _vote(
    answers: tuple[tuple[int, float], ...], silent: int, sizes: tuple[int, ...]
) -> FloatArray:
    total = sum(count for count, _ in answers) + silent
    most = max(sizes)
    share = _share(most, total)
    worth = np.zeros(most + 1)
    for wins in range(1, min(most, max((count for count, _ in answers), default=0)) + 1):
        strong = [(count, value) for count, value in answers if count >= wins]
        weak = total - sum(count for count, _ in strong)
        places = min(len(strong), most // wins)
        ways = np.zeros((most + 1, places + 1, 2))  # subsets, and the summed quality of the tied
        ways[:, 0, 0] = _weights(weak, share, most)
        for count, value in strong:
            weight = _weights(count, share, most)
            below = _times(count, wins, share, most) @ ways.reshape(most + 1, -1)
            after = below.reshape(ways.shape)
            tied = weight[wins] * ways[: most + 1 - wins, :-1]
            after[wins:, 1:] += tied
            after[wins:, 1:, 1] += value * tied[..., 0]
            ways = after
        worth += (ways[:, 1:, 1] / np.arange(1, places + 1)).sum(axis=1)
    chances = _weights(total, share, most)
    return np.array([worth[size] / chances[size] for size in sizes])


@lru_cache(maxsize=1 << 10)
def _weights(count: int, share: float, most: int) -> FloatArray:
    """Binomial probabilities of 0 to `most` of `count`."""
    logs = [_log_weight(count, drawn, share) for drawn in range(min(count, most) + 1)]
    found = np.zeros(most + 1)
    found[: len(logs)] = np.exp(logs)
    return found


def _log_weight(count: int, drawn: int, share: float) -> float:
    ways = math.lgamma(count + 1) - math.lgamma(drawn + 1) - math.lgamma(count - drawn + 1)
    return ways + drawn * math.log(share) + (count - drawn) * math.log1p(-share)


@lru_cache(maxsize=256)  # of 64 votes some 9 MB
def _times(count: int, below: int, share: float, most: int) -> FloatArray:
    """The matrix that multiplies a polynomial by that of an answer with fewer votes than that."""
    weights = _weights(count, share, most)
    weights = np.where(np.arange(most + 1) < below, weights, 0.0)
    behind = np.subtract.outer(np.arange(most + 1), np.arange(most + 1))
    matrix: FloatArray = np.where(behind < 0, 0.0, weights[behind])
    return matrix


def best_of_subsets(values: FloatArray, sizes: Sequence[int]) -> FloatArray:
    """Mean over all subsets of their largest value: for qualities, what an oracle would choose.

    For right-or-wrong values with c right ones of N this is 1 - C(N - c, k) / C(N, k), pass@k
    (Chen et al., arXiv 2107.03374).

    Args:
        values: Shape (N, ...): one each of N traces.
        sizes: Of the subsets.

    Returns:
        Shape (len(sizes), ...).

    Example:
        >>> best_of_subsets(np.array([1.0, 0.0, 0.0]), [1, 2, 3]).round(3)
        array([0.333, 0.667, 1.   ])
    """
    ordered = np.sort(values, axis=0)[::-1]
    found = [np.tensordot(_first_in(len(ordered), size), ordered, axes=(0, 0)) for size in sizes]
    result: FloatArray = np.array(found)
    return result


@lru_cache(maxsize=1 << 12)
def _first_in(total: int, size: int) -> FloatArray:
    """The probability that a subset holds the value of each rank and none before it."""
    chances = np.zeros(total)
    ahead = 1.0  # that a subset holds none of the ranks before
    for rank in range(total - size + 1):
        first = size / (total - rank)
        chances[rank] = ahead * first
        ahead *= 1 - first
    return chances
