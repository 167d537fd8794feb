"""The turns of a conversation that a program adds to."""

from __future__ import annotations

import re
from collections.abc import Sequence

from anytime.protocol import Message, Role

__all__ = ["appended", "expects_template", "raw_prompt"]

_TUNED = re.compile(r"(?i)(?<![a-z])(instruct|chat|it|sft|dpo|assistant)(?![a-z])")


def appended(
    messages: Sequence[Message], words: str, role: Role = "user", between: str = "\n\n"
) -> tuple[Message, ...]:
    """Add to the last turn where it is of this role: many providers refuse two of one in a row."""
    if messages and messages[-1].role == role:
        return (*messages[:-1], Message(role, f"{messages[-1].content}{between}{words}"))
    return (*messages, Message(role, words))


def raw_prompt(messages: Sequence[Message]) -> str:
    """Turns as one text for a model that continues text, and the assistant's last turn begun.

    Turns are paragraphs; the assistant's begins after an empty line.
    """
    if len(messages) > 1 and messages[-1].role == "assistant":
        return f"{raw_prompt(messages[:-1])}{messages[-1].content}"
    text = "\n\n".join(message.content for message in messages)
    return text if text.endswith("\n\n") else f"{text}\n\n"


def expects_template(name: str) -> bool:
    """Whether a model, by its name, was tuned on conversations in a template of its own.

    Without it such a model continues a text that it was never shown the like of.
    """
    return _TUNED.search(name) is not None
