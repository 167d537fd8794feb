"""Traces of the built-in models in slices: one that is handed back goes on where it broke off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from anytime.cutting.frames import framed
from anytime.errors import AnytimeError
from anytime.models.conversation import Respond
from anytime.models.pieces import make_reply, split_pieces
from anytime.models.profile import STATEMENT_TOKENS
from anytime.programs.extend import WAIT
from anytime.protocol import Message, Reply

__all__ = ["one_slice"]


def one_slice(respond: Respond, messages: Sequence[Message], max_tokens: int, seed: int) -> Reply:
    """The first tokens of a trace, or those that follow a trailing assistant message.

    These models write a trace anew for each request, the same one for the same seed: a slice is a
    part of it. A statement that the end of a slice would break is begun all the same, so that
    slices join to one trace.

    Args:
        respond: The model.
        messages: The conversation; a trailing assistant message is the trace so far.
        max_tokens: Cap on the slice.
        seed: Of the trace.

    Returns:
        The slice as one text, with the tag that opens reasoning where the model reasons apart.

    Raises:
        AnytimeError: The trailing message is no beginning of that trace.
    """
    begun = messages[-1].content if messages[-1].role == "assistant" else ""
    if begun.endswith(WAIT):  # it had ended, and is made to go on: no part of what it would write
        return _as_one_text(respond(messages, max_tokens, seed))
    asked = messages[:-1] if begun else messages
    opening = framed("", "", closed=False)
    spent = len(split_pieces(begun.removeprefix(opening)))
    trace = respond(asked, spent + max_tokens + STATEMENT_TOKENS, seed)
    text = trace.text
    if trace.reasoning:
        done = bool(trace.text) or trace.finish == "stop"
        text = framed(trace.reasoning, trace.text, closed=done)
    if not text.startswith(begun):
        raise AnytimeError("what is to go on is no trace of this model's: its beginning differs")
    said = make_reply(messages, max_tokens, text[len(begun) :])
    whole = said.finish == "stop" and trace.finish == "stop"
    return replace(said, finish="stop" if whole else "length")


def _as_one_text(reply: Reply) -> Reply:
    """What is written behind a text in which reasoning is open already."""
    if not reply.reasoning:
        return reply
    closed = bool(reply.text) or reply.finish == "stop"
    text = framed(reply.reasoning, reply.text, closed=closed)
    return replace(reply, reasoning="", text=text.removeprefix(framed("", "", closed=False)))
