"""What the built-in models understand of a conversation: who asks for what, and how."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from anytime.methods.pdp import QUESTION
from anytime.protocol import Message, Reply

__all__ = [
    "Parts",
    "Respond",
    "answer_text",
    "chance",
    "handed_back",
    "parts",
    "questions",
    "told_budget",
]

Respond = Callable[[Sequence[Message], int, int], Reply]
"""`respond(messages, max_tokens, seed)`: a model, pure and deterministic in its arguments."""

_INTERRUPTION = "time is up"
_TOLD_BUDGET = re.compile(r"you have a budget of [\d,]+ tokens", re.IGNORECASE)


class Parts(NamedTuple):
    """A user's text: what a method put before the question, if anything, and the question."""

    preface: str
    question: str


def parts(text: str) -> Parts:
    """Take a method's preface off a user's text.

    A preface holds other problems, and traces of models that were told of budgets or that their
    time is up; none of it is said to this model. Whatever a model does but for what it learns
    from the preface has to depend on the question alone, so that methods are compared on the same
    draws: the question is exactly what the user says under the method `cot`.
    """
    preface, heading, question = f"\n{text}".rpartition(f"\n{QUESTION}\n\n")
    return Parts(preface, question) if heading else Parts("", text)


def questions(messages: Sequence[Message]) -> tuple[str, ...]:
    """What the user asked, newest first, without what a method put before it."""
    return tuple(parts(m.content).question for m in reversed(messages) if m.role == "user")


def handed_back(messages: Sequence[Message]) -> str | None:
    """The cut text that must be answered from at once; None where nobody interrupts.

    A trailing assistant message is to be continued (prefill); a last user message that says that
    the time is up asks for the answer (reprompt), with no text before it at budget 0.
    """
    last = messages[-1]
    if last.role == "assistant":
        return last.content
    if _INTERRUPTION not in parts(last.content).question.casefold():
        return None
    before = messages[-2] if len(messages) > 1 else None
    return before.content if before and before.role == "assistant" else ""


def told_budget(messages: Sequence[Message]) -> bool:
    """Whether the prompt tells a budget, which `max_tokens` then is (contract mode)."""
    return _TOLD_BUDGET.search(next(iter(questions(messages)), "")) is not None


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
