"""Bootstrap interval of the index: ours against scipy's on the same statistic."""

from __future__ import annotations

import time

import numpy as np
import scipy.stats

from anytime import Curve, budget_weights, index_interval

PROBLEMS, TRACES, BUDGETS, RESAMPLES = 1600, 8, [128 * 2**i for i in range(8)], 10_000


def main() -> None:
    rng = np.random.default_rng(0)
    skill = rng.random((PROBLEMS, 1, 1))
    steps = np.linspace(0.2, 0.7, len(BUDGETS))
    curve = Curve(BUDGETS, rng.random((PROBLEMS, TRACES, len(BUDGETS))) < skill * steps * 1.4)
    weights = budget_weights(BUDGETS)
    rows = curve.by_problem

    def statistic(row: np.ndarray, axis: int = -1) -> np.ndarray:
        # scipy resamples indices of problems; the curve is recomputed from the drawn ones.
        means = rows[row.astype(int)].mean(axis=axis if axis >= 0 else row.ndim - 1)
        return np.maximum.accumulate(means, axis=-1) @ weights

    start = time.perf_counter()
    ours = index_interval(curve, resamples=RESAMPLES)
    own = time.perf_counter() - start

    start = time.perf_counter()
    theirs = scipy.stats.bootstrap(
        (np.arange(PROBLEMS),),
        statistic,
        n_resamples=RESAMPLES,
        method="percentile",
        batch=200,
        rng=np.random.default_rng(0),
    ).confidence_interval
    scipys = time.perf_counter() - start
    print(f"{RESAMPLES} resamples, {PROBLEMS} problems x {TRACES} traces x {len(BUDGETS)} budgets")
    print(f"  ours   [{ours.low:.4f}, {ours.high:.4f}] in {own:.2f} s")
    print(f"  scipy  [{theirs.low:.4f}, {theirs.high:.4f}] in {scipys:.2f} s")
    print(f"  ours takes {own / scipys:.3f} of scipy.stats.bootstrap's time")
