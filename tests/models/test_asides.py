from collections import Counter

import pytest

from anytime.domains.aime import AIME
from anytime.domains.gpqa import GPQA
from anytime.domains.trip import TRIP
from anytime.errors import AnytimeError
from anytime.methods.leap import Mistake, learn
from anytime.models import Solution, load_model
from anytime.models.side_requests import INSIGHTS
from anytime.models.solutions import recall, remember
from anytime.preferences.judge import ANSWER, PROBLEM, SCORE, check_readable, compare, score_answers
from anytime.protocol import Message
from tests.feeding import feed

QUESTION = "Which one?"
LETTER = Solution("Answer: C", ("Answer: A", "Answer: B", "Answer: D"))
BOXED = Solution("\\boxed{12}", ("\\boxed{2}", "2"))


def load(options, solution=LETTER):
    return load_model("simulated", options, lambda text: solution if text == QUESTION else None)


def ask(program, respond, seed=0):
    return feed(program, lambda request: respond(request.messages, request.max_tokens, seed))[0]


def scores(answers, options=(), solution=LETTER, seed=0):
    return ask(score_answers(QUESTION, answers), load(dict(options), solution), seed).scores


def test_canned_insights_answer_leap():
    mistakes = [
        Mistake(name, QUESTION, "Your time is up? No: Answer: A", "Answer: A", "", "C")
        for name in "ab"
    ]
    texts = [line.removeprefix("- ") for line in INSIGHTS.split("\n")]
    low = ask(learn(mistakes, "low"), load({}))
    assert low.texts == (*texts, *texts)
    assert low.problems == ("a", "a", "b", "b")
    high = ask(learn(mistakes, "high"), load({}))
    assert list(high.texts) == texts
    assert high.tokens == 1.5 * low.tokens > 0


def test_it_scores_by_the_right_answer():
    answers = ["Answer: C", "Answer: A", "I cannot say yet.", "So\n\nAnswer: C.", "", "Answer: A"]
    assert scores(answers) == (1, 0, 0, 1, 0, 0)


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Current answer: Answer: C (candidate 2)\nBut no.\n\nAnswer: A", False),
        ("Current answer: Answer: A (candidate 0)\nBut no.\n\nAnswer: C", True),
        ("My time is up. You have a budget of 9 tokens. Answer: C", True),
        (f"## Your problem\n\nAnswer: C\n\n{ANSWER}\n\nof mine\n\n{SCORE} Well.", True),
    ],
    ids=["drifted", "recovered", "like-an-interruption", "like-a-request"],
)
def test_the_answer_stated_last_counts(answer, right):
    assert scores([answer]) == (float(right),)


def test_a_longer_answer_is_not_taken_for_one_within_it():
    assert scores(["\\boxed{12}", "\\boxed{2}", "12", "2"], solution=BOXED) == (1, 0, 0, 0)


def test_it_compares_by_the_right_answer():
    cases = [("Answer: C", "Answer: A"), ("Answer: B", "Answer: C"), ("Answer: A", "Answer: B")]
    judge = load({})
    found = [ask(compare(QUESTION, *case), judge) for case in cases]
    assert [comparison.better for comparison in found] == [1, 2, None]
    check_readable(found)


@pytest.mark.parametrize("accuracy", [0.0, 0.3, 0.8])
def test_it_errs_as_often_as_it_is_told(accuracy):
    options = {"judge_accuracy": accuracy}
    judge = load(options)
    seeds = 600
    right = sum(scores(["Answer: C"], options, seed=seed) == (1,) for seed in range(seeds))
    spread = 3 * (accuracy * (1 - accuracy) / seeds) ** 0.5
    assert abs(right / seeds - accuracy) <= spread
    preferred = Counter(
        ask(compare(QUESTION, "Answer: A", "Answer: C"), judge, seed).better
        for seed in range(seeds)
    )
    for better, share in ((2, accuracy**2), (1, (1 - accuracy) ** 2)):
        spread = 3 * (share * (1 - share) / seeds) ** 0.5
        assert abs(preferred[better] / seeds - share) <= spread


def test_its_judgement_repeats():
    options = {"judge_accuracy": 0.5}
    answers = [f"{number}. Answer: C" for number in range(20)]
    first = scores(answers, options)
    assert scores(answers, options) == first == scores(answers[::-1], options)[::-1]
    assert scores(answers, options, seed=1) != first
    assert set(first) == {0, 1}


def test_it_cannot_judge_what_it_was_not_told():
    with pytest.raises(AnytimeError, match="only problems of the built-in domains"):
        ask(score_answers("Another one?", ["Answer: C"]), load({}))


def test_a_question_that_only_begins_like_a_request_is_answered():
    text = f"{PROBLEM}\n\nWhich one?"
    respond = load_model("simulated", {"accuracy": 1}, lambda text: LETTER)
    assert respond([Message("user", text)], 100_000, 0).text.endswith(LETTER.right)


@pytest.mark.parametrize("domain", [TRIP, AIME, GPQA], ids=lambda domain: domain.name)
def test_what_it_says_itself_is_judged_as_it_is_graded(domain):
    problems = domain.load("builtin", None, 7).problems[:6]
    remember(domain, problems)
    options = {"accuracy": 0.8, "solve_tokens": 40, "drift": 0.5}
    respond = load_model("simulated", options, recall)
    for problem in problems:
        prompt = Message("user", domain.ask(problem))
        traces = [respond([prompt], 200, seed) for seed in range(8)]
        said = [trace.text for trace in traces if trace.finish == "stop"]
        cut = traces[0].text[:300]
        cue = domain.cue(problem)
        handed = (prompt, Message("assistant", cut), Message("user", cue.ask))
        said.append(respond(handed, 2000, 0).text)
        handed = (prompt, Message("assistant", f"{cut}\n\n{cue.begin}"))
        said.append(cue.begin + respond(handed, 2000, 0).text)
        judgement = ask(score_answers(problem.prompt, said), respond)
        graded = [domain.grade(problem, text).quality == 1 for text in said]
        assert judgement.scores == tuple(map(float, graded))
