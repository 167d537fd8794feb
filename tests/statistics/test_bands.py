"""The band around a whole curve: its definition, and how often it holds a simulated truth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from anytime import AnytimeError, Curve
from anytime.statistics.bands import Band, curve_band
from tests.fresh_interpreter import loaded_after

BUDGETS = (128, 256, 512, 1024, 2048, 4096)


def curve(quality: Any) -> Curve:
    values = np.asarray(quality, dtype=np.float64)
    return Curve(range(1, values.shape[-1] + 1), values)


def band(quality: Any, **options: Any) -> Band:
    return curve_band(curve(quality), **{"resamples": 200, **options})


def pointwise(values: np.ndarray) -> np.ndarray:
    """Half of Student's t interval at each budget, of values by problem."""
    n = len(values)
    return scipy.stats.t.ppf(0.975, n - 1) * values.std(axis=0, ddof=1) / math.sqrt(n)


# Eighths, as of 8 traces.
qualities = hnp.arrays(
    np.float64,
    st.tuples(st.integers(2, 9), st.integers(1, 3), st.integers(2, 4)),
    elements=st.integers(0, 8).map(lambda eighths: eighths / 8),
)
quickly = settings(max_examples=25, deadline=None)


@quickly
@given(qualities)
def test_it_holds_the_mean_and_stays_possible(quality: Any) -> None:
    low, high, critical = band(quality)
    mean = curve(quality).mean
    assert (low <= mean).all()
    assert (mean <= high).all()
    assert (low >= 0).all()
    assert (high <= 1).all()
    assert (low < high).all()
    assert critical > 0


@quickly
@given(qualities)
def test_equal_seeds_give_equal_bands(quality: Any) -> None:
    for one, other in zip(band(quality, seed=3), band(quality, seed=3), strict=True):
        assert np.array_equal(one, other)


def test_another_seed_hardly_moves_it() -> None:
    quality = drawn(np.random.default_rng(0), 30, 4)
    one, other = (curve_band(Curve(BUDGETS, quality), seed=seed) for seed in (0, 1))
    assert one.critical != other.critical
    assert one.critical == pytest.approx(other.critical, rel=0.03)


def test_the_order_of_problems_and_traces_does_not_matter() -> None:
    # Up to the noise of the draws: rounding alone may turn the axes that they are drawn along.
    rng = np.random.default_rng(5)
    for traces in (1, 3):
        quality = drawn(rng, 30, traces)
        turned = quality[rng.permutation(30)][:, rng.permutation(traces)]
        one, other = (curve_band(Curve(BUDGETS, each)) for each in (quality, turned))
        assert one.critical == pytest.approx(other.critical, rel=0.03)
        for before, after in zip(one[:2], other[:2], strict=True):
            assert before == pytest.approx(after, abs=0.01)


def test_wrong_for_right_mirrors_it() -> None:
    quality = drawn(np.random.default_rng(6), 30, 4)
    one, other = (curve_band(Curve(BUDGETS, each)) for each in (quality, 1 - quality))
    assert one.low == pytest.approx(1 - other.high, abs=0.01)
    assert one.high == pytest.approx(1 - other.low, abs=0.01)


@pytest.mark.parametrize("n", [30, 100])
@pytest.mark.parametrize("traces", [1, 4])
def test_it_is_wider_than_intervals_of_one_budget_each(n: int, traces: int) -> None:
    rng = np.random.default_rng(n + traces)
    for seed in range(20):
        values = drawn(rng, n, traces).mean(axis=1)
        low, high, critical = band(values[:, np.newaxis], resamples=2000, seed=seed)
        spread = values.std(axis=0) > 0
        assert critical > scipy.stats.t.ppf(0.975, n - 1)
        assert ((high - low) > 2 * pointwise(values))[spread].all()


def test_budgets_that_agree_have_the_t_quantile_and_a_bounded_interval() -> None:
    answers = np.array([1] * 18 + [0] * 12)
    low, high, critical = band(np.stack([answers] * 2, axis=1), resamples=50_000)
    assert critical == pytest.approx(scipy.stats.t.ppf(0.975, 29), rel=0.02)
    tail = scipy.stats.t.sf(critical, 29)
    expected = (scipy.stats.beta.ppf(tail, 18, 12.5), scipy.stats.beta.isf(tail, 18.5, 12))
    assert (low[0], high[0]) == pytest.approx(expected)


def test_equal_budgets_count_once_and_independent_ones_as_so_many() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(0, 2, (400, 1, 1)).astype(float)
    same = band(np.repeat(values, 6, axis=2), resamples=50_000).critical
    apart = band(rng.integers(0, 2, (400, 1, 6)), resamples=50_000).critical
    assert same == pytest.approx(scipy.stats.t.ppf(0.975, 399), rel=0.02)
    sidak = scipy.stats.norm.ppf((1 + 0.95 ** (1 / 6)) / 2)
    assert apart == pytest.approx(sidak, rel=0.02)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.3])
def test_where_all_problems_are_alike_there_is_still_a_width(value: float) -> None:
    low, high, _ = band(np.full((20, 2, 3), value))
    assert (high - low > 0.1).all()
    assert (low <= value).all()
    assert (high >= value).all()


