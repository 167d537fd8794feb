"""Programs fed with any reply at all: never a traceback, never a number that cannot be."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime import AnytimeError, BudgetGrid, Elicited, Message, Reply, contract, interrupt
from anytime.domains.aime import AIME
from anytime.domains.gpqa import GPQA
from anytime.domains.trip import TRIP
from anytime.errors import HiddenReasoningError
from anytime.programs.answers import NO_RULES, answer_rules
from anytime.programs.doubts import Doubts
from anytime.programs.elicit import GENERIC_CUE
from anytime.programs.intrace import in_trace
from tests.feeding import feed
from tests.odd_texts import replies

QUESTION = (Message("user", "?"),)
BUDGETS = BudgetGrid([1, 16, 64, 256])
OWN = "<reason> </reason>"

rules = st.sampled_from([NO_RULES, *map(answer_rules, (TRIP, AIME, GPQA))])
frames = st.sampled_from([None, OWN])


def check(elicited: Elicited, answers: list[Reply], cap: int) -> None:
    """What holds of everything that is found out, whatever was said."""
    text = json.dumps(elicited.to_json(), allow_nan=False)
    assert Elicited.from_json(json.loads(text)).to_json() == json.loads(text)
    assert [point.budget for point in elicited.checkpoints] == list(BUDGETS)
    assert elicited.tokens is None or elicited.tokens >= 0
    for point in elicited.checkpoints:
        assert bool(point.failed) == (point.failed is not None)
        assert not (point.failed and point.answer)
        if point.tokens is not None:
            assert point.tokens >= 0
        if point.forced:
            assert point.tokens is not None
            assert point.tokens <= point.budget
        assert point.leaked_reasoning_tokens >= 0
        if point.answer_tokens is not None:
            assert point.answer_tokens >= point.leaked_reasoning_tokens
    doubts = Doubts()
    doubts.add(elicited)
    for sentence in doubts.sentences(0.9, {"refusal": 3}):
        assert "\n" not in sentence


@given(
    replies(),
    st.lists(replies(), min_size=4, max_size=4),
    rules,
    frames,
    st.sampled_from(["reprompt", "prefill", "token_ids"]),
)
def test_interrupt(trace: Reply, said: list[Reply], rules, frame, continuation) -> None:
    waiting = iter(said)
    program = interrupt(
        QUESTION,
        BUDGETS,
        cue=GENERIC_CUE,
        continuation=continuation,
        answer_tokens=32,
        rules=rules,
        frame=frame,
    )
    try:
        elicited, _ = feed(
            program, lambda request: trace if request.kind == "trace" else next(waiting)
        )
    except AnytimeError as error:
        assert "\n" not in str(error)
        hidden = isinstance(error, HiddenReasoningError)
        assert hidden or "name a tokenizer" in str(error) or "token ids" in str(error)
        return
    check(elicited, said, 32)
    if trace.failed:
        assert elicited.failed == trace.failed


@given(st.lists(replies(), min_size=4, max_size=4), frames)
def test_contract(said: list[Reply], frame) -> None:
    waiting = iter(said)
    elicited, _ = feed(contract(QUESTION, BUDGETS, frame=frame), lambda request: next(waiting))
    check(elicited, said, 32)
    for point, reply in zip(elicited.checkpoints, said, strict=True):
        assert (point.failed or "") == reply.failed


@given(replies(), frames)
def test_in_trace(trace: Reply, frame) -> None:
    try:
        elicited, stood = in_trace(trace, BUDGETS, frame=frame)
    except AnytimeError as error:
        assert "\n" not in str(error)
        return
    check(elicited, [], 0)
