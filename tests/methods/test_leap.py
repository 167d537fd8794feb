"""LEAP, by feeding replies."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime import AnytimeError, Reply, Request
from anytime.methods.leap import (
    INSIGHT_TOKENS,
    LEARN,
    MERGE,
    PRINCIPLES,
    SOLUTION_CHARACTERS,
    Level,
    Mistake,
    Principles,
    learn,
    mistakes_in,
    preface,
)
from tests.feeding import feed
from tests.pooling import problem, trace

A, B, C = problem("a", "How many a?", "1"), problem("b", "How many b?", "2"), problem("c")


def mistake(name: str, right: str = "Right.") -> Mistake:
    return Mistake(name, f"How many {name}?", f"Wrong about {name}.", "7", right, "8")


def said(request: Request) -> str:
    (message,) = request.messages
    assert message.role == "user"
    return message.content


def teacher(learnt: str, merged: str = "- Merged.") -> Callable[[Request], Reply]:
    def answer(request: Request) -> Reply:
        return Reply(merged if MERGE in said(request) else learnt, output_tokens=10)

    return answer


# Mistakes


def test_one_mistake_per_problem_beside_its_first_right_trace() -> None:
    traces = [
        trace(B, 2, [1, 0], ["2", "three"], text="First of two halves. Second b."),
        trace(B, 1, [0, 1], text="Right b."),
        trace(B, 3, [0, 0], text="Later."),
        trace(B, 4, [0, 1], text="Right again."),
        trace(C, 1, [0, 1]),
        trace(A, 5, [0, 0.5], ["5", "six"], reasoning="Thought a.", text="Said a."),
    ]
    assert mistakes_in(traces) == [
        Mistake("a", "How many a?", "Thought a.\n\nSaid a.", "six", "", "1"),
        Mistake("b", "How many b?", "First of two halves. Second b.", "three", "Right b.", "2"),
    ]


@given(st.randoms(use_true_random=False), st.data())
def test_mistakes_are_the_same_whichever_order_traces_come_in(
    shuffle: random.Random, data: st.DataObject
) -> None:
    qualities = st.sampled_from([0.0, 0.5, 1.0])
    traces = [
        trace(one, draw, [0, data.draw(qualities)]) for one in (A, B, C) for draw in (1, 2, 3)
    ] + [trace(C, 4, [0, 0])]
    expected = mistakes_in(traces)
    shuffle.shuffle(traces)
    assert mistakes_in(traces) == expected
    assert mistakes_in(iter(traces)) == expected


def test_of_a_long_solution_the_end_is_shown() -> None:
    long = "word " * SOLUTION_CHARACTERS + "the end"
    traces = [trace(A, 1, [0, 0], ["", long], text=long), trace(A, 2, [0, 1], text=long)]
    (found,) = mistakes_in(traces)
    for text in (found.wrong, found.right, found.wrong_answer):
        assert text.startswith("... ")
        assert text.endswith("the end")
        assert len(text) == SOLUTION_CHARACTERS + 4


def test_without_mistakes_there_is_nothing_to_learn() -> None:
    with pytest.raises(AnytimeError, match=r"nothing to learn from: every trace .* ended right"):
        mistakes_in([trace(A, 1, [0, 1]), trace(B, 1, [1, 1])])
    with pytest.raises(AnytimeError, match="the pool is empty"):
        mistakes_in([])


# Questions


def test_each_mistake_is_asked_about_in_one_batch() -> None:
    mistakes = [mistake("a"), mistake("b", right="")]
    _, batches = feed(learn(mistakes, "low"), teacher("- Count."))
    (batch,) = batches
    assert len(batch) == 2
    for request, one in zip(batch, mistakes, strict=True):
        text = said(request)
        assert request.kind == "answer"
        assert not request.thinking
        assert request.max_tokens == INSIGHT_TOKENS
        for shown in (one.question, one.wrong, one.wrong_answer, one.gold, LEARN):
            assert shown in text
        assert ("A solution that is right:" in text) == bool(one.right)
        assert MERGE not in text
    assert "Right." in said(batch[0])


def test_low_level_principles_name_the_problem_each_is_from() -> None:
    replies = iter(["- One.\n- Two.", "None come to mind.", "1. Three.\n2) Four.\n* Five."])
    program = learn([mistake("a"), mistake("b"), mistake("c")], "low")
    result, batches = feed(program, lambda _: Reply(next(replies), output_tokens=7))
    assert result == Principles(
        ("One.", "Two.", "Three.", "Four.", "Five."), ("a", "a", "c", "c", "c"), 21
    )
    assert len(batches) == 1


def test_high_level_principles_are_merged_by_one_more_request() -> None:
    replies = iter(["- One.", "", "- Three.", "Here they are:\n\n- Merged.\n- Other."])
    program = learn([mistake("a"), mistake("b"), mistake("c")], "high")
    result, batches = feed(program, lambda _: Reply(next(replies), output_tokens=7))
    assert result == Principles(("Merged.", "Other."), ("a", "c"), 28)
    assert [len(batch) for batch in batches] == [3, 1]
    text = said(batches[1][0])
    assert "- One.\n- Three.\n" in text
    assert MERGE in text
    assert LEARN not in text


@pytest.mark.parametrize("named", [1, 8, 9, 40])
def test_at_most_eight_are_kept(named: int) -> None:
    merged = "\n".join(f"- Principle {n}." for n in range(named))
    result, _ = feed(learn([mistake("a")], "high"), teacher("- Count.", merged))
    assert result.texts == tuple(f"Principle {n}." for n in range(min(named, 8)))


@pytest.mark.parametrize("level", ["low", "high"])
@pytest.mark.parametrize("nonsense", ["", "I cannot help.", "-Nothing", "---", "- ", "\n- \n-\n"])
def test_a_model_that_names_none_is_one_sentence(nonsense: str, level: Level) -> None:
    with pytest.raises(AnytimeError, match=r"asked for principles, .*and named none") as error:
        feed(learn([mistake("a"), mistake("b")], level), teacher(nonsense))
    assert "\n" not in str(error.value)


def test_a_merger_that_names_none_is_the_same_sentence() -> None:
    with pytest.raises(AnytimeError, match="and named none"):
        feed(learn([mistake("a")], "high"), teacher("- Count.", "All of them."))


@pytest.mark.parametrize("level", ["low", "high"])
def test_what_was_only_thought_is_no_principle(level: Level) -> None:
    thought = "<think>\n- Maybe this?\n- The answer is 8.\n</think>\n\n- Count twice."
    result, _ = feed(learn([mistake("a")], level), teacher(thought, thought))
    assert result.texts == ("Count twice.",)
    with pytest.raises(AnytimeError, match="and named none"):
        feed(learn([mistake("a")], level), teacher("<think>\n- Never came to an end"))


@given(st.text(), st.sampled_from(["low", "high"]))
def test_any_reply_is_some_lines_or_one_sentence(text: str, level: Level) -> None:
    try:
        result, _ = feed(learn([mistake("a")], level), teacher(text, text))
    except AnytimeError as error:
        refused = str(error)
    else:
        refused = ""
        assert result.texts
        assert all(one.strip() == one and one for one in result.texts)
        assert len(result.texts) <= 8 or level == "low"
    assert not refused or "named none" in refused


def test_unknown_token_counts_are_no_tokens() -> None:
    result, _ = feed(learn([mistake("a")], "low"), lambda _: Reply("- Count."))
    assert result.tokens == 0


def test_the_preface_lists_them() -> None:
    text = preface(["Count twice.", "Check units."])
    assert text.startswith(f"{PRINCIPLES}\n\n")
    assert "\n\n- Count twice.\n- Check units.\n\n" in text
    assert text.endswith("\n\n## Your problem\n\n")
