"""What a pilot predicts, against what runs of that size show."""

from __future__ import annotations

import numpy as np
import pytest

from anytime import AnytimeError, Curve, Run, compare
from anytime.settings import IndexOptions
from anytime.statistics.planning import (
    components,
    detectable,
    pilot_of,
    pilot_of_pair,
    predicted_width,
    problems_for,
    problems_to_show,
)
from benchmarks.coverage import BUDGETS, TRUTHS, quality
from benchmarks.planned_widths import LATER, widths


def curve(truth: str, problems: int, traces: int, seed: int) -> Curve:
    rng = np.random.default_rng(seed)
    chances = TRUTHS[truth](problems, rng)
    return Curve(
        BUDGETS, quality(truth, chances, traces, rng), [f"{n:04}" for n in range(problems)]
    )


def test_the_variance_is_parted_as_it_was_made() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 0.3, (4000, 1)) + rng.normal(0, 0.2, (4000, 5))
    parts = components(values)
    assert parts.between == pytest.approx(0.09, rel=0.08)
    assert parts.within == pytest.approx(0.04, rel=0.05)
    assert parts.of_problem(2) == pytest.approx(0.11, rel=0.08)
    values[::2, 3:] = np.nan
    assert components(values).within == pytest.approx(0.04, rel=0.05)


@pytest.mark.parametrize("truth", ["rising", "plateau", "rise and fall"])
@pytest.mark.parametrize("later", LATER)
def test_the_width_is_that_of_a_later_run(truth: str, later: tuple[int, int]) -> None:
    found = widths(truth, later, seeds=12)
    assert found.told == pytest.approx(found.shown, rel=0.15)
    assert found.near >= 0.75


def test_a_difference_that_is_planned_for_is_what_a_later_comparison_detects() -> None:
    def pair(problems: int, traces: int, seed: int) -> list[Curve]:
        rng = np.random.default_rng(seed)
        chances = TRUTHS["plateau"](problems, rng)
        names = [f"{n:04}" for n in range(problems)]
        return [
            Curve(BUDGETS, quality("plateau", p, traces, rng), names)
            for p in (chances + 0.2 * (1 - chances), chances)
        ]

    told = [
        detectable(pilot_of_pair(*pair(60, 4, seed), IndexOptions()), 120, 2) for seed in range(12)
    ]
    shown = []
    for seed in range(12):
        a, b = (
            Run(name, BUDGETS, dict(zip(one.problems, one.quality, strict=True)))
            for name, one in zip("ab", pair(120, 2, 100 + seed), strict=True)
        )
        shown.append(compare(a, b, resamples=10).detectable)
    assert np.mean(told) == pytest.approx(np.mean(shown), rel=0.15)


def test_the_fewest_problems_that_will_do() -> None:
    pilot = pilot_of(curve("plateau", 60, 4, 3), IndexOptions())
    few = problems_for(pilot, 0.1, 1)
    many = problems_for(pilot, 0.1, 64)
    assert few is not None
    assert many is not None
    assert many < few
    assert predicted_width(pilot, few, 1) <= 0.1 < predicted_width(pilot, few - 1, 1)
    assert problems_for(pilot, 1e-5, 1) is None
    parts = components(np.random.default_rng(0).normal(0, 0.1, (50, 4)))
    n = problems_to_show(parts, 0.01, 4)
    assert n is not None
    assert detectable(parts, n, 4) <= 0.01 < detectable(parts, n - 1, 4)


def test_what_a_pilot_cannot_tell() -> None:
    single = pilot_of(curve("plateau", 30, 1, 0), IndexOptions())
    assert predicted_width(single, 60, 1) > 0
    with pytest.raises(
        AnytimeError, match="has one trace per problem, which does not tell what mo"
    ):
        predicted_width(single, 60, 8)
    with pytest.raises(AnytimeError, match="a pilot of one problem tells nothing of others"):
        pilot_of(Curve([1, 2], [[0, 1]]), IndexOptions())
    with pytest.raises(AnytimeError, match="q_max=achieved cannot be planned with"):
        pilot_of(curve("plateau", 30, 2, 0), IndexOptions(q_max="achieved"))
    with pytest.raises(AnytimeError, match="these differ in them"):
        pilot_of_pair(curve("plateau", 30, 2, 0), curve("plateau", 20, 2, 0), IndexOptions())
