"""Paths of best so far, and problems read along paths that others chose."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from anytime.statistics.paths import along, best_so_far, cross_fitted, partitions, path_weights

WEIGHTS = np.array([[0.25, 0.0], [0.5, 0.0], [0.25, 1.0]])
tables = hnp.arrays(
    float, st.tuples(st.integers(2, 12), st.just(3)), elements=st.sampled_from([0, 0.25, 0.5, 1])
)


@pytest.mark.parametrize(
    ("curve", "path"),
    [
        ([0.1, 0.2, 0.3], [0, 1, 2]),
        ([0.3, 0.2, 0.1], [0, 0, 0]),
        ([0.2, 0.2, 0.1], [0, 1, 1]),
        ([0.2, 0.1, 0.2], [0, 0, 2]),
        ([0.1 + 0.2, 0.3, 0.1], [0, 1, 1]),
    ],
    ids=["rising", "falling", "latest of equal ones", "back again", "equal but for rounding"],
)
def test_where_a_curve_was_best(curve: list[float], path: list[int]) -> None:
    assert best_so_far(np.array([curve])).tolist() == [path]


def test_weights_go_where_the_best_was() -> None:
    ((index, last),) = path_weights(np.array([[0.2, 0.4, 0.1]]), WEIGHTS).transpose(0, 2, 1)
    assert index.tolist() == [0.25, 0.75, 0]
    assert last.tolist() == [0, 1, 0]


@given(tables)
def test_along_the_path_of_all_is_the_definition(values: np.ndarray) -> None:
    best = np.maximum.accumulate(values.mean(axis=0))
    found = along(values, WEIGHTS).mean(axis=0)
    assert found == pytest.approx([best @ WEIGHTS[:, 0], best[-1]])


@given(tables, st.integers(0, 3))
def test_cross_fitting_is_what_a_loop_over_folds_gives(values: np.ndarray, seed: int) -> None:
    folds = partitions([str(n) for n in range(len(values))], seed, repeats=3)
    expected = np.zeros((len(values), 2))
    for fold in folds:
        for problem, own in enumerate(fold):
            others = values[fold != own].mean(axis=0)
            path = best_so_far(others[np.newaxis])[0]
            expected[problem] += WEIGHTS.T @ values[problem, path] / len(folds)
    assert cross_fitted(values, WEIGHTS, folds) == pytest.approx(expected)


@given(tables, st.integers(0, 3))
def test_what_others_chose_is_never_better_than_the_best(values: np.ndarray, seed: int) -> None:
    folds = partitions([str(n) for n in range(len(values))], seed)
    fair = cross_fitted(values, WEIGHTS, folds).mean(axis=0)[0]
    assert fair <= along(values, WEIGHTS).mean(axis=0)[0] + 1e-12


@given(st.lists(st.text(max_size=6), min_size=1, max_size=40, unique=True), st.integers(0, 5))
def test_folds_hang_on_names_and_seed_alone(names: list[str], seed: int) -> None:
    found = partitions(names, seed)
    turned = partitions(names[::-1], seed)
    assert found.tolist() == turned[:, ::-1].tolist()
    sizes = [np.bincount(fold) for fold in found]
    assert all(size.max() - size.min() <= 1 for size in sizes)


def test_another_seed_and_another_repeat_are_other_folds() -> None:
    names = [f"problem {n}" for n in range(30)]
    seen = {tuple(fold) for seed in range(4) for fold in partitions(names, seed)}
    assert len(seen) == 4 * 8


@pytest.mark.parametrize(
    ("traces", "kept", "plugin", "fair"),
    [(1, False, 0.018, -0.024), (8, False, 0.001, -0.003), (1, True, 0.0, 0.0)],
    ids=["noise at every budget", "eight traces", "right for good"],
)
def test_where_a_rise_is_lost_in_noise_others_choose_too_low(
    traces: int, kept: bool, plugin: float, fair: float
) -> None:
    """The numbers of docs/methods.md; what the raw index errs by, which has no bias, is no bias."""
    rng = np.random.default_rng(3)
    truth = np.array([0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75])
    distances = np.diff(2.0 ** np.arange(7)) / 63
    weights = (np.append(distances, 0) + np.insert(distances, 0, 0))[:, np.newaxis] / 2
    names = [f"a{n}" for n in range(30)]
    luck = []
    for run in range(300):
        draws = rng.random((30, traces, 1 if kept else 7))
        values = (draws < truth).mean(axis=1)
        folds = partitions(names, run)
        read = [along(values, weights), cross_fitted(values, weights, folds), values @ weights]
        luck.append([each.mean() for each in read])
    high, low, raw = np.mean(luck, axis=0)
    assert high - raw == pytest.approx(plugin, abs=0.004)
    assert low - raw == pytest.approx(fair, abs=0.004)
