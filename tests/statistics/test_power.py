"""The comparison of power with what stood here before, in small."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.coverage import TRUTHS, quality
from benchmarks.power import SETTINGS, Setting, before, ours, power


@pytest.mark.parametrize("traces", [1, 4])
def test_where_all_swaps_are_tried_the_p_values_are_those_of_before(traces: int) -> None:
    rng = np.random.default_rng(traces)
    for seed in range(10):
        chances = TRUTHS["rising"](10, rng)
        a, b = (quality("rising", p, traces, rng) for p in (chances + 0.3 * (1 - chances), chances))
        index, budgets = ours(a, b, 2000, seed)
        assert (index, *budgets) == pytest.approx(
            [p for each in before(a, b, 2000, seed) for p in np.atleast_1d(each)]
        )


def test_a_gain_is_seen_as_often_as_before() -> None:
    found = power(Setting("rising", 30, 4, 0.25), 60, 499)
    assert found.ours[0] > 0.6
    assert found.ours == pytest.approx(found.before, abs=0.1)
    assert min(found.luck) > 0.001
    none = power(Setting("rising", 30, 4, 0.0), 60, 499)
    assert max(none.ours) < 0.2
    assert {one.truth for one in SETTINGS} == {"rising", "plateau"}
