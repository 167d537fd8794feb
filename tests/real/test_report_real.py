"""The report of a real trajectory whose tail falls: Gemma on GPQA, cut at deciles of its traces."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from anytime.cli import main
from tests.pages import elements
from tests.real.tables import COLUMNS


@pytest.fixture(scope="module")
def shown(data: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The words of the page, one blank between any two."""
    page = tmp_path_factory.mktemp("gemma") / "gemma.html"
    columns = ",".join(f"{name}={column}" for name, column in COLUMNS.items())
    gemma = data / "gpqa" / "gemma_trajectory.csv"
    main(["report", str(gemma), "--columns", columns, "-o", str(page)])
    return " ".join(elements(page).text.split())


@pytest.fixture(scope="module")
def correct(data: Path) -> pd.DataFrame:
    """Problems by deciles, without any code of ours."""
    table = pd.read_csv(data / "gpqa" / "gemma_trajectory.csv")
    return table.pivot(index="question_id", columns="decile", values="correct").astype(float)


def test_budgets_below_the_best_so_far_are_named(shown: str, correct: pd.DataFrame) -> None:
    mean = correct.mean()
    lost = mean.cummax() - mean
    lost = lost[lost > 1e-9]
    assert dict(lost.round(3)) == {50: 0.020, 100: 0.051}
    said = ", ".join(f"{budget} (by {loss:.3f})" for budget, loss in lost.items())
    assert f"The mean curve lies below its best so far at {said}." in shown


def test_the_problems_that_fell_are_counted(shown: str, correct: pd.DataFrame) -> None:
    fell = (correct.cummax(axis=1) > correct).any(axis=1)
    assert (int(fell.sum()), len(fell)) == (49, 99)
    assert (
        "Traces fell at 49 of 99 problems; the index lost 0.000 by it, which is within noise."
        in shown
    )


def test_overthinking_and_the_index_are_those_of_the_check_values(shown: str) -> None:
    row = shown.partition("over-thinking")[2].partition("Read with care")[0]
    numbers = re.findall(r"0\.\d{3}|\d+%", row)
    index, low, high, final, average, drift, overthinking = numbers
    assert (index, final, average, drift, overthinking) == (
        "0.508",  # 0.528 with the bias of a maximum
        "0.586",
        "0.514",
        "0.000",  # which is 0.005 with it
        "27%",
    )
    assert f"{index} [{low}, {high}]" in shown  # the same in the figure


def test_what_a_table_does_not_tell_is_said(shown: str) -> None:
    assert "Taken from a table that somebody else made" in shown
    assert "The text is not in what was read." in shown
    assert "99 problems leave the index uncertain" in shown
    assert "Every problem" not in shown
