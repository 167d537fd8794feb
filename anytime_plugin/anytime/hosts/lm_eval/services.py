"""What a service really sent, read before lm-eval makes a bare string of it.

lm-eval's API classes drop all but a text: why generation ended, a refusal, a tool, reasoning kept
apart, how many choices there were. An error of status 200 becomes an empty text or a traceback, and
choices that are missing or sent twice shift the answers of other requests. `listening` stands
before their reading while our requests are answered. What it finds travels in the strings
themselves: a `Failed` is no answer, a `Hidden` a text whose reasoning was withheld.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from anytime.cutting.ends import stopped_at_once
from anytime.cutting.frames import framed, separated
from anytime.cutting.texts import encodable
from anytime.protocol import Finish, Reply

__all__ = ["Failed", "Hidden", "listening"]


class Failed(str):
    """An empty text that is no answer of the model.

    Attributes:
        reason: Why, in a few words.
    """

    reason: str

    def __new__(cls, reason: str) -> Failed:
        """Carry the reason along."""
        made = super().__new__(cls, "")
        made.reason = reason
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """lm-eval's own cache keeps it: as the plain string it is to everybody else."""
        return str, ("",)


class Hidden(str):
    """A text that follows reasoning which the service did not show."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """As for `Failed`."""
        return str, (str(self),)


Parse = Callable[..., Any]

_READING = (LookupError, TypeError, AttributeError, ValueError)
"""What the classes of lm-eval stumble with over a reply they do not know."""

_ABOUT_THE_REQUEST = (400, 413, 422)
"""Statuses that say something of one request: it is too long, or a filter stopped it."""

_FINISH: dict[str, Finish] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
}

_expected: ContextVar[int] = ContextVar("expected", default=1)
"""How many prompts the request under way holds: asynchronous reading is not told."""


@contextmanager
def listening(lm: Any) -> Iterator[bool]:
    """Read what a service sends in place of this model's class, for as long as the context lasts.

    Other tasks of the same run, which are not ours, get what they always got.

    Yields:
        Whether this can be done: not to models that ask no service, or in a way of their own.
    """
    parse = getattr(lm, "parse_generations", None)
    if parse is None:
        yield False
        return
    stand_ins = {"parse_generations": _parsing(parse)}
    for name, stand_in in (("model_call", _calling), ("amodel_call", _calling_together)):
        if (own := getattr(lm, name, None)) is not None:
            stand_ins[name] = stand_in(own)
    before = {name: vars(lm)[name] for name in stand_ins if name in vars(lm)}
    vars(lm).update(stand_ins)
    try:
        yield True
    finally:
        for name in stand_ins:
            del vars(lm)[name]
        vars(lm).update(before)


def _parsing(parse: Parse) -> Parse:
    def parsed(outputs: Any, contexts: Any = None, **options: Any) -> list[str]:
        count = _expected.get() if contexts is None else len(contexts)
        return _texts(outputs, count, parse)

    return parsed


def _calling(call: Callable[..., Any]) -> Callable[..., Any]:
    def called(messages: Any, **options: Any) -> Any:
        try:
            return call(messages, **options)
        except Exception as error:
            if not (reason := _reason(error)):
                raise
            return Failed(reason)

    return called


def _calling_together(call: Callable[..., Any]) -> Callable[..., Any]:
    async def called(session: Any, sem: Any, messages: Any, **options: Any) -> Any:
        _expected.set(len(messages))  # each call is a task of asyncio's, with a context of its own
        try:
            return await call(session=session, sem=sem, messages=messages, **options)
        except Exception as error:
            if not (reason := _reason(error)):
                raise
            return [Failed(reason)] * len(messages)

    return called


def _reason(error: Exception) -> str:
    """Why a call gave no answer, where that is said of this request alone; else empty."""
    status = getattr(error, "status", None)
    if status is None:
        status = getattr(getattr(error, "response", None), "status_code", None)
    if status in _ABOUT_THE_REQUEST:
        return "request refused"
    # A page, or JSON that breaks off. The first is of aiohttp, which only this asks for.
    unreadable = isinstance(error, json.JSONDecodeError | UnicodeDecodeError)
    return "unreadable reply" if unreadable or type(error).__name__ == "ContentTypeError" else ""


def _texts(body: Any, count: int, parse: Parse) -> list[str]:
    """The texts in a reply to so many prompts, one for each.

    Args:
        body: The JSON of the reply, or a `Failed` in its place.
        count: How many prompts were sent.
        parse: How the model's class reads the JSON.
    """
    if isinstance(body, Failed):
        return [body] * count
    if not isinstance(body, Mapping):
        return [Failed("unreadable reply")] * count
    choices = body.get("choices")
    if isinstance(choices, list):
        usage = body.get("usage") if count == 1 else None
        placed = _placed(choices, count)
        return [_text(choice, usage, parse, alone=count == 1) for choice in placed]
    if body.get("error"):
        return [Failed("error of the service")] * count
    if "choices" in body:
        return [Failed("no choice")] * count
    found = _read(parse, dict(body), count)  # of a service with another API
    return [text if text or isinstance(text, Failed) else Failed("empty reply") for text in found]


def _placed(choices: Sequence[Any], count: int) -> Sequence[Any]:
    """One choice for each prompt, by what they say of their place; None where none is its own."""
    if count == 1:
        # More than one was not asked for; the first stands for all.
        return [min(choices, key=_place, default=None)]
    places = [_place(choice) for choice in choices]
    if sorted(places) != list(range(count)):
        return [None] * count
    return [choices[places.index(place)] for place in range(count)]


def _place(choice: Any) -> int:
    index = choice.get("index") if isinstance(choice, Mapping) else None
    return index if isinstance(index, int) else 0


def _text(choice: Any, usage: Any, parse: Parse, *, alone: bool) -> str:
    if choice is None:
        return Failed("no choice")
    if not isinstance(choice, Mapping):
        return Failed("unreadable reply")
    message = choice.get("message")
    message = message if isinstance(message, Mapping) else {}
    if reason := _why_unanswered(choice, message):
        return Failed(reason)
    (said,) = _read(parse, {"choices": [{**choice, "index": 0}]}, 1)
    if isinstance(said, Failed):
        return said
    text = said or ""
    finish = _FINISH.get(_ending(choice), "other")
    reasoning = _reasoning(message)
    if reasoning and reasoning.strip() not in text:
        return framed(reasoning, text, closed=bool(text.strip()) or finish == "stop")
    written, thought = _counts(usage)
    if not text.strip():
        if finish == "length":  # spent on what does not show
            return Hidden(text)
        at_once = stopped_at_once(finish, written) if alone else finish == "stop"
        return text if at_once else Failed("empty reply")
    shown = bool(reasoning or separated(Reply(text)).reasoning)
    return Hidden(text) if thought and not shown else text


def _ending(choice: Mapping[str, Any]) -> str:
    """The reason that was told, as most write it; empty where it is none."""
    told = choice.get("finish_reason")
    return told.lower() if isinstance(told, str) else ""


def _why_unanswered(choice: Mapping[str, Any], message: Mapping[str, Any]) -> str:
    finish = _ending(choice)
    if finish == "content_filter":
        return "content filter"
    called = message.get("tool_calls") or message.get("function_call")
    if finish in ("tool_calls", "function_call") or called:
        return "call of a tool"
    return "refusal" if message.get("refusal") else ""


def _read(parse: Parse, body: dict[str, Any], count: int) -> list[str | None]:
    """What the model's own class reads in a reply."""
    try:
        found = list(parse(outputs=body, contexts=[None] * count))
    except _READING:
        found = []
    if len(found) != count or not all(text is None or isinstance(text, str) for text in found):
        return [Failed("unreadable reply")] * count
    return [text if text is None else encodable(text) for text in found]


def _reasoning(message: Mapping[str, Any]) -> str:
    """Reasoning that a server kept apart from the text."""
    for name in ("reasoning_content", "reasoning"):
        if isinstance(found := message.get(name), str) and found.strip():
            return encodable(found)
    return ""


def _counts(usage: Any) -> tuple[int | None, int]:
    """Tokens that were generated, and those of them that were reasoning, as far as it is told."""
    if not isinstance(usage, Mapping):
        return None, 0
    details = usage.get("completion_tokens_details")
    thought = details.get("reasoning_tokens") if isinstance(details, Mapping) else None
    written = usage.get("completion_tokens")
    return (
        written if isinstance(written, int) else None,
        thought if isinstance(thought, int) else 0,
    )
