"""Frames in any text at all: nothing lost, nothing invented, nothing raised."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anytime.cutting.frames import (
    answer_of,
    closed,
    opened_by,
    separated,
    trimmed,
    unframed_tag,
    unopened,
    written,
)
from anytime.cutting.tokens import measure
from anytime.protocol import Reply
from tests.odd_texts import texts

frames = st.sampled_from([None, "<reason> </reason>"])


@given(texts, frames)
def test_a_text_is_parted_and_put_together_again(text: str, own: str | None) -> None:
    reply = Reply(text, output_tokens=7)
    trace = separated(reply, own)
    whole = trimmed(text)
    assert text.startswith(whole)
    # Line breaks at the end of reasoning that was cut off are dropped.
    whole = whole if trace.finish == reply.finish else whole.rstrip("\n")
    kept = trace.reasoning + (trace.closing or "") + trace.text
    assert whole.endswith(kept) or not kept.strip("\n")
    before = whole[: len(whole) - len(kept)]
    # All that is not kept is the opening tag, which may stand in the prompt instead.
    assert (trace.opening or "").rstrip("\n").endswith(before.rstrip("\n"))
    assert separated(trace, own) == trace
    assert answer_of(reply, own) in whole + "\n"
    assert (unframed_tag(text, own) or "") in text
    assert text.endswith(opened_by(text, own))
    assert text.startswith(unopened(text, text, own))


@given(texts, frames, st.integers(0, 60))
def test_any_beginning_can_be_handed_back(text: str, own: str | None, budget: int) -> None:
    trace = separated(Reply(text), own)
    cut = measure(trace, estimated=True).cut(budget)
    begun = written(trace, cut.reasoning, cut.text, in_reasoning=cut.in_reasoning)
    closing = closed(trace, begun, in_reasoning=cut.in_reasoning, own=own)
    assert isinstance(begun + closing, str)
    assert (trace.reasoning + trace.text).startswith(cut.reasoning + cut.text)
