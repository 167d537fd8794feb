"""Answers that were misread once, with a careful human's reading; kept beside the repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anytime import Problem, get_domain

CASES = Path(__file__).parents[2].parent / "shared" / "cases" / "answers.jsonl"


def readings(row: dict[str, Any]) -> list[str]:
    """What may be read: alternatives are parted by strokes, and a doubt allows to read nothing."""
    wanted = str(row["right"])
    return [*wanted.rstrip("?").split("/"), *(["none"] if wanted.endswith("?") else [])]


def test_every_answer_is_read_as_a_careful_human_would() -> None:
    if not CASES.exists():
        pytest.skip("the cases are absent: ../shared/cases beside the repository")
    misread = []
    for line in CASES.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        facts = {"options": row["options"]} if "options" in row else {}
        grade = get_domain(row["domain"]).grade(Problem("x", "?", "A", facts), row["text"])
        read = grade.answer if row["domain"] == "aime" else grade.answer[:1]
        if (read if grade.parsed else "none") not in readings(row):
            misread.append((row["text"], row["right"], grade.answer))
    assert misread == []
