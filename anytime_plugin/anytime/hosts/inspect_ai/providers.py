"""What the model providers of Inspect AI can do with a cut trace.

Facts read in inspect-ai 0.3.285. A provider that is not listed gets the continuation `reprompt`,
which works with every chat model, and no switch for thinking.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from inspect_ai.model import GenerateConfig, Model

from anytime.cutting.tokens import Tokenizer
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.private import backend_tokenizer
from anytime.models.pieces import Pieces
from anytime.settings import Continuation

__all__ = [
    "PROVIDERS",
    "Provider",
    "host_tokenizer",
    "provider_name",
    "provider_of",
    "resolve_continuation",
    "without_thinking",
]


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider can do with a cut trace, and what its replies tell."""

    continues: bool = False
    """Takes an assistant message that comes last as the beginning of the turn, and goes on."""

    raw_prompt: bool = False
    """Sends one text, or token ids, past any chat template, and has no turns."""

    tokenizes: bool = False
    """Tells the token ids of a text (`tokenize`), before any of it is generated."""

    effort_none: bool = False
    """Understands reasoning_effort="none", or leaves it out for models that always think."""

    template_arguments: bool = False
    """Hands `extra_body` to a server that renders the chat template itself."""

    transformers: bool = False
    """Runs transformers here: see `anytime.hosts.inspect_ai.transformers_here`."""

    in_process: bool = False
    """Has no service in between: what it returns is what the model said, be it nothing."""


PROVIDERS: dict[str, Provider] = {
    "anthropic": Provider(effort_none=True),
    "anytime": Provider(continues=True, in_process=True),
    "deepseek": Provider(effort_none=True),
    "google": Provider(effort_none=True),
    "hf": Provider(continues=True, transformers=True, in_process=True),
    "mockllm": Provider(in_process=True),
    "openai-api-completions": Provider(raw_prompt=True),
    "openrouter": Provider(effort_none=True),
    "sagemaker": Provider(continues=True),
    "sglang": Provider(continues=True, template_arguments=True),
    "vllm": Provider(continues=True, template_arguments=True),
    "vllm-completions": Provider(raw_prompt=True, tokenizes=True),
}
"""By the name users type; any other has turns, and can do none of this."""


def provider_name(model: Model) -> str:
    """The provider as the user types it: `openai`, `vllm-completions`, `anytime`."""
    return str(model).partition("/")[0]


def provider_of(model: Model) -> Provider:
    """What this model's provider can do."""
    return PROVIDERS.get(provider_name(model), Provider())


def resolve_continuation(
    asked: str, model: Model, tokenizer: Tokenizer | None = None
) -> Continuation:
    """The continuation to use: `auto` becomes the most exact one this provider can do.

    Args:
        asked: As the user wrote it.
        model: The model under test.
        tokenizer: Its tokenizer, where one was named: token ids can be made with it where the
            provider makes none.

    Raises:
        AnytimeError: The one asked for is unknown, or this provider refuses it.
    """
    name, can = provider_name(model), provider_of(model)
    if asked == "auto":
        if can.raw_prompt:
            return "token_ids" if can.tokenizes else "prefill"
        return "prefill" if can.continues else "reprompt"
    if asked == "token_ids":
        if not can.raw_prompt:
            takers = ", ".join(sorted(name for name, one in PROVIDERS.items() if one.raw_prompt))
            raise AnytimeError(
                f"provider {name} takes no token ids: use continuation=auto, or a provider "
                f"that sends raw prompts ({takers})"
            )
        if not can.tokenizes and tokenizer is None:
            raise AnytimeError(
                f"provider {name} takes token ids and makes none of a text: name the model's own "
                f"tokenizer (tokenizer=FILE, DIRECTORY or HUB_ID), or use continuation=prefill"
            )
        return "token_ids"
    if asked == "prefill":
        if not (can.continues or can.raw_prompt):
            raise AnytimeError(
                f"provider {name} does not continue an assistant message: use "
                f"continuation=reprompt (or auto, which chooses it)"
            )
        return "prefill"
    if asked == "reprompt":
        if can.raw_prompt:
            raise AnytimeError(
                f"provider {name} sends one raw prompt and has no turns to ask again in: use "
                f"continuation=prefill or continuation=token_ids"
            )
        return "reprompt"
    raise AnytimeError(
        f"unknown continuation {asked!r}: choose one of auto, token_ids, prefill, reprompt"
    )


def without_thinking(model: Model) -> GenerateConfig:
    """The configuration that switches this provider's reasoning phase off where it can be."""
    can = provider_of(model)
    if can.effort_none:
        return GenerateConfig(reasoning_effort="none")
    if can.template_arguments:
        body: dict[str, Any] = dict(model.config.extra_body or {})
        # Qwen, GLM and others read enable_thinking, DeepSeek templates read thinking; a template
        # ignores what it does not know.
        switches = {"enable_thinking": False, "thinking": False}
        body["chat_template_kwargs"] = {**body.get("chat_template_kwargs", {}), **switches}
        return GenerateConfig(extra_body=body)
    return GenerateConfig()


@functools.lru_cache(maxsize=8)  # copied once for a model, not for each of its samples
def host_tokenizer(model: Model) -> Tokenizer | None:
    """The provider's own tokenizer, where it has one in this process (`hf`, `anytime`)."""
    if isinstance(own := getattr(model.api, "tokenizer", None), Pieces):
        return own
    tokenizer = backend_tokenizer(model)
    if tokenizer is None:
        return None
    from anytime.cutting.tokens import from_tokenizers

    return from_tokenizers(tokenizer)
