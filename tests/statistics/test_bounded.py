"""Limits of bounded means against distributions that are known, and against drawing them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from anytime.statistics.bounded import lower_limit, mean_interval, student_interval, upper_limit

values = st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=40).map(np.array)
tails = st.sampled_from([0.0005, 0.005, 0.025, 0.05, 0.2])


@pytest.mark.parametrize(("right", "n"), [(1, 1), (5, 5), (29, 30), (10, 30), (1, 30), (197, 198)])
def test_of_right_or_wrong_values_it_is_a_beta_quantile(right: int, n: int) -> None:
    answers = np.array([1.0] * right + [0.0] * (n - right))
    low, high = mean_interval(answers)
    assert low == pytest.approx(beta.ppf(0.025, right, n - right + 0.5))
    if right < n:
        assert high == pytest.approx(beta.ppf(0.975, right + 0.5, n - right))


def test_with_a_whole_pseudo_value_it_is_that_of_clopper_and_pearson() -> None:
    answers = np.array([1.0] * 7 + [0.0] * 8)
    assert lower_limit(answers, 0.025, pseudo=1) == pytest.approx(beta.ppf(0.025, 7, 9))


@pytest.mark.parametrize("n", [3, 15, 30, 198])
def test_it_is_the_quantile_of_the_bayesian_bootstrap(n: int) -> None:
    rng = np.random.default_rng(n)
    seen = rng.beta(3, 2, n)
    weights = rng.exponential(size=(100_000, n))
    drawn = weights @ seen / (weights.sum(axis=1) + rng.gamma(0.5, size=100_000))
    # The saddlepoint formula is off by a twentieth of the tail at most.
    assert np.mean(drawn <= lower_limit(seen, 0.025)) == pytest.approx(0.025, abs=0.003)


def test_a_ratio_is_that_of_two_means() -> None:
    rng = np.random.default_rng(1)
    part, whole = rng.beta(2, 3, 40), rng.beta(4, 2, 40)
    weights = rng.exponential(size=(100_000, 40))
    drawn = weights @ part / (weights @ whole + rng.gamma(0.5, size=100_000))
    assert np.mean(drawn <= lower_limit(part, 0.025, whole)) == pytest.approx(0.025, abs=0.003)


@given(values, tails)
def test_limits_are_possible_and_on_their_side(seen: np.ndarray, tail: float) -> None:
    low, high = lower_limit(seen, tail), upper_limit(seen, tail)
    assert 0 <= low <= seen.mean() + 1e-9
    assert seen.mean() - 1e-9 <= high <= 1
    assert high > low


@given(values, tails)
def test_the_upper_one_mirrors_the_lower_one(seen: np.ndarray, tail: float) -> None:
    assert upper_limit(seen, tail) == pytest.approx(1 - lower_limit(1 - seen, tail), abs=1e-9)


@given(values, tails, st.randoms())
def test_the_order_makes_no_difference(seen: np.ndarray, tail: float, random: object) -> None:
    turned = seen.tolist()
    random.shuffle(turned)  # type: ignore[attr-defined]
    assert lower_limit(turned, tail) == lower_limit(seen, tail)


@given(values, st.floats(0, 1, allow_subnormal=False), tails)
def test_one_more_value_that_is_better_lifts_it(seen: np.ndarray, more: float, tail: float) -> None:
    best = max(more, float(seen.max()))
    assert lower_limit(np.append(seen, best), tail) >= lower_limit(seen, tail) - 1e-6


@given(values)
def test_less_tail_is_wider(seen: np.ndarray) -> None:
    assert lower_limit(seen, 0.005) <= lower_limit(seen, 0.05)


@pytest.mark.parametrize("value", [0.0, 0.25, 0.97, 1.0])
@pytest.mark.parametrize("n", [2, 15, 198])
def test_where_all_values_are_alike_there_is_still_a_width(value: float, n: int) -> None:
    low, high = mean_interval(np.full(n, value))
    assert low <= value <= high
    assert high - low > 1 / (2 * n)


@settings(max_examples=25)
@given(st.integers(2, 300), st.floats(0.01, 0.99))
def test_of_wrong_answers_alone_it_is_the_rule_of_three(n: int, tail: float) -> None:
    # P(no right answer of n) = (1 - q)**n: the upper limit of Clopper and Pearson.
    tail /= 4
    assert upper_limit(np.zeros(n), tail, pseudo=1) == pytest.approx(1 - tail ** (1 / n))


def test_students_is_scipys() -> None:
    from scipy.stats import ttest_1samp

    seen = np.random.default_rng(0).normal(size=20)
    ours = student_interval(seen, 0.9)
    assert tuple(ours) == pytest.approx(tuple(ttest_1samp(seen, 0).confidence_interval(0.9)))


@pytest.mark.parametrize("n", [3, 5, 15, 60])
@pytest.mark.parametrize("value", [0.05, 0.5, 0.95])
def test_the_formula_keeps_to_its_tail(value: float, n: int) -> None:
    """Of values that are 0 or one other the ratio has a beta distribution, not used there."""
    for other in sorted({1, n // 2, n - 1, n}):
        seen = np.repeat([0.0, value], [n - other, other])
        kept = beta.cdf(lower_limit(seen, 0.025) / value, other, n - other + 0.5)
        assert 0.021 < kept < 0.028
