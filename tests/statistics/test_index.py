"""The Anytime Index against hand-worked values, its definition and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
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
from anytime.settings import IndexOptions
from anytime.statistics.bounded import lower_limit, upper_limit
from anytime.statistics.index import overthought, read_drift
from anytime.statistics.paths import along, cross_fitted, partitions

quickly = settings(max_examples=25, deadline=None)
ENVELOPES = ("none", "mean", "problem", "trace")


def test_worked_by_hand() -> None:
    # Two problems, one trace; means 0, 1/2, 1/4 at 0, 100, 400.
    curve = Curve([0, 100, 400], [[0, 1, 0], [0, 0, 0.5]])
    assert curve.mean == pytest.approx([0, 0.5, 0.25])
    # none: (0 + .5)/2 * 100 + (.5 + .25)/2 * 300 = 25 + 112.5 of 400
    assert anytime_index(curve, envelope="none") == pytest.approx(137.5 / 400)
    # mean: the curve becomes 0, .5, .5: 25 + 150
    assert anytime_index(curve, estimator="plugin") == pytest.approx(175 / 400)
    # problem (= trace, with one trace each): 0, 1, 1 and 0, 0, .5 average to 0, .5, .75
    assert anytime_index(curve, envelope="problem") == pytest.approx((25 + 0.625 * 300) / 400)
    achieved = anytime_index(curve, q_max="achieved", estimator="plugin")
    assert achieved == pytest.approx(175 / 400 / 0.5)
    summary = summarize(curve, estimator="plugin")
    assert summary.drift == pytest.approx((175 - 137.5) / 400)
    assert (summary.final, summary.average) == (pytest.approx(0.25), pytest.approx(0.25))
    assert summary.overthinking == 0.5


def test_cross_fitting_by_hand() -> None:
    # Of two problems each is read where the other was best: the first, which was best at 100, at
    # the budgets 0, 100 and 400 of the second; the second at 0, 100 and 100 of the first.
    curve = Curve([0, 100, 400], [[0, 1, 0], [0, 0, 0.5]])
    first = (0 + 1) / 2 * 100 + (1 + 0) / 2 * 300
    second = (0 + 0) / 2 * 100 + (0 + 0) / 2 * 300
    assert anytime_index(curve) == pytest.approx((first + second) / 2 / 400)
    summary = summarize(curve)
    assert summary.anytime_index == anytime_index(curve)
    assert summary.plugin == anytime_index(curve, estimator="plugin") == pytest.approx(175 / 400)
    assert summary.drift == 0  # others knew nothing better than to go on


def test_the_quality_that_is_full_is_divided_by_and_never_exceeded() -> None:
    halves = Curve([0, 100, 400], [[0, 0.5, 0], [0, 0, 0.5]])
    for estimator in ("crossfit", "plugin"):
        whole = anytime_index(halves, estimator=estimator)
        assert anytime_index(halves, q_max=0.5, estimator=estimator) == pytest.approx(2 * whole)
    with pytest.raises(AnytimeError, match=r"quality 1 is above q_max=0.5, the quality that count"):
        anytime_index(Curve([1, 2], [[0, 1], [0, 0.5]]), q_max=0.5)


@pytest.mark.parametrize("estimator", ["crossfit", "plugin"])
def test_achieved_is_the_best_of_a_curve_that_falls(estimator: str) -> None:
    falling = Curve([1, 2, 3], [[1, 1, 0.1]] * 4)
    for envelope, area in (("mean", 1.0), ("none", (1 + 1 + 1 + 0.1) / 4)):
        found = anytime_index(
            falling,
            q_max="achieved",
            envelope=envelope,  # type: ignore[arg-type]
            estimator=estimator,  # type: ignore[arg-type]
        )
        assert found == pytest.approx(area)


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
    assert summarize(ragged).overthinking == 0


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
        ({"estimator": "best"}, "unknown estimator 'best': choose one of crossfit, plugin"),
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
    found = anytime_index(Curve(budgets, quality), envelope=envelope, estimator="plugin")  # type: ignore[arg-type]
    assert found == pytest.approx(area)


@quickly
@given(qualities)
def test_envelopes_are_ordered(quality: np.ndarray) -> None:
    curve = Curve(range(1, quality.shape[2] + 1), quality)
    values = [
        anytime_index(curve, envelope=envelope, estimator="plugin")  # type: ignore[arg-type]
        for envelope in ENVELOPES
    ]
    assert values == pytest.approx(sorted(values))
    assert values[0] >= 0
    assert values[-1] <= 1 + 1e-12
    assert summarize(curve).drift >= -1e-12


@given(qualities)
def test_overthinking_is_a_best_above_the_last(quality: np.ndarray) -> None:
    expected = [[max(trace) > trace[-1] for trace in traces] for traces in quality.tolist()]
    assert overthought(quality).tolist() == expected


def test_far_from_the_limits_an_interval_is_nearly_students() -> None:
    rng = np.random.default_rng(1)
    curve = Curve([1, 3, 4], rng.random((400, 8, 3)))
    values = curve.by_problem @ budget_weights([1, 3, 4])
    error = values.std(ddof=1) / math.sqrt(400)
    expected = scipy.stats.t.interval(0.95, 399, loc=values.mean(), scale=error)
    # The pseudo-problem and the skew reach further out by less than a third of a standard error.
    assert index_interval(curve, envelope="none") == pytest.approx(expected, abs=0.3 * error)


def test_an_interval_is_of_what_others_chose_and_of_what_all_chose() -> None:
    quality = np.random.default_rng(2).random((60, 4, 4))
    names = [f"problem {n:02}" for n in range(60)]
    curve = Curve([1, 2, 3, 5], quality, names)
    weights = budget_weights(curve.budgets)[:, np.newaxis]
    values = quality.mean(axis=1)
    fair = cross_fitted(values, weights, partitions(names, 5))[:, 0]
    expected = (lower_limit(fair, 0.025), upper_limit(along(values, weights)[:, 0], 0.025))
    assert index_interval(curve, seed=5) == pytest.approx(expected)
    assert index_interval(curve, seed=5) != index_interval(curve, seed=6)


@quickly
@given(qualities, st.randoms(use_true_random=False))
def test_the_order_of_problems_makes_no_difference(quality: np.ndarray, random: object) -> None:
    order = list(range(len(quality)))
    random.shuffle(order)  # type: ignore[attr-defined]
    budgets = range(1, quality.shape[2] + 1)
    one = summarize(Curve(budgets, quality, list(map(str, range(len(quality))))))
    other = summarize(Curve(budgets, quality[order], list(map(str, order))))
    assert one == other


@quickly
@given(qualities)
def test_an_interval_holds_what_it_is_of_and_has_a_width(quality: np.ndarray) -> None:
    curve = Curve(range(1, quality.shape[2] + 1), quality)
    for estimator in ("crossfit", "plugin"):
        found = summarize(curve, estimator=estimator)  # type: ignore[arg-type]
        low, high = found.interval
        assert 0 <= low <= found.anytime_index + 1e-9 <= high + 2e-9 <= 1 + 2e-9
        assert high > low
        for (low, high), mean in zip(found.by_budget, curve.mean, strict=True):
            assert low <= mean + 1e-9
            assert mean - 1e-9 <= high


def test_a_guesser_shows_no_drift_and_one_who_falls_does() -> None:
    rng = np.random.default_rng(4)
    budgets = [256 * 2**i for i in range(7)]
    guesser = Curve(budgets, rng.random((30, 1, 7)) < 0.25)
    _, interval = read_drift(guesser, IndexOptions())
    assert interval.low == 0
    falling = Curve(budgets, rng.random((30, 8, 7)) < np.linspace(0.9, 0.2, 7))
    drift, interval = read_drift(falling, IndexOptions())
    assert 0 < interval.low < drift < interval.high


@pytest.mark.slow
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
