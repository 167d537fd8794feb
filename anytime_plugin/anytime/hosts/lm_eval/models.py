"""The models `anytime-planner`, `anytime-simulated` and `anytime-guesser`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from anytime.cutting.frames import THINK_CLOSE, THINK_OPEN
from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.api import LM, Instance
from anytime.hosts.lm_eval.errors import one_sentence
from anytime.models import load_model
from anytime.models.pieces import Pieces, split_pieces
from anytime.models.slices import one_slice
from anytime.models.solutions import recall
from anytime.protocol import SLICED, Message, Reply

__all__ = ["Guesser", "Pieces", "Planner", "Simulated"]

DEFAULT_MAX_TOKENS = 4096


class BuiltIn(LM):  # type: ignore[misc]
    """A built-in model; `--model_args` are the model's own options.

    A context is text, which is one turn of the user's, or turns as JSON, which is what `anytime`'s
    own tasks and `--apply_chat_template` hand over. A trailing assistant turn is continued.
    """

    NAME: str
    takes_messages = True
    tokenizer = Pieces()
    tokenizer_name = "anytime"

    def __init__(
        self,
        batch_size: Any = None,
        max_batch_size: Any = None,
        device: Any = None,
        **options: Any,
    ) -> None:
        """Load the model, so that a wrong option fails before anything runs."""
        super().__init__()
        with one_sentence():
            self._respond = load_model(self.NAME, options, solutions=recall)
        self.identity = json.dumps([self.NAME, options], sort_keys=True)

    def generate_until(self, requests: Sequence[Instance], disable_tqdm: bool = False) -> list[str]:
        """Answer each request; `seed` among its settings is the draw."""
        with one_sentence():
            return [self._kept(request.args) for request in requests]

    def _kept(self, arguments: Any) -> str:
        text = self._answer(*arguments)
        self.cache_hook.add_partial("generate_until", arguments, text)
        return text

    def _answer(self, context: str, kwargs: Mapping[str, Any]) -> str:
        cap = int(kwargs.get("max_gen_toks", DEFAULT_MAX_TOKENS))
        messages, seed = read_context(context), int(kwargs.get("seed", 0))
        if kwargs.get(SLICED):
            text = _written(one_slice(self._respond, messages, cap, seed), cap)
        else:
            text = _written(self._respond(messages, cap, seed), cap)
        for stop in kwargs.get("until") or ():
            text = text.partition(stop)[0] if stop else text
        return text

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        """Turns as JSON, which is what these models read."""
        return json.dumps(chat_history, ensure_ascii=False)

    def loglikelihood(self, requests: Sequence[Instance]) -> NoReturn:
        """Refuse: a built-in model has no probabilities."""
        raise _no_probabilities(self.NAME)

    def loglikelihood_rolling(self, requests: Sequence[Instance]) -> NoReturn:
        """Refuse: a built-in model has no probabilities."""
        raise _no_probabilities(self.NAME)


class Planner(BuiltIn):
    """A genuine anytime planner for trips."""

    NAME = "planner"


class Simulated(BuiltIn):
    """A simulator of a reasoner with a known performance profile; it is told the answers."""

    NAME = "simulated"


class Guesser(BuiltIn):
    """The chance baseline."""

    NAME = "guesser"


def read_context(context: str) -> list[Message]:
    """The turns in a context: JSON as chats have it, or else one user turn of plain text."""
    if context.startswith('[{"role"'):
        try:
            return [Message(turn["role"], turn["content"]) for turn in json.loads(context)]
        except (ValueError, KeyError, TypeError):
            pass  # text that only looks like it
    return [Message("user", context)]


def _written(reply: Reply, cap: int) -> str:
    if not reply.reasoning:
        return reply.text
    # The tags count as tokens here, as they do in real models, so that a trace keeps to its cap.
    whole = f"{THINK_OPEN}\n{reply.reasoning}"
    if reply.text or reply.finish == "stop":
        whole += f"\n{THINK_CLOSE}\n\n{reply.text}"
    return "".join(split_pieces(whole)[:cap])


def _no_probabilities(name: str) -> AnytimeError:
    return AnytimeError(f"anytime-{name} generates text and has no probabilities: use another task")
