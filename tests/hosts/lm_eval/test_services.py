"""What is read of a service's replies in place of lm-eval's own classes."""

from __future__ import annotations

import asyncio
import pickle
import sqlite3
from typing import Any

import pytest

from anytime.hosts.lm_eval.asking import failure
from anytime.hosts.lm_eval.services import Failed, Hidden, listening
from tests.clients import Client, Clients
from tests.serving import Body, Fault
from tests.spoiling import BATCHES


class Chats:
    """As `local-chat-completions` reads them."""

    def parse_generations(self, outputs: Any, **options: Any) -> list[str | None]:
        return [choice["message"]["content"] for choice in outputs["choices"]]


class Others:
    """A service with another API."""

    def parse_generations(self, outputs: Any, **options: Any) -> list[str]:
        return [part["text"] for part in outputs["content"]]


def read(body: Any, lm: Any = None, count: int = 1) -> list[str]:
    lm = lm or Chats()
    with listening(lm) as heard:
        assert heard
        found = list(lm.parse_generations(outputs=body, contexts=[None] * count))
    assert "parse_generations" not in vars(lm), "other tasks get what they always got"
    return found


def said(content: Any, finish: Any = "stop", **message: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"content": content, **message}, "finish_reason": finish}
    return {"choices": [choice]}


def counted(body: dict[str, Any], tokens: Any, reasoning: Any = None) -> dict[str, Any]:
    details = {"completion_tokens_details": {"reasoning_tokens": reasoning}}
    return body | {"usage": {"completion_tokens": tokens, **(details if reasoning else {})}}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (said("204"), None),
        (said("Maybe", "content_filter"), "content filter"),
        (said("I search", "tool_calls"), "call of a tool"),
        (said("Maybe", "CONTENT_FILTER"), "content filter"),
        (said("204", []), None),
        (said("204", {"reason": "stop"}), None),
        (said("I search", tool_calls=[{"id": "1"}]), "call of a tool"),
        (said("204", tool_calls=[]), None),
        (said(None, refusal="No."), "refusal"),
        (said(None), "empty reply"),
        (said(""), "empty reply"),
        (said(" \n "), "empty reply"),
        (said([{"type": "text"}]), "unreadable reply"),
        ({"error": {"message": "busy"}}, "error of the service"),
        ({"error": "busy", "choices": None}, "error of the service"),
        ({"error": None, **said("204")}, None),
        ({"choices": []}, "no choice"),
        ({"choices": [None]}, "no choice"),
        ({"choices": ["204"]}, "unreadable reply"),
        ({"detail": "loading"}, "unreadable reply"),
        ("busy", "unreadable reply"),
        ([], "unreadable reply"),
        (None, "unreadable reply"),
    ],
)
def test_why_a_reply_is_no_answer(body: Any, reason: str | None) -> None:
    (found,) = read(body)
    assert failure(found) == (reason or "")
    assert found == ("" if reason else "204")


@pytest.mark.parametrize(
    ("tokens", "finish", "answered"),
    [
        (1, "stop", True),
        (2, "eos", True),
        (3, "stop", False),
        (None, "stop", False),
        (1, "x", False),
    ],
)
def test_a_model_that_stops_at_once_has_said_so(tokens: Any, finish: str, answered: bool) -> None:
    (found,) = read(counted(said("", finish), tokens))
    assert found == ""
    assert isinstance(found, Failed) is not answered


def test_reasoning_kept_apart_stands_before_the_text() -> None:
    (found,) = read(said("204", reasoning_content="100 + 104"))
    assert found == "<think>\n100 + 104\n</think>\n\n204"
    (found,) = read(said(None, "length", reasoning="100 + 104"))
    assert found == "<think>\n100 + 104"
    (found,) = read(said(None, reasoning="100 + 104"))
    assert found.endswith("</think>\n\n")
    both = "<think>\n100 + 104\n</think>\n204"
    assert read(said(both, reasoning_content="100 + 104")) == [both], "some servers send it twice"
    assert read(said("204", reasoning_content={"text": "100"})) == ["204"]


