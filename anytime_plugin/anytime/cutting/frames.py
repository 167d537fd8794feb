"""What marks reasoning in a trace, and telling it from the visible answer."""

from __future__ import annotations

import dataclasses

from anytime.errors import HiddenReasoningError
from anytime.protocol import Reply

__all__ = ["THINK_CLOSE", "THINK_OPEN", "separated", "visible"]

THINK_OPEN, THINK_CLOSE = "<think>", "</think>"


def separated(reply: Reply) -> Reply:
    """The reply with inline `<think>...</think>` text moved to where reasoning belongs."""
    if reply.reasoning or THINK_OPEN not in reply.text:
        return reply
    before, _, inside = reply.text.partition(THINK_OPEN)
    if before.strip():
        return reply  # the tag is quoted in the answer, not the frame of the reasoning
    reasoning, _, text = inside.partition(THINK_CLOSE)
    return dataclasses.replace(reply, reasoning=reasoning.strip("\n"), text=text.lstrip("\n"))


def visible(reply: Reply) -> Reply:
    """The trace, reasoning and text apart.

    Raises:
        HiddenReasoningError: The provider withheld the reasoning.
    """
    trace = separated(reply)
    nothing_shows = not trace.text and not trace.reasoning
    # A cap spent on nothing that shows was spent on reasoning, counted as such or not.
    unseen = nothing_shows and trace.finish == "length" and bool(trace.output_tokens)
    withheld = unseen or (bool(reply.reasoning_tokens) and not trace.reasoning)
    if reply.hidden_reasoning or withheld:
        raise HiddenReasoningError(
            "this model's reasoning is hidden (the provider encrypts, summarises or withholds it), "
            "so its trace cannot be cut: use mode=contract, which runs once per budget instead"
        )
    return trace
