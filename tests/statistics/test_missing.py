"""What is missing at a budget: shares that add to 1, by hand and by property."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from anytime import Curve
from anytime.statistics.missing import STATES, missing_at

SHAPE = (3, 2, 4)


@st.composite
def runs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    graded = draw(st.booleans())
    values = st.floats(0, 1) if graded else st.sampled_from([0.0, 1.0])
    quality = draw(arrays(float, SHAPE, elements=values))
    unparsed = draw(arrays(float, SHAPE, elements=st.sampled_from([0.0, 0.0, 1.0])))
    ended = draw(arrays(float, SHAPE[:2], elements=st.sampled_from([0.0, 1.0])))
    quality = np.where(unparsed == 1, 0.0, quality)
    if draw(st.booleans()):  # the last problem lacks a trace
        for values_of in (quality, unparsed, ended):
            values_of[2, 1] = np.nan
    return quality, unparsed, ended


@given(runs())
def test_shares_add_to_1_and_right_is_the_curve(
    run: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    quality, unparsed, ended = run
    found = missing_at(quality, unparsed, ended)
    assert list(found.shares) == list(STATES)
    assert np.sum(list(found.shares.values()), axis=0) == pytest.approx(np.ones(SHAPE[2]))
    curve = Curve([1, 2, 3, 4], quality)
    assert found.shares["right"] == pytest.approx(curve.mean)
    assert min(min(share) for share in found.shares.values()) >= 0
    assert sum(found.solved.values()) == pytest.approx(1)


@given(runs(), st.permutations(range(3)))
def test_the_order_of_problems_does_not_matter(
    run: tuple[np.ndarray, np.ndarray, np.ndarray], order: list[int]
) -> None:
    found = missing_at(*run)
    moved = missing_at(*(part[list(order)] for part in run))
    for name in STATES:
        assert moved.shares[name] == pytest.approx(found.shares[name])


def of(quality: list[float], *, ended: bool, unread: tuple[int, ...] = ()) -> list[list[str]]:
    """What each budget of a single trace has, the states above 0."""
    values = np.array([[quality]], dtype=float)
    unparsed = np.zeros_like(values)
    unparsed[0, 0, list(unread)] = 1
    found = missing_at(values, unparsed, np.array([[float(ended)]]))
    return [
        [f"{name} {share[place]:g}" for name, share in found.shares.items() if share[place]]
        for place in range(len(quality))
    ]


def test_one_trace_by_hand() -> None:
    assert of([0, 1, 1], ended=True) == [["unfinished 1"], ["right 1"], ["right 1"]]
    assert of([0, 0, 0], ended=True) == [["never 1"]] * 3
    assert of([0, 0, 0], ended=False) == [["cut off 1"]] * 3
    assert of([0, 1, 0], ended=True) == [["unfinished 1"], ["right 1"], ["lost 1"]]
    # Lost and found again: the drift counts it, so does this.
    assert of([1, 0, 1], ended=True) == [["right 1"], ["lost 1"], ["right 1"]]
    assert of([0, 0, 1], ended=True, unread=(1,)) == [
        ["unfinished 1"],
        ["unparsed 1"],
        ["right 1"],
    ]


def test_a_graded_trace_splits_its_deficit() -> None:
    assert of([0.5, 0.25, 0.75], ended=True) == [
        ["right 0.5", "unfinished 0.25", "never 0.25"],
        ["right 0.25", "unfinished 0.25", "never 0.25", "lost 0.25"],
        ["right 0.75", "never 0.25"],
    ]


def test_never_sometimes_and_always() -> None:
    quality = np.array([[[0, 1], [0, 1]], [[1, 0], [1, 1]], [[1, 0], [0, 0.5]], [[0, 0], [0, 0]]])
    found = missing_at(quality.astype(float), np.zeros_like(quality), np.ones((4, 2)))
    assert found.solved == {"never": 0.5, "sometimes": 0.25, "always": 0.25}
    assert found.traces == 2
    low, high = found.intervals["never"]
    assert low < 0.5 < high


def test_what_nobody_told_is_counted() -> None:
    quality = np.zeros((2, 1, 2))
    found = missing_at(quality, np.full_like(quality, np.nan), np.array([[np.nan], [1.0]]))
    assert found.unknown == 0.5
    assert found.shares["cut off"] == (0.5, 0.5)
    assert found.shares["unparsed"] == (0, 0)
