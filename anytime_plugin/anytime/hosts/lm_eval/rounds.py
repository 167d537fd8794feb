"""What of a round's requests a model of lm-eval is handed at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from anytime.cutting.tokens import Tokenizer
from anytime.errors import AnytimeError
from anytime.protocol import Request

__all__ = ["AT_ONCE", "Asking", "check_room", "parts"]

AT_ONCE = 1 << 26
"""Characters of prompts that go to a model in one `generate_until` call: some two thousand cut
traces of up to 16k tokens. They are what a run holds beyond its traces, and models of lm-eval make
token ids of all prompts of a call before they begin, which take several times the room of the text.
But each call ends with waiting for its slowest answer, so it should hold many."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A request as the model is asked it.

    Attributes:
        number: Of the program.
        request: Without its messages.
        args: As lm-eval has them.
        draw: Of sampled requests, which differ by it.
        key: The same for equal requests of a round, which are asked once.
    """

    number: int
    request: Request
    args: tuple[Any, dict[str, Any]]
    draw: int | None
    key: Hashable = field(init=False)

    def __post_init__(self) -> None:
        """Take the digest that requests are told apart by."""
        # A digest, as keys are held until the round is over, and prompts are not.
        context, settings = self.args
        told = json.dumps([settings, self.draw], sort_keys=True, default=repr)
        digest = hashlib.sha256(_text(context).encode("utf-8", "surrogatepass"))
        digest.update(b"\0" + told.encode())
        object.__setattr__(self, "key", digest.digest())


def _text(context: Any) -> str:
    """A prompt as text; lm-eval packs that of a chat."""
    return context if isinstance(context, str) else str(getattr(context, "prompt", context))


def parts(asked: Iterable[Asking]) -> Iterator[list[Asking]]:
    """What may be handed to the model at once; a round of prompts of ordinary size is one part."""
    part: list[Asking] = []
    size = 0
    for one in asked:
        part.append(one)
        size += len(_text(one.args[0]))
        if size >= AT_ONCE:
            yield part
            part, size = [], 0
    if part:
        yield part


def check_room(lm: Any, asked: Any, tokenizer: Tokenizer | None) -> None:
    """Refuse what lm-eval would only warn of: it cuts a prompt that does not fit from the left."""
    room = getattr(lm, "max_length", None)
    sends_tokens = getattr(lm, "tokenized_requests", True)
    if tokenizer is None or not isinstance(room, int) or not sends_tokens:
        return
    for instance in asked:
        context, kwargs = instance.args
        # No tokenizer makes more tokens than bytes, so most need no counting.
        cap = kwargs["max_gen_toks"]
        if isinstance(context, str) and len(context.encode(errors="replace")) + cap > room:
            needed = len(tokenizer.ends(context)) + cap
            if needed > room:
                raise AnytimeError(
                    f"a prompt with room for {cap} tokens needs {needed} of the model's "
                    f"{room}: name smaller budgets, or set max_length in --model_args where the "
                    f"model can take more"
                )
