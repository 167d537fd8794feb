"""Runs a program inside one Inspect sample: each batch becomes concurrent `generate` calls."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import anyio
from inspect_ai.model import (
    CachePolicy,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    Model,
    ModelOutput,
)

from anytime.cutting.tokens import Tokenizer
from anytime.hosts.inspect_ai.aside import LONG, aside
from anytime.hosts.inspect_ai.outside_sample import settings_in_effect
from anytime.hosts.inspect_ai.private import cause_of, token_ids_of, unreadable
from anytime.hosts.inspect_ai.providers import (
    host_tokenizer,
    provider_name,
    provider_of,
    without_thinking,
)
from anytime.hosts.inspect_ai.replies import (
    UNREADABLE,
    nothing_said,
    reply_from,
    why_unanswered,
)
from anytime.hosts.inspect_ai.transformers_here import as_generated, as_sent, continuing
from anytime.programs.lockstep import Done, advance
from anytime.programs.turns import expects_template, raw_prompt
from anytime.protocol import SLICED, Message, Program, Reply, Request

__all__ = ["drive", "is_sampled", "reply_from", "requester"]

T = TypeVar("T")
Ask = Callable[[Request], Awaitable[tuple[Reply, ModelOutput]]]
Encode = Callable[[str], Awaitable[list[int]]]

log = logging.getLogger(__name__)

LONG_TRACES = 1 << 15
"""Characters of traces from which a program goes on in a thread: some 7 ms of cutting."""

_MESSAGE = {
    "system": ChatMessageSystem,
    "user": ChatMessageUser,
    "assistant": ChatMessageAssistant,
}


async def drive(
    program: Program[T], ask: Ask, *, reads_much: bool = False
) -> tuple[T, list[ModelOutput]]:
    """Run a program to its end.

    Args:
        program: The program.
        ask: Answers one request.
        reads_much: It reads many traces besides the replies, as one does that learns from them.

    Returns:
        The program's result, and the model outputs of its first batch: in interrupt mode the trace,
        which becomes the sample's own completion.

    Raises:
        Exception: Whatever a generation raised after the host's own retries, once the other
            requests of its batch are done: their text is paid for and stands in the log and the
            cache.
    """
    first: list[ModelOutput] = []
    step = await aside(reads_much, functools.partial(advance, program))
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
        long = reads_much or _takes_long(step, replies)
        step = await aside(long, functools.partial(advance, program, replies))
    return step.result, first


def _takes_long(batch: Sequence[Request], replies: Sequence[Reply]) -> bool:
    """Whether a program has much to read: it cuts a trace, or takes reasoning off answers."""
    size = sum(len(reply.reasoning) + len(reply.text) for reply in replies)
    return size >= (LONG if any(one.kind == "answer" for one in batch) else LONG_TRACES)


def _holds_many_tokens(output: ModelOutput) -> bool:
    told = output.choices[0].logprobs
    return told is not None and len(told.content) >= LONG


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
    draw: str | None = None,
    config: GenerateConfig | None = None,
    tokenizer: Tokenizer | None = None,
) -> Ask:
    """How requests are asked of a model within one sample.

    Args:
        model: The model under test.
        epoch: The sample's epoch. Our built-in models draw by it; for real providers an epoch
            differs by sampling, as ever.
        token_ids: Whether traces must come with their token ids.
        config: Settings of a task's own solver.
        draw: What tells this draw from others in Inspect's cache, which goes by the epoch; None
            for a sample's own requests.
        tokenizer: The model's, where one was named: it makes token ids where the provider does not.
    """
    seed = epoch if provider_name(model) == "anytime" else None
    # A merge copies all settings, and each sample merges anew.
    thinking = (config or GenerateConfig()).merge(GenerateConfig(seed=seed))
    configs = {True: thinking, False: thinking.merge(without_thinking(model))}
    can, in_effect = provider_of(model), settings_in_effect(model).merge(configs[True])
    own = host_tokenizer(model) if can.transformers else None
    if can.transformers:
        model = continuing(model, in_effect)
    if can.raw_prompt and expects_template(str(model)):
        _tell_no_template(str(model))
    encode = _encoder(model, tokenizer)
    usual: dict[str, Any] = {} if draw is None else {"cache": _cache_of(in_effect, draw)}
    # Requests of a sample share turns; handing on the same message lets the log keep it once.
    known: dict[Message, ChatMessage] = {}

    async def ask(request: Request) -> tuple[Reply, ModelOutput]:
        settings = configs[request.thinking]
        stops = [*(settings.stop_seqs or ()), *request.stop]
        asked: dict[str, Any] = {"max_tokens": request.max_tokens, "stop_seqs": stops or None}
        how = usual
        if request.draw is not None:  # one of several of this sample
            if seed is not None:
                asked["seed"] = request.draw
            elif in_effect.seed is not None:
                asked["seed"] = in_effect.seed + request.draw - 1
            how = {"cache": _cache_of(in_effect, f"{draw or 'trace'} {request.draw}")}
        if seed is not None and request.slice is not None:
            asked["extra_body"] = {SLICED: True}
        settings = settings.model_copy(update=asked)
        messages = await _as_input(request, known, encode if can.raw_prompt else None)
        if can.transformers:
            messages = as_sent(model, messages)
        said = functools.partial(_said, model, messages, settings, in_process=can.in_process)
        output = await said(how)
        if failed := why_unanswered(output, can.in_process):
            # Inspect neither retries such an answer nor keeps it out of its cache.
            # What could not be read is in no cache.
            output = await said(how if failed == UNREADABLE else {"cache": False})
            failed = why_unanswered(output, can.in_process)
        if not output.choices:
            output = nothing_said(output)
        reply = await aside(_holds_many_tokens(output), functools.partial(reply_from, output))
        if can.transformers:
            reply = as_generated(reply, request, model, own, messages)
        if failed:
            reply = dataclasses.replace(reply, failed=failed)
        if token_ids and request.kind == "trace":
            reply = _with_ids(reply, await encode(reply.text))
        if in_effect.logprobs and reply.text and not (reply.token_bytes or can.transformers):
            _tell_no_token_texts(provider_name(model))
        return reply, output

    return ask


def is_sampled(model: Model) -> bool:
    """Whether two equal requests may be answered differently: not at temperature 0."""
    return provider_name(model) == "anytime" or settings_in_effect(model).temperature != 0


def _cache_of(settings: GenerateConfig, draw: str) -> CachePolicy | bool:
    """How a draw is kept where the run keeps its replies (`--cache`), so that a kill loses none."""
    if not settings.cache:
        return False
    asked = settings.cache if isinstance(settings.cache, CachePolicy) else CachePolicy()
    scopes = {**asked.scopes, "anytime": draw}
    return asked.model_copy(update={"per_epoch": False, "scopes": scopes})


async def _said(
    model: Model,
    messages: list[ChatMessage],
    settings: GenerateConfig,
    how: dict[str, Any],
    *,
    in_process: bool,
) -> ModelOutput:
    """What the model returned; no choice, and why, where its provider cannot read the reply."""
    try:
        return await model.generate(messages, config=settings, **how)
    except Exception as error:
        told = "" if in_process else unreadable(cause_of(error))
        if not told:
            raise
        log.warning("a reply of %s cannot be read: %s", provider_name(model), told)
        return ModelOutput(model=str(model), error=f"{UNREADABLE}: {told}")


def _encoder(model: Model, tokenizer: Tokenizer | None) -> Encode:
    """What makes token ids of a text: the provider, or a tokenizer that was named."""

    async def encode(text: str) -> list[int]:
        if tokenizer is not None and not provider_of(model).tokenizes:
            return tokenizer.encode(text)
        return await token_ids_of(model, text)

    return encode


@functools.lru_cache(maxsize=8)  # once a run says it
def _tell_no_token_texts(provider: str) -> None:
    log.warning(
        "--logprobs brought no token texts: what serves %s tells none that Inspect reads, so cuts "
        "are made with a tokenizer, or calibrated where none is named (-T tokenizer=)",
        provider,
    )


@functools.lru_cache(maxsize=8)  # once a run says it
def _tell_no_template(model: str) -> None:
    log.warning(
        "%s looks tuned on conversations, and its provider sends raw prompts without their "
        "template: take a chat provider (openai-api, vllm, hf), or read the curve as that of a "
        "model out of its element",
        model,
    )


def _with_ids(reply: Reply, ids: Sequence[int]) -> Reply:
    return dataclasses.replace(reply, token_ids=tuple(ids), output_tokens=len(ids))


async def _as_input(
    request: Request, known: dict[Message, ChatMessage], encode: Encode | None
) -> list[ChatMessage]:
    """The messages of a request; one raw prompt where `encode` stands for a provider of those."""
    if encode is None:
        for message in request.messages:
            if message not in known:
                known[message] = _MESSAGE[message.role](content=message.content)
        return [known[message] for message in request.messages]
    prompt = raw_prompt(request.messages)
    if request.prefix_ids is None:
        return [ChatMessageUser(content=prompt)]
    before = await encode(prompt)
    after = await encode(request.cue) if request.cue else []
    ids = [*before, *request.prefix_ids, *after]
    return [ChatMessageUser(content="", metadata={"prompt_token_ids": ids})]
