"""A real local HTTP server that speaks the OpenAI API, with a built-in model behind it.

It listens on 127.0.0.1 and needs no network. Chat: `POST /v1/chat/completions`; raw prompts:
`POST /v1/completions`; `GET /v1/models`. Nothing is streamed. It can be told to fail, and it keeps
every request with what it answered.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate
from typing import Any

from anytime.errors import AnytimeError
from anytime.models import Respond
from anytime.models.conversation import chance, told_budget
from anytime.models.pieces import Pieces, split_pieces
from anytime.protocol import Message, Reply
from tests.spoiling import SPOILED, spoiled

__all__ = [
    "PASSING",
    "Body",
    "Dress",
    "Exchange",
    "Fault",
    "Faults",
    "Server",
    "always",
    "first_try",
    "serving",
]

Body = Mapping[str, Any]

Fault = str
"""`429`, `429-retry-after` (which names a second), `500`, `503`; `stall` never answers, `drop`
closes the connection in the middle of the body; or one of `tests.spoiling`, of status 200; or the
JSON object that is sent."""

PASSING: tuple[Fault, ...] = ("429", "429-retry-after", "500", "503", "stall", "drop")
"""The faults that clients try again after."""

Dress = Callable[[Body, dict[str, Any]], dict[str, Any]]
"""`dress(body, answer)`: the answer as some engine's own server would send it (`tests.engines`)."""

Faults = Callable[[Body, int], Fault | None]
"""`faults(body, tries)`: how to fail this time; `tries` counts earlier requests with this body."""

DEFAULT_MAX_TOKENS = 4096
PIECES = Pieces()
RETRY_AFTER_SECONDS = 1
STALL_SECONDS = 300.0
"""Longer than the timeout of any client in the tests; the end of the server ends it too."""


def first_try(kinds: Sequence[Fault] = PASSING, share: float = 1.0, seed: int = 0) -> Faults:
    """Fail the first try of a share of the requests, chosen by content, in ways drawn from `kinds`.

    Which requests fail does not depend on the order in which concurrent ones arrive.
    """

    def fault(body: Body, tries: int) -> Fault | None:
        draw = chance("fault", _key(body), seed)
        return draw.choice(kinds) if tries == 0 and draw.random() < share else None

    return fault


def always(kind: Fault, where: Callable[[Body], bool] = lambda body: True) -> Faults:
    """Fail every request for which `where(body)` holds, however often it is tried again."""
    return lambda body, tries: kind if where(body) else None


@dataclass(frozen=True)
class Exchange:
    """One request and what became of it.

    Attributes:
        path: Such as `/v1/chat/completions`.
        body: The request, as sent.
        fault: How the server failed on purpose; None where it did not.
        answer: The JSON of the response; None where a fault stood in its place.
    """

    path: str
    body: dict[str, Any]
    fault: Fault | None
    answer: dict[str, Any] | None


