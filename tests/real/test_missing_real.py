"""What is missing at each tenth of a real trace: 99 questions of GPQA, counted one by one."""

from __future__ import annotations

import csv
import json
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from anytime.cli import main
from benchmarks import stopping


def state(right: list[bool], place: int) -> str:
    """Of one trace at one place, as METHOD words it; whether it ended is not in a table."""
    if right[place]:
        return "right"
    if any(right[:place]):
        return "lost"
    return "unfinished" if any(right[place:]) else "cut off"


def test_shares_are_those_of_a_count(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = stopping.write(tmp_path / "gpqa.csv", stopping.gpqa_rows(data))
    named = ",".join(f"{name}={name}" for name in stopping.COLUMNS.split(","))
    main(["summary", str(path), "--columns", named, "--json"])
    (told,) = json.loads(capsys.readouterr().out)
    questions: dict[str, dict[int, bool]] = defaultdict(dict)
    with (data / "gpqa" / "gemma_trajectory.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            questions[row["question_id"]][int(row["decile"])] = row["correct"] == "True"
    assert len(questions) == 99
    grid = sorted(map(int, told["quality"]))
    for place, budget in enumerate(grid):
        counted = Counter(
            state([known[each] for each in grid], place) for known in questions.values()
        )
        for name, shares in told["missing"]["shares"].items():
            assert shares[str(budget)] == pytest.approx(counted[name] / 99), (name, budget)
    last = [known[grid[-1]] for known in questions.values()]
    assert told["missing"]["solved"]["always"] == pytest.approx(sum(last) / 99)
    assert told["missing"]["unknown_whether_ended"] == 1
