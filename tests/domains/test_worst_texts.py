"""Whole readings of texts that are hard to read: time grows as the text does.

`answer_of` comes before every reading. The parts have bombs of their own (`test_reading_*.py`,
`tests/cutting/test_frames.py`).
"""

from __future__ import annotations

import pytest

from anytime.cutting.frames import answer_of, separated, unframed_tag
from anytime.domains.aime import AIME
from anytime.domains.answers import strip_letters
from anytime.domains.answers.characters import plain_characters
from anytime.domains.base import Domain, Problem
from anytime.domains.gpqa import GPQA
from anytime.domains.trip import TRIP
from anytime.protocol import Reply
from tests.scaling import grows_linearly, repeated
from tests.trip_rows import SHOWN

OPTIONS = ["3.2 eV", "carbon monoxide", "2 and 3", "None of these"]

PROBLEMS = {
    "aime": Problem("a", "How many?", "204"),
    "gpqa": Problem("g", "Which?", "A", {"options": OPTIONS}),
    "trip": SHOWN[0],
}

UNITS = {
    "open tags": "<think>",
    "closing tags": "</think>",
    "tags in turn": "<think>x</think>y",
    "tags that do not close each other": "<think>[/THINK]",
    "angles": "<",
    "half tokens": "<|",
    "special tokens": "<|end|> ",
    "one word": "a",
    "boxes": "\\boxed{",
    "closed boxes": "\\boxed{1 ",
    "answers": "answer:",
    "headings": "## Answer\n",
    "labels": "A) x\n",
    "rules": "Final Answer\n------\n",
    "quotes": "Answer:\n> ",
    "rows": "| Day 1-4 | Rome |\n",
    "braces": '{"a": ',
    "answers in braces": '{"answer": ',
}


@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_frames(unit: str) -> None:
    def read(text: str) -> None:
        separated(Reply(text))
        answer_of(Reply(text))
        unframed_tag(text)

    assert grows_linearly(read, repeated(unit))


@pytest.mark.parametrize("domain", [AIME, GPQA, TRIP], ids=lambda domain: domain.name)
@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_domains(domain: Domain, unit: str) -> None:
    problem = PROBLEMS[domain.name]
    assert grows_linearly(lambda text: domain.grade(problem, text), repeated(unit))
    assert grows_linearly(domain.strip, repeated(unit))


def test_letters_in_front_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, for copying whole texts is fast enough to hide in a ratio of times."""
    seen: list[int] = []

    def counted(text: str) -> str:
        seen.append(len(text))
        return plain_characters(text)

    monkeypatch.setattr("anytime.domains.answers.letters.plain_characters", counted)
    totals = []
    for lines in (2_000, 16_000):
        seen.clear()
        strip_letters("A) x\n" * lines)
        totals.append(sum(seen))
    assert totals[1] <= 10 * totals[0]
