"""What the model providers of Inspect AI can do with a cut trace.

Facts read in inspect-ai 0.3.285. A provider that is not listed gets the continuation `reprompt`,
which works with every chat model, and no switch for thinking.
"""

from __future__ import annotations

import functools
from typing import Any

from inspect_ai.model import GenerateConfig, Model

from anytime.cutting.tokens import Tokenizer
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.private import backend_tokenizer
from anytime.settings import Continuation

__all__ = ["host_tokenizer", "provider_name", "resolve_continuation", "without_thinking"]

# Take a trailing assistant message as the beginning of the turn and continue it.
_PREFILLING = frozenset({"anytime", "vllm", "sglang", "sagemaker"})

# Send a raw prompt, text or token ids, past any chat template.
_RAW_PROMPT = frozenset({"vllm-completions", "openai-api-completions"})

# Understand reasoning_effort="none", or leave it out for models that cannot stop thinking.
_EFFORT_NONE = frozenset({"anthropic", "deepseek", "google", "openrouter"})

# Hand `extra_body` to a server that renders the chat template itself.
_TEMPLATE_ARGUMENTS = frozenset({"vllm", "sglang"})


def provider_name(model: Model) -> str:
    """The provider as the user types it: `openai`, `vllm-completions`, `anytime`."""
    return str(model).partition("/")[0]


def resolve_continuation(asked: str, model: Model) -> Continuation:
    """The continuation to use: `auto` becomes the most exact one this provider can do.

    Raises:
        AnytimeError: The one asked for is unknown, or this provider refuses it.
    """
    provider = provider_name(model)
    if asked == "auto":
        if provider in _RAW_PROMPT:
            return "token_ids" if provider.startswith("vllm") else "prefill"
        return "prefill" if provider in _PREFILLING else "reprompt"
    if asked == "token_ids":
        if provider not in _RAW_PROMPT:
            raise AnytimeError(
                f"provider {provider} takes no token ids: use continuation=auto, or a provider "
                f"that sends raw prompts ({', '.join(sorted(_RAW_PROMPT))})"
            )
        return "token_ids"
    if asked == "prefill":
        if provider not in _PREFILLING | _RAW_PROMPT:
            raise AnytimeError(
                f"provider {provider} does not continue an assistant message: use "
                f"continuation=reprompt (or auto, which chooses it)"
            )
        return "prefill"
    if asked == "reprompt":
        if provider in _RAW_PROMPT:
            raise AnytimeError(
                f"provider {provider} sends one raw prompt and has no turns to ask again in: use "
                f"continuation=prefill or continuation=token_ids"
            )
        return "reprompt"
    raise AnytimeError(
        f"unknown continuation {asked!r}: choose one of auto, token_ids, prefill, reprompt"
    )


def sends_raw_prompt(model: Model) -> bool:
    """Whether messages must be joined into one prompt text for this provider."""
    return provider_name(model) in _RAW_PROMPT


def without_thinking(model: Model) -> GenerateConfig:
    """The configuration that switches this provider's reasoning phase off where it can be."""
    provider = provider_name(model)
    if provider in _EFFORT_NONE:
        return GenerateConfig(reasoning_effort="none")
    if provider in _TEMPLATE_ARGUMENTS:
        body: dict[str, Any] = dict(model.config.extra_body or {})
        # Qwen, GLM and others read enable_thinking, DeepSeek templates read thinking; a template
        # ignores what it does not know.
        switches = {"enable_thinking": False, "thinking": False}
        body["chat_template_kwargs"] = {**body.get("chat_template_kwargs", {}), **switches}
        return GenerateConfig(extra_body=body)
    return GenerateConfig()


@functools.lru_cache(maxsize=8)  # copied once for a model, not for each of its samples
def host_tokenizer(model: Model) -> Tokenizer | None:
    """The provider's own tokenizer, where it has one in this process (`hf`)."""
    tokenizer = backend_tokenizer(model)
    if tokenizer is None:
        return None
    from anytime.cutting.tokens import from_tokenizers

    return from_tokenizers(tokenizer)
