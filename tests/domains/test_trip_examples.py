from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from anytime.domains.base import Dataset
from anytime.domains.trip import TRIP
from anytime.domains.trip.builtin import generate
from anytime.errors import AnytimeError
from tests.trip_rows import SHOWN, five_shot, row

PROBLEM, OTHER = generate(0)[2:4]


def load(folder: Path, rows: dict[str, Any], split: Any = None) -> Dataset:
    path = folder / "mine.json"
    path.write_text(json.dumps(rows))
    return TRIP.load(str(path), split, 0)


def test_the_examples_stand_in_their_order_beside_the_problems(tmp_path: Path) -> None:
    found = load(tmp_path, {PROBLEM.id: row(PROBLEM, prompt_5shot=five_shot(PROBLEM))})
    examples = found.examples(PROBLEM)
    assert [(e.prompt, e.gold, e.facts) for e in examples] == [
        (e.prompt, e.gold, e.facts) for e in SHOWN
    ]
    assert [TRIP.grade(e, e.gold).quality for e in examples] == [1.0] * 5
    # What is logged with a problem is what it was without them.
    assert found.problems == (PROBLEM,)
    assert asdict(found.problems[0]) == asdict(PROBLEM)


def test_each_problem_has_its_own(tmp_path: Path) -> None:
    rows = {
        PROBLEM.id: row(PROBLEM, prompt_5shot=five_shot(PROBLEM, SHOWN[:2])),
        OTHER.id: row(OTHER, prompt_5shot=five_shot(OTHER, SHOWN[2:])),
    }
    found = load(tmp_path, rows)
    assert [e.prompt for e in found.examples(PROBLEM)] == [e.prompt for e in SHOWN[:2]]
    assert [e.prompt for e in found.examples(OTHER)] == [e.prompt for e in SHOWN[2:]]


@pytest.mark.parametrize("fields", [{}, {"prompt_5shot": None}, {"prompt_5shot": " \n"}])
def test_a_row_without_them(tmp_path: Path, fields: dict[str, Any]) -> None:
    found = load(tmp_path, {PROBLEM.id: row(PROBLEM, **fields)})
    assert tuple(found.examples(PROBLEM)) == ()


def test_built_in_problems_have_none() -> None:
    found = TRIP.load("builtin", None, 0)
    assert all(not found.examples(problem) for problem in found.problems)


GOOD = five_shot(PROBLEM)
BAD = {
    "type": ([GOOD], "not text"),
    "no task": ("Plan well.", "the last task is not that of 'prompt_0shot'"),
    "other task": (five_shot(OTHER), "the last task is not that of 'prompt_0shot'"),
    "no solution": (GOOD.replace("SOLUTION: ", "", 1), "example 1: not a task and one solution"),
    "statement": (
        GOOD.replace(SHOWN[1].prompt, "Plan a trip."),
        "example 2: trip prompt has no line",
    ),
    "plan": (
        GOOD.replace(SHOWN[2].gold, "None."),
        "example 3: the plan satisfies 0% of the constraints, not all",
    ),
}


@pytest.mark.parametrize(("prompt", "message"), BAD.values(), ids=BAD.keys())
def test_a_bad_prompt_is_an_error_when_it_is_asked_for(
    tmp_path: Path, prompt: Any, message: str
) -> None:
    found = load(tmp_path, {PROBLEM.id: row(PROBLEM, prompt_5shot=prompt)})
    with pytest.raises(AnytimeError) as error:
        found.examples(PROBLEM)
    where = f"dataset file {tmp_path / 'mine.json'}, entry {PROBLEM.id!r}, 'prompt_5shot': "
    assert str(error.value).startswith(where + message)
    assert "\n" not in str(error.value)
