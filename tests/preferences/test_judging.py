import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.errors import AnytimeError
from anytime.preferences.judge import (
    ANSWER_CHARACTERS,
    Comparison,
    Judgement,
    check_readable,
    compare,
    score_answers,
)
from anytime.protocol import Reply
from tests.feeding import feed

STATEMENT = "What is 6 x 7?"


def judge(verdicts, asked=None):
    """A judge that says what is written for the first key that its request holds."""

    def answer(request):
        (message,) = request.messages
        assert message.role == "user"
        assert STATEMENT in message.content
        if asked is not None:
            asked.append(message.content)
        text = next(text for key, text in verdicts.items() if key in message.content)
        return Reply(text, output_tokens=7)

    return answer


def score(text):
    (found,) = feed(score_answers(STATEMENT, ["41"]), lambda request: Reply(text))[0].scores
    return found


def test_each_distinct_answer_is_scored_once_in_one_batch():
    asked = []
    verdicts = {"forty-two": "Score: 100", "forty-one": "Score: 25", "": "No idea."}
    answers = ["forty-one", "forty-two", " forty-one\n", "a lot", "  ", "forty-two"]
    judgement, batches = feed(score_answers(STATEMENT, answers), judge(verdicts, asked))
    assert judgement == Judgement((0.25, 1, 0.25, None, 0, 1), asked=3, read=2, tokens=21)
    assert [len(batch) for batch in batches] == [3]
    assert all(request.kind == "answer" and not request.thinking for request in batches[0])
    assert len(set(asked)) == 3


@pytest.mark.parametrize("answers", [[], ["", " \n"]])
def test_where_there_is_no_answer_nobody_is_asked(answers):
    with pytest.raises(StopIteration) as stop:
        next(score_answers(STATEMENT, answers))
    assert stop.value.value == Judgement((0.0,) * len(answers), 0, 0, 0)
    check_readable([stop.value.value])


def test_of_a_long_answer_the_end_is_judged():
    asked = []
    answers = ["very " * ANSWER_CHARACTERS + "much: 42", "quite " * ANSWER_CHARACTERS + "a lot"]
    feed(score_answers(STATEMENT, answers), judge({"": "Score: 1"}, asked))
    assert "much: 42\n" in asked[0]
    assert all(len(text) < ANSWER_CHARACTERS + 1000 for text in asked)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Score: 70", 0.7),
        ("score:0", 0.0),
        ("Score: 62.5", 0.625),
        ("**Score:** 85", 0.85),
        ("**Score**: **85**", 0.85),
        ("Final score: 85%.", 0.85),
        ("Score: 85/100", 0.85),
        ("Score: 85 out of 100", 0.85),
        ("Score: 30 would be harsh.\nScore: 80", 0.8),
        ("You ask for 'Score: N'.\nScore: 5", 0.05),
        ("<think>Score: 10?</think>Score: 90", 0.9),
        ("Score: 101", None),
        ("Score: -5", None),
        ("Score: 8/10", None),
        ("Score: 8 out of 10", None),
        ("Score: 8e1", None),
        ("Score: 5th", None),
        ("Score: " + "9" * 5000, None),
        ("Score: N", None),
        ("Score: good", None),
        ("<think>Score: 10", None),
        ("70", None),
        ("", None),
    ],
)
def test_how_a_score_is_read(text, expected):
    assert score(text) == expected


@given(st.integers(0, 100), st.text(max_size=30), st.integers(0, 100))
def test_the_score_named_last_counts_whatever_stands_before(number, words, other):
    assert score(f"Score: {other}. {words}\nScore: {number}") == number / 100


@given(st.text())
def test_any_reply_is_a_score_or_none(text):
    found = score(text)
    assert found is None or 0 <= found <= 1


BETTER = {
    "by-content": ({"## Answer 1\n\ngood": "Better: 1", "": "Better: 2"}, 1, 2),
    "first-place": ({"": "Better: 1"}, None, 2),
    "second-place": ({"": "**Better:** 2."}, None, 2),
    "half-nonsense": ({"## Answer 1\n\ngood": "Better: Answer 1", "": "Both."}, None, 1),
    "nonsense": ({"": "Better: 1.5, Better: 12, Better: neither"}, None, 0),
    "after-thought": (
        {
            "## Answer 1\n\ngood": "Better: 2? No.\nBetter: 1",
            "": "<think>Better: 1</think>Better: 2",
        },
        1,
        2,
    ),
}


@pytest.mark.parametrize(("verdicts", "better", "read"), BETTER.values(), ids=BETTER)
def test_a_preference_has_to_hold_in_both_orders(verdicts, better, read):
    found, batches = feed(compare(STATEMENT, "good", "bad"), judge(verdicts))
    assert found == Comparison(better, 2, read, 14)
    assert found.consistent == (better is not None)
    assert [len(batch) for batch in batches] == [2]
    swapped, _ = feed(compare(STATEMENT, "bad", "good"), judge(verdicts))
    assert swapped.better == (None if better is None else 3 - better)


NOTHING = Judgement((None, None), 2, 0, 9)


def test_a_judge_of_whom_nothing_was_understood_is_refused_in_one_sentence():
    with pytest.raises(AnytimeError) as refused:
        check_readable([NOTHING, Comparison(None, 2, 0, 9)])
    message = str(refused.value)
    assert message.startswith("the judge was asked 4 times and answered nothing that could be read")
    assert "\n" not in message


def test_one_reply_that_was_understood_is_enough():
    check_readable([NOTHING, Comparison(None, 2, 1, 9)])
    check_readable([])
