"""A trace that is handed back to go on: the request for it, and one trace of its parts."""

from __future__ import annotations

from typing import TypeVar

from anytime.cutting.frames import framed
from anytime.cutting.tokens import Cut
from anytime.errors import AnytimeError
from anytime.programs.interrupt import HandingBack, as_written
from anytime.protocol import Message, Reply, Request

__all__ = ["joined", "onward"]

_T = TypeVar("_T", int, float, tuple[bytes, ...], tuple[int, ...])


def onward(cut: Cut, how: HandingBack, tokens: int, place: int, glue: str = "") -> Request:
    """Ask that a trace goes on for so many tokens.

    Args:
        cut: Up to where it is handed back.
        how: What such requests of the trace have in common; `trace` is the trace so far.
        tokens: Cap on what it goes on with.
        place: Which part of the trace it will be, the first being 0.
        glue: What it is made to go on with.

    Raises:
        AnytimeError: It is to be handed back as token ids, and has none.
    """
    if how.continuation == "token_ids":
        ids = how.trace.token_ids
        if ids is None:
            raise AnytimeError(
                "continuation token_ids needs the trace's token ids, which this back end does not "
                "give: use continuation=prefill"
            )
        prefix = ids if not glue else ids[: cut.tokens]
        return Request(how.messages, tokens, "trace", prefix_ids=prefix, cue=glue, slice=place)
    text = as_written(cut, how.trace) + glue
    turns = (*how.messages, Message("assistant", text))
    return Request(turns, tokens, "trace", slice=place)


def joined(before: Reply, cut: Cut, more: Reply, how: HandingBack, glue: str = "") -> Reply:
    """A trace with what it went on with, as one text that the model wrote.

    Args:
        before: The trace so far, as it was counted.
        cut: Up to where it was handed back; all of it unless there is glue.
        more: What it went on with.
        how: As for `onward`.
        glue: As for `onward`; it counts as one token, as it stands in the trace.
    """
    added = more.text
    if more.reasoning:
        # Kept apart by a provider that does not see the tag that was handed back.
        closed = bool(more.text) or more.finish != "length"
        added = framed(more.reasoning, more.text, closed=closed)
        if cut.in_reasoning:
            added = added.removeprefix(framed("", "", closed=False))
    tokens, texts, ids = before.output_tokens, before.token_bytes, before.token_ids
    if glue:
        tokens = cut.tokens + 1
        texts = None if texts is None else (*texts[: cut.tokens], glue.encode())
        ids = None
    return Reply(
        text=as_written(cut, how.trace) + glue + added,
        hidden_reasoning=before.hidden_reasoning or more.hidden_reasoning,
        output_tokens=_sum(tokens, more.output_tokens),
        token_bytes=_sum(texts, more.token_bytes),
        token_ids=_sum(ids, more.token_ids),
        finish=more.finish,
        seconds=_sum(before.seconds, more.seconds),
        cost=_sum(before.cost, more.cost),
    )


def _sum(a: _T | None, b: _T | None) -> _T | None:
    return None if a is None or b is None else a + b
