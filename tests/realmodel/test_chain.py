"""The chain of docs/realmodel.md in small, by the commands that stand there, on the reasoner."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.realmodel import Course, run_chain
from tests.realmodel import reasoner

pytestmark = pytest.mark.realmodel


def test_from_a_pool_to_a_report_in_both_harnesses(reasoner_folder: Path, tmp_path: Path) -> None:
    drawn = reasoner.chains(8, seed=6)
    reasoner.write_problems(tmp_path / "dev.jsonl", drawn[:4])
    reasoner.write_problems(tmp_path / "test.jsonl", drawn[4:])
    course = Course(
        model="reasoner",
        task=("anytime/aime", "anytime_aime24"),
        learn=("dataset=dev.jsonl",),
        test=("dataset=test.jsonl",),
        pool=(4, 20),  # traces of one problem differ in numbers mostly, which pairs do not show
        problems=4,
        budgets="8,13,24",
        temperature=2.5,
        template=False,
    )
    told = run_chain(course, reasoner_folder, tmp_path)
    assert told.count("anytime_index") + told.count("index") >= 2
    for name in ("report.html", "lm_report.html"):
        assert "<html" in (tmp_path / name).read_text()[:200].lower()
    for name in ("pairs.jsonl", "lm_pairs.jsonl"):
        assert (tmp_path / name).read_text().count("\n") >= 1
