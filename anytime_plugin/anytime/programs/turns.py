"""The turns of a conversation that a program adds to."""

from __future__ import annotations

from collections.abc import Sequence

from anytime.protocol import Message, Role

__all__ = ["appended"]


def appended(
    messages: Sequence[Message], words: str, role: Role = "user", between: str = "\n\n"
) -> tuple[Message, ...]:
    """Add to the last turn where it is of this role: many providers refuse two of one in a row."""
    if messages and messages[-1].role == role:
        return (*messages[:-1], Message(role, f"{messages[-1].content}{between}{words}"))
    return (*messages, Message(role, words))
