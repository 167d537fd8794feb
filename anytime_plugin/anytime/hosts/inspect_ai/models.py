"""The provider `anytime/...`: the built-in models `planner`, `simulated` and `guesser`."""

from __future__ import annotations

from typing import Any

from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    Content,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    Logprob,
    Logprobs,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    StopReason,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from anytime.hosts.inspect_ai.errors import one_sentence
from anytime.models import load_model
from anytime.models.pieces import Pieces, stopped
from anytime.models.slices import one_slice
from anytime.models.solutions import recall
from anytime.protocol import SLICED, Message, Reply

__all__ = ["anytime"]

DEFAULT_MAX_TOKENS = 4096

_STOP_REASON: dict[str, StopReason] = {"stop": "stop", "length": "max_tokens"}


@modelapi(name="anytime")
def anytime() -> type[ModelAPI]:
    """Built-in models: no key, no network, no weights."""
    return AnytimeAPI


class AnytimeAPI(ModelAPI):
    """Runs a built-in model in this process; `-M` options are the model's own.

    Attributes:
        tokenizer: Splits as the models write, so that their traces are cut exactly.
    """

    tokenizer = Pieces()

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008 - the base class's own signature
        **model_args: Any,
    ) -> None:
        """Load the model, so that a wrong name or option fails before anything runs."""
        super().__init__(model_name, base_url, api_key, [], config)
        with one_sentence():
            self._respond = load_model(model_name, model_args, solutions=recall)

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Answer; a trailing assistant message is continued."""
        messages = [
            Message(message.role, message.text) for message in input if message.role != "tool"
        ]
        with one_sentence():
            how = config.max_tokens or DEFAULT_MAX_TOKENS, config.seed or 0
            if (config.extra_body or {}).get(SLICED):
                reply = one_slice(self._respond, messages, *how)
            else:
                reply = self._respond(messages, *how)
        reply = stopped(reply, config.stop_seqs or ())
        return _as_output(self.model_name, reply, bool(config.logprobs))

    def max_connections(self) -> int:
        """There is no connection to be spared."""
        return 100


def _as_output(model_name: str, reply: Reply, logprobs: bool) -> ModelOutput:
    content: str | list[Content] = reply.text
    if reply.reasoning:
        content = [ContentReasoning(reasoning=reply.reasoning), ContentText(text=reply.text)]
    tokens = None
    if logprobs and reply.token_bytes is not None:
        tokens = Logprobs(
            content=[
                Logprob(token=token.decode(errors="replace"), logprob=0.0, bytes=list(token))
                for token in reply.token_bytes
            ]
        )
    output_tokens = reply.output_tokens or 0
    input_tokens = reply.input_tokens or 0
    return ModelOutput(
        model=model_name,
        choices=[
            ChatCompletionChoice(
                message=ChatMessageAssistant(content=content, source="generate"),
                stop_reason=_STOP_REASON.get(reply.finish, "unknown"),
                logprobs=tokens,
            )
        ],
        usage=ModelUsage(
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            total_tokens=input_tokens + output_tokens,
            reasoning_tokens=reply.reasoning_tokens,
        ),
    )
