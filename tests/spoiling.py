"""What servers really send with status 200 in place of a good answer, or around one.

Each entry takes the JSON of a good answer, chat or completion, and gives what is sent: JSON, or a
text as it stands. They are sorted by what has to become of the reply.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

__all__ = [
    "BATCHES",
    "HARMLESS",
    "LYING",
    "ODD_TEXTS",
    "ODD_USAGE",
    "SPOILED",
    "UNANSWERED",
    "UNREADABLE",
    "mutated",
    "spoiled",
]

Answer = dict[str, Any]
Spoil = Callable[[Answer], Any]

TOOL = {"id": "1", "type": "function", "function": {"name": "search", "arguments": "{}"}}
SORRY = "I cannot help with that."
ERROR = {"error": {"type": "server_error", "message": "not now", "code": None, "param": None}}
PAGE = "<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>"


def _choices(change: Callable[[Answer], None]) -> Spoil:
    def spoil(answer: Answer) -> Answer:
        for choice in answer["choices"]:
            change(choice)
        return answer

    return spoil


def _told(finish: Any) -> Spoil:
    """Another finish reason with the good answer."""
    return _choices(lambda choice: choice.update(finish_reason=finish))


def _saying(text: Any, finish: Any = "stop", **beside: Any) -> Spoil:
    """Another text; fields of a chat's message beside it."""

    def change(choice: Answer) -> None:
        choice["logprobs"] = None
        choice["finish_reason"] = finish
        if "text" in choice:
            choice["text"] = text
        else:
            choice["message"] = {"role": "assistant", "content": text, **beside}

    return _choices(change)


def _with(**fields: Any) -> Spoil:
    return lambda answer: answer | fields


def _without(name: str) -> Spoil:
    return lambda answer: {key: value for key, value in answer.items() if key != name}


def _counting(told: Any) -> Spoil:
    def spoil(answer: Answer) -> Answer:
        total = 9 + told if isinstance(told, int) else told
        usage = {"prompt_tokens": 9, "completion_tokens": told, "total_tokens": total}
        return answer | {"usage": usage}

    return spoil


def _twice(answer: Answer) -> Answer:
    """Every choice again, with the same index and another text."""
    again = _saying("Something else.")(copy.deepcopy(answer))["choices"]
    return answer | {"choices": [*answer["choices"], *again]}


def _holed(answer: Answer) -> Answer:
    """Token texts that lack every third token."""
    for choice in answer["choices"]:
        told = choice["logprobs"]
        if told and "content" in told:
            told["content"] = [one for k, one in enumerate(told["content"]) if k % 3]
        elif told:
            count = len(told["tokens"])
            told["token_logprobs"] = [None if k % 3 == 0 else 0.0 for k in range(count)]
    return answer


def _with_nul(answer: Answer) -> Answer:
    """A character that C strings end at, in front of the text."""
    for choice in answer["choices"]:
        choice["logprobs"] = None
        if "text" in choice:
            choice["text"] = f"\0{choice['text']}"
        else:
            choice["message"]["content"] = f"\0{choice['message']['content']}"
    return answer


UNANSWERED: Mapping[str, Spoil] = {
    "error-200": lambda answer: ERROR,
    "error-text": lambda answer: {"error": "not now"},
    "detail": lambda answer: {"detail": "model is loading"},
    "no-choices": _with(choices=[]),
    "null-choices": _with(choices=None),
    "null-choice": _with(choices=[None]),
    "null": _saying(None),
    "empty": _saying(""),
    "refusal": _saying(None, refusal=SORRY),
    "filter": _saying(None, "content_filter"),
    "filter-midway": _saying("I think. We fly from", "content_filter"),
    "tool-call": _saying(None, "tool_calls", tool_calls=[TOOL]),
    "tool-call-aloud": _saying("Let me search.", "tool_calls", tool_calls=[TOOL]),
    "function-call": _saying(None, "function_call"),
}
"""No answer of the model."""