def test_reasoning_that_was_withheld_is_told() -> None:
    (found,) = read(counted(said("204"), 900, 890))
    assert isinstance(found, Hidden)
    assert (failure(found), failure(found, to_cut=True)) == ("", "hidden reasoning")
    for shown in (said("<think>x</think>204"), said("204", reasoning_content="x")):
        assert not isinstance(read(counted(shown, 900, 890))[0], Hidden)
    (capped,) = read(counted(said("", "length"), 900))
    assert isinstance(capped, Hidden)


def test_what_is_cached_is_a_plain_string() -> None:
    for text in (Failed("refusal"), Hidden("204")):
        again = pickle.loads(pickle.dumps(text))
        assert type(again) is str
        assert again == text


def test_choices_find_their_places() -> None:
    choices = [{"index": k, "message": {"content": str(k)}} for k in (2, 0, 1)]
    assert read({"choices": choices}, count=3) == ["0", "1", "2"]
    assert read({"choices": [*choices, choices[1]]}) == ["0"], "one prompt has one answer"
    for wrong in (choices[:2], [*choices, choices[0]], [{**one, "index": 0} for one in choices]):
        found = read({"choices": wrong}, count=3)
        assert [failure(text) for text in found] == ["no choice"] * 3


def test_other_services_are_read_as_their_class_reads_them() -> None:
    assert read({"content": [{"text": "204"}]}, Others()) == ["204"]
    assert failure(read({"content": []}, Others())[0]) == "unreadable reply"
    assert failure(read({"error": "busy"}, Others())[0]) == "error of the service"


def test_half_characters_are_replaced() -> None:
    assert read(said("a\ud83db")) == ["a\ufffdb"]


class PageError(Exception):
    status = 502


class TooLongError(Exception):
    status = 413


PageError.__name__ = "ContentTypeError"


class Asking(Chats):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def model_call(self, messages: Any, **options: Any) -> Any:
        raise self.error

    async def amodel_call(self, session: Any, sem: Any, messages: Any, **options: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (PageError(), "unreadable reply"),
        (TooLongError(), "request refused"),
        (OSError("gone"), None),
    ],
)
def test_calls_that_fail(error: Exception, reason: str | None) -> None:
    lm = Asking(error)

    def both() -> list[str]:
        with listening(lm):
            body = lm.model_call(["a", "b"])
            one = lm.parse_generations(outputs=body, contexts=["a", "b"])
            two = asyncio.run(lm.amodel_call(None, None, ["a", "b"]))
        return [failure(text) for text in (*one, *two)]

    if reason is None:
        with pytest.raises(OSError, match="gone"):
            both()
    else:
        assert both() == [reason] * 4


@pytest.mark.parametrize("concurrent", [1, 4])
@pytest.mark.parametrize("kind", [*BATCHES, "backwards"])
def test_batches_shift_nobodys_answer(clients: Clients, kind: Fault, concurrent: int) -> None:
    client: Client = "local-completions"
    how = {"batch_size": 3, "num_concurrent": concurrent}
    clean = clients.run(client, 6)

    def several(body: Body, tries: int) -> Fault | None:
        return kind if len(body["prompt"]) > 1 and body["max_tokens"] != 512 else None

    clients.server.faults = several
    found = clients.run(client, 6, **how)
    assert any(len(exchange.body["prompt"]) > 1 for exchange in clients.server.exchanges)
    for name, curve in found.curves.items():
        assert curve == clean.curves[name]
    if kind == "backwards":
        assert found.failed == {}
    else:
        assert set(found.failed.values()) == {"no choice"}


def test_an_empty_text_that_was_kept_long_ago_is_asked_again(clients: Clients) -> None:
    client: Client = "local-completions"
    clean = clients.run(client, 2, store=True)
    store = clients.folder / "store.jsonl"
    with sqlite3.connect(store) as file:
        file.execute("UPDATE traces SET text = ?", (b"",))
    found = clients.run(client, 2, store=True)
    assert (found.curves, found.failed) == (clean.curves, {})
