"""Answers as the servers of vLLM and SGLang send them, for `tests.serving`.

Both speak the OpenAI API with keys and habits of their own. What they have in common and OpenAI's
has not: the tokens that end a turn are counted and stand among the token texts, the bytes of a
token are those of its text (a character that is cut in two is U+FFFD in both halves), and reasoning
that a parser parted leaves `content` null where the cap fell into it.
"""

from __future__ import annotations

from typing import Any

from tests.serving import Body

__all__ = ["END", "as_sglang", "as_vllm"]

END = "<|im_end|>"
"""How the engines write the token that ends a turn."""

END_ID = 151645


def as_vllm(body: Body, answer: dict[str, Any]) -> dict[str, Any]:
    """As `vllm serve` answers, with `--reasoning-parser` where there is reasoning."""
    choices = []
    for choice in answer["choices"]:
        _count_the_end(answer, choice)
        choices.append({**choice, "stop_reason": None, "token_ids": None})
        if "message" in choice:
            thought = choice["message"].pop("reasoning_content", None)
            choices[-1]["message"] = {
                "role": "assistant",
                "content": choice["message"]["content"] or None,
                "refusal": None,
                "annotations": None,
                "audio": None,
                "function_call": None,
                "tool_calls": [],
                # Both names: the older clients know the second alone.
                "reasoning": thought,
                "reasoning_content": thought,
            }
        else:
            choices[-1]["prompt_logprobs"] = None
            choices[-1]["prompt_token_ids"] = None
    return {
        **answer,
        "id": "chatcmpl-3f4be4f0a8a94e7c" if "messages" in body else "cmpl-3f4be4f0a8a94e7c",
        "choices": choices,
        "service_tier": None,
        "system_fingerprint": None,
        "usage": {**_plain(answer["usage"]), "prompt_tokens_details": None},
        "prompt_logprobs": None,
        "prompt_token_ids": None,
        "kv_transfer_params": None,
    }


def as_sglang(body: Body, answer: dict[str, Any]) -> dict[str, Any]:
    """As `sglang.launch_server` answers."""
    choices = []
    for choice in answer["choices"]:
        ended = choice["finish_reason"] == "stop"
        _count_the_end(answer, choice)
        choices.append({**choice, "matched_stop": END_ID if ended else None})
        if "message" in choice:
            thought = choice["message"].pop("reasoning_content", None)
            choices[-1]["message"] = {
                "role": "assistant",
                "content": choice["message"]["content"] or None,
                "reasoning_content": thought,
                "tool_calls": None,
            }
    usage = answer["usage"]
    thought = usage.get("completion_tokens_details", {}).get("reasoning_tokens", 0)
    return {
        **answer,
        "id": "b1f0c6a2d7e94b6c",
        "choices": choices,
        "usage": {**_plain(usage), "prompt_tokens_details": None, "reasoning_tokens": thought},
        "metadata": {"weight_version": "default"},
    }


def _plain(usage: dict[str, Any]) -> dict[str, Any]:
    return {name: usage[name] for name in ("prompt_tokens", "total_tokens", "completion_tokens")}


def _count_the_end(answer: dict[str, Any], choice: dict[str, Any]) -> None:
    """Let a turn that ended by itself end with a token that is counted and has a text."""
    told = choice["logprobs"]
    for token in (told or {}).get("content") or ():
        token["bytes"] = list(token["token"].encode())
    if choice["finish_reason"] != "stop":
        return
    answer["usage"]["completion_tokens"] += 1
    answer["usage"]["total_tokens"] += 1
    if told and "content" in told:
        end = {"token": END, "bytes": list(END.encode()), "logprob": 0.0, "top_logprobs": []}
        told["content"].append(end)
    elif told:
        told["text_offset"].append(sum(map(len, told["tokens"])))
        told["tokens"].append(END)
        told["token_logprobs"].append(0.0)
        told["top_logprobs"].append({END: 0.0})
