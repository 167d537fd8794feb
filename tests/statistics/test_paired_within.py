"""Comparisons over traces of problems that are all there are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_ind

from anytime import AnytimeError, Curve, Run, anytime_index, compare, summarize
from anytime.settings import IndexOptions
from anytime.statistics.paired_within import (
    LEAST_P,
    Side,
    detectable_within,
    difference_within,
    p_within,
    sides,
)
from anytime.statistics.within import within_interval
from benchmarks.coverage import BUDGETS, TRUTHS, WEIGHTS, Cell, quality
from benchmarks.over_traces import over_traces


def run(quality: np.ndarray, name: str) -> Run:
    return Run(name, range(1, quality.shape[-1] + 1), dict(enumerate(quality)))


def runs(seed: int = 0, problems: int = 12, traces: tuple[int, int] = (6, 3)) -> list[Run]:
    rng = np.random.default_rng(seed)
    chances = rng.random((problems, 1, 3))
    return [
        run((rng.random((problems, n, 3)) < chances).astype(float), name)
        for n, name in zip(traces, "ab", strict=True)
    ]


def side(values: np.ndarray) -> Side:
    return Side(float(np.nanmean(values, axis=1).mean()), values, values)


def test_distances_to_both_runs_own_limits_are_put_together() -> None:
    a, b = runs()
    found = compare(a, b, population="traces")
    of_a, of_b = (summarize(one.curve, population="traces") for one in (a, b))
    for claim, one, other, x, y in (
        (found.index, of_a.interval, of_b.interval, of_a.anytime_index, of_b.anytime_index),
        (found.final, of_a.final_interval, of_b.final_interval, of_a.final, of_b.final),
    ):
        low = x - y - math.sqrt((x - one.low) ** 2 + (other.high - y) ** 2)
        high = x - y + math.sqrt((one.high - x) ** 2 + (y - other.low) ** 2)
        assert claim.interval == pytest.approx((max(-1, low), min(1, high)))
        assert (claim.a, claim.b, claim.difference) == (x, y, x - y)
    assert found.index.a == anytime_index(a.curve)
    assert (found.population, found.tested, found.uneven) == ("traces", None, False)
    assert found.traces == (72, 36)


def test_a_p_value_is_the_level_at_which_the_interval_begins_at_0() -> None:
    a, b = runs(3)
    better = run(np.maximum(a.curve.quality, [1, 1, 0]), "better")
    found = compare(better, b, population="traces")
    for name in ("index", "average"):
        p = getattr(found, name).p
        assert LEAST_P < p < 0.05
        there = compare(better, b, population="traces", confidence=1 - p)
        assert getattr(there, name).interval.low == pytest.approx(0, abs=1e-6)
    back = compare(b, better, population="traces").index
    assert (back.p, back.interval.low) == pytest.approx((found.index.p, -found.index.interval.high))


def test_with_many_traces_it_is_the_test_of_two_means() -> None:
    rng = np.random.default_rng(5)
    a, b = (rng.random((1, 4000)) < chance for chance in (0.52, 0.5))
    a, b = a.astype(float), b.astype(float)
    expected = ttest_ind(a[0], b[0], equal_var=False)
    # What so many answers that agree leave open is added, a little on the safe side.
    assert expected.pvalue <= p_within(side(a), side(b)) <= 1.1 * expected.pvalue
    interval = difference_within(side(a), side(b), 0.95)
    assert interval == pytest.approx(expected.confidence_interval(), abs=0.001)
    error = math.hypot(a.std(ddof=1), b.std(ddof=1)) / math.sqrt(4000)
    assert detectable_within(side(a), side(b), 0.95) == pytest.approx(2.8025 * error, rel=0.01)


def test_ends_of_p_values() -> None:
    same = side(np.array([[0, 1, 1, 0]] * 5, dtype=float))
    assert p_within(same, same) == 1
    none, full = (side(np.full((40, 50), value)) for value in (0.0, 1.0))
    assert p_within(none, full) == LEAST_P
    low, high = difference_within(none, none, 0.95)
    assert low == -high < 0  # so few traces leave that open
    assert math.isnan(detectable_within(none, none, 0.95))


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_runs_that_are_all_right_or_all_wrong(value: float) -> None:
    budgets = [256, 512, 1024, 2048]  # whose weights sum to a little less than 1
    a, b = (Run(n, budgets, dict(enumerate(np.full((12, 3, 4), value)))) for n in "ab")
    found = compare(a, b, population="traces")
    assert found.identical
    assert found.index.p == found.final.p == 1
    assert found.index.interval.low == -found.index.interval.high < -0.05
    assert found.index.interval == pytest.approx(found.final.interval, abs=1e-9)
    assert math.isnan(found.detectable)


def test_problems_that_differ_are_no_part_of_it() -> None:
    chances = np.array([0.02, 0.98])[:, np.newaxis, np.newaxis].repeat(15, axis=0)
    rng = np.random.default_rng(7)
    a, b = (run((rng.random((30, 20, 2)) < p).astype(float), "ab") for p in (chances, 1 - chances))
    over = [
        np.ptp(compare(a, b, population=kind).index.interval) for kind in ("problems", "traces")
    ]
    assert over[1] < over[0] / 5
    single = within_interval(a.curve.quality[..., 0], a.curve.quality[..., 0])
    assert over[1] < 2 * np.ptp(single)


def test_neither_order_nor_lack_of_traces_matters() -> None:
    a, b = runs(9)
    of_b = dict(zip(b.problems, b.curve.quality, strict=True))
    back = Run("b", b.curve.budgets, dict(reversed(of_b.items())))
    assert compare(a, back, population="traces") == compare(a, b, population="traces")
    of_a = zip(a.problems, a.curve.quality, strict=True)
    torn = {name: quality[: 3 + i % 4] for i, (name, quality) in enumerate(of_a)}
    found = compare(Run("a", a.curve.budgets, torn), b, population="traces")
    assert found.index.interval.low < found.index.difference < found.index.interval.high


@pytest.mark.parametrize(
    ("options", "traces", "words"),
    [
        ({}, (1, 3), "a has one trace of 12 of its 12 problems, for example of '0'"),
        ({}, (3, 1), "b has one trace of 12 of its 12 problems"),
        ({"q_max": "achieved"}, (3, 3), "q_max=achieved has no interval over traces"),
        ({"envelope": "problem"}, (3, 3), "envelope=problem has no interval over traces"),
        ({"population": "all"}, (3, 3), "unknown population 'all': choose one of problems"),
    ],
)
def test_what_cannot_be_asked(options: dict[str, Any], traces: tuple[int, int], words: str) -> None:
    a, b = runs(traces=traces)
    with pytest.raises(AnytimeError) as caught:
        compare(a, b, **{"population": "traces", **options})
    assert words in str(caught.value)


@pytest.mark.quick("True-plateau-traces1")
@pytest.mark.parametrize(
    ("truth", "traces"), [("plateau", (8, 8)), ("plateau", (8, 2)), ("ceiling .97", (8, 8))]
)
@pytest.mark.parametrize("exchanged", [False, True])
def test_no_difference_is_claimed_too_often(
    truth: str, traces: tuple[int, int], exchanged: bool
) -> None:
    reps = 150
    found = over_traces(Cell(truth, 15, traces, reps), exchanged=exchanged)
    for name in ("index", "budget", "holm"):
        assert found[name] <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / reps), name


def test_the_detectable_difference_is_found_in_80_of_100() -> None:
    rng = np.random.default_rng(6)
    found, told, true = [], [], []
    for _ in range(100):
        chances = TRUTHS["plateau"](15, rng)
        better = chances + 0.32 * (1 - chances)
        a, b = (
            sides(Curve(BUDGETS, quality("plateau", p, 8, rng)), IndexOptions())[0]
            for p in (better, chances)
        )
        found.append(difference_within(a, b, 0.95).low > 0)
        told.append(detectable_within(a, b, 0.95))
        best = [np.maximum.accumulate(p.mean(axis=0)) for p in (better, chances)]
        true.append(WEIGHTS @ (best[0] - best[1]))
    assert np.mean(told) == pytest.approx(np.mean(true), rel=0.1)
    assert 0.68 <= np.mean(found) <= 0.92  # three standard errors


def test_a_true_difference_is_found() -> None:
    # The true difference is 0.106 and the index's own standard error 0.032, with which a test that
    # knew it would find nine in ten; ours adds what the two readings differ by.
    cell = Cell("plateau", 30, (8, 8), 100)
    assert over_traces(cell, gain=0.25)["index"] > 0.7
