import math
from collections import Counter

import pytest

from anytime.domains.trip.grammar import parse_prompt
from anytime.domains.trip.plan import parse_plan
from anytime.models import load_model
from anytime.protocol import Message

QUESTION = "Which one?\n\nA) this\nB) that\nC) both\nD) neither"

guesser = load_model("guesser", {})


def letters(reprompt, tokens, problems=1000):
    """The guess on each of many problems after so many tokens of its own trace."""
    found = []
    for number in range(problems):
        question = f"{number}. {QUESTION}"
        trace = guesser([Message("user", question)], 64, 0)
        cut = b"".join(trace.token_bytes[:tokens]).decode()
        found.append(guesser(reprompt(question, cut), 10, 0).text.removeprefix("Answer: "))
    return found


def chi_square(counts, cells, total):
    return sum((counts[cell] - total / len(cells)) ** 2 / (total / len(cells)) for cell in cells)


def test_guesses_are_uniform_and_independent_between_budgets(reprompt):
    early, late = letters(reprompt, 0), letters(reprompt, 32)
    # 99.9 % quantiles of chi-square with 3 and 15 degrees of freedom; the seeds are fixed.
    assert chi_square(Counter(early), "ABCD", 1000) < 16.3
    assert chi_square(Counter(late), "ABCD", 1000) < 16.3
    cells = [(a, b) for a in "ABCD" for b in "ABCD"]
    assert chi_square(Counter(zip(early, late, strict=True)), cells, 1000) < 37.7


def test_seeds_guess_independently(reprompt):
    right = sum(guesser(reprompt(QUESTION, "Hm"), 10, s).text == "Answer: C" for s in range(2000))
    assert abs(right / 2000 - 0.25) < 4 * math.sqrt(0.25 * 0.75 / 2000)


def test_its_trace_never_ends():
    reply = guesser([Message("user", QUESTION)], 300, 0)
    assert (reply.output_tokens, reply.finish) == (300, "length")
    assert b"".join(reply.token_bytes) == reply.text.encode()


def test_only_options_of_the_last_question_count(reprompt):
    prompt = f"{QUESTION}\nAnswer: D\n\nAnd now?\n\nA) yes\nB) no"
    guesses = {guesser(reprompt(prompt, "Hm"), 10, seed).text for seed in range(50)}
    assert guesses == {"Answer: A", "Answer: B"}


def test_it_guesses_integers_elsewhere(reprompt):
    texts = {guesser(reprompt("What is 2 + 2?", "Hm"), 10, seed).text for seed in range(100)}
    assert len(texts) > 80
    assert all(0 <= int(t.removeprefix("\\boxed{").removesuffix("}")) <= 999 for t in texts)


def test_a_guessed_trip_has_the_right_stays(trip_prompt, reprompt):
    prompt = trip_prompt(6, 0)
    task = parse_prompt(prompt)
    orders = set()
    for seed in range(20):
        plan = parse_plan(guesser(reprompt(prompt, "Hm"), 600, seed).text)
        assert {s.city: s.last - s.first + 1 for s in plan} == dict(task.stays)
        orders.add(tuple(s.city for s in plan))
    assert len(orders) > 10


@pytest.mark.parametrize(
    ("prompt", "begin", "rest"),
    [(QUESTION, "Answer: ", "ABCD"), ("2 + 2?", "**Final answer:** \\boxed{", "0123456789}")],
)
def test_prefill_is_continued(prompt, begin, rest):
    text = guesser([Message("user", prompt), Message("assistant", f"Hm\n\n{begin}")], 10, 0).text
    assert text
    assert set(text) <= set(rest)


def test_told_a_budget_it_guesses_at_once():
    told = f"{QUESTION}\n\nYou have a budget of 64 tokens."
    reply = guesser([Message("user", told)], 64, 0)
    assert reply.text.startswith("Answer: ")
    assert reply.finish == "stop"
