"""Where "best so far" was attained, and the index read along paths that others chose.

The index under the envelope `mean` is a maximum over noisy means. Computed as it is defined (the
plug-in) it is too high wherever the true curve is flat, saturated or falling: of several budgets
that are equally good the luckiest one counts. Here the budgets at which the mean curve was best so
far, its *path*, are chosen on one part of the problems and read off the others (cross-fitting), so
that luck in choosing is not luck in reading. The estimate is what a user gets who stops where other
problems say that it was best, which is what "best so far" honestly means. METHOD's simulation is
repeated by `python -m benchmarks.run coverage`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = [
    "FOLDS",
    "REPEATS",
    "along",
    "best_so_far",
    "cross_fitted",
    "cross_weights",
    "partitions",
    "path_weights",
]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

FOLDS, REPEATS = 5, 8
"""Parts that problems are put into, and how often anew: one partition alone would leave luck."""

_TIE = 1e-12
"""Means that differ by less differ by the order of their sums."""


def best_so_far(curves: FloatArray) -> IntArray:
    """For each budget the one up to there at which the curve was best; the latest of equal ones.

    Args:
        curves: Shape (rows, T).

    Returns:
        Positions of budgets, shape (rows, T), not falling.
    """
    best = np.maximum.accumulate(curves, axis=1)
    attained = np.where(curves >= best - _TIE, np.arange(curves.shape[1]), 0)
    path: IntArray = np.maximum.accumulate(attained, axis=1)
    return path


def path_weights(curves: FloatArray, weights: FloatArray) -> FloatArray:
    """The weight of each budget in the index, once best so far is read along a curve's path.

    Args:
        curves: Shape (rows, T): each chooses a path.
        weights: Shape (T, K): K weightings of the budgets, such as that of the index and that of
            the last budget alone.

    Returns:
        Shape (rows, T, K).
    """
    found = np.zeros((*curves.shape, weights.shape[1]))
    rows = np.arange(len(curves))
    for place, at in enumerate(best_so_far(curves).T):
        found[rows, at] += weights[place]
    return found


def along(values: FloatArray, weights: FloatArray) -> FloatArray:
    """Each problem read along the path of all: shape (n, K); their mean is the plug-in index.

    Args:
        values: Shape (n, T), means over traces.
        weights: Shape (T, K), as in `path_weights`.
    """
    result: FloatArray = values @ path_weights(values.mean(axis=0)[np.newaxis], weights)[0]
    return result


def cross_fitted(values: FloatArray, weights: FloatArray, folds: IntArray) -> FloatArray:
    """Each problem read along the path that problems outside its fold choose: shape (n, K).

    Arguments as in `cross_weights`.
    """
    read = np.einsum("nt,ntk->nk", values, cross_weights(values, weights, folds))
    result: FloatArray = read
    return result


def cross_weights(values: FloatArray, weights: FloatArray, folds: IntArray) -> FloatArray:
    """The weight of each budget for each problem, along the path that others choose: (n, T, K).

    Args:
        values: Shape (n, T), means over traces, at least two problems.
        weights: Shape (T, K), as in `path_weights`.
        folds: Shape (repeats, n), of `partitions`; averaged over the repeats.
    """
    total = values.sum(axis=0)
    found = np.zeros((*values.shape, weights.shape[1]))
    for fold in folds:
        count = int(fold.max()) + 1
        inside = np.stack([np.bincount(fold, column, count) for column in values.T], axis=1)
        outside = len(values) - np.bincount(fold, minlength=count)
        means = (total - inside) / outside[:, np.newaxis]
        found += path_weights(means, weights)[fold]
    result: FloatArray = found / len(folds)
    return result


def partitions(
    problems: Sequence[str], seed: int, folds: int = FOLDS, repeats: int = REPEATS
) -> IntArray:
    """Put problems into folds of one size, by their names and the seed alone.

    So two harnesses, or two files that list the problems in another order, have the same folds.

    Args:
        problems: Names, each once.
        seed: Another seed, other folds.
        folds: How many; no more than there are problems.
        repeats: How many partitions.

    Returns:
        Number of the fold, shape (repeats, n).
    """
    count = min(folds, len(problems))
    digests = b"".join(hashlib.sha256(name.encode(errors="replace")).digest() for name in problems)
    keys = np.frombuffer(digests, dtype=np.uint64).reshape(len(problems), 4)
    found = np.empty((repeats, len(problems)), dtype=np.int64)
    for repeat in range(repeats):
        salt = np.uint64(int.from_bytes(hashlib.sha256(f"{seed} {repeat}".encode()).digest()[:8]))
        # Names that look alike have nothing in common in their digests; the second half of a
        # digest decides where the mixed first halves of two names are equal.
        order = np.lexsort((keys[:, 1], _mixed(keys[:, 0] ^ salt)))
        found[repeat, order] = np.arange(len(problems)) % count
    return found


def _mixed(keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Scramble bits (the finaliser of splitmix64), so that another salt is another order."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