def test_nothing_can_be_said_of_a_single_problem() -> None:
    low, high, critical = band([[[0, 1, 1], [1, 1, 1]]])
    assert np.isnan([*low, *high, critical]).all()
    assert low.shape == high.shape == (3,)


def test_more_confidence_is_wider() -> None:
    quality = drawn(np.random.default_rng(0), 30, 1)
    widths = [np.ptp(band(quality, confidence=c)[:2], axis=0) for c in (0.5, 0.9, 0.99)]
    assert (np.diff(widths, axis=0) > 0).all()


@pytest.mark.parametrize("confidence", [0, 1, -0.1, 95, math.nan])
def test_a_confidence_is_a_share(confidence: float) -> None:
    with pytest.raises(AnytimeError, match="is not between 0 and 1"):
        band([[[0, 1]], [[1, 1]]], confidence=confidence)


@pytest.mark.parametrize("resamples", [0, -1])
def test_at_least_one_resample(resamples: int) -> None:
    with pytest.raises(AnytimeError, match="at least 1 is needed"):
        band([[[0, 1]], [[1, 1]]], resamples=resamples)


def test_only_numpy_is_needed() -> None:
    assert not loaded_after("import anytime.statistics.bands") & {
        "scipy",
        "pandas",
        "inspect_ai",
        "lm_eval",
    }


# Simulated truth.

GUESS = 0.2


def drawn(
    rng: np.random.Generator,
    n: int,
    traces: int,
    *,
    able: tuple[float, float] = (1.5, 1.0),
    time: float = 6.2,
    parts: int = 1,
) -> np.ndarray:
    """Quality of problems with an ability (Beta) and a solve time (log-normal) of their own.

    A trace is right from its solve time on with the chance that is the ability, and guesses before.
    Of several parts each is right or wrong by itself, and the quality is the share of right ones.
    """
    ability = rng.beta(*able, (n, 1, 1))
    times = rng.normal(time, 0.8, (n, 1, 1)) + rng.normal(0, 0.5, (n, traces, 1))
    solved = rng.random((n, traces, parts)) < ability
    guessed = rng.random((n, traces, parts)) < GUESS
    over = (times <= np.log(BUDGETS))[:, :, np.newaxis, :]
    return np.where(over, solved[..., np.newaxis], guessed[..., np.newaxis]).mean(axis=2)


def truth(able: tuple[float, float] = (1.5, 1.0), time: float = 6.2, parts: int = 1) -> np.ndarray:
    over = scipy.stats.norm.cdf(np.log(BUDGETS), time, math.hypot(0.8, 0.5))
    return able[0] / sum(able) * over + GUESS * (1 - over)


CASES: dict[str, tuple[int, int, dict[str, Any]]] = {
    "30 problems, 1 trace": (30, 1, {}),
    "30 problems, 4 traces": (30, 4, {}),
    "100 problems, 1 trace": (100, 1, {}),
    "100 problems, 4 traces": (100, 4, {}),
    "30 problems, graded": (30, 1, {"parts": 8}),
    "30 problems near 0.95, 1 trace": (30, 1, {"able": (9.5, 0.5), "time": 3.0}),
    "30 problems near 0.95, 4 traces": (30, 4, {"able": (9.5, 0.5), "time": 3.0}),
    "100 problems near 0.95, 4 traces": (100, 4, {"able": (9.5, 0.5), "time": 3.0}),
}


def simulate(n: int, traces: int, how: dict[str, Any], sets: int = 400) -> tuple[float, float]:
    rng = np.random.default_rng(20260101)
    true = truth(**how)
    held = np.zeros((sets, 2))
    for seed in range(sets):
        quality = drawn(rng, n, traces, **how)
        low, high, _ = curve_band(Curve(BUDGETS, quality), resamples=500, seed=seed)
        values = quality.mean(axis=1)
        each = np.abs(values.mean(axis=0) - true) <= pointwise(values)
        held[seed] = ((low <= true) & (true <= high)).all(), each.all()
    together, apart = held.mean(axis=0)
    return float(together), float(apart)


TAKE_LONG = {  # in which problems have more values than right and wrong
    "100 problems, 4 traces",
    "30 problems, graded",
    "30 problems near 0.95, 4 traces",
    "100 problems near 0.95, 4 traces",
}


@pytest.mark.quick("30 problems, 1 trace")
@pytest.mark.parametrize(
    "case",
    [pytest.param(case, marks=[pytest.mark.slow] * (case in TAKE_LONG)) for case in CASES],
)
def test_it_holds_the_true_curve_as_often_as_it_says(case: str) -> None:
    n, traces, how = CASES[case]
    together, apart = simulate(n, traces, how)  # standard error about 0.01
    print(f"{case}: the band {together:.3f}, intervals of one budget each {apart:.3f}")
    # Near 1, where few problems are hard, what the sample does not show costs width.
    assert 0.92 <= together <= (1 if "near" in case else 0.985)
    assert apart < together - 0.02
