"""The tokens of the built-in models: words, numbers and marks, which joined give the text back."""

from __future__ import annotations

import re
from collections.abc import Sequence

from anytime.protocol import Message, Reply

__all__ = ["make_reply", "split_pieces"]

_PIECE = re.compile(r" ?[^\W\d_]+| ?\d+| ?[^\w\s]|.", re.DOTALL)


def split_pieces(text: str) -> list[str]:
    """Split text into its tokens; a word, a number or a mark takes one space before it along."""
    return _PIECE.findall(text)


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
