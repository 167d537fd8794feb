"""What a method puts before the question must not change what a model does about the question."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.budgets import BudgetGrid, parse_budgets
from anytime.domains.base import Cue
from anytime.errors import AnytimeError
from anytime.methods.pdp import QUESTION
from anytime.models import Solution, load_model
from anytime.models.conversation import handed_back, parts, told_budget
from anytime.models.planner import NO_TRIP
from anytime.programs.contract import contract
from anytime.programs.interrupt import interrupt
from anytime.protocol import Message
from tests.feeding import feed

METHODS = ("pdp", "pdp_plus", "leap")
GRID = parse_budgets("0,40,128,400")
CUE = Cue(ask="Your time is up. Give your final answer now.", begin="Answer: ")
TOLD = {"Which one?": Solution("Answer: C", ("Answer: A", "Answer: B"))}
EXAMPLE = Solution("Answer: Y", ("Answer: X",))


def solutions(text):
    found = [(text.rfind(known), solution) for known, solution in TOLD.items() if known in text]
    if "Known example" in text:
        found.append((text.rfind("Known example"), EXAMPLE))
    return max(found, key=lambda pair: pair[0])[1] if found else None


MODELS = {
    "planner": (load_model("planner", {}), "trip"),
    "guesser": (load_model("guesser", {}), "trip"),
    "guesser-letters": (load_model("guesser", {}), "Which?\n\nA) one\nB) two\nC) three"),
    "guesser-integers": (load_model("guesser", {}), "What is 2 + 2?"),
    "simulated": (
        load_model(
            "simulated",
            {"accuracy": 0.8, "solve_tokens": 60, "drift": 0.5, "guess": 0.3, "unparsed": 0.2},
            solutions,
        ),
        "Which one?",
    ),
}


def run(respond, prompt, seed, program, **how):
    """What a program finds out, without the length of the prompt."""
    elicited, _ = feed(
        program([Message("system", "Reason."), Message("user", prompt)], GRID_OF[program], **how),
        lambda request: respond(request.messages, request.max_tokens, seed),
    )
    trace = dataclasses.replace(elicited.trace, input_tokens=None)
    return dataclasses.replace(elicited, trace=trace)


GRID_OF = {interrupt: GRID, contract: BudgetGrid(b for b in GRID if b > 0)}
WAYS = {
    "reprompt": (interrupt, {"cue": CUE, "continuation": "reprompt", "answer_tokens": 400}),
    "prefill": (interrupt, {"cue": CUE, "continuation": "prefill", "answer_tokens": 400}),
    "contract": (contract, {}),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", MODELS)
def test_a_preface_changes_nothing_that_is_measured(trip_prompt, prefaces, name, way, method):
    respond, prompt = MODELS[name]
    program, how = WAYS[way]
    prompt = trip_prompt(5, 1) if prompt == "trip" else prompt
    for seed in range(4):
        plain = run(respond, prompt, seed, program, **how)
        assert run(respond, prefaces[method] + prompt, seed, program, **how) == plain
        assert any(checkpoint.answer for checkpoint in plain.checkpoints)


def test_the_planner_plans_the_last_trip_and_not_an_example(trip_prompt, prefaces):
    planner = MODELS["planner"][0]
    prompt = trip_prompt(4, 2)
    planned = planner([Message("user", prefaces["pdp"] + prompt)], 2000, 0)
    assert planned.text == planner([Message("user", prompt)], 2000, 0).text
    assert planned.text != planner([Message("user", trip_prompt(3, 99))], 2000, 0).text
    elsewhere = planner([Message("user", prefaces["pdp"] + "What is 2 + 2?")], 2000, 0)
    assert elsewhere.text == NO_TRIP


def test_an_example_is_no_problem_to_simulate(prefaces):
    assert "Known example" in prefaces["pdp"]
    with pytest.raises(AnytimeError, match="holds none of them"):
        MODELS["simulated"][0]([Message("user", prefaces["pdp"] + "Unknown")], 100, 0)


@given(st.text(), st.text())
def test_parts_are_what_the_method_put_together(preface, question):
    if f"\n{QUESTION}\n\n" not in f"\n{question}":
        assert parts(question) == ("", question)
        assert parts(f"{preface}\n{QUESTION}\n\n{question}").question == question


def test_the_last_heading_counts_and_has_to_be_a_line():
    twice = f"{QUESTION}\n\nA\n\n{QUESTION}\n\nB"
    assert parts(twice) == (f"\n{QUESTION}\n\nA\n", "B")
    assert parts(f"#{QUESTION}\n\nB") == ("", f"#{QUESTION}\n\nB")


def test_what_examples_were_told_is_not_told_to_the_model(prefaces):
    messages = [Message("user", prefaces["pdp"] + "What?")]
    assert handed_back(messages) is None
    assert not told_budget(messages)
    told = [Message("user", messages[0].content + " You have a budget of 9 tokens.")]
    assert told_budget(told)
    asked = [Message("user", f"{messages[0].content}\n\n{CUE.ask}")]
    assert handed_back(asked) == ""
