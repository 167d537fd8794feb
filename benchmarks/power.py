"""How often comparisons see what is there: `python -m benchmarks.run power`.

Two simulated runs on the same problems, the first better by a known gain, are compared at equal
numbers of traces: shares that claim a difference at 5 %. `ANYTIME_BEFORE=/path/to/python` names the
interpreter of an older installation: it is given the same draws, and what it claims stands beside.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

REPETITIONS = 400
RESAMPLES = 999
SHARES = ("index", "budget", "holm")


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


def draws(one: Setting, repetitions: int) -> dict[str, np.ndarray]:
    """Quality of both runs: shape (repetitions, 2, problems, traces, T), and the budgets."""
    from benchmarks.coverage import BUDGETS, TRUTHS, quality

    rng = np.random.default_rng(one.problems * 100 + one.traces)
    both = []
    for _ in range(repetitions):
        chances = TRUTHS[one.truth](one.problems, rng)
        better = chances + one.gain * (1 - chances)
        both.append([quality(one.truth, p, one.traces, rng) for p in (better, chances)])
    return {"quality": np.array(both), "budgets": np.array(BUDGETS)}


def claimed(file: Path) -> dict[str, float]:
    """Shares of comparisons that claim a difference: of the index, of a budget, of any (Holm)."""
    from anytime import compare

    try:
        from anytime.statistics.comparison import Run
    except ImportError:  # an older installation
        from anytime.comparison import Run  # type: ignore[import-not-found,no-redef]
    with np.load(file) as told:
        budgets, pairs = [int(b) for b in told["budgets"]], told["quality"]
    found = []
    for number, pair in enumerate(pairs):
        a, b = (
            Run(name, budgets, {f"problem {i}": rows for i, rows in enumerate(side)})
            for name, side in zip("ab", pair, strict=True)
        )
        result = compare(a, b, resamples=RESAMPLES, seed=number)
        middle = result.by_budget[len(budgets) // 2]
        holm = min(one.p_holm for one in result.by_budget)
        found.append([result.index.p <= 0.05, middle.p <= 0.05, holm <= 0.05])
    return dict(zip(SHARES, map(float, np.mean(found, axis=0)), strict=True))


def main(repetitions: int = REPETITIONS) -> None:
    """Print a table: today's shares, and before them those of `ANYTIME_BEFORE`."""
    before = os.environ.get("ANYTIME_BEFORE")
    print(f"{repetitions} pairs of runs each; claims in per cent")
    print("| truth | problems | traces | gain | index | budget | any budget |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "draws.npz"
        for one in SETTINGS:
            np.savez(file, **draws(one, repetitions))
            now = claimed(file)
            was = _elsewhere(before, file) if before else {}
            cells = [
                f"{100 * was[name]:.1f} → {100 * now[name]:.1f}"
                if was
                else f"{100 * now[name]:.1f}"
                for name in SHARES
            ]
            print(f"| {' | '.join([*map(str, one), *cells])} |", flush=True)


def _elsewhere(interpreter: str, file: Path) -> dict[str, float]:
    # Not from the repository, whose packages would be found first.
    told = subprocess.run(
        [interpreter, "-P", str(Path(__file__).resolve()), str(file)],
        check=True,
        capture_output=True,
        text=True,
        cwd="/",
    )
    found: dict[str, float] = json.loads(told.stdout)
    return found


if __name__ == "__main__":
    print(json.dumps(claimed(Path(sys.argv[1]))))
