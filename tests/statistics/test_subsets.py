"""Means over all subsets, against subsets that are enumerated, closed forms and draws."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.statistics.subsets import best_of_subsets, vote_of_subsets

POOLS = st.lists(st.integers(-1, 4), min_size=1, max_size=8)
"""The answers of up to 8 traces; -1 cannot be read."""
WORTH = st.lists(st.floats(0, 1), min_size=5, max_size=5)


def voted(pool: tuple[int, ...], worth: list[float]) -> float:
    """The quality of one vote, by METHOD: ties are worth their mean, silence nothing."""
    votes = Counter(answer for answer in pool if answer >= 0)
    if not votes:
        return 0.0
    tied = [answer for answer, count in votes.items() if count == max(votes.values())]
    return sum(worth[answer] for answer in tied) / len(tied)


def estimated(pool: list[int], worth: list[float], sizes: list[int]) -> np.ndarray:
    votes = Counter(answer for answer in pool if answer >= 0)
    quality = [worth[answer] for answer in votes]
    return vote_of_subsets(list(votes.values()), quality, pool.count(-1), sizes)


@given(POOLS, WORTH)
def test_a_vote_is_the_mean_over_all_subsets(pool: list[int], worth: list[float]) -> None:
    sizes = list(range(1, len(pool) + 1))
    expected = [
        np.mean([voted(chosen, worth) for chosen in itertools.combinations(pool, size)])
        for size in sizes
    ]
    assert estimated(pool, worth, sizes) == pytest.approx(expected, abs=1e-12)


@given(POOLS, WORTH, st.randoms(use_true_random=False))
def test_the_order_of_traces_and_answers_does_not_matter(
    pool: list[int], worth: list[float], random: object
) -> None:
    shuffled = list(pool)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    sizes = list(range(1, len(pool) + 1))
    assert (estimated(pool, worth, sizes) == estimated(shuffled, worth, sizes)).all()


@pytest.mark.parametrize(
    ("right", "wrong", "k"), [(3, 2, 3), (20, 44, 16), (33, 31, 7), (600, 400, 65)]
)
def test_with_two_answers_it_is_a_hypergeometric_tail(right: int, wrong: int, k: int) -> None:
    total = math.comb(right + wrong, k)
    wins = [math.comb(right, j) * math.comb(wrong, k - j) for j in range(k + 1)]
    expected = (sum(wins[k // 2 + 1 :]) + (wins[k // 2] / 2 if k % 2 == 0 else 0)) / total
    assert vote_of_subsets([right, wrong], [1.0, 0.0], 0, [k]) == pytest.approx([expected])


@given(st.integers(1, 64), st.data())
def test_an_oracle_is_pass_at_k(total: int, data: st.DataObject) -> None:
    right = data.draw(st.integers(0, total))
    k = data.draw(st.integers(1, total))
    values = np.array([1.0] * right + [0.0] * (total - right))
    expected = 1 - math.comb(total - right, k) / math.comb(total, k)
    assert best_of_subsets(values, [k]) == pytest.approx([expected])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_the_best_is_the_mean_over_all_subsets(values: list[float]) -> None:
    sizes = list(range(1, len(values) + 1))
    expected = [
        np.mean([max(chosen) for chosen in itertools.combinations(values, size)]) for size in sizes
    ]
    assert best_of_subsets(np.array(values), sizes) == pytest.approx(expected)


def test_no_vote_is_above_the_oracle_nor_below_nothing() -> None:
    draw = np.random.default_rng(0)
    for _ in range(50):
        pool = draw.integers(-1, 4, size=32).tolist()
        worth = draw.random(5).tolist()
        sizes = [1, 2, 4, 8, 16, 32]
        quality = np.array([worth[answer] if answer >= 0 else 0.0 for answer in pool])
        votes = estimated(pool, worth, sizes)
        assert (votes <= best_of_subsets(quality, sizes) + 1e-9).all()
        assert (votes >= -1e-12).all()


def test_draws_without_replacement_agree_and_with_replacement_do_not() -> None:
    """METHOD's check: k = 5, where drawing with replacement is biased."""
    draw = np.random.default_rng(1)
    pool = [0] * 3 + [1] * 3 + [2, 3]
    worth = [1.0, 0.0, 0.0, 0.0, 0.0]
    exact = estimated(pool, worth, [5])[0]
    without = [voted(tuple(draw.permutation(pool)[:5]), worth) for _ in range(20_000)]
    again = [voted(tuple(draw.choice(pool, 5)), worth) for _ in range(20_000)]
    error = np.std(without) / math.sqrt(len(without))
    assert abs(np.mean(without) - exact) < 4 * error
    assert abs(np.mean(again) - exact) > 4 * error


def test_many_traces_and_answers_take_few_steps() -> None:
    """Enumerating compositions of 32 votes over 20 answers would be hopeless."""
    draw = np.random.default_rng(2)
    pool = draw.integers(0, 20, size=256).tolist()
    found = estimated([min(answer, 4) for answer in pool], [1.0, 0, 0, 0, 0], [1, 32, 256])
    assert found[0] == pytest.approx(np.mean(np.array(pool) == 0))
    assert (found >= 0).all()
    assert (found <= 1).all()
