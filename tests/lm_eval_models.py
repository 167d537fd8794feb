"""Models of lm-eval whose every text a test knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import LM

from anytime.hosts.lm_eval.models import Pieces, Planner

Say = Callable[[str, dict[str, Any]], str]


class Scripted(LM):
    """A model that takes strings and answers by a function of context and settings."""

    tokenizer: Any = Pieces()
    tokenizer_name = "pieces"

    chat_template_args: Any = None

    def __init__(self, say: Say) -> None:
        super().__init__()
        self.say = say
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = False) -> list[str]:
        self.asked += [request.args for request in requests]
        return [self.say(*request.args) for request in requests]

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        turns = "".join(f"<{turn['role']}>{turn['content']}" for turn in chat_history)
        return f"{turns}<assistant>"

    def loglikelihood(self, requests: Any) -> Any: ...

    def loglikelihood_rolling(self, requests: Any) -> Any: ...


def counting(context: str, kwargs: dict[str, Any]) -> str:
    """So many numbers as are asked for: a trace that never ends by itself."""
    return "".join(f" {number}" for number in range(kwargs["max_gen_toks"]))


class Rounds(Planner):
    """Keeps how many requests each call brought."""

    def __init__(self) -> None:
        super().__init__()
        self.rounds: list[int] = []

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
        self.rounds.append(len(requests))
        return super().generate_until(requests, disable_tqdm)
