"""The tokens of the built-in models: words, numbers and marks, which joined give the text back."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from anytime.protocol import Message, Reply

__all__ = ["Pieces", "make_reply", "split_pieces", "stopped"]

_PIECE = re.compile(r" ?[^\W\d_]+| ?\d+| ?[^\w\s]|.", re.DOTALL)


def split_pieces(text: str) -> list[str]:
    """Split text into its tokens; a word, a number or a mark takes one space before it along."""
    return _PIECE.findall(text)


class Pieces:
    """The tokens of the built-in models as a tokenizer, which splits as they wrote."""

    exact = True

    def ends(self, text: str) -> list[int]:
        """Say where each piece of the text ends."""
        return list(accumulate(map(len, split_pieces(text))))

    def encode(self, text: str) -> list[int]:
        """Return a number for each piece."""
        return [zlib.crc32(piece.encode()) for piece in split_pieces(text)]


def stopped(reply: Reply, stops: Sequence[str]) -> Reply:
    """The reply up to the first of the stop strings in its text, as if it had ended there."""
    places = [place for stop in stops if stop and (place := reply.text.find(stop)) >= 0]
    if not places:
        return reply
    text = reply.text[: min(places)]
    thought = len(split_pieces(reply.reasoning))
    pieces = [piece.encode() for piece in split_pieces(reply.reasoning) + split_pieces(text)]
    return replace(
        reply,
        text=text,
        output_tokens=len(pieces),
        reasoning_tokens=thought,
        token_bytes=tuple(pieces),
        finish="stop",
    )


def make_reply(
    messages: Sequence[Message], max_tokens: int, text: str, reasoning: str = ""
) -> Reply:
    """Say `reasoning` and then `text`, cut after `max_tokens` tokens, with exact accounting."""
    thought = split_pieces(reasoning)
    pieces = thought + split_pieces(text)
    kept = pieces[:max_tokens]
    thought_tokens = min(len(thought), max_tokens)
    return Reply(
        text="".join(kept[thought_tokens:]),
        reasoning="".join(kept[:thought_tokens]),
        output_tokens=len(kept),
        reasoning_tokens=thought_tokens,
        input_tokens=sum(len(split_pieces(message.content)) for message in messages),
        token_bytes=tuple(piece.encode() for piece in kept),
        finish="stop" if len(kept) == len(pieces) else "length",
    )
