"""Programs fed with any reply at all: never a traceback, never a number that cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from anytime import AnytimeError, BudgetGrid, Elicited, Message, Reply, contract, interrupt
from anytime.domains.aime import AIME
from anytime.domains.gpqa import GPQA
from anytime.domains.trip import TRIP
from anytime.programs.answers import NO_RULES, AnswerRules, answer_rules
from anytime.programs.doubts import Doubts
from anytime.programs.elicit import GENERIC_CUE
from anytime.programs.intrace import in_trace
from anytime.protocol import Request
from anytime.settings import Continuation
from tests.feeding import feed
from tests.odd_texts import replies

QUESTION = (Message("user", "?"),)
BUDGETS = BudgetGrid([1, 16, 64, 256])
OWN = "<reason> </reason>"

rules = st.sampled_from([NO_RULES, *map(answer_rules, (TRIP, AIME, GPQA))])
frames = st.sampled_from([None, OWN])


def check(elicited: Elicited) -> None:
    """What holds of everything that is found out, whatever was said."""
    text = json.dumps(elicited.to_json(), allow_nan=False)
    assert Elicited.from_json(json.loads(text)).to_json() == json.loads(text)
    assert [point.budget for point in elicited.checkpoints] == list(BUDGETS)
    assert elicited.tokens is None or elicited.tokens >= 0
    for point in elicited.checkpoints:
        assert point.failed != ""
        assert not (point.failed and point.answer)
        assert point.tokens is None or point.tokens >= 0
        if point.forced:
            assert point.tokens is not None
            assert point.tokens <= point.budget
        assert point.leaked_reasoning_tokens >= 0
        if point.answer_tokens is not None:
            assert point.answer_tokens >= point.leaked_reasoning_tokens
    doubts = Doubts()
    doubts.add(elicited)
    assert not any("\n" in sentence for sentence in doubts.sentences(0.9, {"refusal": 3}))


def outcome(find: Callable[[], Elicited]) -> Elicited | str:
    """What was found out, checked, or the sentence that refuses."""
    try:
        elicited = find()
    except AnytimeError as error:
        return str(error)
    check(elicited)
    return elicited


@given(
    replies(),
    st.lists(replies(), min_size=4, max_size=4),
    rules,
    frames,
    st.sampled_from(["reprompt", "prefill", "token_ids"]),
)
def test_interrupt(
    trace: Reply,
    said: list[Reply],
    rules: AnswerRules,
    frame: str | None,
    continuation: Continuation,
) -> None:
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

    def answer(request: Request) -> Reply:
        return trace if request.kind == "trace" else next(waiting)

    found = outcome(lambda: feed(program, answer)[0])
    if isinstance(found, str):
        known = ("reasoning is hidden", "name a tokenizer", "needs the trace's token ids")
        assert any(words in found for words in known)
        assert not trace.failed
    elif trace.failed:
        assert found.failed == trace.failed


@given(st.lists(replies(), min_size=4, max_size=4), frames)
def test_contract(said: list[Reply], frame: str | None) -> None:
    waiting = iter(said)
    program = contract(QUESTION, BUDGETS, frame=frame)
    elicited, _ = feed(program, lambda request: next(waiting))
    check(elicited)
    for point, reply in zip(elicited.checkpoints, said, strict=True):
        assert (point.failed or "") == reply.failed


@given(replies(), frames, st.sampled_from([None, 16, 256]))
def test_in_a_finished_log(trace: Reply, frame: str | None, cap: int | None) -> None:
    found = outcome(lambda: in_trace(trace, BUDGETS, frame=frame, cap=cap).elicited)
    if isinstance(found, str):
        assert "reasoning is hidden" in found or "shorter than the tokens it took" in found
        return
    program = interrupt(
        QUESTION,
        BUDGETS,
        cue=GENERIC_CUE,
        continuation="reprompt",
        answer_tokens=32,
        sampled=trace,
        cap=cap,
        frame=frame,
    )
    if not trace.failed:
        handed_back, _ = feed(program, lambda request: Reply("7", output_tokens=1))
        check(handed_back)
        assert (handed_back.tokens, handed_back.finish) == (found.tokens, found.finish)
        assert (handed_back.ended_by, handed_back.doubt) == (found.ended_by, found.doubt)
