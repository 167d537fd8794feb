"""Problems out of logs of others: what their targets say, and where their options stand."""

from __future__ import annotations

from typing import Any

import pytest

from anytime import Problem, get_domain
from anytime.domains.answers import options_in
from anytime.errors import AnytimeError
from tests.trip_forms import PLANS, TRIP

AIME, GPQA, TRIPS = (get_domain(name) for name in ("aime", "gpqa", "trip"))
FOUR = ("a red giant", "argon", "both of them", "none of these")


@pytest.mark.parametrize(
    "target",
    ["37", "037", "37.0", "$37$", "37^\\circ", "\\boxed{37}", " 37 ", "3 + 34 = 37.\n#### 37",
     "\\text{37}", "37\\%", "Answer: 37"],
)  # fmt: skip
def test_a_target_is_read_as_an_answer_is(target: str) -> None:
    problem = AIME.from_log(Problem("x", "?", target), "?", {})
    assert AIME.grade(problem, "\\boxed{37}").quality == 1
    assert AIME.grade(problem, "\\boxed{36}").quality == 0


@pytest.mark.parametrize("target", ["", "3/7", "yes", "37 or 38", "\\sqrt{37}"])
def test_a_target_that_is_no_integer_is_refused(target: str) -> None:
    with pytest.raises(AnytimeError, match="with a target that is no integer"):
        AIME.from_log(Problem("x", "?", target), "?", {})


@pytest.mark.parametrize(
    "lines",
    ["{0}) {1}", "({0}) {1}", "{0}. {1}", "{0}: {1}", "**{0})** {1}", "- {0}) {1}", "  [{0}] {1}"],
)
def test_options_are_taken_from_the_prompt(lines: str) -> None:
    listed = "\n".join(lines.format(*pair) for pair in zip("ABCD", FOUR, strict=True))
    asked = f"Which is it?\n\n{listed}\n\nThink, then answer."
    problem = GPQA.from_log(Problem("x", "Which is it?", "(B)"), asked, {"choices": ["w"] * 4})
    assert problem.facts["options"] == list(FOUR)
    assert GPQA.grade(problem, "The answer is argon.").quality == 1
    assert GPQA.grade(problem, "Answer: C").quality == 0


@pytest.mark.parametrize(
    "document",
    [
        {"choices": list(FOUR)},
        {"options": list(FOUR)},
        {"choices": {"text": list(FOUR), "label": list("ABCD")}},
        {"options": dict(zip("ABCD", FOUR, strict=True))},
        {f"choice{number}": text for number, text in enumerate(FOUR, 1)},
        dict(zip("ABCD", FOUR, strict=True)),
        {f"option_{letter}": text for letter, text in zip("abcd", FOUR, strict=True)},
        {"choices": [f"({letter}) {text}" for letter, text in zip("ABCD", FOUR, strict=True)]},
    ],
    ids=range(8),
)
@pytest.mark.parametrize("target", ["B", "b", "(B)", "B.", "argon", "Argon"])
def test_options_are_taken_from_the_document(document: dict[str, Any], target: str) -> None:
    problem = GPQA.from_log(Problem("x", "Which?", target), "Which?", document)
    assert (problem.gold, problem.facts["options"]) == ("B", list(FOUR))


@pytest.mark.parametrize("target", ["", "E", "1", "neon", "A or B", "Because of B"])
def test_a_target_that_is_no_option_is_refused(target: str) -> None:
    with pytest.raises(AnytimeError, match="none of its four options"):
        GPQA.from_log(Problem("x", "Which?", target), "Which?", {"choices": list(FOUR)})


def test_two_orders_of_the_same_options_are_refused() -> None:
    asked = "\n".join(f"{letter}) {text}" for letter, text in zip("ABCD", FOUR, strict=True))
    problem = Problem("x", "Which?", "B")
    assert GPQA.from_log(problem, asked, {"choices": list(FOUR)}).gold == "B"
    with pytest.raises(AnytimeError, match="in one order in its prompt, in another"):
        GPQA.from_log(problem, asked, {"choices": list(reversed(FOUR))})


def test_options_that_are_not_told_are_missing_and_five_are_not_four() -> None:
    five = "\n".join(f"{letter}) {letter}{letter}" for letter in "ABCDE")
    assert options_in(five) is None
    for asked, document in (("Which?", {}), (five, {}), ("Which?", {"choices": ["x"] * 5})):
        problem = GPQA.from_log(Problem("x", "Which?", "B"), asked, document)
        with pytest.raises(KeyError, match="options"):
            GPQA.grade(problem, "Answer: B")


def test_a_trip_is_what_its_row_or_its_golden_plan_says() -> None:
    prompt = (
        "You plan to visit 3 European cities for 10 days in total. You only take direct flights "
        "to commute between cities. You would like to visit Rome for 4 days. You want to spend 5 "
        "days in Oslo. You plan to stay in Bonn for 3 days.\n\nHere are the cities that have "
        "direct flights:\nRome and Oslo, Oslo and Bonn.\n\nFind a trip plan."
    )
    gold = (
        "Here is the trip plan for visiting the 3 European cities for 10 days:\n\n"
        + PLANS["official"]
    )
    row = {
        "prompt_0shot": prompt, "golden_plan": gold,
        "cities": "Rome**Oslo**Bonn", "durations": "4**5**3",
    }  # fmt: skip
    for problem in (
        TRIPS.from_log(Problem("x", prompt, gold), prompt, {}),
        TRIPS.from_log(Problem("x", "shown otherwise", "Rome"), "", row),
    ):
        grade = TRIPS.grade(problem, gold)
        assert grade.metrics == {"em": 1.0, "valid": 1.0}
        assert [city for city, _, _ in TRIP] == list(problem.facts["cities"])
    with pytest.raises(KeyError, match="cities"):
        TRIPS.grade(TRIPS.from_log(Problem("x", prompt, "Rome"), prompt, {}), gold)
