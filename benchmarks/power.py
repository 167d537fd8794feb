"""How often comparisons see what is there: `python -m benchmarks.run power`.

Two simulated runs on the same problems, the first better by a known gain, are compared at equal
numbers of traces: shares that claim a difference at 5 %, ours and those of what stood here before
the index was estimated without bias, on the same draws. That was scipy's permutation test of the
index as the formula stands and of every budget, which is valid where traces are equal in number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import binomtest, permutation_test

from anytime import compare
from anytime.statistics.comparison import Run
from benchmarks.coverage import BUDGETS, TRUTHS, WEIGHTS, quality

REPETITIONS = 400
RESAMPLES = 10_000
MIDDLE = len(BUDGETS) // 2
CLAIMS = ("index", "budget", "any budget")

Array = np.ndarray[Any, np.dtype[np.float64]]


class Setting(NamedTuple):
    """What is true: a wrong answer of the second run is right with chance `gain` in the first."""

    truth: str
    problems: int
    traces: int
    gain: float


SETTINGS = [
    Setting(truth, problems, traces, gain)
    for truth in ("rising", "plateau")
    for problems, traces, gain in ((30, 1, 0.4), (30, 8, 0.1), (198, 1, 0.15), (198, 8, 0.04))
]


class Power(NamedTuple):
    """Shares of comparisons that claim a difference, by `CLAIMS`.

    Attributes:
        ours: Shares of ours.
        before: Of those before.
        luck: P-value of the difference: how often as unequal a share of the claims that one of
            them alone makes would come about if both saw as much.
    """

    ours: tuple[float, ...]
    before: tuple[float, ...]
    luck: tuple[float, ...]


def power(one: Setting, repetitions: int = REPETITIONS, resamples: int = RESAMPLES) -> Power:
    """Simulate and compare so many pairs of runs, each pair in both ways."""
    rng = np.random.default_rng([len(one.truth), one.problems, one.traces])
    found = []
    for number in range(repetitions):
        chances = TRUTHS[one.truth](one.problems, rng)
        better = chances + one.gain * (1 - chances)
        a, b = (quality(one.truth, each, one.traces, rng) for each in (better, chances))
        tests = (ours(a, b, resamples, number), before(a, b, resamples, number))
        found.append([_claimed(*each) for each in tests])
    claims = np.array(found)
    alone = [(claims[:, way] & ~claims[:, 1 - way]).sum(axis=0).tolist() for way in range(2)]
    luck = [
        float(binomtest(mine, mine + theirs).pvalue) if mine + theirs else 1.0
        for mine, theirs in zip(*alone, strict=True)
    ]
    shares = claims.mean(axis=0).tolist()
    return Power(tuple(shares[0]), tuple(shares[1]), tuple(luck))


def ours(a: Array, b: Array, resamples: int, seed: int) -> tuple[float, list[float]]:
    """P-values of the index and of every budget.

    Args:
        a: Quality, shape (problems, traces, T).
        b: The same of the other run.
        resamples: How many swaps are tried.
        seed: Of the swaps.
    """
    runs = [Run(name, BUDGETS, dict(enumerate(each))) for name, each in (("a", a), ("b", b))]
    found = compare(*runs, resamples=resamples, seed=seed)
    return found.index.p, [each.p for each in found.by_budget]


def before(a: Array, b: Array, resamples: int, seed: int) -> tuple[float, list[float]]:
    """The same by scipy's permutation test; arguments as in `ours`."""
    order = sorted(range(len(a)), key=str)  # problems in the order of their names
    means = [each.mean(axis=1)[order] for each in (a, b)]
    n, middle, half = len(a), sum(means).mean(axis=0) / 2, (means[0] - means[1]) / 2

    def claims(signs: Array) -> Array:
        flip = signs @ half / n
        one, other = (
            np.maximum.accumulate(each, axis=1) for each in (middle + flip, middle - flip)
        )
        return np.column_stack([(one - other) @ WEIGHTS, 2 * flip])

    observed = claims(np.ones((1, n)))

    def statistic(signs: Array, axis: int) -> Array:
        found = claims(signs.reshape(-1, n))
        # A flip that ties with what was observed must not differ from it by the order of its sums.
        found = np.where(np.isclose(found, observed, rtol=0, atol=1e-12), observed, found)
        return found.reshape(*signs.shape[:-1], -1)

    index, *budgets = permutation_test(
        (np.ones(n),),
        statistic,
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, 1_000_000 // n),
        rng=np.random.default_rng(seed),
    ).pvalue
    return float(index), [float(p) for p in budgets]


def _claimed(index: float, budgets: Sequence[float]) -> list[bool]:
    # Holm's smallest p-value is the smallest of all times their number.
    return [index <= 0.05, budgets[MIDDLE] <= 0.05, min(budgets) * len(budgets) <= 0.05]


def main(repetitions: int = REPETITIONS) -> None:
    """Print a table."""
    error = 100 * math.sqrt(0.25 / repetitions)
    print(
        f"{repetitions} pairs of runs each (a share of 50 % is off by {error:.1f} points, one "
        f"standard error), {RESAMPLES:,} swaps; claims before and now, in %, and how often luck "
        f"makes them differ so (p)"
    )
    print(f"| truth | problems | traces | gain | {' | '.join(CLAIMS)} |")
    print("|---|---:|---:|---:|" + "---:|" * len(CLAIMS))
    for one in SETTINGS:
        found = power(one, repetitions)
        cells = [
            f"{100 * was:.1f} → {100 * now:.1f} (p {luck:.2f})"
            for was, now, luck in zip(found.before, found.ours, found.luck, strict=True)
        ]
        print(f"| {' | '.join([*map(str, one), *cells])} |", flush=True)
