"""What a program says to its host: requests for text, and the replies to them.

A *program* is a plain generator. It yields a batch of `Request`s, is sent the matching `Reply`s in
the same order, and returns its result. It does no I/O and knows no harness, so every procedure is
written once and is tested by feeding replies by hand. A *host* runs it: see `anytime.hosts`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

__all__ = ["SLICED", "Finish", "Message", "Program", "Reply", "Request", "Role"]

Role = Literal["system", "user", "assistant"]

Finish = Literal["stop", "length", "filter", "other"]
"""Why generation ended: by itself, at the token cap, by a content filter, or for a reason that is
missing or unknown."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation, as plain text.

    Example:
        >>> Message("user", "What is 6 * 7?").content
        'What is 6 * 7?'
    """

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Request:
    """One generation that a program asks its host for.

    Attributes:
        messages: The conversation. A trailing assistant message is to be *continued*, not answered.
        max_tokens: Cap on generated tokens, reasoning included.
        kind: `trace` (reasoning on the problem) or `answer` (a forced answer).
        thinking: False asks the back end to switch its reasoning phase off where it can.
        prefix_ids: For the continuation `token_ids`: the trace's own first token ids, to be placed
            verbatim after the tokens of `messages`, followed by the tokens of `cue`.
        cue: Text that follows `prefix_ids`; empty for every other continuation.
        budget: The budget this request belongs to, for logs; None for an interruptible trace.
        stop: Strings at which generation ends; they are no part of the reply.
        slice: Of a trace that is asked for in slices which one this is, from 0 on: one above 0 goes
            on from where `prefix_ids`, or a trailing assistant message, end. None for a whole one.
        draw: Which of a problem's traces it belongs to, where its program asks for several: two
            draws of one request are two samples. None: the one that the host runs it for.

    Example:
        >>> request = Request((Message("user", "What is 6 * 7?"),), max_tokens=256, kind="trace")
        >>> request.thinking, request.budget
        (True, None)
    """

    messages: tuple[Message, ...]
    max_tokens: int
    kind: Literal["trace", "answer"]
    thinking: bool = True
    prefix_ids: tuple[int, ...] | None = None
    cue: str = ""
    budget: int | None = None
    stop: tuple[str, ...] = ()
    slice: int | None = None
    draw: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a host got back for one request.

    Attributes:
        text: The visible text.
        reasoning: Reasoning text shown apart from `text`, in front of it; empty when there is none.
        opening: What the model wrote before its reasoning, its opening tag, where both stood in one
            text; None where the provider keeps reasoning apart, and where there is none.
        closing: What it wrote between reasoning and text; empty where reasoning was cut off.
        hidden_reasoning: The model reasoned in text the provider withheld, encrypted or summarised.
        output_tokens: Generated tokens as the back end counted them, reasoning included.
        reasoning_tokens: The part of `output_tokens` spent on reasoning, where reported.
        input_tokens: Prompt tokens as counted by the back end.
        token_bytes: UTF-8 bytes of each generated token, where the back end reports them.
        token_ids: Ids of the generated tokens, where the back end reports them.
        finish: Why generation ended.
        seconds: Wall time of the call.
        cost: Price of the call in dollars, where known.
        probability: Mean probability of the generated tokens, where the back end reports them.
        failed: Why this is no answer of the model: a content filter, a refusal, a call of a tool,
            nothing at all; empty where it is one. A host sets it.

    Example:
        >>> reply = Reply("It is 42.", reasoning="6 * 7 is 42.", output_tokens=9)
        >>> reply.finish, reply.failed
        ('stop', '')
    """

    text: str
    reasoning: str = ""
    opening: str | None = None
    closing: str | None = None
    hidden_reasoning: bool = False
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    input_tokens: int | None = None
    token_bytes: tuple[bytes, ...] | None = None
    token_ids: tuple[int, ...] | None = None
    finish: Finish = "stop"
    seconds: float | None = None
    cost: float | None = None
    failed: str = ""
    probability: float | None = None


SLICED = "anytime_slice"
"""What tells our built-in models, which are handed messages alone, that a slice is asked for."""

T = TypeVar("T")
Program = Generator[Sequence[Request], Sequence[Reply], T]
"""A generator that yields batches of requests, is sent the matching replies, and returns a `T`.

Example:
    >>> def ask_once(question: str) -> Program[str]:
    ...     (reply,) = yield [Request((Message("user", question),), 16, "answer")]
    ...     return reply.text
    >>> program = ask_once("What is 6 * 7?")
    >>> (request,) = next(program)
    >>> try:
    ...     program.send([Reply("42")])
    ... except StopIteration as stop:
    ...     print(stop.value)
    42
"""
