"""Intervals over traces of problems that are all there are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import beta

from anytime import AnytimeError, Curve, index_interval, summarize
from anytime.statistics.within import student_within, within_interval

tables = hnp.arrays(
    float,
    st.tuples(st.integers(1, 8), st.integers(2, 5)),
    elements=st.sampled_from([0, 0.25, 0.5, 1]),
)


@settings(max_examples=40, deadline=None)
@given(tables)
def test_it_holds_the_mean_is_possible_and_mirrors(values: np.ndarray) -> None:
    low, high = within_interval(values, values)
    assert 0 <= low <= values.mean() + 1e-9
    assert values.mean() - 1e-9 <= high <= 1
    assert low < high
    assert within_interval(1 - values, 1 - values) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_where_all_traces_of_each_problem_agree_so_many_answers_leave_that_open() -> None:
    values = np.repeat([[1.0], [0.0], [1.0]], 20, axis=1)
    low, high = within_interval(values, values)
    open_ = beta.ppf(0.975, 0.5, 60)
    assert (low, high) == pytest.approx((2 / 3 - open_, 2 / 3 + open_), abs=1e-6)


def test_sums_that_differ_by_rounding_are_no_spread() -> None:
    budgets = [256, 512, 1024, 2048]  # whose weights sum to a little less than 1
    low, high = index_interval(Curve(budgets, np.ones((30, 2, 4))), population="traces")
    assert (low, high) == pytest.approx((1 - beta.ppf(0.975, 0.5, 60), 1), abs=1e-9)


@pytest.mark.parametrize("others", [0.95, 1.0])
def test_a_problem_with_fewer_traces_than_the_others_is_not_taken_for_settled(
    others: float,
) -> None:
    # Half of the time its two traces agree, and then nothing seen tells that others would not.
    rng = np.random.default_rng(2)
    chances = np.append(0.5, np.full(29, others))[:, np.newaxis]
    held = 0
    for _ in range(200):
        values = (rng.random((30, 64)) < chances).astype(float)
        values[0, 2:] = np.nan
        low, high = within_interval(values, values)
        held += low <= chances.mean() <= high
    assert held >= 186  # 95 % of 200, less one standard error and a half


def test_problems_that_differ_are_no_part_of_it() -> None:
    rng = np.random.default_rng(0)
    hard, easy = rng.random((2, 15, 20)) < np.array([0.1, 0.9])[:, np.newaxis, np.newaxis]
    curve = Curve([1, 2], np.concatenate([hard, easy])[..., np.newaxis].repeat(2, axis=2))
    over_traces = index_interval(curve, population="traces")
    over_problems = index_interval(curve)
    assert np.ptp(over_traces) < np.ptp(over_problems) / 3
    found = summarize(curve, population="traces")
    assert found.interval == over_traces
    assert np.ptp(found.final_interval) < np.ptp(over_problems) / 3


def test_it_covers_other_traces_of_the_same_problems() -> None:
    rng = np.random.default_rng(1)
    chances = rng.beta(0.5, 0.5, (20, 1))
    held = drift = 0
    for _ in range(300):
        values = (rng.random((20, 6)) < chances).astype(float)
        low, high = within_interval(values, values)
        held += low <= chances.mean() <= high
        low, high = student_within(values, values, 0.95)
        drift += low <= chances.mean() <= high
    assert 0.93 <= held / 300 <= 0.99
    assert 0.92 <= drift / 300 <= 0.98


def test_missing_traces_weigh_nothing() -> None:
    values = np.array([[0, 1, np.nan], [1, 1, 1], [0, 0, 1]])
    low, high = within_interval(values, values)
    assert low < np.nanmean(values, axis=1).mean() < high


@pytest.mark.parametrize(
    ("quality", "options", "words"),
    [
        ([[[0, 1]], [[0, 1]]], {}, "needs two traces or more of each problem, and some have one"),
        ([[[0, 1]] * 2] * 2, {"q_max": "achieved"}, "q_max=achieved has no interval over traces"),
        ([[[0, 1]] * 2] * 2, {"envelope": "problem"}, "envelope=problem has no interval over trac"),
        ([[[0, 1]] * 2] * 2, {"population": "all"}, "unknown population 'all': choose one of prob"),
    ],
)
def test_what_has_no_such_interval(quality: object, options: dict[str, str], words: str) -> None:
    with pytest.raises(AnytimeError) as caught:
        index_interval(Curve([1, 2], quality), **{"population": "traces", **options})  # type: ignore[arg-type]
    assert words in str(caught.value)
