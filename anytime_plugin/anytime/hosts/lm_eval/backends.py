"""What the model classes of lm-eval can do with a cut trace, and how each is asked.

Facts read in lm-eval 0.4.13. A class takes strings (`hf`, `vllm`, `local-completions`), chats as
JSON (`local-chat-completions` and what derives from it), or, our own, messages whatever the flags.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from anytime.cutting.frames import unopened
from anytime.cutting.tokens import Tokenizer, from_tokenizers, load_tokenizer
from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.private import seed_of, template_arguments
from anytime.programs.turns import expects_template, raw_prompt
from anytime.protocol import SLICED, Message, Request
from anytime.settings import Continuation

__all__ = [
    "Prompt",
    "arguments",
    "check_model",
    "find_tokenizer",
    "is_chat",
    "is_sampled",
    "resolve_continuation",
    "says_nothing_on_failure",
    "takes_messages",
    "tells_each",
]

log = logging.getLogger(__name__)

LENGTHS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens", "max_length")


@dataclass(frozen=True, slots=True)
class Prompt:
    """The conversation up to the assistant's turn.

    Attributes:
        context: As lm-eval renders it for the model: a string, or its JSON for chat services.
        messages: The turns it was made of.
        templated: Whether a chat template rendered it.
    """

    context: Any
    messages: tuple[Message, ...]
    templated: bool


def takes_messages(lm: Any) -> bool:
    """Whether this is one of our own models, which read messages."""
    return bool(getattr(lm, "takes_messages", False))


def _derives(lm: Any, name: str) -> bool:
    # By name, as importing lm-eval's model modules costs seconds.
    return any(base.__name__ == name for base in type(lm).__mro__)


def is_chat(lm: Any) -> bool:
    """Whether this class takes chats as JSON, and no strings."""
    return _derives(lm, "LocalChatCompletion")


def says_nothing_on_failure(lm: Any) -> bool:
    """Whether an empty text of this model that was kept may be a failure.

    Classes that ask a service keep one in lm-eval's cache for null content, refusals and bodies of
    status 200 that hold an error. A model that stopped at once looks the same there: it is asked
    again. Models in this process say nothing only if they had nothing to say.
    """
    return _derives(lm, "TemplateAPI")


def tells_each(lm: Any) -> bool:
    """Whether this model tells lm-eval's cache of answers while a call still goes on.

    Others tell of all at the end, `vllm` and `sglang` among them, or of none.
    """
    return takes_messages(lm) or _derives(lm, "TemplateAPI") or _derives(lm, "HFLM")


def check_model(lm: Any, prompt: Prompt) -> None:
    """Refuse a model that throws the reasoning away, or was asked in a way it does not take.

    Raises:
        AnytimeError: With what to drop or to add.
    """
    if isinstance(prompt.context, str) and is_chat(lm):
        raise AnytimeError(f"{type(lm).__name__} talks in turns: add --apply_chat_template")
    if getattr(lm, "think_end_token", None) is not None:
        also = " and enable_thinking" if getattr(lm, "enable_thinking", None) else ""
        instead = (
            " (the chat template's own default decides whether the model thinks)" if also else ""
        )
        raise AnytimeError(
            f"think_end_token cuts the reasoning away, which is what anytime measures: drop "
            f"think_end_token{also} from --model_args{instead}"
        )
    if isinstance(prompt.context, str) and not (prompt.templated or takes_messages(lm)):
        template = getattr(getattr(lm, "tokenizer", None), "chat_template", None)
        name = getattr(lm, "model", None)
        if template or (isinstance(name, str) and expects_template(name)):
            _tell_no_template(type(lm).__name__)


@lru_cache(maxsize=8)  # once a run says it
def _tell_no_template(name: str) -> None:
    log.warning(
        "anytime: this model has a chat template, or looks tuned with one, and %s asks it without: "
        "add --apply_chat_template, unless it is a base model",
        name,
    )


def resolve_continuation(asked: str, lm: Any, prompt: Prompt) -> Continuation:
    """The continuation to use: `auto` becomes `prefill` wherever the model continues text.

    Raises:
        AnytimeError: This model class cannot do the one asked for.
    """
    name = type(lm).__name__
    chat = not isinstance(prompt.context, str)
    if asked == "auto":
        return "reprompt" if chat else "prefill"
    if asked == "token_ids":
        raise AnytimeError(
            "lm-eval hands text to its models, not token ids: use continuation=prefill (or auto)"
        )
    if asked == "prefill" and chat:
        raise AnytimeError(
            f"{name} answers turns and does not continue a prefix: use continuation=reprompt "
            f"(or auto, which chooses it)"
        )
    if asked == "reprompt" and not (chat or prompt.templated or takes_messages(lm)):
        raise AnytimeError(
            f"without a chat template {name} has no turns to ask again in: add "
            f"--apply_chat_template, or use continuation=prefill"
        )
    return "prefill" if asked == "prefill" else "reprompt"


def find_tokenizer(lm: Any, named: str | None, *, needed: bool) -> Tokenizer | None:
    """The model's own tokenizer where it has one in this process, else the one named.

    lm-eval's replies are bare strings, so without a tokenizer nothing can be counted or cut.

    Raises:
        AnytimeError: There is neither, and traces are to be cut.
    """
    own = getattr(lm, "tokenizer", None)
    if hasattr(own, "ends"):
        return cast(Tokenizer, own)  # one of ours
    backend = getattr(own, "backend_tokenizer", None)
    if backend is not None:
        return from_tokenizers(backend)
    if named is not None:
        return load_tokenizer(named)
    if not needed:
        return None
    raise AnytimeError(
        f"{type(lm).__name__} has no tokenizer to cut traces with: name the model's own in "
        """--metadata '{"tokenizer": "FILE, DIRECTORY or HUB_ID"}'"""
    )


def is_sampled(gen_kwargs: Mapping[str, Any]) -> bool:
    """Whether two equal requests may be answered differently."""
    return bool(gen_kwargs.get("do_sample")) or float(gen_kwargs.get("temperature") or 0) > 0


def arguments(
    lm: Any, prompt: Prompt, request: Request, gen_kwargs: Mapping[str, Any], draw: int
) -> tuple[Any, dict[str, Any]]:
    """What `generate_until` is asked for one request of a program.

    Args:
        lm: The model.
        prompt: The conversation the program started from.
        request: What the program asks.
        gen_kwargs: The task's generation settings with the user's.
        draw: Which of a problem's traces this belongs to, from 1 on.
    """
    kwargs = {**gen_kwargs, "max_gen_toks": request.max_tokens}
    until = kwargs.get("until") or []
    given = [until] if isinstance(until, str) else list(until)
    kwargs["until"] = [*given, *(word for word in request.stop if word not in given)]
    if takes_messages(lm):
        kwargs["seed"] = draw
        if request.slice is not None:
            kwargs[SLICED] = True
        return _dump(request.messages), kwargs
    if is_sampled(gen_kwargs) and _derives(lm, "LocalCompletionsAPI"):
        # Sent with the one seed lm-eval sets, all draws of a problem would come out alike.
        kwargs["seed"] = int(gen_kwargs.get("seed", seed_of(lm))) + draw - 1
    if request.messages == prompt.messages:
        return prompt.context, kwargs
    if not isinstance(prompt.context, str):
        return type(prompt.context)(_dump(request.messages)), kwargs
    *before, last = request.messages
    if last.role == "assistant":
        context = prompt_of(lm, prompt, tuple(before)).context
        return unopened(context, last.content) + last.content, kwargs
    if prompt.templated:
        return _render(lm, request), kwargs
    return raw_prompt(request.messages), kwargs


def prompt_of(lm: Any, like: Prompt, messages: tuple[Message, ...]) -> Prompt:
    """Another conversation, rendered for the model as that of the task was."""
    if messages == like.messages:
        return like
    if takes_messages(lm):
        context: Any = _dump(messages)
    elif not isinstance(like.context, str):
        context = type(like.context)(_dump(messages))
    elif like.templated:
        context = str(lm.apply_chat_template(_turns(messages), add_generation_prompt=True))
    else:
        context = raw_prompt(messages)
    return Prompt(context, messages, like.templated)


def _render(lm: Any, request: Request) -> str:
    turns = _turns(request.messages)
    # Qwen, GLM and others read enable_thinking, DeepSeek templates read thinking; a template
    # ignores what it does not know.
    switches = {} if request.thinking else {"enable_thinking": False, "thinking": False}
    with template_arguments(lm, **switches):
        return str(lm.apply_chat_template(turns, add_generation_prompt=True))


def _turns(messages: Sequence[Message]) -> list[dict[str, str]]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _dump(messages: Sequence[Message]) -> str:
    return json.dumps(_turns(messages), ensure_ascii=False)
