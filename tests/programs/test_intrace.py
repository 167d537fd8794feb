"""Answers that stand in a trace: cuts without forced answers, and traces that cannot be cut."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError, HiddenReasoningError
from anytime.programs.elicit import GENERIC_CUE
from anytime.programs.interrupt import interrupt
from anytime.programs.intrace import LEAST, doublings, in_trace, trace_tokens
from anytime.programs.traced import readable
from anytime.protocol import Message, Reply
from tests.feeding import feed

texts = st.text(st.sampled_from("ab ,.7\n"), max_size=400)


class Words:
    """A token a word."""

    def ends(self, text: str) -> list[int]:
        return [found.end() for found in re.finditer(r"\S+", text)]

    def encode(self, text: str) -> list[int]:
        raise NotImplementedError


def test_a_trace_is_graded_as_it_stands() -> None:
    reply = Reply("five six seven", reasoning="one two three four", finish="stop")
    elicited, stood = in_trace(reply, BudgetGrid([2, 5, 7, 9]), Words())
    assert stood == ("one two", "one two three four\n\nfive", "five six seven", "five six seven")
    assert [point.tokens for point in elicited.checkpoints] == [2, 5, 7, 7]
    assert [point.forced for point in elicited.checkpoints] == [False] * 4
    assert [point.cut for point in elicited.checkpoints] == ["tokenizer", "tokenizer", None, None]
    assert elicited.mode == "intrace"


def test_a_trace_that_was_cut_off_has_not_ended() -> None:
    reply = Reply("one two three", output_tokens=3, finish="length")
    elicited, stood = in_trace(reply, BudgetGrid([2, 4]))
    assert stood == ("one two", "one two three")
    assert elicited.checkpoints[-1].finish == "length"


def test_tokens_nobody_counted_are_estimated_and_said_to_be() -> None:
    elicited, _ = in_trace(Reply("one two three four", finish="stop"), BudgetGrid([2, 64]))
    assert elicited.checkpoints[0].cut == "estimated"
    assert elicited.tokens == trace_tokens(Reply("one two three four")) == 4


def test_an_empty_trace_is_an_empty_answer_at_every_budget() -> None:
    elicited, stood = in_trace(Reply("", finish="stop"), BudgetGrid([2, 4]))
    assert stood == ("", "")
    assert elicited.tokens == 0


@given(texts, texts, st.sampled_from(["stop", "length"]))
def test_cuts_are_where_interrupt_cuts(reasoning: str, text: str, finish: str) -> None:
    count = len((reasoning + text).split())
    reply = Reply(text, reasoning=reasoning, output_tokens=count or None, finish=finish)  # type: ignore[arg-type]
    budgets = BudgetGrid([1, 4, 16, 64])
    stood = in_trace(reply, budgets).elicited
    program = interrupt(
        [Message("user", "?")],
        budgets,
        cue=GENERIC_CUE,
        continuation="reprompt",
        answer_tokens=8,
        sampled=reply,
    )
    asked, _ = feed(program, lambda request: Reply("7", output_tokens=1, finish="stop"))
    assert stood.tokens == asked.tokens
    for one, other in zip(stood.checkpoints, asked.checkpoints, strict=True):
        assert (one.tokens, one.end, one.cut) == (other.tokens, other.end, other.cut)


@given(texts, st.integers(1, 30))
def test_later_budgets_hold_no_less(text: str, first: int) -> None:
    reply = Reply(text, finish="length")
    _, stood = in_trace(reply, BudgetGrid([first, first + 5, first + 50]))
    assert stood[0] in stood[1]
    assert stood[1] in stood[2]
    assert stood[0] == text[: len(stood[0])]


def test_what_cannot_be_read() -> None:
    with pytest.raises(HiddenReasoningError):
        readable(Reply("7", hidden_reasoning=True, finish="stop"))
    with pytest.raises(AnytimeError, match="shorter than the tokens it took"):
        readable(Reply("ANSWER: A", output_tokens=342, finish="stop"))
    assert readable(Reply("🙂" * 10, output_tokens=40, finish="stop"))


@pytest.mark.parametrize(("longest", "last"), [(0, LEAST), (1, LEAST), (64, 64), (65, 128)])
def test_doublings_end_above_the_longest_trace(longest: int, last: int) -> None:
    grid = doublings(longest)
    assert grid.largest == last
    assert len(grid) == 7
    assert all(2 * a == b for a, b in pairwise(grid))


@pytest.mark.parametrize("told", [1, 0, -7])
def test_a_logged_count_that_cannot_be_is_an_estimate_and_said_to_be(told: int) -> None:
    reply = Reply("one two three four " * 20, output_tokens=told, finish="stop")
    elicited, (early, late) = in_trace(reply, BudgetGrid([16, 1024]))
    assert elicited.doubt == f"{told} tokens reported for {len(reply.text)} characters"
    assert elicited.checkpoints[0].cut == "estimated"
    assert 40 < (elicited.tokens or 0) < 160
    assert len(early) < len(late)


def test_a_logged_end_that_nobody_told_is_told_by_the_cap() -> None:
    reply = Reply("one two three four", output_tokens=4, finish="other")
    for cap, ended_by in ((4, "tokens"), (5, "tokens"), (64, None), (None, None)):
        elicited, _ = in_trace(reply, BudgetGrid([2, 4]), cap=cap)
        assert elicited.ended_by == ended_by
        assert elicited.finish == ("length" if ended_by else "other")
    stopped = Reply("one two three four", output_tokens=4, finish="stop")
    assert in_trace(stopped, BudgetGrid([2, 4]), cap=4).elicited.finish == "stop"