UNREADABLE: Mapping[str, Spoil] = {
    "bad-json": lambda answer: json.dumps(answer)[:40],
    "page": lambda answer: PAGE,
    "nothing": lambda answer: "",
    "a-string": lambda answer: json.dumps("not now"),
    "a-list": lambda answer: json.dumps([]),
    "a-null": lambda answer: "null",
    "number-for-text": _saying(204),
    "list-for-choice": _with(choices=[[]]),
    "object-for-choices": _with(choices={"0": "text"}),
}
"""Nothing that a client could make an answer of."""

LYING: Mapping[str, Spoil] = {
    "usage-1": _counting(1),
    "usage-huge": _counting(10**9),
    "usage-negative": _counting(-7),
    "usage-zero": _counting(0),
}
"""A wrong number of tokens with a good answer."""

HARMLESS: Mapping[str, Spoil] = {
    "no-finish": _told(None),
    "unknown-finish": _told("eos_token"),
    "odd-finish": _told("complete"),
    "more-fields": _with(timings={"predicted_n": 3}, error=None),
    "twice": _twice,
    "backwards": lambda answer: answer | {"choices": answer["choices"][::-1]},
}
"""A good answer all the same, which must come to the same numbers."""

ODD_USAGE: Mapping[str, Spoil] = {
    "usage-missing": _without("usage"),
    "usage-null": _with(usage=None),
    "usage-empty": _with(usage={}),
    "usage-text": _counting("many"),
    "usage-digits": _counting("12"),
    "usage-float": _counting(12.5),
    "usage-none": _counting(None),
    "usage-list": _with(usage=[12]),
}
"""A count that is none, with a good answer."""

ODD_TEXTS: Mapping[str, Spoil] = {
    "chinese": _saying("我需要再想一想。首先我们去罗马，然后去柏林，最后去伦敦。" * 12),
    "surrogate": _saying("I think \ud83d of Rome \udc00 and then of Berlin. " * 12),
    "nul": _with_nul,
    "megabyte": _saying("I fly to Rome, and then to Berlin. " * 30_000),
    "tags": _saying("</think><think><|channel|>analysis[THINK]\\boxed{<answer>" * 12),
    "blank": _saying(" \n" * 40),
    "holes": _holed,
}
"""Texts nobody thought of."""

BATCHES: Mapping[str, Spoil] = {
    "one-missing": lambda answer: answer | {"choices": answer["choices"][1:]},
    "one-twice": lambda answer: answer | {"choices": [answer["choices"][0], *answer["choices"]]},
    "no-places": _choices(lambda choice: choice.update(index=None)),
}
"""An answer to several prompts of which nobody can tell what belongs to which."""

SPOILED: Mapping[str, Spoil] = {
    **BATCHES,
    **UNANSWERED,
    **UNREADABLE,
    **LYING,
    **HARMLESS,
    **ODD_USAGE,
    **ODD_TEXTS,
}


def spoiled(answer: Answer, kind: str) -> str:
    """The body that is sent in place of a good answer."""
    found = SPOILED[kind](copy.deepcopy(answer))
    return found if isinstance(found, str) else json.dumps(found)


JUNK: Sequence[Any] = (None, 0, -1, 10**9, 0.5, True, "", "x", [], {}, [None], {"x": 1}, "stop")


def mutated(answer: Answer, draw: random.Random) -> tuple[str, bool]:
    """A good answer in which one field, at any depth, is something else or is gone.

    Returns:
        The body, and whether the model says something else now, or in tokens that are not told.
    """
    changed = copy.deepcopy(answer)
    *above, key = path = draw.choice(list(_paths(changed)))
    holder: Any = changed
    for step in above:
        holder = holder[step]
    if isinstance(key, str) and draw.random() < 0.3:
        del holder[key]
    else:
        holder[key] = draw.choice(JUNK)
    text = isinstance(holder, dict) and str(holder.get(key) or "").strip()
    return json.dumps(changed), "logprobs" in path or bool(key in ("text", "content") and text)


def _paths(value: Any) -> Iterator[list[Any]]:
    """The way to every place in a JSON value; of a list to the first few alone."""
    inside = value.items() if isinstance(value, dict) else enumerate(value[:3])
    for key, held in inside:
        yield [key]
        if isinstance(held, dict | list):
            yield from ([key, *rest] for rest in _paths(held))