class Server:
    """What a test may know of the running server.

    Attributes:
        url: The base URL for clients, with `/v1`.
        exchanges: Every POST in the order in which its answer was decided.
        arrived: What was asked, in the order in which it came.
        left: Whose answers have left, faults included, in that order.
        connections: How many are open.
        respond: The model, which may be exchanged; so may `faults`.
    """

    def __init__(
        self, respond: Respond, questions: Sequence[str], faults: Faults, dress: Dress
    ) -> None:
        """See `serving`."""
        self.url = ""
        self.exchanges: list[Exchange] = []
        self.arrived: list[str] = []
        self.left: list[str] = []
        self.connections = 0
        self.closing = threading.Event()
        self.faults = faults
        self.pieces: dict[int, str] = {}
        self._dress = dress
        self.respond = respond
        self._questions = questions
        self._tries: Counter[str] = Counter()
        self._lock = threading.Lock()

    def answered(self) -> Counter[str]:
        """How often each distinct request was answered without a fault."""
        return Counter(_key(e.body) for e in self.exchanges if e.fault is None)

    def exchange(self, path: str, body: dict[str, Any]) -> Exchange:
        """Answer a request, or decide not to, and keep it."""
        with self._lock:
            tries = self._tries[_key(body)]
            self._tries[_key(body)] += 1
            self.arrived.append(_key(body))
        fault = self.faults(body, tries)
        answer = None if fault else self.answer(path, body)
        done = Exchange(path, body, fault, answer)
        self.exchanges.append(done)
        return done

    def told(self, body: Body) -> None:
        """An answer has left, or its client has."""
        with self._lock:
            self.left.append(_key(body))

    def connected(self, change: int) -> None:
        """One came or went."""
        with self._lock:
            self.connections += change

    def under_way(self) -> Counter[str]:
        """What was asked and whose answer has not left."""
        with self._lock:
            return Counter(self.arrived) - Counter(self.left)

    def answer(self, path: str, body: Body) -> dict[str, Any]:
        """What a request is answered with, faults aside."""
        try:
            if body.get("stream"):
                raise AnytimeError("this server does not stream")
            if path == "/v1/chat/completions":
                replies = [self._say(body, _conversation(body))]
                choices = [_chat_choice(body, reply) for reply in replies]
            else:
                prompts = self._prompts(body["prompt"])
                replies = [
                    self._say(body, _split_prompt(prompt, self._questions)) for prompt in prompts
                ]
                choices = [_text_choice(body, i, reply) for i, reply in enumerate(replies)]
        except AnytimeError as error:
            return _error("invalid_request_error", str(error))
        answer = {
            "id": "planned",
            "object": "chat.completion" if "messages" in body else "text_completion",
            "created": 0,
            "model": body["model"],
            "choices": choices,
        }
        usage = _usage(replies)
        return self._dress(body, answer if usage is None else {**answer, "usage": usage})

    def tokenized(self, text: str) -> dict[str, Any]:
        """What `/tokenize` of vLLM's server tells of a text; its ids are known from then on."""
        ids = PIECES.encode(text)
        self.pieces |= dict(zip(ids, split_pieces(text), strict=True))
        return {"count": len(ids), "max_model_len": 32768, "tokens": ids, "token_strs": None}

    def _prompts(self, prompt: Any) -> Sequence[Any]:
        if isinstance(prompt, str):
            return [prompt]
        if self.pieces and isinstance(prompt[0], int):
            return ["".join(self.pieces[id_] for id_ in prompt)]
        return list(prompt)

    def _say(self, body: Body, messages: Sequence[Message]) -> Reply:
        cap = body.get("max_completion_tokens") or body.get("max_tokens") or DEFAULT_MAX_TOKENS
        return _stopped(self.respond(messages, cap, body.get("seed") or 0), body.get("stop") or ())


def _stopped(reply: Reply, stop: str | Sequence[str]) -> Reply:
    """The reply up to the first of the stop strings in its text."""
    words = [stop] if isinstance(stop, str) else stop
    places = [place for word in words if (place := reply.text.find(word)) >= 0]
    if not places:
        return reply
    text = reply.text[: min(places)]
    if reply.token_bytes is None:
        return replace(reply, text=text, finish="stop")
    ends = accumulate(map(len, reply.token_bytes))
    kept = sum(end <= len((reply.reasoning + text).encode()) for end in ends)
    tokens = reply.token_bytes[:kept]
    return replace(reply, text=text, token_bytes=tokens, output_tokens=kept, finish="stop")


def _key(body: Body) -> str:
    return json.dumps(body, sort_keys=True)


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"error": {"type": kind, "message": message, "code": None, "param": None}}


def _conversation(body: Body) -> list[Message]:
    messages = [Message(turn["role"], _plain(turn["content"])) for turn in body["messages"]]
    if messages[-1].role == "assistant" and not body.get("continue_final_message"):
        raise AnytimeError("an assistant turn is continued only with continue_final_message")
    return messages


def _plain(content: str | Sequence[Mapping[str, str]]) -> str:
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content)


def _split_prompt(prompt: Any, questions: Sequence[str]) -> list[Message]:
    """The turns of a raw prompt: one of the known questions, a blank line, and a cut trace.

    A prompt that begins with no known question is the user's as a whole, and so is one that tells a
    budget, where the question goes on after the blank line.
    """
    if not isinstance(prompt, str):
        raise AnytimeError("this server has no tokens to read ids with: send text")
    whole = Message("user", prompt)
    for question in sorted(questions, key=len, reverse=True):
        begin = f"{question}\n\n"
        if len(prompt) > len(begin) and prompt.startswith(begin) and not told_budget([whole]):
            return [Message("user", question), Message("assistant", prompt[len(begin) :])]
    return [whole]


