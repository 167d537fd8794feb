"""What is asked of which provider; stubs stand for providers that need a key or a GPU."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import tokenizers
from inspect_ai.model import GenerateConfig, get_model

from anytime import AnytimeError, Message
from anytime.hosts.inspect_ai.providers import (
    host_tokenizer,
    provider_name,
    resolve_continuation,
    without_thinking,
)
from anytime.programs.turns import raw_prompt


class Stub:
    """As much of a model as the facts about providers need."""

    def __init__(self, name: str, tokenizer: Any = None, **config: Any) -> None:
        self.name = name
        self.api = SimpleNamespace(tokenizer=tokenizer)
        self.config = GenerateConfig(**config)

    def __str__(self) -> str:
        return self.name


@pytest.mark.parametrize(
    ("model", "asked", "used"),
    [
        ("openai/gpt-4.1", "auto", "reprompt"),
        ("anthropic/claude-sonnet-4-5", "auto", "reprompt"),
        ("hf/Qwen/Qwen3-0.6B", "auto", "prefill"),
        ("hf/Qwen/Qwen3-0.6B", "reprompt", "reprompt"),
        ("openai-api/local/model", "auto", "reprompt"),
        ("vllm/Qwen/Qwen3-8B", "auto", "prefill"),
        ("sglang/Qwen/Qwen3-8B", "auto", "prefill"),
        ("anytime/planner", "auto", "prefill"),
        ("vllm-completions/base", "auto", "token_ids"),
        ("openai-api-completions/local/base", "auto", "prefill"),
        ("vllm/Qwen/Qwen3-8B", "reprompt", "reprompt"),
        ("vllm-completions/base", "token_ids", "token_ids"),
    ],
)
def test_continuations(model: str, asked: str, used: str) -> None:
    assert resolve_continuation(asked, Stub(model)) == used  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "asked", "words"),
    [
        ("openai/gpt-4.1", "prefill", "provider openai does not continue an assistant message"),
        ("openai-api/local/model", "prefill", "provider openai-api does not continue"),
        ("hf/Qwen/Qwen3-0.6B", "token_ids", "provider hf takes no token ids"),
        ("openai-api-completions/local/base", "token_ids", "name the model's own tokenizer"),
        ("openai/gpt-4.1", "token_ids", "provider openai takes no token ids"),
        ("vllm-completions/base", "reprompt", "has no turns to ask again in"),
        ("openai/gpt-4.1", "handstand", "unknown continuation 'handstand': choose one of auto"),
    ],
)
def test_continuations_a_provider_refuses(model: str, asked: str, words: str) -> None:
    with pytest.raises(AnytimeError, match=words):
        resolve_continuation(asked, Stub(model))  # type: ignore[arg-type]


def test_a_tokenizer_that_is_named_makes_the_token_ids_that_a_provider_makes_not() -> None:
    model: Any = Stub("openai-api-completions/local/base")
    tokenizer: Any = object()
    assert resolve_continuation("token_ids", model, tokenizer) == "token_ids"


def test_the_name_of_a_real_model_is_read_as_it_is_typed() -> None:
    assert provider_name(get_model("anytime/planner")) == "anytime"


def test_thinking_is_switched_off_in_each_providers_own_way() -> None:
    assert without_thinking(Stub("anthropic/claude")).reasoning_effort == "none"  # type: ignore[arg-type]
    assert without_thinking(Stub("openai/gpt-4.1")) == GenerateConfig()  # type: ignore[arg-type]
    mine = {"top_p": 0.5, "chat_template_kwargs": {"enable_thinking": True, "tools": False}}
    body = without_thinking(Stub("vllm/Qwen/Qwen3-8B", extra_body=mine)).extra_body  # type: ignore[arg-type]
    assert body == {
        "top_p": 0.5,
        "chat_template_kwargs": {"enable_thinking": False, "thinking": False, "tools": False},
    }
    assert mine["chat_template_kwargs"] == {"enable_thinking": True, "tools": False}


def test_the_hosts_tokenizer_is_used_and_left_as_it_was() -> None:
    inner = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "b": 1}, unk_token="b"))
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    inner.enable_truncation(1)
    found = host_tokenizer(Stub("hf/model", SimpleNamespace(backend_tokenizer=inner)))  # type: ignore[arg-type]
    assert found is not None
    assert list(found.ends("a b a")) == [1, 3, 5]
    assert inner.truncation is not None
    assert host_tokenizer(Stub("openai/gpt-4.1")) is None  # type: ignore[arg-type]


def test_a_raw_prompt_begins_the_assistants_turn() -> None:
    question = (Message("system", "Be brief."), Message("user", "Why?"))
    assert raw_prompt(question) == "Be brief.\n\nWhy?\n\n"
    assert raw_prompt((*question, Message("assistant", "Since"))) == "Be brief.\n\nWhy?\n\nSince"
    assert raw_prompt((Message("user", "Why?\n\n"),)) == "Why?\n\n"  # as it stands there already
