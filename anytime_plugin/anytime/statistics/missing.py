"""What is missing at a budget: why the quality there is not 1.

At every budget each trace is in one state. Graded quality splits: what it has is `right`, and its
deficit 1 - q goes to

* `unparsed`: the answer could not be read (all of the deficit);
* `lost`: the trace was better at an earlier budget (up to that: drift);
* `unfinished`: it is better at a later one (up to that: more budget helps);
* `never`: no budget has it, though the trace ended: wrong reasoning, or missing knowledge;
* `cut off`: no budget has it, and the largest one ended the trace: nobody knows.

What was lost and is found again later counts as `lost`, as it does in the drift. A trace without an
answer of the model at some budget has no state: it is left out of the curve, and counted beside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from anytime.statistics.bounded import Interval, mean_interval
from anytime.statistics.curve import FloatArray, mean_of_known

__all__ = ["RIGHT", "STATES", "Missing", "missing_at"]

STATES = ("right", "unfinished", "never", "cut off", "lost", "unparsed")

RIGHT = 1 - 1e-9
"""Quality from which an answer counts as right altogether."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Why quality is missing, by budget.

    Attributes:
        shares: By state, mean over problems of the mean over traces, T numbers; at every budget
            they add to 1, and `right` is the mean quality.
        unknown: Share of traces of which nobody told whether they ended; they count as cut off.
        traces: The fewest traces of a problem, N.
        solved: By `never`, `sometimes` and `always` the share of problems that so many of their
            traces solve at the largest budget: `never` means never in N, which for a problem of
            which one trace in 20 is right happens to N = 4 eight times of ten.
        intervals: Of those shares, over problems; NaN for a single one.
    """

    shares: dict[str, tuple[float, ...]]
    unknown: float
    traces: int
    solved: dict[str, float]
    intervals: dict[str, Interval]


def missing_at(quality: FloatArray, unparsed: FloatArray, ended: FloatArray) -> Missing:
    """Find out why quality is missing.

    Args:
        quality: In [0, 1], shape (problems, traces, T); NaN throughout where a problem lacks a
            trace.
        unparsed: The same shape: 1 where no answer could be read, 0 where one was; NaN where that
            is unknown, and then it counts as read.
        ended: Whether each trace ended by itself by the largest budget, shape (problems, traces);
            NaN where that is unknown.

    Returns:
        The shares, and how many problems are solved never, sometimes and always.

    Example:
        >>> nan = np.nan
        >>> found = missing_at(
        ...     np.array([[[0.0, 1.0, 0.0]], [[0.0, 0.0, 0.0]]]),
        ...     np.zeros((2, 1, 3)),
        ...     np.array([[1.0], [0.0]]),
        ... )
        >>> {name: list(share) for name, share in found.shares.items() if any(share)}
        {'right': [0.0, 0.5, 0.0], 'unfinished': [0.5, 0.0, 0.0], 'cut off': [0.5, 0.5, 0.5], \
'lost': [0.0, 0.0, 0.5]}
    """
    there = ~np.isnan(quality[..., 0])
    before = np.zeros_like(quality)
    before[..., 1:] = np.maximum.accumulate(quality, axis=2)[..., :-1]
    after = np.zeros_like(quality)
    after[..., :-1] = np.maximum.accumulate(quality[..., ::-1], axis=2)[..., ::-1][..., 1:]
    read = ~(unparsed == 1)
    lost = np.where(read, np.maximum(before - quality, 0), 0)
    unfinished = np.where(read, np.maximum(after - np.maximum(quality, before), 0), 0)
    rest = np.where(read, 1 - quality - lost - unfinished, 0)
    over = (ended == 1)[..., np.newaxis]
    parts = {
        "right": quality,
        "unfinished": unfinished,
        "never": np.where(over, rest, 0),
        "cut off": np.where(over, 0, rest),
        "lost": lost,
        "unparsed": np.where(read, 0, 1 - quality),
    }
    shares = {}
    for name in STATES:
        known = np.where(there[..., np.newaxis], parts[name], np.nan)
        # A deficit is a difference: of rounding errors none may be below 0.
        mean = mean_of_known(mean_of_known(known, axis=1), axis=0)
        shares[name] = tuple(np.clip(mean, 0, 1).tolist())
    solved, intervals = _solved(quality[..., -1], there)
    return Missing(
        shares,
        float(np.isnan(ended[there]).mean()),
        int(there.sum(axis=1).min()),
        solved,
        intervals,
    )


def _solved(
    last: FloatArray, there: npt.NDArray[np.bool_]
) -> tuple[dict[str, float], dict[str, Interval]]:
    """How many problems are solved by none, some and all of their traces."""
    right = (np.nan_to_num(last, nan=0.0) >= RIGHT).sum(axis=1)
    of = there.sum(axis=1)
    kinds = {"never": right == 0, "sometimes": (right > 0) & (right < of), "always": right == of}
    solved = {name: float(kind.mean()) for name, kind in kinds.items()}
    if len(last) < 2:
        return solved, dict.fromkeys(kinds, Interval(np.nan, np.nan))
    return solved, {name: mean_interval(kind.astype(float)) for name, kind in kinds.items()}
