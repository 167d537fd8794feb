"""What the built-in models understand of a conversation: who asks for what, and how."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Sequence

from anytime.protocol import Message, Reply

__all__ = [
    "Respond",
    "answer_text",
    "chance",
    "handed_back",
    "told_budget",
    "user_texts",
]

Respond = Callable[[Sequence[Message], int, int], Reply]
"""`respond(messages, max_tokens, seed)`: a model, pure and deterministic in its arguments."""

_INTERRUPTION = "time is up"
_TOLD_BUDGET = re.compile(r"you have a budget of [\d,]+ tokens", re.IGNORECASE)


def user_texts(messages: Sequence[Message]) -> tuple[str, ...]:
    """What the user said, newest first."""
    return tuple(m.content for m in reversed(messages) if m.role == "user")


def handed_back(messages: Sequence[Message]) -> str | None:
    """The cut text that must be answered from at once; None where nobody interrupts.

    A trailing assistant message is to be continued (prefill); a last user message that says that
    the time is up asks for the answer (reprompt), with no text before it at budget 0.
    """
    last = messages[-1]
    if last.role == "assistant":
        return last.content
    if _INTERRUPTION not in last.content.casefold():
        return None
    before = messages[-2] if len(messages) > 1 else None
    return before.content if before and before.role == "assistant" else ""


def told_budget(messages: Sequence[Message]) -> bool:
    """Whether the prompt tells a budget, which `max_tokens` then is (contract mode)."""
    return _TOLD_BUDGET.search(next(iter(user_texts(messages)), "")) is not None


def answer_text(messages: Sequence[Message], answer: str) -> str:
    r"""What is left to say of `answer`: all of it, or what follows words put into the mouth.

    The words may begin the answer or one of its lines: after "Answer: " is left "C", and after
    "**Day 1-" all that follows it in the first line of a plan, whatever header stands above. Words
    that begin no line of the answer are followed by all of it.
    """
    last = messages[-1]
    if last.role != "assistant":
        return answer
    starts = [0, *(found.end() for found in re.finditer("\n", answer))]
    overlaps = [_overlap(last.content, answer[start:].partition("\n")[0]) for start in starts]
    longest = max(overlaps)
    if longest == 0:
        return answer if last.content[-1:].isspace() else f"\n\n{answer}"
    return answer[starts[overlaps.index(longest)] + longest :]


def chance(*parts: object) -> random.Random:
    """A random generator that depends on the parts alone, in every process."""
    content = "\x1f".join(str(part) for part in parts).encode()
    return random.Random(hashlib.sha256(content).digest())


def _overlap(given: str, line: str) -> int:
    """Length of the longest beginning of `line` that `given` ends with."""
    return next((n for n in range(len(line), 0, -1) if given.endswith(line[:n])), 0)
