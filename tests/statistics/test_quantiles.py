"""Quantiles against those of scipy, over all that a run of any size may ask for."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from anytime.statistics.quantiles import (
    beta_probability,
    beta_quantile,
    normal_probability,
    normal_quantile,
    student_probability,
    student_quantile,
)

_TAIL = st.floats(1e-6, 1 - 1e-6)
_COUNT = st.one_of(st.integers(1, 100_000).map(float), st.floats(0.5, 400.0))


@given(_TAIL)
def test_normal_quantiles(probability):
    assert normal_quantile(probability) == pytest.approx(special.ndtri(probability), abs=1e-12)


@given(st.floats(-30, 8))
def test_normal_probabilities(deviate):
    assert normal_probability(deviate) == pytest.approx(special.ndtr(deviate), rel=1e-12)


@given(_COUNT, _TAIL)
def test_student_quantiles(freedom, probability):
    theirs = special.stdtrit(freedom, probability)
    assert student_quantile(freedom, probability) == pytest.approx(theirs, rel=1e-8, abs=1e-9)


@given(_COUNT, st.floats(-40, 40))
def test_student_probabilities(freedom, at):
    theirs = special.stdtr(freedom, at)
    assert student_probability(freedom, at) == pytest.approx(theirs, rel=1e-8, abs=1e-14)


@given(_COUNT, _COUNT, st.floats(1e-5, 0.5))
def test_beta_quantiles(a, b, tail):
    theirs = special.betaincinv(a, b, tail)
    assert beta_quantile(a, b, tail) == pytest.approx(theirs, rel=1e-8, abs=1e-13)


@given(_COUNT, _COUNT, st.floats(0, 1))
def test_beta_probabilities(a, b, at):
    theirs = special.betainc(a, b, at)
    assert beta_probability(a, b, at) == pytest.approx(theirs, rel=1e-7, abs=1e-12)


@pytest.mark.parametrize("right", [1, 2, 17, 9_999])
def test_the_limit_of_few_and_of_many_right_answers(right):
    theirs = special.betaincinv(right, 10_000 - right + 0.5, 0.025)
    assert beta_quantile(right, 10_000 - right + 0.5, 0.025) == pytest.approx(theirs, rel=1e-9)


def test_the_middle_of_student():
    assert student_quantile(3, 0.5) == 0.0
    assert math.copysign(1, student_quantile(3, 0.4)) == -1


def test_the_ends_are_what_they_are_in_scipy():
    assert normal_quantile(0) == -math.inf == student_quantile(5, 0)
    assert normal_quantile(1) == math.inf == student_quantile(5, 1)
    assert (beta_quantile(3, 4, 0), beta_quantile(3, 4, 1)) == (0, 1)
    assert student_quantile(math.inf, 0.9) == normal_quantile(0.9)
    assert student_probability(4, -math.inf) == 0
    assert math.isnan(student_quantile(0, 0.9))
    assert math.isnan(student_quantile(math.nan, 0.9))
    assert math.isnan(student_probability(3, math.nan))
