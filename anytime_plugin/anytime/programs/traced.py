"""A trace as it is cut: its parts, its tokens, why it ended, and what of that nobody told."""

from __future__ import annotations

import dataclasses
from typing import Literal, NamedTuple

from anytime.cutting.ends import SPECIAL_TOKENS, checked_count, ended
from anytime.cutting.frames import visible
from anytime.cutting.tokens import Ruler, Tokenizer, measure
from anytime.errors import AnytimeError
from anytime.protocol import Reply

__all__ = ["Traced", "readable", "traced"]


class Traced(NamedTuple):
    """A trace that can be cut.

    Attributes:
        reply: As the model wrote it, with a count of tokens that its text allows.
        trace: Reasoning and text apart, with the reason it ended for.
        ruler: Where it can be cut.
        ended_by: What that reason was taken from where nobody told it; None where it was told.
        doubt: What was told as its tokens and cannot be, where it is an estimate for that.
    """

    reply: Reply
    trace: Reply
    ruler: Ruler
    ended_by: Literal["tokens", "frame"] | None
    doubt: str | None


def traced(
    reply: Reply,
    cap: int | None,
    tokenizer: Tokenizer | None = None,
    frame: str | None = None,
    *,
    finished: bool = False,
) -> Traced:
    """Get a trace ready for cutting.

    Args:
        reply: As a host got it, or as a log holds it.
        cap: The most tokens it was allowed; None where a log does not tell.
        tokenizer: Cuts where the reply has no token texts of its own.
        frame: The user's own pair of tags around reasoning.
        finished: It stands in a log: its tokens are estimated where nobody counted them, for it is
            too late to ask.

    Raises:
        HiddenReasoningError: The provider withheld the reasoning.
        AnytimeError: Its tokens are not told, or it stands in a log and is not what the model
            wrote.
    """
    reply, doubt = checked_count(reply, None if finished else cap)
    trace = readable(reply, frame) if finished else visible(reply, frame)
    counted = dataclasses.replace(trace, output_tokens=None) if doubt else trace
    ruler = measure(counted, tokenizer, estimated=finished or bool(doubt))
    ended_by: Literal["tokens", "frame"] | None = None
    if counted.finish != reply.finish:
        ended_by = "frame"
    elif cap is not None:
        # The back end's own count, or that of what the trace is cut with, where it gave none or is
        # seen to be wrong.
        tokens = ruler.length if ruler.source == "exact" else counted.output_tokens or ruler.length
        finish = ended(counted.finish, tokens, cap, guessed=ruler.source == "estimated")
        if finish != counted.finish:
            counted, ended_by = dataclasses.replace(counted, finish=finish), "tokens"
    told = doubt if ruler.source == "estimated" else ""
    return Traced(reply, counted, ruler, ended_by, told or None)


def readable(reply: Reply, frame: str | None = None) -> Reply:
    """The trace of a finished log, reasoning and text apart.

    Raises:
        HiddenReasoningError: The provider withheld the reasoning.
        AnytimeError: The text is not what the model wrote: no tokenizer makes more tokens than
            bytes. Solvers that shuffle options write the answer anew, for one.
    """
    trace = visible(reply, frame)
    shown = len((trace.reasoning + trace.text).encode(errors="replace"))
    if trace.output_tokens is not None and trace.output_tokens > shown + SPECIAL_TOKENS:
        raise AnytimeError(
            "its text is shorter than the tokens it took: the log holds the answer, not the trace"
        )
    return trace