def _chat_choice(body: Body, reply: Reply) -> dict[str, Any]:
    message = {"role": "assistant", "content": reply.text}
    if reply.reasoning:
        message["reasoning_content"] = reply.reasoning
    logprobs = None
    if body.get("logprobs") and reply.token_bytes is not None:
        logprobs = {
            "content": [
                {
                    "token": token.decode(errors="replace"),
                    "bytes": list(token),
                    "logprob": 0.0,
                    "top_logprobs": [],
                }
                for token in reply.token_bytes
            ]
        }
    return {"index": 0, "message": message, "logprobs": logprobs, "finish_reason": reply.finish}


def _text_choice(body: Body, index: int, reply: Reply) -> dict[str, Any]:
    logprobs = None
    if body.get("logprobs") is not None and reply.token_bytes is not None:
        tokens = [token.decode(errors="replace") for token in reply.token_bytes]
        logprobs = {
            "tokens": tokens,
            "token_logprobs": [0.0] * len(tokens),
            "top_logprobs": [{token: 0.0} for token in tokens],
            "text_offset": [0, *accumulate(map(len, tokens[:-1]))] if tokens else [],
        }
    # The endpoint knows no reasoning apart: it is text like any other.
    text = reply.reasoning + reply.text
    return {"index": index, "text": text, "logprobs": logprobs, "finish_reason": reply.finish}


def _usage(replies: Sequence[Reply]) -> dict[str, Any] | None:
    """Token counts; None where the model does not count."""
    if any(reply.output_tokens is None for reply in replies):
        return None
    read = sum(reply.input_tokens or 0 for reply in replies)
    written = sum(reply.output_tokens or 0 for reply in replies)
    usage = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    if any(reply.reasoning_tokens is None for reply in replies):
        return usage
    thought = sum(reply.reasoning_tokens or 0 for reply in replies)
    return {**usage, "completion_tokens_details": {"reasoning_tokens": thought}}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept, as clients expect
    disable_nagle_algorithm = True
    known: Server

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def setup(self) -> None:
        super().setup()
        self.known.connected(1)

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.known.connected(-1)

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            models = [{"id": "planner", "object": "model", "created": 0, "owned_by": "anytime"}]
            self._send(200, {"object": "list", "data": models})
        else:
            self._send(404, _error("not_found", f"no such page: {self.path}"))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/tokenize":
            self._send(200, self.known.tokenized(body["prompt"]))
            return
        if self.path not in ("/v1/chat/completions", "/v1/completions"):
            self._send(404, _error("not_found", f"no such page: {self.path}"))
            return
        try:
            self._tell(self.known.exchange(self.path, body), body)
        finally:
            self.known.told(body)

    def _tell(self, done: Exchange, body: dict[str, Any]) -> None:
        if done.answer is not None:
            self._send(400 if "error" in done.answer else 200, done.answer)
        elif done.fault is not None and done.fault.startswith("{"):
            self._send_text(200, done.fault)
        elif done.fault == "stall":
            self.known.closing.wait(STALL_SECONDS)
            self.close_connection = True
        elif done.fault == "drop":
            self._send_text(200, '{"id": "planned", "choi', missing=100)
            self.close_connection = True
        elif done.fault in SPOILED:
            self._send_text(200, spoiled(self.known.answer(self.path, body), done.fault))
        elif done.fault == "429-retry-after":
            waits = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            self._send(429, _error("rate_limit_exceeded", "slower, please"), waits)
        else:
            assert done.fault is not None
            self._send(int(done.fault), _error("server_error", "not now"))

    def _send(
        self, status: int, payload: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        self._send_text(status, json.dumps(payload), headers)

    def _send_text(
        self, status: int, text: str, headers: Mapping[str, str] | None = None, missing: int = 0
    ) -> None:
        content = text.encode()
        self.send_response(status)
        kind = "text/html" if text.startswith("<") else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) + missing))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


class _HTTPServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # many samples connect at once; refused ones would wait a second

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about clients that left, which timeouts make them do; show anything else."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(
    respond: Respond,
    *,
    questions: Sequence[str] = (),
    faults: Faults = lambda body, tries: None,
    dress: Dress = lambda body, answer: answer,
) -> Iterator[Server]:
    """Serve a model for as long as the context lasts.

    Args:
        respond: The model.
        questions: User texts known beforehand, by which a raw prompt is told from a cut trace.
        faults: When to fail, and how. May be exchanged later: `server.faults`.
        dress: How a good answer is sent.
    """
    server = Server(respond, questions, faults, dress)
    handler = type("Handler", (_Handler,), {"known": server})
    with _HTTPServer(("127.0.0.1", 0), handler) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            http.shutdown()
            thread.join()
