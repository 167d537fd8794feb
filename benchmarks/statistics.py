"""Intervals and comparisons: ours against scipy's on the same statistic, and at 20,000 problems."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats

from anytime import Curve, Run, budget_weights, compare, index_interval, summarize
from benchmarks.coverage import BUDGETS, TRUTHS, quality
from benchmarks.peak import peak_mib

PROBLEMS, TRACES, RESAMPLES = 1600, 8, 10_000
MANY = 20_000
GRID = [128 * 2**step for step in range(8)]


def answers(problems: int, traces: int, seed: int) -> Any:
    """Right or wrong, of problems that differ: shape (problems, traces, T)."""
    rng = np.random.default_rng(seed)
    skill = rng.random((problems, 1, 1))
    steps = np.linspace(0.2, 0.7, len(GRID))
    return (rng.random((problems, traces, len(GRID))) < skill * steps * 1.4).astype(float)


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """Of the processor, so that what else the machine does is not counted; and what came out."""
    start = time.process_time()
    found = call()
    return time.process_time() - start, found


def interval() -> None:
    """Of the index, against the percentile bootstrap of the formula as it stands."""
    curve = Curve(GRID, answers(PROBLEMS, TRACES, 0))
    weights = budget_weights(GRID)
    rows = curve.by_problem

    def statistic(row: np.ndarray, axis: int = -1) -> np.ndarray:
        # scipy resamples indices of problems; the curve is recomputed from the drawn ones.
        means = rows[row.astype(int)].mean(axis=axis if axis >= 0 else row.ndim - 1)
        return np.maximum.accumulate(means, axis=-1) @ weights

    own, ours = seconds(lambda: index_interval(curve))
    scipys, theirs = seconds(
        lambda: (
            scipy.stats.bootstrap(
                (np.arange(PROBLEMS),),
                statistic,
                n_resamples=RESAMPLES,
                method="percentile",
                batch=200,
                rng=np.random.default_rng(0),
            ).confidence_interval
        )
    )
    print(f"interval of {PROBLEMS} problems x {TRACES} traces x {len(GRID)} budgets")
    print(f"  ours   [{ours.low:.4f}, {ours.high:.4f}]")
    print(f"  scipy  [{theirs.low:.4f}, {theirs.high:.4f}], {RESAMPLES} resamples")
    print(f"  ours takes {own / scipys:.4f} of scipy.stats.bootstrap's time")


def comparison() -> None:
    """P-value of the index of 200 problems, against scipy's permutation test."""
    a, b = (Run(name, GRID, dict(enumerate(answers(200, 1, s)))) for s, name in enumerate("ab"))
    weights = budget_weights(GRID)
    values = [run.curve.by_problem for run in (a, b)]

    def statistic(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
        # scipy swaps numbers of problems: 0 to 199 are of a, 200 to 399 of b.
        both = np.concatenate(values)
        means = [both[each.astype(int)].mean(axis=-2) for each in (x, y)]
        best = [np.maximum.accumulate(each, axis=-1) @ weights for each in means]
        return best[0] - best[1]

    own, ours = seconds(lambda: compare(a, b, resamples=RESAMPLES))
    scipys, theirs = seconds(
        lambda: scipy.stats.permutation_test(
            (np.arange(200), np.arange(200, 400)),
            statistic,
            permutation_type="samples",
            vectorized=True,
            n_resamples=RESAMPLES,
            batch=500,
            rng=np.random.default_rng(0),
        )
    )
    print("comparison of two runs of 200 problems")
    print(f"  p of the index: ours {ours.index.p:.3f}, scipy {theirs.pvalue:.3f}")
    print(
        f"  ours, with {len(GRID)} budgets and all intervals, takes {own / scipys:.3f} of the time "
        f"that scipy.stats.permutation_test takes for the index"
    )


def many() -> None:
    """20,000 problems."""
    a, b = (dict(enumerate(answers(MANY, TRACES, seed))) for seed in (0, 1))
    runs = [Run(name, GRID, each) for name, each in (("a", a), ("b", b))]
    single, _ = seconds(lambda: index_interval(runs[0].curve))
    whole, _ = seconds(lambda: summarize(runs[0].curve))
    peak = peak_mib()
    both, _ = seconds(lambda: compare(*runs))
    print(f"{MANY} problems x {TRACES} traces x {len(GRID)} budgets")
    print(f"  index with interval {single:.2f} s, summary {whole:.2f} s, compare {both:.2f} s")
    print(f"  with both runs in memory the process had {peak:.0f} MiB at most, imports included")


def widths() -> None:
    """How wide the interval of 30 problems is, whatever the number of traces."""
    for traces in (1, 8, 64):
        found = []
        for seed in range(100):
            rng = np.random.default_rng(seed)
            chances = TRUTHS["rising"](30, rng)
            found.append(np.ptp(index_interval(Curve(BUDGETS, quality("", chances, traces, rng)))))
        print(f"30 problems x {traces} traces: interval {np.mean(found):.3f} wide on average")


def main() -> None:
    interval()
    comparison()
    many()
    widths()
