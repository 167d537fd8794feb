"""Answers as models dress them, and what is no answer, of our own invention."""

from __future__ import annotations

import pytest

from anytime import Problem, get_domain

AIME, GPQA = get_domain("aime"), get_domain("gpqa")
SUM = Problem("sum", "What is it?", "37")
OPTIONS = ["a red giant", "argon", "both of them", "None of these"]
CHOICE = Problem("choice", "Which is it?", "B", {"options": OPTIONS})


@pytest.mark.parametrize(
    "text",
    [
        r"\boxed{\fbox{37}}",
        r"\fbox{37}",
        r"\boxed{\color{blue}{37}}",
        r"\boxed{37\degree}",
        r"\boxed{37\%}",
        r"\boxed{37 \pmod{100}}",
        "So it comes to 37.\n#### 37",
        "## Answer\n\n37",
        "<answer>37</answer>",
        "\uff21\uff4e\uff53\uff57\uff45\uff52\uff1a\uff13\uff17",
        "\u7b54\u6848\uff1a37",
        "R\u00e9ponse : 37",
        "Antwort: 37",
        "Answer: the sum that was asked for is 37.",
        r"First \boxed{5}, and corrected \boxed{37}",
        r"It was \boxed{5}, but I am sure of it: \boxed{37}",
        r"\boxed{37}. Confidence: \boxed{90}",
    ],
)
def test_integers_in_every_dress(text: str) -> None:
    grade = AIME.grade(SUM, text)
    assert (grade.answer, grade.quality) == ("37", 1)


@pytest.mark.parametrize(
    "text",
    ["", "The answer is 3", "We add 30 and 7 and", r"\boxed{}", r"\boxed{m + n}", "Answer:"],
)
def test_what_says_no_integer_is_not_read(text: str) -> None:
    grade = AIME.grade(SUM, text)
    assert grade.quality == 0
    assert not grade.parsed or grade.answer == "3"


@pytest.mark.parametrize(
    "text",
    [
        "Answer: B",
        "**Answer: (B)**",
        "Option B is correct.",
        r"\boxed{\text{B}}",
        "<answer>B</answer>",
        "The correct answer is argon.",
        "\u7b54\u6848\uff1aB",
        "We look at each option:\nA) no\nB) yes\nAnswer: B",
    ],
)
def test_letters_in_every_dress(text: str) -> None:
    assert GPQA.grade(CHOICE, text).answer.startswith("B")


@pytest.mark.parametrize(
    "text", ["", "Let us look at each option:", "A star would be", "It is A or B or C.", "Answer:"]
)
def test_what_names_no_option_is_not_read(text: str) -> None:
    assert not GPQA.grade(CHOICE, text).parsed
