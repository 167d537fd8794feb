"""When traces were right, and what came after: by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.statistics.thinking import Course, thinking_of

GRID = [10, 20, 40]


def course(
    problem: str, right: str, *, total: int = 40, ended: bool = True, settled: str = "001"
) -> Course:
    flags = tuple(mark == "1" for mark in right)
    return Course(
        problem,
        flags,
        tuple(total <= budget and ended for budget in GRID),
        tuple(mark == "1" for mark in settled),
        tuple(min(total, budget) for budget in GRID),
        total,
        ended,
    )


def test_by_hand() -> None:
    found = thinking_of(
        [
            course("a", "011", settled="011"),
            course("a", "000", ended=False),
            course("b", "010", total=30, settled="111"),
            course("c", "000", ended=False),
        ],
        GRID,
    )
    assert found["first_correct_tokens"] == 20
    assert found["ever_correct"] == pytest.approx((0.5 + 1 + 0) / 3)
    assert found["token_efficiency"] == pytest.approx((20 / 40 + 20 / 30) / 2)
    # Of a, 20 of 40 tokens came after its answer; of b 20 of 30; c and one of a never ended.
    assert found["tokens_after_answer"] == pytest.approx(20)
    assert found["minimal_solving_budget"] == 20
    assert found["solvable"] == pytest.approx(2 / 3)
    # The last budget has a third of the weight; only one trace of a is right there by itself.
    assert found["auc_oaa"] == pytest.approx((1 / 3) / 2 / 3)


def test_nothing_is_known_of_nothing() -> None:
    assert thinking_of([], GRID) == {}
    found = thinking_of([course("a", "000", ended=False)], GRID)
    assert [name for name, value in found.items() if value is None] == [
        "first_correct_tokens",
        "token_efficiency",
        "tokens_after_answer",
        "minimal_solving_budget",
    ]


MARKS = st.text("01", min_size=3, max_size=3)


@given(st.lists(st.tuples(st.sampled_from("abc"), MARKS, st.integers(1, 60)), min_size=1))
def test_shares_are_shares_and_order_does_not_matter(made: list[tuple[str, str, int]]) -> None:
    courses = [course(name, right, total=total) for name, right, total in made]
    found = thinking_of(courses, GRID)
    for name in ("ever_correct", "token_efficiency", "solvable", "auc_oaa"):
        value = found[name]
        assert value is None or 0 <= value <= 1 + 1e-12
    assert thinking_of(courses[::-1], GRID) == pytest.approx(found)
    ever = found["ever_correct"]
    assert ever is not None
    assert (found["auc_oaa"] or 0) <= ever + 1e-12
