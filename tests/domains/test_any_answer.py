"""Any text graded by every domain: a grade, always, in steps that grow with the text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.domains.aime import AIME
from anytime.domains.base import Domain
from anytime.domains.gpqa import GPQA
from anytime.domains.trip import TRIP
from tests.odd_texts import texts

DOMAINS = (TRIP, AIME, GPQA)
PROBLEMS = {domain.name: domain.load("builtin", None, 0).problems[:3] for domain in DOMAINS}


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda domain: domain.name)
@given(text=texts, place=st.integers(0, 2))
def test_any_text_has_a_grade(domain: Domain, text: str, place: int) -> None:
    problem = PROBLEMS[domain.name][place]
    grade = domain.grade(problem, text)
    assert 0 <= grade.quality <= 1
    assert grade.parsed or grade.quality == 0
    assert all(math.isfinite(value) for value in grade.metrics.values())
    assert domain.grade(problem, text) == grade
    assert 0 <= domain.end_of_answer(text) <= len(text)
    stripped = domain.strip(text)
    assert isinstance(stripped, str)
    assert len(stripped) <= len(text) + 100
