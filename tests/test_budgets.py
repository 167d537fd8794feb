"""Budget grids as users write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime import AnytimeError, BudgetGrid, parse_budgets


@pytest.mark.parametrize(
    ("spec", "budgets"),
    [
        ("128,256,512", (128, 256, 512)),
        (" 128 , 256 ", (128, 256)),
        ("0,1", (0, 1)),
        ("1e3,2e3", (1000, 2000)),
        ("geom:128:4096:6", (128, 256, 512, 1024, 2048, 4096)),
        ("geom:256:16384:7", (256, 512, 1024, 2048, 4096, 8192, 16384)),
        ("geom:1:1000:4", (1, 10, 100, 1000)),
        ("linear:0:4000:5", (0, 1000, 2000, 3000, 4000)),
        ([128, "256", 512.0], (128, 256, 512)),
        (range(0, 30, 10), (0, 10, 20)),
    ],
)
def test_grids_that_are_meant(spec: object, budgets: tuple[int, ...]) -> None:
    assert parse_budgets(spec) == budgets  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("", "no budgets given"),
        ([], "no budgets given"),
        ("512", "one budget (512) makes no curve"),
        (512, "one budget (512) makes no curve"),
        ("256,128", "budgets must increase: 128 stands after 256; write 128,256"),
        ("128,128,256", "budget 128 is given twice"),
        ("-1,128", "budget -1 is negative"),
        ("128,lots", "budget 'lots' is not a whole number"),
        ("128,,256", "budget '' is not a whole number"),
        ("128;256", "is not a whole number"),
        ("1.5,3", "budget '1.5' is not a whole number"),
        ("128,nan", "budget 'nan' is not a whole number"),
        ("128,inf", "budget 'inf' is not a whole number"),
        ("128,1e300", "larger than"),
        ([True, 2], "budget True is not a whole number"),
        ([None, 2], "budget None is not a whole number"),
        ("geo:128:4096:6", "unknown spacing 'geo'"),
        ("geom:128:4096", "need three numbers"),
        ("geom:128:4096:1", "at least two"),
        ("geom:4096:128:6", "must increase"),
        ("geom:0:128:6", "cannot start at 0"),
        ("geom:1:3:9", "no 9 whole numbers lie in 1..3"),
        ("geom:1:5:5", "given twice"),
        ("linear:0:x:5", "budget 'x' is not a whole number"),
    ],
)
def test_grids_that_are_not(spec: object, words: str) -> None:
    with pytest.raises(AnytimeError) as caught:
        parse_budgets(spec)  # type: ignore[arg-type]
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.sets(st.integers(0, 10**7), min_size=2, max_size=20))
def test_text_and_list_give_the_same_grid(budgets: set[int]) -> None:
    ordered = sorted(budgets)
    assert parse_budgets(",".join(map(str, ordered))) == BudgetGrid(ordered) == tuple(ordered)
    assert BudgetGrid(ordered).largest == ordered[-1]


@given(st.integers(1, 1000), st.integers(2, 2**12), st.integers(2, 8))
def test_geometric_grids_keep_their_ends(first: int, factor: int, count: int) -> None:
    last = first * max(factor, 2 ** (count - 1))  # far enough apart for distinct whole numbers
    grid = parse_budgets(f"geom:{first}:{last}:{count}")
    assert (grid[0], grid[-1], len(grid)) == (first, last, count)
