"""How often intervals hold the truth, and how often comparisons see what is not there.

Runs are simulated from truths that are known: right-or-wrong answers of problems of unequal
difficulty whose budgets hang together (a Gaussian copula, correlation 0.8 from one budget to the
next), and graded ones. `python -m benchmarks.run coverage` takes all cores for half an hour or more
and prints a page of tables (`benchmarks/coverage_page.py`); the tests run the same functions on
fewer cells (`tests/statistics/test_coverage.py`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from anytime import Curve, budget_weights, compare, summarize
from anytime.statistics.bands import curve_band
from anytime.statistics.comparison import Run

BUDGETS = tuple(256 * 2**step for step in range(7))
WEIGHTS = budget_weights(BUDGETS)
PROBLEMS, TRACES = (15, 30, 198), (1, 8, 64)
PAIRS = ((1, 1), (8, 8), (64, 1), (8, 1), (8, 4))
REPETITIONS = 800
COPULA = 0.8

Array = np.ndarray[Any, np.dtype[np.float64]]


def _mixed(levels: list[float]) -> Callable[[int, np.random.Generator], Array]:
    """Problems of normal difficulty, 15 % of them always solved and 15 % never."""

    def chances(n: int, rng: np.random.Generator) -> Array:
        found = ndtr(np.array(levels) - rng.normal(0, 1.1, n)[:, np.newaxis])
        kind = rng.random(n)
        found[kind < 0.15], found[kind > 0.85] = 1, 0
        return found

    return chances


def _two_kinds(
    share: float, hard: list[float], easy: list[float]
) -> Callable[[int, np.random.Generator], Array]:
    def chances(n: int, rng: np.random.Generator) -> Array:
        is_hard = rng.random(n)[:, np.newaxis] < share
        return np.where(is_hard, hard, easy).astype(np.float64)

    return chances


def _graded(n: int, rng: np.random.Generator) -> Array:
    skill = rng.beta(3, 2, n)[:, np.newaxis]
    skill[rng.random(n) < 0.05] = 0
    return skill * np.array([0.4, 0.6, 0.75, 0.85, 0.9, 0.92, 0.93])


_CEILING = np.array([0.9, 0.97, 0.985, 0.985, 0.985, 0.985, 0.985])
_SUMMIT = np.array([0.97, 0.995, 1, 1, 1, 1, 1])

TRUTHS: Mapping[str, Callable[[int, np.random.Generator], Array]] = {
    "rising": _mixed(list(np.linspace(-2, 1.2, 7))),
    "plateau": _mixed([-1.5, -0.5, 0.4, 0.4, 0.4, 0.4, 0.4]),
    "flat": lambda n, rng: np.full((n, 7), 0.25),
    "rise and fall": _mixed([-1.2, -0.4, 0.3, 0.35, 0.3, 0, -0.2]),
    "ceiling .97": _two_kinds(0.05, list(_CEILING * 0.6), list(np.minimum(_CEILING + 0.005, 1))),
    "ceiling .99": _two_kinds(0.02, list(_SUMMIT * 0.5), list(_SUMMIT)),
    "floor": _two_kinds(0.06, [0, 0, 0.05, 0.1, 0.3, 0.5, 0.6], [0.0] * 7),
    "graded": _graded,
}
"""Chances of a right answer (or mean quality, of `graded`) by problem and budget."""


def quality(truth: str, chances: Array, traces: int, rng: np.random.Generator) -> Array:
    """Traces of problems: shape (problems, traces, T)."""
    n, length = chances.shape
    luck = rng.standard_normal((length, n, traces))
    for budget in range(1, length):
        luck[budget] *= np.sqrt(1 - COPULA**2)
        luck[budget] += COPULA * luck[budget - 1]
    if truth == "graded":
        found = np.clip(chances.T[:, :, np.newaxis] + 0.15 * luck, 0, 1)
    else:
        found = (luck < ndtri(chances.T)[:, :, np.newaxis]).astype(np.float64)
    return np.moveaxis(found, 0, -1)


@functools.cache
def true_curve(truth: str) -> tuple[float, ...]:
    """Mean quality at each budget, of a million problems or more."""
    rng = np.random.default_rng(99)
    if truth == "graded":
        found = quality(truth, TRUTHS[truth](1_000_000, rng), 1, rng).mean(axis=(0, 1))
    else:
        found = TRUTHS[truth](2_000_000, rng).mean(axis=0)
    if truth == "plateau":
        found[2:] = found[2:].mean()
    if truth.startswith(("ceiling", "floor")):  # known exactly: a share of either kind
        hard, easy = (TRUTHS[truth](1, _Always(value)) for value in (0.0, 1.0))
        share = {"ceiling .97": 0.05, "ceiling .99": 0.02, "floor": 0.06}[truth]
        found = (share * hard + (1 - share) * easy)[0]
    return tuple(map(float, found))


class _Always:
    """A generator whose only draw is known."""

    def __init__(self, value: float) -> None:
        self.value = value

    def random(self, n: int) -> Array:
        return np.full(n, self.value)


@dataclass(frozen=True)
class Cell:
    """One setting: what is true, how many problems and traces, and how often it is simulated."""

    truth: str
    problems: int
    traces: tuple[int, int]
    repetitions: int = REPETITIONS
    seed: int = 0

    @property
    def rng(self) -> np.random.Generator:
        """Another one for each cell, the same in every process."""
        place = list(TRUTHS).index(self.truth)
        return np.random.default_rng([self.seed, place, self.problems, *self.traces])


def coverage(cell: Cell) -> dict[str, float]:
    """Shares of simulated runs whose intervals hold the truth, and what they cost.

    Returns:
        `index`, `raw`, `final`, `budget` (the worst of them), `drift`, `band`: shares;
        `false drift`: share of runs in which drift is shown though there is none (NaN where there
        is); `bias` and `bias of plug-in`: of the index, in standard errors; `width`: mean of the
        index interval, in widths of the percentile bootstrap's of the plug-in.
    """
    rng = cell.rng
    truth = np.array(true_curve(cell.truth))
    best, raw = WEIGHTS @ np.maximum.accumulate(truth), WEIGHTS @ truth
    held: list[list[float]] = []
    at: list[list[float]] = []
    error: list[tuple[float, float]] = []
    widths: list[tuple[float, float]] = []
    for _ in range(cell.repetitions):
        chances = TRUTHS[cell.truth](cell.problems, rng)
        curve = Curve(BUDGETS, quality(cell.truth, chances, cell.traces[0], rng), _names(cell))
        found = summarize(curve)
        band = curve_band(curve, resamples=1000)
        held.append(
            [
                _holds(found.interval, best),
                _holds(found.raw_interval, raw),
                _holds(found.final_interval, truth[-1]),
                _holds(found.drift_interval, best - raw),
                float((band.low <= truth + 1e-9).all() and (truth - 1e-9 <= band.high).all()),
                float(found.drift_interval.low > 0),
            ]
        )
        at.append([_holds(i, q) for i, q in zip(found.by_budget, truth, strict=True)])
        error.append((found.anytime_index - best, found.plugin - best))
        widths.append((found.interval.high - found.interval.low, _percentile_width(curve, rng)))
    index, raw_, final, drift, band_, false_drift = map(float, np.mean(held, axis=0))
    bias = np.mean(error, axis=0) / np.maximum(np.std(error, axis=0), 1e-12)
    ours, theirs = np.mean(widths, axis=0)
    return {
        "index": index,
        "raw": raw_,
        "final": final,
        "budget": float(np.mean(at, axis=0).min()),
        "drift": drift,
        "band": band_,
        "false drift": false_drift if best - raw < 1e-9 else float("nan"),
        "bias": float(bias[0]),
        "bias of plug-in": float(bias[1]),
        "width": float(ours / theirs) if theirs > 0 else float("inf"),
    }


def size(cell: Cell, gain: float = 0.0) -> dict[str, float]:
    """Shares of simulated comparisons of two runs that claim a difference at 5 %.

    Args:
        cell: Both runs are on the same problems, with as many traces each as it says.
        gain: What the first run is better by: each wrong answer is right with this chance instead.

    Returns:
        `index`, `budget` (the middle one, unadjusted), `holm` (any budget, adjusted): shares that
        claim one; `interval`: share of the index's intervals that hold the true difference (NaN
        with a gain).
    """
    rng = cell.rng
    claimed = []
    for number in range(cell.repetitions):
        chances = TRUTHS[cell.truth](cell.problems, rng)
        better = chances + gain * (1 - chances)
        a, b = (
            Run(name, BUDGETS, dict(zip(_names(cell), quality(cell.truth, p, n, rng), strict=True)))
            for name, p, n in zip("ab", (better, chances), cell.traces, strict=True)
        )
        found = compare(a, b, resamples=999, seed=number)
        middle = found.by_budget[len(BUDGETS) // 2]
        holm = min(one.p_holm for one in found.by_budget)
        holds = _holds(found.index.interval, 0) if not gain else float("nan")
        claimed.append([found.index.p <= 0.05, middle.p <= 0.05, holm <= 0.05, holds])
    shares = np.mean(np.array(claimed, dtype=np.float64), axis=0)
    return dict(zip(("index", "budget", "holm", "interval"), map(float, shares), strict=True))


def _names(cell: Cell) -> list[str]:
    return [f"problem {number}" for number in range(cell.problems)]


def _holds(interval: Any, value: float) -> float:
    return float(interval.low <= value + 1e-9 and value - 1e-9 <= interval.high)


def _percentile_width(curve: Curve, rng: np.random.Generator) -> float:
    """Of the percentile bootstrap of the plug-in, which is what most would take."""
    n = len(curve.problems)
    counts = rng.multinomial(n, np.full(n, 1 / n), size=1000) / n
    index = np.maximum.accumulate(counts @ curve.by_problem, axis=1) @ WEIGHTS
    low, high = np.quantile(index, [0.025, 0.975])
    return float(high - low)
