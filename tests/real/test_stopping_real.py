"""Stopping rules on real traces: what was known of them, and the tables of docs/stopping.md."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from anytime.cli import main
from benchmarks import stopping

PAGE = (Path(__file__).parents[2] / "docs" / "stopping.md").read_text()


Capture = pytest.CaptureFixture[str]


def judged(words: list[str], capsys: Capture) -> dict[str, Any]:
    main([*words, "--json"])
    (told,) = json.loads(capsys.readouterr().out)
    return {one["written"]: one for one in told["rules"]}


@pytest.fixture
def gpqa(data: Path, tmp_path: Path) -> list[str]:
    path = stopping.write(tmp_path / "gpqa.csv", stopping.gpqa_rows(data))
    words = stopping.words(path, stopping.GPQA_RULES, f"{stopping.COLUMNS},probability")
    return [*words, "--budgets", stopping.TENTHS]


@pytest.fixture
def aime(data: Path, tmp_path: Path) -> list[str]:
    path = stopping.write(tmp_path / "aime.csv", stopping.aime_rows(data))
    return stopping.words(path, stopping.AIME_RULES)


def test_what_is_known_of_the_gpqa_trajectory(gpqa: list[str], capsys: Capture) -> None:
    found = judged(gpqa, capsys)
    never = found["fixed:100"]
    assert (round(never["quality"], 3), round(never["tokens"])) == (0.586, 9731)

    def told(rule: str) -> tuple[float, int]:
        one = found[rule]
        return round(one["quality"], 3), round(100 * one["tokens"] / never["tokens"])

    assert [told(f"stable:{m}") for m in (2, 3, 4, 5)] == [
        (0.455, 27),
        (0.556, 48),
        (0.556, 63),
        (0.576, 75),
    ]
    assert [told(f"confident:{p}") for p in (0.8, 0.9, 0.97)] == [
        (0.444, 16),
        (0.495, 19),
        (0.535, 25),
    ]
    assert told("vote") == (0.606, 100)


def test_every_fixed_budget_is_the_curve_itself(gpqa: list[str], capsys: Capture) -> None:
    place = gpqa.index("--rule")
    rules = [word for b in range(0, 101, 10) for word in ("--rule", f"fixed:{b}")]
    found = judged([*gpqa[:place], *rules], capsys)
    assert [round(one["quality"], 3) for one in found.values()] == [
        *(0.253, 0.343, 0.444, 0.495, 0.556, 0.535, 0.556, 0.626, 0.626, 0.636, 0.586)
    ]


@pytest.mark.parametrize("which", ["gpqa", "aime"])
def test_the_tables_of_the_page(
    which: str, capsys: Capture, request: pytest.FixtureRequest
) -> None:
    main(request.getfixturevalue(which))
    printed = {line.rstrip() for line in capsys.readouterr().out.splitlines()}
    (block,) = re.findall(rf"<!-- file: {which}.txt -->\n```text\n(.*?)```", PAGE, re.DOTALL)
    shown = [line.rstrip() for line in block.splitlines() if line.strip()]
    assert len(shown) > 5
    assert [line for line in shown if line not in printed] == []
