"""Runs a program inside one Inspect sample: each batch becomes concurrent `generate` calls."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import anyio
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    Model,
    ModelOutput,
)

from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.private import cause_of, token_ids_of
from anytime.hosts.inspect_ai.providers import (
    provider_name,
    sends_raw_prompt,
    without_thinking,
)
from anytime.programs.lockstep import Done, advance
from anytime.protocol import Finish, Message, Program, Reply, Request

__all__ = ["drive", "reply_from", "requester"]

T = TypeVar("T")
Ask = Callable[[Request], Awaitable[tuple[Reply, ModelOutput]]]

_FINISH: dict[str, Finish] = {
    "stop": "stop",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "filter",
}

_MESSAGE = {
    "system": ChatMessageSystem,
    "user": ChatMessageUser,
    "assistant": ChatMessageAssistant,
}


async def drive(program: Program[T], ask: Ask) -> tuple[T, list[ModelOutput]]:
    """Run a program to its end.

    Args:
        program: The program.
        ask: Answers one request.

    Returns:
        The program's result, and the model outputs of its first batch: in interrupt mode the trace,
        which becomes the sample's own completion.

    Raises:
        Exception: Whatever a generation raised after the host's own retries, once the other
            requests of its batch are done: their text is paid for and stands in the log and the
            cache.
    """
    first: list[ModelOutput] = []
    step = advance(program)
    while not isinstance(step, Done):
        outcomes = await _settle(ask, step)
        replies = []
        outputs = []
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                program.close()
                raise outcome
            replies.append(outcome[0])
            outputs.append(outcome[1])
        first = first or outputs
        step = advance(program, replies)
    return step.result, first


async def _settle(
    ask: Ask, batch: Sequence[Request]
) -> list[tuple[Reply, ModelOutput] | Exception]:
    # Not inspect_ai.util.collect(): its span around every call costs a fifth of the run, and it
    # cancels the others when one fails.
    outcomes: dict[int, tuple[Reply, ModelOutput] | Exception] = {}

    async def settle(place: int, request: Request) -> None:
        try:
            outcomes[place] = await ask(request)
        except Exception as error:  # raised again by `drive` when the whole batch is settled
            outcomes[place] = cause_of(error)

    async with anyio.create_task_group() as group:
        for place, request in enumerate(batch):
            group.start_soon(settle, place, request)
    return [outcomes[place] for place in range(len(batch))]


def requester(
    model: Model,
    *,
    epoch: int,
    token_ids: bool,
    cached: bool = True,
    config: GenerateConfig | None = None,
) -> Ask:
    """How requests are asked of a model within one sample.

    Args:
        model: The model under test.
        epoch: The sample's epoch. Our built-in models draw by it; for real providers an epoch
            differs by sampling, as ever.
        token_ids: Whether traces must come with their token ids.
        config: Settings of a task's own solver.
        cached: False for draws that Inspect's cache cannot tell apart: it goes by the epoch.
    """
    seed = epoch if provider_name(model) == "anytime" else None
    configs = {
        thinking: (config or GenerateConfig()).merge(base).merge(GenerateConfig(seed=seed))
        for thinking, base in ((True, GenerateConfig()), (False, without_thinking(model)))
    }
    how: dict[str, Any] = {} if cached else {"cache": False}
    # Requests of a sample share turns; handing on the same message lets the log keep it once.
    known: dict[Message, ChatMessage] = {}

    async def ask(request: Request) -> tuple[Reply, ModelOutput]:
        settings = configs[request.thinking]
        settings = settings.model_copy(update={"max_tokens": request.max_tokens})
        messages = await _as_input(request, model, known)
        output = await model.generate(messages, config=settings, **how)
        if not output.choices:
            # Inspect neither retries such an answer nor keeps it out of its cache.
            output = await model.generate(messages, config=settings, cache=False)
        reply = reply_from(output)
        if token_ids and request.kind == "trace":
            ids = await token_ids_of(model, reply.text)
            reply = _with_ids(reply, ids)
        return reply, output

    return ask


def _with_ids(reply: Reply, ids: Sequence[int]) -> Reply:
    return dataclasses.replace(reply, token_ids=tuple(ids), output_tokens=len(ids))


async def _as_input(
    request: Request, model: Model, known: dict[Message, ChatMessage]
) -> list[ChatMessage]:
    if not sends_raw_prompt(model):
        for message in request.messages:
            if message not in known:
                known[message] = _MESSAGE[message.role](content=message.content)
        return [known[message] for message in request.messages]
    prompt = raw_prompt(request.messages)
    if request.prefix_ids is None:
        return [ChatMessageUser(content=prompt)]
    before = await model.api.tokenize(prompt)
    after = await model.api.tokenize(request.cue) if request.cue else []
    ids = [*before, *request.prefix_ids, *after]
    return [ChatMessageUser(content="", metadata={"prompt_token_ids": ids})]


def raw_prompt(messages: Sequence[Message]) -> str:
    """Turns as one text for a completions endpoint: paragraphs, and the assistant's turn begun."""
    if len(messages) > 1 and messages[-1].role == "assistant":
        return f"{raw_prompt(messages[:-1])}{messages[-1].content}"
    return "\n\n".join(message.content for message in messages) + "\n\n"


def reply_from(output: ModelOutput) -> Reply:
    """What a provider returned, in the words of the protocol.

    Raises:
        AnytimeError: The provider returned no choice at all.
    """
    if not output.choices:
        raise AnytimeError(f"the model returned no choice: {output.error or 'no reason given'}")
    choice = output.choices[0]
    content = choice.message.content
    parts = [ContentText(text=content)] if isinstance(content, str) else content
    reasoning = [part for part in parts if isinstance(part, ContentReasoning)]
    usage = output.usage
    token_bytes = None
    if choice.logprobs is not None and choice.logprobs.content:
        token_bytes = tuple(
            bytes(token.bytes) if token.bytes is not None else token.token.encode()
            for token in choice.logprobs.content
        )
    return Reply(
        text="\n".join(part.text for part in parts if isinstance(part, ContentText)),
        reasoning="\n".join(part.reasoning for part in reasoning if not part.redacted),
        # A summary stands for reasoning that was not shown.
        hidden_reasoning=any(part.redacted or part.summary is not None for part in reasoning),
        output_tokens=usage.output_tokens if usage else None,
        reasoning_tokens=usage.reasoning_tokens if usage else None,
        input_tokens=_input_tokens(output),
        token_bytes=token_bytes,
        finish=_FINISH.get(choice.stop_reason, "other"),
        seconds=output.time,
        cost=usage.total_cost if usage else None,
    )


def _input_tokens(output: ModelOutput) -> int | None:
    usage = output.usage
    if usage is None:
        return None
    read, written = usage.input_tokens_cache_read, usage.input_tokens_cache_write
    return usage.input_tokens + (read or 0) + (written or 0)
