"""From a method and what it learned to the first prompt of each problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from anytime.domains.base import fingerprint
from anytime.errors import AnytimeError
from anytime.methods.base import Material, Recipe, Target
from anytime.plugins import get_method
from anytime.protocol import Message

__all__ = ["COSTS", "Prompted", "prefixed", "prompted"]

COSTS = ("added_tokens", "pool_tokens")
"""Entries of `Prompted.record`: tokens put into the prompt, and tokens it took to learn them.
Absent where nothing is put there. They stand in the results beside the index."""


class Prompted(NamedTuple):
    """The first prompt of a problem, and what was put into it.

    Attributes:
        messages: The conversation up to the assistant's turn; for pairs matched to the budgets of a
            contract run, one for each budget.
        record: What the log tells of it, as JSON values.
        added_tokens: Tokens the method added to the prompt; their mean over budgets if matched.
    """

    messages: tuple[Message, ...] | Mapping[int, tuple[Message, ...]]
    record: dict[str, Any]
    added_tokens: float


def prompted(
    recipe: Recipe,
    material: Material,
    messages: Sequence[Message],
    content: str,
    *,
    budgets: Sequence[int],
    count: Callable[[str], int],
    domain: str | None = None,
) -> Prompted:
    """Put the method's preface before the question, which is the user's last turn.

    Args:
        recipe: The method and its options.
        material: What it shows.
        messages: The conversation as the plain method has it.
        content: The evaluated problem's content (`Domain.content`), which must not be shown.
        budgets: The run's grid.
        count: Tokens of a text, exact or estimated; the same function for all problems of a run.
        domain: Of the problem, empty for a third-party task: the record tells if what is shown
            comes from another one. None leaves that out.

    Raises:
        AnytimeError: Everything there is to show is about this very problem, or no pair fits.
    """
    method = get_method(recipe.method)
    if method.write is None:
        return Prompted(tuple(messages), {"method": method.name}, 0.0)
    preface = method.write(recipe, material, Target(fingerprint(content), budgets, count))
    text = preface.text
    added = preface.tokens
    if added is None:
        lengths = [count(one) for one in ([text] if isinstance(text, str) else text.values())]
        added = sum(lengths) / len(lengths)
    record = {"method": method.name, **preface.record, **_cost(material, added)}
    if domain is not None and material.domain not in ("", domain):
        record["cross_domain"] = True
    if isinstance(text, str):
        return Prompted(prefixed(messages, text), record, float(added))
    by_budget = {budget: prefixed(messages, one) for budget, one in text.items()}
    return Prompted(by_budget, record, float(added))


def _cost(material: Material, added: float) -> dict[str, Any]:
    cost = {"pool_domain": material.domain, "added_tokens": added, "pool_tokens": material.tokens}
    if material.agreement is None:
        return cost
    return cost | {"judge_agreement": material.agreement}


def prefixed(messages: Sequence[Message], text: str) -> tuple[Message, ...]:
    """The conversation with a text before the user's last words.

    Raises:
        AnytimeError: The user does not have the last word.
    """
    if not messages or messages[-1].role != "user":
        raise AnytimeError("a method needs a prompt that ends with the user's question")
    *before, question = messages
    return (*before, Message("user", text + question.content))
