"""Paired tests and intervals against their definitions and scipy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import permutation_test, ttest_1samp

from anytime.statistics.paired import even_means, flip_p_values, paired_interval


def differences(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return x - y


def test_few_problems_are_swapped_in_every_way() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.random((7, 2)), rng.random((7, 2))
    found = flip_p_values(a, b, differences, 1000, 0)
    swaps = np.array(list(itertools.product([1, -1], repeat=7)))
    means, seen = swaps @ (a - b) / 7, (a - b).mean(axis=0)
    sides = [(means >= seen - 1e-12).mean(axis=0), (means <= seen + 1e-12).mean(axis=0)]
    assert found == pytest.approx(np.minimum(1, 2 * np.minimum(*sides)))


def test_many_are_swapped_at_random_as_scipy_does() -> None:
    rng = np.random.default_rng(6)
    a, b = rng.random((40, 1)), rng.random((40, 1)) - 0.1
    (ours,) = flip_p_values(a, b, differences, 20_000, 0)
    theirs = permutation_test(
        ((a - b)[:, 0],),
        lambda d, axis: d.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=20_000,
        rng=np.random.default_rng(0),
    ).pvalue
    assert ours == pytest.approx(theirs, abs=0.01)


def test_runs_that_are_equal_are_not_told_apart() -> None:
    same = np.random.default_rng(2).random((25, 3))
    assert flip_p_values(same, same, differences, 500, 0).tolist() == [1, 1, 1]


def test_memory_is_bounded_and_pieces_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    a, b = rng.random((16, 2)), rng.random((16, 2))
    whole = flip_p_values(a, b, differences, 999, 5)
    monkeypatch.setattr("anytime.statistics.paired._CHUNK", 160)
    assert flip_p_values(a, b, differences, 999, 5).tolist() == whole.tolist()


def with_missing(counts: list[int], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    quality = rng.random((len(counts), max(counts), 2))
    for row, count in zip(quality, counts, strict=True):
        row[count:] = np.nan
    return quality


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=6))
def test_as_many_traces_of_one_run_as_of_the_other(counts: list[tuple[int, int]]) -> None:
    a, b = (with_missing(list(each), seed) for seed, each in enumerate(zip(*counts, strict=True)))
    for means, quality in zip(even_means(a, b, 0), (a, b), strict=True):
        for mean, traces, (one, other) in zip(means, quality, counts, strict=True):
            kept = traces[~np.isnan(traces[:, 0])]
            possible = [
                np.mean(chosen, axis=0) for chosen in itertools.combinations(kept, min(one, other))
            ]
            assert any(np.allclose(mean, each) for each in possible)


def test_all_traces_are_taken_where_there_are_as_many() -> None:
    a, b = with_missing([3, 1], 0), with_missing([3, 1], 1)
    for means, quality in zip(even_means(a, b, 9), (a, b), strict=True):
        assert means == pytest.approx(np.nanmean(quality, axis=1))


def test_the_seed_chooses_the_traces() -> None:
    a, b = with_missing([5] * 4, 0), with_missing([1] * 4, 1)
    assert even_means(a, b, 0)[0].tolist() == even_means(a, b, 0)[0].tolist()
    assert even_means(a, b, 0)[0].tolist() != even_means(a, b, 1)[0].tolist()


def test_far_from_the_limits_the_interval_is_students() -> None:
    seen = np.random.default_rng(4).normal(0.1, 0.05, 4000)
    ours, theirs = paired_interval(seen, 0.95), ttest_1samp(seen, 0).confidence_interval()
    # 4,000 problems and half a pseudo-pair at either limit.
    assert ours.high - ours.low == pytest.approx(theirs.high - theirs.low, rel=0.06)
    assert sum(ours) == pytest.approx(sum(theirs), rel=1e-3)


@pytest.mark.parametrize("n", [2, 15, 200])
def test_no_difference_seen_is_not_known_for_certain(n: int) -> None:
    low, high = paired_interval(np.zeros(n), 0.95)
    assert low == -high
    assert high > 1 / n
