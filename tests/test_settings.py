"""Settings of a run and options of the index: one check of each for all harnesses."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from anytime import AnytimeError, BudgetGrid
from anytime.programs.elicit import PROGRAMS
from anytime.settings import (
    GENERIC_ANSWER_TOKENS,
    IndexOptions,
    Mode,
    RunSettings,
    check_named,
    check_options,
    run_settings,
)

WRONG = {
    "mode": ({"mode": "fast"}, "unknown mode 'fast'{}: choose one of interrupt, contract"),
    "continuation": (
        {"continuation": "shout"},
        "unknown continuation 'shout'{}: choose one of auto, token_ids, prefill, reprompt",
    ),
    "tokenizer": ({"tokenizer": ""}, "tokenizer ''{} is not a name"),
    "tokenizer number": ({"tokenizer": 5}, "tokenizer 5{} is not a name"),
    "answer tokens": ({"answer_tokens": 0}, "answer_tokens 0{} is not a whole number above 0"),
    "answer truth": ({"answer_tokens": True}, "answer_tokens True{} is not a whole number above"),
    "budget 0": (
        {"mode": "contract", "budgets": BudgetGrid([0, 5])},
        "contract mode cannot run with budget 0: leave it out, or use interrupt",
    ),
}


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("where", ["", " in --metadata"])
def test_what_is_wrong_is_said_in_a_sentence(case: str, where: str) -> None:
    named, says = WRONG[case]
    for check in (check_named, lambda given, where: run_settings(given, None, where)):
        with pytest.raises(AnytimeError) as error:
            check(named, where)
        assert says.format(where) in str(error.value)


@pytest.mark.parametrize("case", WRONG)
def test_no_settings_are_made_that_cannot_be_followed(case: str) -> None:
    given: dict[str, Any] = {"budgets": BudgetGrid([1, 2]), **WRONG[case][0]}
    with pytest.raises(AnytimeError):
        RunSettings(**given)


class Domain:
    budgets = "1,2,3"
    answer_tokens = 7


def test_what_nobody_named_is_the_domains() -> None:
    assert run_settings({"mode": None}, Domain()) == RunSettings(
        BudgetGrid([1, 2, 3]), answer_tokens=7
    )
    assert run_settings({"answer_tokens": 9, "budgets": [4, 5]}, Domain()) == RunSettings(
        BudgetGrid([4, 5]), answer_tokens=9
    )
    third_party = run_settings({})
    assert (len(third_party.budgets), third_party.answer_tokens) == (6, GENERIC_ANSWER_TOKENS)


@pytest.mark.parametrize(
    ("options", "budgets", "says"),
    [
        (IndexOptions("best"), (1, 2), "unknown envelope 'best'{}: choose one of mean, none"),  # type: ignore[arg-type]
        (IndexOptions(scale="ln"), (1, 2), "unknown scale 'ln'{}: choose one of linear, log2"),  # type: ignore[arg-type]
        (IndexOptions(scale="log2"), (0, 2), "budget 0 has no place on the scale log2"),
        (IndexOptions(q_max=1.5), (1, 2), "q_max 1.5{}: expected a number above 0, up to 1"),
        (IndexOptions(q_max=float("nan")), (1, 2), "q_max nan{}: expected"),
        (IndexOptions(q_max=None), (1, 2), "q_max None{}: expected"),  # type: ignore[arg-type]
        (IndexOptions(seed=-1), (1, 2), "seed -1{} is not a whole number from 0 on"),
        (IndexOptions(seed=True), (1, 2), "seed True{} is not a whole number from 0 on"),
    ],
    ids=str,
)
@pytest.mark.parametrize("where", ["", " in --metadata"])
def test_options(options: IndexOptions, budgets: tuple[int, ...], says: str, where: str) -> None:
    with pytest.raises(AnytimeError) as error:
        check_options(options, budgets, where)
    assert says.format(where) in str(error.value)


def test_every_mode_has_a_program() -> None:
    assert set(PROGRAMS) == set(get_args(Mode))
