"""Brent's method against scipy's: the same steps, so the same numbers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from anytime.statistics.roots import crossing

_SHARE = st.floats(0.001, 0.999)
_KINDS = {
    "line": lambda x, zero: x - zero,
    "cube": lambda x, zero: (x - zero) ** 3,
    "logistic": lambda x, zero: math.log(x / (1 - x)) - math.log(zero / (1 - zero)),
    "steep": lambda x, zero: math.tanh(300 * (x - zero)),
    "exponential": lambda x, zero: math.exp(8 * x) - math.exp(8 * zero),
}


@given(kind=st.sampled_from(sorted(_KINDS)), zero=_SHARE, near=st.sampled_from([1e-4, 1e-10]))
def test_it_is_brentq_to_the_last_bit(kind, zero, near):
    asked, theirs = [], []

    def function(x, said):
        said.append(x)
        return _KINDS[kind](x, zero)

    found = crossing(lambda x: function(x, asked), 1e-12, 1 - 1e-12, near=near)
    assert found == brentq(lambda x: function(x, theirs), 1e-12, 1 - 1e-12, xtol=near)
    assert asked == theirs
    assert found == pytest.approx(zero, abs=0.02 if kind == "cube" else 2 * near)


@pytest.mark.parametrize("ends", [(0.25, 1.0), (0.0, 0.25)])
def test_an_end_may_be_the_zero(ends):
    assert crossing(lambda x: x - 0.25, *ends) == 0.25


def test_one_sign_at_both_ends_is_an_error():
    with pytest.raises(ValueError, match="one sign at both ends"):
        crossing(lambda x: x + 1, 0.0, 1.0)


def test_what_is_no_number_is_an_error():
    with pytest.raises(ValueError, match="no number at"):
        crossing(lambda x: math.nan if 0.2 < x < 0.8 else x - 0.5, 0.0, 1.0)
    with pytest.raises(ValueError, match="one sign"):
        crossing(lambda x: math.nan, 0.0, 1.0)
