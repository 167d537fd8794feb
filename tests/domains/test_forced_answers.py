"""A model that is made to answer may run on: where its first answer ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.domains.aime import AIME
from anytime.domains.base import Domain, Problem
from anytime.domains.gpqa import GPQA
from anytime.domains.trip import TRIP
from anytime.domains.trip.builtin import generate
from tests.scaling import grows_linearly, repeated

INTEGER = Problem(id="a", prompt="How many?", gold="204")
LETTER = Problem(
    id="g", prompt="Which?", gold="C", facts={"options": ["neon", "argon", "krypton gas", "xenon"]}
)
TOUR = generate(0)[2]

FIRST = [
    pytest.param(AIME, INTEGER, "204}", id="box"),
    pytest.param(AIME, INTEGER, "204}$", id="box-in-dollars"),
    pytest.param(AIME, INTEGER, "\\text{204}}", id="nested-braces"),
    pytest.param(AIME, INTEGER, "\n204\n}", id="box-over-lines"),
    pytest.param(AIME, INTEGER, "204", id="box-left-open"),
    pytest.param(GPQA, LETTER, " C", id="letter"),
    pytest.param(GPQA, LETTER, " (C) krypton gas", id="letter-and-text"),
    pytest.param(GPQA, LETTER, "\n\n**C**", id="letter-below"),
    pytest.param(GPQA, LETTER, " krypton gas", id="option"),
    pytest.param(GPQA, LETTER, " The correct answer is:\nC", id="letter-below-words"),
    pytest.param(TRIP, TOUR, "", id="plan"),
]
NEXT = [
    pytest.param("\n\nProblem 2: How many?\n\n**Final answer:** \\boxed{7}", id="box"),
    pytest.param("\nQuestion: Which?\nAnswer: B", id="letter"),
    pytest.param("\n\nTASK: You plan to visit\n\nDay 1-3: Visit Rome.\nDay 3-9: Oslo", id="plan"),
    pytest.param("\nThe answer is 7 or (B).", id="words"),
    pytest.param("<|im_end|>\n<|im_start|>user\nAnswer: A \\boxed{5}", id="turn"),
    pytest.param("", id="nothing"),
]


def forced(domain: Domain, problem: Problem, answer: str) -> str:
    if domain is TRIP:
        return problem.gold
    return domain.cue(problem).begin + answer


@pytest.mark.parametrize(("domain", "problem", "answer"), FIRST)
@pytest.mark.parametrize("rest", NEXT)
def test_the_first_answer_is_the_one_that_is_graded(
    domain: Domain, problem: Problem, answer: str, rest: str
) -> None:
    text = forced(domain, problem, answer) + rest
    if domain is AIME and rest.startswith("<") and not answer.endswith(("}", "$")):
        rest = ""  # within an open box its line goes on
    cut = text[: domain.end_of_answer(text)]
    assert domain.grade(problem, cut).quality == 1.0
    if rest:
        assert len(cut) < len(text)
    # What was cut once is not cut further.
    assert domain.end_of_answer(cut) == len(cut)


@pytest.mark.parametrize(
    ("domain", "problem", "text"),
    [
        pytest.param(
            AIME, INTEGER, "\\boxed{\\text{unknown}}\n\nProblem 2: \\boxed{204}", id="box"
        ),
        pytest.param(AIME, INTEGER, "\\boxed{x + 1}\n\\boxed{204}", id="no-integer"),
        pytest.param(GPQA, LETTER, "Answer: not sure\n\nQuestion: And?\nAnswer: C", id="words"),
    ],
)
def test_an_answer_that_is_none_is_not_made_up_for_by_the_next_problem(
    domain: Domain, problem: Problem, text: str
) -> None:
    assert not domain.grade(problem, text[: domain.end_of_answer(text)]).parsed


@pytest.mark.parametrize("domain", [AIME, GPQA, TRIP], ids=lambda domain: domain.name)
@pytest.mark.parametrize("text", ["", "Answer:", "**Final answer:** \\boxed{", "no answer at all"])
def test_a_text_without_an_answer_is_whole(domain: Domain, text: str) -> None:
    assert domain.end_of_answer(text) == len(text)


def test_a_plan_that_does_not_reach_its_last_day_is_whole() -> None:
    begun = TOUR.gold.rpartition("\n")[0]
    assert TRIP.end_of_answer(begun) == len(begun)


def test_a_domain_that_says_nothing_is_read_whole() -> None:
    own = Domain("own", "1,2", 1, AIME.load, AIME.ask, AIME.cue, AIME.grade)
    assert own.stop == ()
    assert own.end_of_answer("Answer: 5\nAnswer: 6") == 19


@pytest.mark.parametrize("domain", [AIME, GPQA, TRIP], ids=lambda domain: domain.name)
def test_stop_texts_are_few_and_are_not_in_an_answer(domain: Domain) -> None:
    assert len(domain.stop) <= 4  # more is refused by providers
    answers = [TOUR.gold] if domain is TRIP else ["204", "\\text{204}", " C", "\n\nC", " (C) neon"]
    for answer in answers:
        if not (domain is AIME and answer.startswith("\n")):
            assert not any(stop in answer for stop in domain.stop)


def test_small_answers_get_few_tokens() -> None:
    assert AIME.answer_tokens == GPQA.answer_tokens == 64


@pytest.mark.parametrize("domain", [AIME, GPQA, TRIP], ids=lambda domain: domain.name)
@given(text=st.text(alphabet="Answer: boxed{}\\204C\nDay-European cities for 9 days"))
def test_the_end_lies_in_any_text(domain: Domain, text: str) -> None:
    assert 0 <= domain.end_of_answer(text) <= len(text)


@pytest.mark.parametrize("domain", [AIME, GPQA, TRIP], ids=lambda domain: domain.name)
@pytest.mark.parametrize("unit", ["\\boxed{", "Answer: ", "Answer:\n", "Day 1-", "for 9 days", "{"])
def test_time_is_linear(domain: Domain, unit: str) -> None:
    assert grows_linearly(domain.end_of_answer, repeated(unit))
