"""The Anytime Index against hand-worked values, its definition and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from anytime import (
    AnytimeError,
    Curve,
    anytime_index,
    budget_weights,
    index_interval,
    summarize,
)
from anytime.statistics.index import _t_quantile, overthought

ENVELOPES = ("none", "mean", "problem", "trace")


def test_worked_by_hand() -> None:
    # Two problems, one trace; means 0, 1/2, 1/4 at 0, 100, 400.
    curve = Curve([0, 100, 400], [[0, 1, 0], [0, 0, 0.5]])
    assert curve.mean == pytest.approx([0, 0.5, 0.25])
    # none: (0 + .5)/2 * 100 + (.5 + .25)/2 * 300 = 25 + 112.5 of 400
    assert anytime_index(curve, envelope="none") == pytest.approx(137.5 / 400)
    # mean: the curve becomes 0, .5, .5: 25 + 150
    assert anytime_index(curve) == pytest.approx(175 / 400)
    # problem (= trace, with one trace each): 0, 1, 1 and 0, 0, .5 average to 0, .5, .75
    assert anytime_index(curve, envelope="problem") == pytest.approx((25 + 0.625 * 300) / 400)
    assert anytime_index(curve, q_max="achieved") == pytest.approx(175 / 400 / 0.5)
    assert anytime_index(curve, q_max=0.5) == pytest.approx(175 / 400 / 0.5)
    summary = summarize(curve, resamples=10)
    assert summary.drift == pytest.approx((175 - 137.5) / 400)
    assert (summary.final, summary.average) == (pytest.approx(0.25), pytest.approx(0.25))
    assert summary.overthinking == 0.5


def test_doubling_budgets_put_half_the_area_into_the_last_interval() -> None:
    weights = budget_weights([128, 256, 512, 1024, 2048, 4096])
    assert weights.sum() == pytest.approx(1)
    assert 2 * weights[-1] == pytest.approx(2048 / 3968)  # 51.6 %
    assert budget_weights([128, 256, 512], "log2") == pytest.approx([0.25, 0.5, 0.25])


def test_a_guesser_gains_nothing_from_the_mean_and_everything_from_an_oracle() -> None:
    # docs/methods.md: a pure four-choice guesser, 7 budgets doubling from 256 to 16384.
    rng = np.random.default_rng(7)
    budgets = [256 * 2**i for i in range(7)]
    curve = Curve(budgets, rng.random((400, 50, 7)) < 0.25)
    assert anytime_index(curve, envelope="none") == pytest.approx(0.25, abs=0.01)
    assert anytime_index(curve, envelope="mean") == pytest.approx(0.25, abs=0.01)
    assert anytime_index(curve, envelope="trace") == pytest.approx(0.78, abs=0.01)


def test_nothing_achieved_is_zero_and_not_a_division() -> None:
    assert anytime_index(Curve([1, 2], [[0, 0]]), q_max="achieved") == 0


def test_missing_traces_weigh_nothing() -> None:
    nan = math.nan
    ragged = Curve([1, 2], [[[0, 1], [nan, nan]], [[0, 0], [0, 1]]])
    assert ragged.mean == pytest.approx([0, 0.75])
    assert summarize(ragged, resamples=10).overthinking == 0


@pytest.mark.parametrize(
    ("budgets", "quality", "words"),
    [
        ([128], [[1]], "one budget"),
        ([256, 128], [[0, 1]], "must increase"),
        ([128, 128], [[0, 1]], "given twice"),
        ([1, 2], [[0, math.nan]], "quality is NaN within trace 0 of problem 0"),
        ([1, 2], [[math.nan, math.nan]], "problem 0 has no trace"),
        ([1, 2], [[0, 1.5]], "quality 1.5 of problem 0, trace 0, budget 2 is outside [0, 1]"),
        ([1, 2], [[-0.1, 1]], "outside [0, 1]"),
        ([1, 2, 3], [[0, 1]], "2 budgets but 3 are named"),
        ([1, 2], [], "expected (problems, traces, budgets)"),
        ([1, 2], [0, 1], "expected (problems, traces, budgets)"),
    ],
)
def test_curves_that_are_none(budgets: list[int], quality: list[object], words: str) -> None:
    with pytest.raises(AnytimeError) as caught:
        Curve(budgets, quality)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"envelope": "best"}, "unknown envelope 'best': choose one of mean, none, problem, trace"),
        ({"scale": "ln"}, "unknown scale 'ln': choose one of linear, log2"),
        ({"q_max": 0}, "q_max 0"),
        ({"q_max": "most"}, "q_max 'most'"),
        ({"q_max": 1.1}, "q_max 1.1"),
    ],
)
def test_options_that_are_none(options: dict[str, object], words: str) -> None:
    with pytest.raises(AnytimeError) as caught:
        anytime_index(Curve([1, 2], [[0, 1]]), **options)  # type: ignore[arg-type]
    assert words in str(caught.value)


def test_budget_zero_has_no_logarithm() -> None:
    with pytest.raises(AnytimeError, match="budget 0 has no place on the scale log2"):
        anytime_index(Curve([0, 2], [[0, 1]]), scale="log2")


qualities = hnp.arrays(
    np.float64,
    hnp.array_shapes(min_dims=3, max_dims=3, min_side=2, max_side=6),
    elements=st.floats(0, 1, width=16),
)


@given(qualities, st.sampled_from(ENVELOPES))
def test_vectorised_equals_the_definition(quality: np.ndarray, envelope: str) -> None:
    problems, traces, length = quality.shape
    budgets = np.cumsum(np.arange(3, 3 + length))

    def best(values: list[float]) -> list[float]:
        return [max(values[: i + 1]) for i in range(len(values))]

    def mean(rows: list[list[float]]) -> list[float]:
        return [math.fsum(column) / len(rows) for column in zip(*rows, strict=True)]

    each = [[list(quality[p, n]) for n in range(traces)] for p in range(problems)]
    if envelope == "trace":
        each = [[best(trace) for trace in traces] for traces in each]
    by_problem = [mean(traces) for traces in each]
    if envelope == "problem":
        by_problem = [best(values) for values in by_problem]
    q = mean(by_problem)
    if envelope == "mean":
        q = best(q)
    area = sum((q[t] + q[t + 1]) / 2 * (budgets[t + 1] - budgets[t]) for t in range(length - 1)) / (
        budgets[-1] - budgets[0]
    )
    assert anytime_index(Curve(budgets, quality), envelope=envelope) == pytest.approx(area)  # type: ignore[arg-type]


@given(qualities)
def test_envelopes_are_ordered(quality: np.ndarray) -> None:
    curve = Curve(range(1, quality.shape[2] + 1), quality)
    values = [anytime_index(curve, envelope=envelope) for envelope in ENVELOPES]  # type: ignore[arg-type]
    assert values == pytest.approx(sorted(values))
    assert values[0] >= 0
    assert values[-1] <= 1 + 1e-12
    assert summarize(curve, resamples=2).drift >= -1e-12


@given(qualities)
def test_overthinking_is_a_best_above_the_last(quality: np.ndarray) -> None:
    expected = [[max(trace) > trace[-1] for trace in traces] for traces in quality.tolist()]
    assert overthought(quality).tolist() == expected


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 29, 98, 1599])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
def test_t_quantile_is_students(freedom: int, confidence: float) -> None:
    probability = (1 + confidence) / 2
    expected = scipy.stats.t.ppf(probability, freedom)
    assert _t_quantile(probability, freedom) == pytest.approx(expected, rel=1e-6)


def test_linear_intervals_are_students_over_problems() -> None:
    rng = np.random.default_rng(1)
    curve = Curve([1, 3, 4], rng.random((30, 8, 3)))
    values = curve.by_problem @ budget_weights([1, 3, 4])
    expected = scipy.stats.t.interval(
        0.95, 29, loc=values.mean(), scale=values.std(ddof=1) / math.sqrt(30)
    )
    assert index_interval(curve, envelope="none") == pytest.approx(expected)


def test_bootstrap_agrees_with_plain_resampling_and_keeps_its_seed() -> None:
    rng = np.random.default_rng(2)
    curve = Curve([1, 2, 3, 5], rng.random((60, 4, 4)))
    weights = budget_weights(curve.budgets)

    draws = np.random.default_rng(3).integers(0, 60, (20_000, 60))
    plain = np.maximum.accumulate(curve.by_problem[draws].mean(axis=1), axis=1) @ weights
    ours = index_interval(curve, resamples=20_000, seed=5)
    assert ours == pytest.approx(np.quantile(plain, [0.025, 0.975]), abs=0.003)
    assert ours == index_interval(curve, resamples=20_000, seed=5)
    assert ours != index_interval(curve, resamples=20_000, seed=6)


@pytest.mark.parametrize("envelope", ["none", "mean"])
def test_intervals_cover_at_their_rate_with_traces_that_agree(envelope: str) -> None:
    # 8 traces of a problem share its difficulty; taken as independent they would cover 54 %.
    rng = np.random.default_rng(11)
    budgets, covered, runs = [1, 2, 4], 0, 400
    steps = np.array([0.3, 0.5, 0.7])
    for seed in range(runs):
        skill = rng.beta(0.5, 0.5, size=(30, 1, 1)) - 0.5
        quality = rng.random((30, 8, 3)) < np.clip(steps + skill, 0, 1)
        interval = index_interval(
            Curve(budgets, quality),
            envelope=envelope,  # type: ignore[arg-type]
            resamples=400,
            seed=seed,
        )
        truth = _expected_index(steps)
        covered += interval.low <= truth <= interval.high
    assert 0.90 <= covered / runs <= 0.99


def _expected_index(steps: np.ndarray) -> float:
    skill = scipy.stats.beta(0.5, 0.5).ppf((np.arange(20_000) + 0.5) / 20_000) - 0.5
    q = np.clip(steps + skill[:, np.newaxis], 0, 1).mean(axis=0)
    return float(q @ budget_weights([1, 2, 4]))


def test_one_problem_has_no_interval() -> None:
    assert all(math.isnan(end) for end in index_interval(Curve([1, 2], [[0, 1]])))
