import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.models.conversation import answer_text, handed_back, told_budget
from anytime.models.pieces import make_reply, split_pieces, stopped
from anytime.protocol import Message

PROMPT = Message("user", "What?")


@given(st.text())
def test_pieces_joined_give_the_text_back(text):
    assert "".join(split_pieces(text)) == text
    assert all(split_pieces(text))


@given(
    st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")), st.integers(0, 30)
)
def test_a_reply_accounts_for_every_token(reasoning, text, max_tokens):
    reply = make_reply([PROMPT], max_tokens, text, reasoning)
    assert b"".join(reply.token_bytes) == (reply.reasoning + reply.text).encode()
    assert len(reply.token_bytes) == reply.output_tokens <= max_tokens
    assert reply.reasoning_tokens == len(split_pieces(reply.reasoning))
    assert (reply.finish == "stop") == ((reply.reasoning, reply.text) == (reasoning, text))
    assert reply.input_tokens == 2


@pytest.mark.parametrize(
    ("given_words", "answer", "rest"),
    [
        ("Hm.\n\nAnswer: ", "Answer: C", "C"),
        ("Hm.\n\n**Final answer:** \\boxed{", "\\boxed{204}", "204}"),
        (
            "Plan of 9 cities:\n\n**Day 1-",
            "Plan of 2:\n\n**Day 1-5:** X\n**Day 5:** Y",
            "5:** X\n**Day 5:** Y",
        ),
        ("Hm.", "Answer: C", "\n\nAnswer: C"),
        ("My answer: ", "C", "C"),
    ],
    ids=["letter", "boxed", "under-another-header", "nothing-begun", "other-words"],
)
def test_an_answer_goes_on_from_the_words_put_into_the_mouth(given_words, answer, rest):
    assert answer_text([PROMPT, Message("assistant", given_words)], answer) == rest


def test_who_interrupts_and_how():
    cue = Message("user", "TIME IS UP: answer.")
    assert handed_back([PROMPT]) is None
    assert handed_back([PROMPT, Message("assistant", "so far"), cue]) == "so far"
    assert handed_back([PROMPT, Message("assistant", "so far")]) == "so far"
    assert handed_back([cue]) == ""


def test_a_budget_told_to_others_is_not_ours():
    assert told_budget([Message("user", "What? You have a budget of 1,024 tokens.")])
    assert not told_budget([Message("user", "A good example under a budget of 512 tokens: ...")])


def test_a_reply_ends_before_the_first_stop_string() -> None:
    whole = make_reply([Message("user", "?")], 50, "204}. And 7}", "hm so")
    cut = stopped(whole, ("And", "}", ""))
    assert (cut.text, cut.reasoning, cut.finish) == ("204", "hm so", "stop")
    assert b"".join(cut.token_bytes or ()) == b"hm so204"
    assert cut.output_tokens == len(cut.token_bytes or ()) == 3
    assert stopped(whole, ("Z",)) == stopped(whole, ()) == whole
