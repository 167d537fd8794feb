"""Whether `anytime plan` tells the width that a later run shows: `python -m benchmarks.run plan`.

Pilots and later runs are simulated from the truths of `benchmarks/coverage.py`, each from a seed of
its own. The mean width told by many pilots is held against the mean width of many later runs, and
each pilot's own against it, too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from anytime import Curve, index_interval
from anytime.settings import IndexOptions
from anytime.statistics.planning import pilot_of, predicted_width
from benchmarks.coverage import BUDGETS, TRUTHS, quality

SEEDS = 60
PILOT = (60, 4)
LATER = ((30, 8), (100, 1), (200, 4))
NEAR = 0.15
"""A single pilot's width is near where it is off by no more than this share."""


class Width(NamedTuple):
    """Told by pilots on average, shown by later runs on average, and the share of pilots near."""

    told: float
    shown: float
    near: float


def widths(truth: str, later: tuple[int, int], seeds: int = SEEDS) -> Width:
    """Simulate so many pilots, and so many later runs of so many problems and traces."""
    pilots = [pilot_of(_curve(truth, PILOT, seed), IndexOptions()) for seed in range(seeds)]
    told = np.array([predicted_width(pilot, *later) for pilot in pilots])
    shown = np.mean([np.ptp(index_interval(_curve(truth, later, 1000 + s))) for s in range(seeds)])
    near = np.mean(np.abs(told / shown - 1) <= NEAR)
    return Width(float(told.mean()), float(shown), float(near))


def _curve(truth: str, size: tuple[int, int], seed: int) -> Curve:
    rng = np.random.default_rng([seed, *size])
    chances = TRUTHS[truth](size[0], rng)
    names = [f"problem {number}" for number in range(size[0])]
    return Curve(BUDGETS, quality(truth, chances, size[1], rng), names)


def main() -> None:
    """Print a table."""
    problems, traces = PILOT
    print(f"pilots of {problems} problems x {traces} traces, {SEEDS} seeds")
    print(f"| truth | later run | told | shown | told / shown | pilots within {NEAR:.0%} |")
    print("|---|---|---|---|---|---|")
    for truth in TRUTHS:
        for later in LATER:
            found = widths(truth, later)
            print(
                f"| {truth} | {later[0]} x {later[1]} | {found.told:.3f} | {found.shown:.3f} "
                f"| {found.told / found.shown:.2f} | {found.near:.0%} |",
                flush=True,
            )
