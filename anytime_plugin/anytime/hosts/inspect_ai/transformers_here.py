"""Inspect's provider `hf`, which runs transformers in this process, made to continue a cut trace.

By itself it re-prompts: a model without a chat template gets its turns as `role: text` lines, and
after the last turn of any conversation the template opens another. It takes a chat template as an
option (`-M chat_template=`), so it is given one in which an assistant's turn that comes last stays
open: around the model's own, or, for a model that has none, one of plain paragraphs. The trace is
asked for with the same template, which changes nothing for a model that has one of its own.
Read in inspect-ai 0.3.285.

Known issues: a tokenizer that puts a token before every text (`<s>`) does so here as well, behind
a chat template that writes it too: `-M tokenizer_call_args='{"add_special_tokens": false}'`.
"""

from __future__ import annotations

import dataclasses
import functools
import logging

from inspect_ai.model import ChatMessage, ChatMessageAssistant, GenerateConfig, Model

from anytime.cutting.frames import opened_by
from anytime.cutting.tokens import Tokenizer
from anytime.hosts.inspect_ai.private import (
    own_chat_template,
    rendered,
    with_options,
)
from anytime.protocol import Reply, Request

__all__ = ["as_generated", "as_sent", "continuing"]

log = logging.getLogger(__name__)

PLAIN = (
    "{% set open = messages | length > 1 and messages[-1].role == 'assistant' %}"
    "{% set turns = messages[:-1] if open else messages %}"
    "{% set text = turns | map(attribute='content') | join('\\n\\n') %}"
    "{{ text }}{{ '' if text.endswith('\\n\\n') else '\\n\\n' }}"
    "{{ messages[-1].content if open else '' }}"
)
"""`anytime.programs.turns.raw_prompt` as a chat template."""

_BEFORE = (
    "{% set anytime_open = messages[-1].content if messages | length > 1"
    " and messages[-1].role == 'assistant' else none %}"
    "{% if anytime_open is not none %}{% set messages = messages[:-1] %}{% endif %}\n"
)
"""The line break goes with the tag before it, so that the template behind it begins a line."""

_AFTER = "{{ anytime_open if anytime_open is not none else '' }}"


def continuing(model: Model, config: GenerateConfig) -> Model:
    """The model, with an assistant's last turn left open; the one given stays as it is.

    A temperature of 0, which transformers refuses to sample at, means greedy here as elsewhere.

    Args:
        model: Of the provider `hf`.
        config: The generation settings in effect.
    """
    own = own_chat_template(model)
    template = PLAIN if own is None else opened_at_the_end(own)
    greedy = config.temperature == 0
    if greedy:
        _tell_greedy()
    return with_options(model, template, config, greedy=greedy)


@functools.lru_cache(maxsize=1)  # once a process says it
def _tell_greedy() -> None:
    log.warning("hf at temperature 0 does not sample: all is greedy, as with -M do_sample=false")


def opened_at_the_end(template: str) -> str:
    """A chat template that renders all but an assistant's last turn, and lets that one follow."""
    return f"{_BEFORE}{template.removesuffix(chr(10))}{_AFTER}"


def as_sent(model: Model, messages: list[ChatMessage]) -> list[ChatMessage]:
    """The messages, without a second opening tag where the template writes the first.

    Args:
        model: As `continuing` gave it.
        messages: What is asked; a trailing assistant message is to be continued.
    """
    *before, last = messages
    if last.role != "assistant" or not before:
        return messages
    opening = opened_by(rendered(model, before))
    begun = last.text.removeprefix(opening)
    if begun == last.text:  # other white space behind the tag than the template has
        begun = last.text.removeprefix(opening.rstrip())
    return messages if begun == last.text else [*before, ChatMessageAssistant(content=begun)]


def as_generated(
    reply: Reply,
    request: Request,
    model: Model,
    tokenizer: Tokenizer | None,
    messages: list[ChatMessage],
) -> Reply:
    """A reply of the provider `hf` with its own tokens, and with the tag that its prompt opened.

    The provider generates in batches and counts, for each of its replies, what the longest of the
    batch took. With --logprobs it names entries of the vocabulary, and of the likeliest token, not
    of the one that was drawn: the tokenizer that is at hand knows better.

    Args:
        reply: As the provider gave it.
        request: What was asked.
        model: As `continuing` gave it.
        tokenizer: The provider's own.
        messages: What was sent.
    """
    text, count = reply.text, reply.output_tokens
    if tokenizer is not None:
        # The end of the turn, which is a token too, is not shown: `ended` allows for it.
        count = len(tokenizer.ends(text))
    if request.kind == "trace" and not request.slice:
        text = opened_by(rendered(model, messages)) + text
    return dataclasses.replace(reply, text=text, output_tokens=count, token_bytes=None)
