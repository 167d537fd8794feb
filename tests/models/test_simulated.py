import math

import pytest

from anytime.errors import AnytimeError
from anytime.models import Profile, Solution, expected_quality, load_model
from anytime.models.pieces import split_pieces
from anytime.models.profile import STATEMENT_TOKENS
from anytime.models.simulated import UNPARSED
from anytime.protocol import Message

PROBLEM = "Which one?"
LETTER = Solution("Answer: C", ("Answer: A", "Answer: B", "Answer: D"))
LONG = Solution("Line 1\nLine 2: " + "very " * 50, ("Line 1\nLine 3",))
CLOSING = len(split_pieces(f"\n\n{LETTER.right}"))


def load(options, solution=LETTER):
    return load_model("simulated", options, lambda text: solution if PROBLEM in text else None)


def answer_at(respond, reprompt, budget, cap, seed):
    """The answer at one budget as an interrupt run gets it, and whether it was forced."""
    trace = respond([Message("user", PROBLEM)], cap, seed)
    if trace.finish == "stop" and trace.output_tokens <= budget:
        return trace.text.rpartition("\n\n")[2], False
    cut = b"".join(trace.token_bytes[:budget]).decode()
    return respond(reprompt(PROBLEM, cut), 1000, seed).text, True


PROFILES = {
    "plain": {"accuracy": 0.7, "solve_tokens": 60},
    "guessing": {"accuracy": 0.5, "solve_tokens": 40, "guess": 0.25},
    "drifting": {"accuracy": 0.9, "solve_tokens": 30, "drift": 0.8, "drift_tokens": 50},
    "everything": {
        "accuracy": 0.8,
        "solve_tokens": 40,
        "guess": 0.3,
        "drift": 0.5,
        "drift_tokens": 30,
        "linger_tokens": 60,
        "unparsed": 0.4,
    },
}


@pytest.mark.quick("guessing")
@pytest.mark.parametrize("options", PROFILES.values(), ids=PROFILES)
def test_measured_quality_agrees_with_the_closed_form(options, reprompt):
    respond = load(options)
    seeds = 1500
    for budget in (0, STATEMENT_TOKENS - 1, STATEMENT_TOKENS, 40, 100, 200):
        expected = expected_quality(Profile(**options), budget, CLOSING)
        answers = [answer_at(respond, reprompt, budget, 200, seed)[0] for seed in range(seeds)]
        measured = sum(answer == LETTER.right for answer in answers) / seeds
        error = math.sqrt(expected * (1 - expected) / seeds)
        assert abs(measured - expected) <= 4 * error, budget


def test_the_closed_form_in_cases_known_by_hand():
    plain = Profile(accuracy=0.7, solve_tokens=800)
    assert expected_quality(plain, 0) == 0
    assert expected_quality(plain, 800) == pytest.approx(0.7 * (1 - math.exp(-1)))
    assert expected_quality(plain, 100_000) == pytest.approx(0.7)
    guessing = Profile(accuracy=0.7, guess=0.25)
    assert expected_quality(guessing, 100_000) == pytest.approx(0.7 + 0.3 * 0.25)
    talked_out = Profile(solve_tokens=50, drift=1, linger_tokens=1e12)
    assert expected_quality(talked_out, 5_000) == pytest.approx(0, abs=1e-6)
    spared = Profile(accuracy=1, solve_tokens=10, unparsed=1)
    assert expected_quality(spared, 5_000) == pytest.approx(1)


@pytest.mark.parametrize("solution", [LETTER, LONG], ids=["short", "long"])
@pytest.mark.parametrize("seed", range(5))
def test_the_right_answer_stands_from_one_token_on(reprompt, solution, seed):
    respond = load({"accuracy": 1, "solve_tokens": 50}, solution)
    trace = respond([Message("user", PROBLEM)], 10_000, seed)
    assert trace.finish == "stop"
    assert trace.text.endswith(solution.right)
    solved = trace.text.index(")") + 1
    for tokens in range(trace.output_tokens):
        cut = b"".join(trace.token_bytes[:tokens]).decode()
        right = respond(reprompt(PROBLEM, cut), 1000, seed).text == solution.right
        assert right == (len(cut) >= solved)


def test_some_traces_end_and_some_do_not():
    respond = load({})
    finishes = [respond([Message("user", PROBLEM)], 2000, seed).finish for seed in range(200)]
    assert 40 < finishes.count("stop") < 160


@pytest.mark.parametrize("reasoning", [False, True])
def test_tokens_are_exact(reasoning):
    respond = load({"accuracy": 1, "solve_tokens": 100, "drift": 0.5, "reasoning": reasoning})
    for seed in range(50):
        reply = respond([Message("user", PROBLEM)], 150, seed)
        assert b"".join(reply.token_bytes) == (reply.reasoning + reply.text).encode()
        assert len(reply.token_bytes) == reply.output_tokens <= 150
        assert len(split_pieces(reply.reasoning + reply.text)) == reply.output_tokens
        assert (reply.output_tokens < 150) <= (reply.finish == "stop")
        if reasoning:
            assert reply.text in ("", LETTER.right, *LETTER.wrong) or reply.finish == "length"
        assert reply.reasoning_tokens == len(split_pieces(reply.reasoning))


def test_leaked_reasoning_is_reported(reprompt):
    reply = load({"leak": 12})(reprompt(PROBLEM, "So"), 100, 0)
    assert reply.reasoning_tokens == 12
    assert reply.output_tokens == 12 + len(split_pieces(reply.text))
    assert reply.text in LETTER.wrong


def test_unparsed_answers_say_nothing(reprompt):
    assert load({"unparsed": 1})(reprompt(PROBLEM, "So"), 100, 0).text == UNPARSED


def test_prefill_is_continued():
    stated = "\nCurrent answer: Answer: C (candidate 2)\n\nAnswer: "
    messages = [Message("user", PROBLEM), Message("assistant", stated)]
    assert load({})(messages, 100, 0).text == "C"


@pytest.mark.parametrize("budget", [10, 50, 400])
def test_told_a_budget_it_answers_within_it(budget):
    respond = load({"solve_tokens": 30})
    told = f"{PROBLEM} You have a budget of {budget} tokens."
    for seed in range(20):
        reply = respond([Message("user", told)], budget, seed)
        assert reply.finish == "stop"
        assert reply.text.rpartition("\n\n")[2] in (LETTER.right, *LETTER.wrong)


def test_unknown_problems_are_refused():
    with pytest.raises(AnytimeError, match="only problems of the built-in domains"):
        load({})([Message("user", "Something else")], 100, 0)
    with pytest.raises(AnytimeError, match="told the answers"):
        load_model("simulated", {})


def test_a_solution_needs_a_wrong_answer():
    with pytest.raises(ValueError, match="wrong answers"):
        Solution("Answer: C", ("Answer: C",))


def test_a_candidate_of_a_larger_set_of_problems_is_refused(reprompt):
    respond = load({}, Solution(LETTER.right, LETTER.wrong[:1]))
    with pytest.raises(AnytimeError, match="states candidate 3 and simulated knows 2 here"):
        respond(reprompt(PROBLEM, "\nCurrent answer: Answer: D (candidate 3)"), 1000, 0)
