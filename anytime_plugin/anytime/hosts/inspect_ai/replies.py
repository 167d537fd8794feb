"""What a provider returned, in the words of the protocol, and whether it is an answer at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeGuard

from inspect_ai.model import ContentReasoning, ContentText, ModelOutput

from anytime.cutting.ends import stopped_at_once
from anytime.cutting.texts import encodable
from anytime.errors import AnytimeError
from anytime.protocol import Finish, Reply

__all__ = ["UNREADABLE", "nothing_said", "reply_from", "why_unanswered"]

UNREADABLE = "unreadable reply"

_FINISH: dict[str, Finish] = {
    "stop": "stop",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "filter",
}


def why_unanswered(output: ModelOutput, in_process: bool = False) -> str:
    """Why an output is no answer of the model; empty where it is one.

    Args:
        output: As the provider gave it.
        in_process: There is no service in between that could have swallowed an answer.
    """
    if not output.choices:
        return UNREADABLE if (output.error or "").startswith(UNREADABLE) else "no choice"
    choice = output.choices[0]
    message = choice.message
    if choice.stop_reason == "content_filter":
        return "content filter"
    if choice.stop_reason == "tool_calls" or message.tool_calls:
        return "call of a tool"
    if isinstance(message.content, list) and any(
        isinstance(part, ContentText) and part.refusal for part in message.content
    ):
        return "refusal"
    if choice.stop_reason == "model_length" and output.usage is None:
        # Providers hand the text of the service's refusal on as if the model had said it.
        return "the prompt is too long for the model"
    if output.error:
        return "error of the service"
    return "empty reply" if _is_empty(output) and not in_process else ""


def nothing_said(output: ModelOutput) -> ModelOutput:
    """An output without a choice as one that holds an empty text, which a sample can be left with.

    It keeps why there is none.
    """
    made = ModelOutput.from_content(output.model, "", stop_reason="unknown", error=output.error)
    made.usage, made.time = output.usage, output.time
    return made


def _is_empty(output: ModelOutput) -> bool:
    """Whether a service returned nothing, and the model may have said something.

    A model that stopped at once has said nothing: then the service tells that it stopped, and a
    token or two. Reasoning, hidden or not, is something; so is a cap that was spent on it.
    """
    choice = output.choices[0]
    content = choice.message.content
    parts = [] if isinstance(content, str) else content
    if choice.message.text.strip() or any(map(_is_reasoning, parts)):
        return False
    usage = output.usage
    if choice.stop_reason in ("max_tokens", "model_length", "content_filter", "tool_calls"):
        return False
    if usage is not None and (usage.reasoning_tokens or 0) > 0:
        return False
    return not stopped_at_once(
        _FINISH.get(choice.stop_reason, "other"), None if usage is None else usage.output_tokens
    )


def _is_reasoning(part: object) -> bool:
    """Whether it holds reasoning, or stands for some that is not shown."""
    if not isinstance(part, ContentReasoning):
        return False
    return bool(part.reasoning.strip() or part.redacted or part.summary)


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
    token_bytes = probability = None
    if choice.logprobs is not None and choice.logprobs.content:
        told = [token.logprob for token in choice.logprobs.content]
        if not any(math.isnan(one) for one in told):
            probability = math.fsum(math.exp(min(0.0, one)) for one in told) / len(told)
        token_bytes = tuple(
            bytes(token.bytes) if _are_bytes(token.bytes) else encodable(token.token).encode()
            for token in choice.logprobs.content
        )
    return Reply(
        text=encodable("\n".join(part.text for part in parts if isinstance(part, ContentText))),
        reasoning=encodable("\n".join(part.reasoning for part in reasoning if not part.redacted)),
        # A summary stands for reasoning that was not shown.
        hidden_reasoning=any(part.redacted or part.summary is not None for part in reasoning),
        output_tokens=usage.output_tokens if usage else None,
        reasoning_tokens=usage.reasoning_tokens if usage else None,
        input_tokens=_input_tokens(output),
        token_bytes=token_bytes,
        finish=_FINISH.get(choice.stop_reason, "other"),
        seconds=output.time,
        cost=usage.total_cost if usage else None,
        probability=probability,
    )


def _are_bytes(told: Sequence[int] | None) -> TypeGuard[Sequence[int]]:
    # `hf` gives the code points of an entry of its vocabulary.
    return told is not None and all(0 <= value < 256 for value in told)


def _input_tokens(output: ModelOutput) -> int | None:
    usage = output.usage
    if usage is None:
        return None
    read, written = usage.input_tokens_cache_read, usage.input_tokens_cache_write
    return usage.input_tokens + (read or 0) + (written or 0)


def whole_of_slices(first: ModelOutput, trace: Reply) -> ModelOutput:
    """What a provider would have returned for a trace that came in slices: one completion.

    Args:
        first: The output of the first slice.
        trace: All slices, joined.
    """
    if trace.reasoning:  # it came in one slice, and is as the provider gave it
        return first
    whole = first.model_copy(deep=True)
    whole.message.content = trace.text
    return whole
