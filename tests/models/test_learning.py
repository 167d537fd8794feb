import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.budgets import parse_budgets
from anytime.domains.base import Cue
from anytime.methods.leap import PRINCIPLES
from anytime.methods.pdp import BAD, GOOD, QUESTION
from anytime.models import Profile, Solution, Speedups, expected_quality, learned, load_model
from anytime.models.pieces import split_pieces
from anytime.programs.interrupt import interrupt
from anytime.protocol import Message
from tests.feeding import feed

PROBLEM = "Which one?"
LETTER = Solution("Answer: C", ("Answer: A", "Answer: B", "Answer: D"))
CLOSING = len(split_pieces(f"\n\n{LETTER.right}"))
CUE = Cue(ask="Your time is up. Give your final answer now.", begin="Answer: ")
GRID = parse_budgets("0,23,24,40,100,200")
RUNS = 400

SPEEDUPS = Speedups(examples=1.5, contrast=3, principles=2)
OPTIONS = {"examples_speedup": "1.5", "contrast_speedup": 3, "principles_speedup": 2.0}
FACTORS = {"cot": 1, "pdp_plus": 1.5, "pdp": 3, "leap": 2}

PROFILES = {
    "plain": {"accuracy": 0.7, "solve_tokens": 90},
    "drifting": {"accuracy": 0.9, "solve_tokens": 60, "drift": 0.8, "guess": 0.25},
    "given": {"solve_tokens": 60, "drift": 0.8, "drift_tokens": 50, "linger_tokens": 90},
    "unparsed": {"accuracy": 0.8, "solve_tokens": 60, "unparsed": 0.4},
}


def solutions(text):
    return LETTER if PROBLEM in text else None


def runs(options, prompt, continuation):
    """Right or wrong by budget, of many traces."""
    respond = load_model("simulated", options, solutions)
    right = []
    for seed in range(RUNS):
        elicited, _ = feed(
            interrupt(
                [Message("user", prompt)],
                GRID,
                cue=CUE,
                continuation=continuation,
                answer_tokens=50,
            ),
            lambda request, seed=seed: respond(request.messages, request.max_tokens, seed),
        )
        right.append([c.answer.strip().endswith(LETTER.right) for c in elicited.checkpoints])
    return right


@pytest.mark.quick("drifting-reprompt-pdp", "unparsed-prefill-leap")
@pytest.mark.parametrize("method", FACTORS)
@pytest.mark.parametrize("continuation", ["reprompt", "prefill"])
@pytest.mark.parametrize("name", PROFILES)
def test_measured_quality_agrees_with_that_of_the_learned_profile(
    prefaces, name, continuation, method
):
    options = PROFILES[name]
    prompt = prefaces[method] + PROBLEM
    profile = learned(Profile(**options), SPEEDUPS, prompt)
    assert profile.solve_tokens == options["solve_tokens"] / FACTORS[method]
    measured = runs(options | OPTIONS, prompt, continuation)
    for place, budget in enumerate(GRID):
        expected = expected_quality(profile, budget, CLOSING)
        error = math.sqrt(expected * (1 - expected) / RUNS)
        mean = sum(right[place] for right in measured) / RUNS
        assert abs(mean - expected) <= 3 * error, budget


@pytest.mark.slow
def test_methods_are_compared_on_the_same_draws(prefaces):
    """Whatever was solved by a budget is so too where the mean is shorter: no noise between."""
    options = {"accuracy": 0.8, "solve_tokens": 90} | OPTIONS
    slow_to_fast = [
        runs(options, prefaces[method] + PROBLEM, "reprompt")
        for method in sorted(FACTORS, key=FACTORS.__getitem__)
    ]
    for slower, faster in itertools.pairwise(slow_to_fast):
        assert all(
            a <= b
            for one, other in zip(slower, faster, strict=True)
            for a, b in zip(one, other, strict=True)
        )
        assert slower != faster


def test_by_default_a_method_changes_nothing(prefaces):
    options = PROFILES["drifting"]
    plain = runs(options, PROBLEM, "reprompt")
    assert all(runs(options, prefaces[name] + PROBLEM, "reprompt") == plain for name in FACTORS)


@pytest.mark.parametrize(
    ("shown", "factor"),
    [
        ([], 1),
        ([GOOD], 1.5),
        ([BAD], 1),
        ([GOOD, BAD], 3),
        ([BAD, GOOD, BAD, GOOD], 3),
        ([PRINCIPLES], 2),
        ([PRINCIPLES, GOOD, BAD], 6),
        ([f"#{GOOD}", f"{BAD} it says", f" {PRINCIPLES}"], 1),
    ],
)
def test_headings_count_where_each_is_a_line_before_the_question(shown, factor):
    headings = "\n\n".join(shown)
    before = f"{headings}\n\n{QUESTION}\n\n{PROBLEM}"
    assert learned(Profile(), SPEEDUPS, before) == Profile(solve_tokens=800 / factor)
    assert learned(Profile(), SPEEDUPS, f"{PROBLEM}\n\n{headings}") == Profile()
    after = f"Hm.\n\n{QUESTION}\n\n{PROBLEM}\n\n{headings}"
    assert learned(Profile(), SPEEDUPS, after) == Profile()


def test_an_earlier_question_taught_nothing(prefaces):
    respond = load_model("simulated", {"accuracy": 1} | OPTIONS, solutions)
    plain = respond([Message("user", PROBLEM)], 5000, 1)
    before = [Message("user", prefaces["pdp"] + PROBLEM), Message("assistant", "Answer: A")]
    assert respond([*before, Message("user", PROBLEM)], 5000, 1).text == plain.text
    assert respond(before[:1], 5000, 1).text != plain.text


def test_means_that_follow_the_solution_keep_following_it():
    text = f"{GOOD}\n\n{QUESTION}\n\n{PROBLEM}"
    following = learned(Profile(solve_tokens=300, drift=1), Speedups(examples=3), text)
    spelled_out = Profile(solve_tokens=100, drift=1, drift_tokens=100, linger_tokens=100)
    assert expected_quality(following, 250) == expected_quality(spelled_out, 250)
    given_means = Profile(solve_tokens=300, drift_tokens=50, linger_tokens=70)
    kept = learned(given_means, Speedups(examples=3), text)
    assert (kept.drift_tokens, kept.linger_tokens) == (50, 70)


POSITIVE = st.floats(min_value=0, exclude_min=True, allow_infinity=False)


@given(POSITIVE, POSITIVE, POSITIVE)
def test_any_factor_can_be_drawn_with(solve_tokens, contrast, principles):
    text = f"{PRINCIPLES}\n\n{GOOD}\n\n{BAD}\n\n{QUESTION}\n\n{PROBLEM}"
    speedups = Speedups(contrast=contrast, principles=principles)
    profile = learned(Profile(solve_tokens=solve_tokens), speedups, text)
    assert 0 <= expected_quality(profile, 30) <= 0.7
    options = {
        "solve_tokens": solve_tokens,
        "contrast_speedup": contrast,
        "principles_speedup": principles,
    }
    respond = load_model("simulated", options, solutions)
    assert respond([Message("user", text)], 50, 0).output_tokens <= 50
