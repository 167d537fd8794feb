"""Comparisons over traces of problems that are all there are: `python -m benchmarks.run traces`.

The problems stay as they are, and only their traces are drawn anew. Two runs without a difference
are either equally good at each problem (`alike`), or as good at other problems as the other one is
(`exchanged`): then no problem is alike in both, and the mean curves still are.
"""

from __future__ import annotations

import numpy as np

from anytime import Curve
from anytime.settings import IndexOptions
from anytime.statistics.paired_within import difference_within, sides
from benchmarks.coverage import BUDGETS, TRUTHS, Cell, quality

PROBLEMS = (15, 60)
TRACES = ((2, 2), (8, 8), (64, 8), (8, 2))
REPETITIONS = 400
GAIN = 0.15


def over_traces(cell: Cell, *, exchanged: bool = False, gain: float = 0.0) -> dict[str, float]:
    """Shares of simulated comparisons that claim a difference at 5 %.

    Args:
        cell: Both runs are on the same problems, with as many traces each as it says.
        exchanged: Whether the first run is as good at each problem as the second is at another.
        gain: What the first run is better by: each wrong answer is right with this chance instead.

    Returns:
        `index`, `budget` (the middle one, unadjusted), `holm` (any budget, adjusted): shares that
        claim one, as their intervals leave 0 out, which is what makes their p-values small;
        `width`: of the index's interval on average.
    """
    rng = cell.rng
    names = [f"problem {number}" for number in range(cell.problems)]
    claimed = []
    for _ in range(cell.repetitions):
        chances = TRUTHS[cell.truth](cell.problems, rng)
        other = chances[rng.permutation(cell.problems)] if exchanged else chances
        better = other + gain * (1 - other)
        a, b = (
            sides(Curve(BUDGETS, quality(cell.truth, p, n, rng), names), IndexOptions())
            for p, n in zip((better, chances), cell.traces, strict=True)
        )
        (index, _, *by_budget) = zip(a, b, strict=True)
        low, high = difference_within(*index, 0.95)
        middle = difference_within(*by_budget[len(BUDGETS) // 2], 0.95)
        # Holm's smallest p is at most 5 % where some p is at most 5 % over their number.
        each = [difference_within(*pair, 1 - 0.05 / len(BUDGETS)) for pair in by_budget]
        claimed.append(
            [
                not low <= 0 <= high,
                not middle.low <= 0 <= middle.high,
                any(not one.low <= 0 <= one.high for one in each),
                high - low,
            ]
        )
    shares = np.mean(np.array(claimed, dtype=np.float64), axis=0)
    return dict(zip(("index", "budget", "holm", "width"), map(float, shares), strict=True))


def widest(found: list[tuple[str, Cell, dict[str, float]]], name: str) -> str:
    """The cell that claims most."""
    kind, cell, row = max(found, key=lambda one: one[2][name])
    return f"{100 * row[name]:.1f} % ({_named(kind, cell)})"


def _named(kind: str, cell: Cell) -> str:
    traces = "/".join(map(str, cell.traces))
    return f"{cell.truth}, {kind}, {cell.problems} problems, {traces} traces"


def main(repetitions: int = REPETITIONS) -> None:
    """Print every cell, then the largest shares of false claims and the smallest coverage."""
    found: list[tuple[str, Cell, dict[str, float]]] = []
    print("truth, kind, problems, traces: claims of the index, of a budget, of any; width")
    for truth in TRUTHS:
        for n in PROBLEMS:
            for both in TRACES:
                cell = Cell(truth, n, both, repetitions)
                for kind in ("alike", "exchanged"):
                    row = over_traces(cell, exchanged=kind == "exchanged")
                    found.append((kind, cell, row))
                    print(f"{_named(kind, cell)}: {_percent(row)}; {row['width']:.3f}", flush=True)
    for name in ("index", "budget", "holm"):
        print(f"most false claims, {name}: {widest(found, name)}")
    for n in PROBLEMS:
        found_it = over_traces(Cell("plateau", n, (8, 8), repetitions), gain=GAIN)
        print(f"power, plateau, {n} problems, 8 traces, gain {GAIN}: {_percent(found_it)}")


def _percent(row: dict[str, float]) -> str:
    shares = [row[name] for name in ("index", "budget", "holm")]
    return ", ".join(f"{100 * x:.1f}" for x in shares)
