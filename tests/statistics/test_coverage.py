"""The simulation of `python -m benchmarks.run coverage`, in small."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.coverage import BUDGETS, TRUTHS, WEIGHTS, Cell, coverage, quality, size, true_curve
from benchmarks.coverage_page import Simulated, page

RUNS = 150
ERROR = 3 * math.sqrt(0.05 * 0.95 / RUNS)


@pytest.mark.quick("flat-30-1")
@pytest.mark.parametrize(
    ("truth", "problems", "traces"),
    [
        ("flat", 30, 1),
        ("plateau", 15, 8),
        ("rise and fall", 30, 1),
        pytest.param("ceiling .97", 30, 8, marks=pytest.mark.slow),
        ("ceiling .99", 15, 1),
        pytest.param("floor", 30, 8, marks=pytest.mark.slow),
        pytest.param("graded", 15, 1, marks=pytest.mark.slow),
    ],
)
def test_intervals_hold_what_is_true(truth: str, problems: int, traces: int) -> None:
    found = coverage(Cell(truth, problems, (traces, traces), RUNS))
    for name in ("index", "raw", "final", "budget", "drift", "band"):
        assert found[name] >= 0.95 - ERROR, name
    assert abs(found["bias"]) < 0.25 + 1 / math.sqrt(RUNS)
    if not math.isnan(found["false drift"]):
        assert found["false drift"] <= 0.06 + ERROR


@pytest.mark.parametrize("traces", [(1, 1), (64, 1), (8, 4)])
@pytest.mark.parametrize("truth", ["plateau", "ceiling .97"])
def test_no_difference_is_claimed_too_often(truth: str, traces: tuple[int, int]) -> None:
    found = size(Cell(truth, 15, traces, RUNS))
    for name in ("index", "budget", "holm"):
        assert found[name] <= 0.05 + ERROR, name
    assert found["interval"] >= 0.95 - ERROR


def test_a_guesser_has_the_bias_that_the_plugin_has_and_we_have_not() -> None:
    found = coverage(Cell("flat", 30, (1, 1), RUNS))
    assert found["bias of plug-in"] > 0.8
    assert abs(found["bias"]) < 0.25


@pytest.mark.parametrize("truth", ["plateau", "ceiling .97", "floor", "graded"])
def test_the_truth_is_what_many_runs_come_to(truth: str) -> None:
    rng = np.random.default_rng(0)
    many = quality(truth, TRUTHS[truth](40_000, rng), 1, rng)
    assert many.mean(axis=(0, 1)) == pytest.approx(list(true_curve(truth)), abs=0.012)
    assert len(WEIGHTS) == len(BUDGETS) == many.shape[-1]


def test_the_page_lists_what_falls_outside() -> None:
    row = dict.fromkeys(("index", "raw", "final", "budget", "drift", "band"), 0.95)
    row |= {"false drift": float("nan"), "bias": 0.3, "bias of plug-in": 0.5, "width": 1.1}
    claims = {"index": 0.07, "budget": 0.05, "holm": 0.01, "interval": 0.9}
    cell = Cell("flat", 15, (64, 1), 100)
    again = replace(cell, repetitions=400, seed=1)
    fine = claims | {"index": 0.05, "interval": 0.95}
    looks = ([], [(again, fine)])
    text = page(Simulated([(cell, row)], [(cell, claims)], [(cell, claims)], looks))
    assert (
        "| flat | 15 | 64/1 | 95.0 | 95.0 | 95.0 | 95.0 | 95.0 | 95.0 | 0.30 | 0.50 | 1.10 |"
        in text
    )
    assert "* flat, 15 problems, 64/1 traces: bias 0.30" in text
    assert "* flat, 15 problems, 64/1 traces: index 7.0 %, interval 90.0 %" in text
    assert "with 400 other runs each (one standard error is 1.1 points)" in text
    assert "| flat | 15 | 64/1 | 5.0 | 5.0 | 1.0 | 95.0 |" in text
    assert "Outside again:\n\n* none" in text
