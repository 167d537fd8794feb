"""From a method and what it learned to the first prompt of each problem."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from anytime.domains.base import Domain, fingerprint
from anytime.errors import AnytimeError
from anytime.methods import leap, pdp
from anytime.preferences.pairs import JUDGES, Pair
from anytime.preferences.pool import PoolCost
from anytime.protocol import Message

__all__ = [
    "COSTS",
    "JUDGES",
    "METHODS",
    "SHOWN",
    "Lesson",
    "Material",
    "Method",
    "Prompted",
    "Recipe",
    "Shown",
    "check_recipe",
    "fingerprints",
    "material_name",
    "prefixed",
    "prompted",
    "refuse_idle",
]

Method = Literal["cot", "pdp", "pdp_plus", "leap"]
METHODS: tuple[Method, ...] = get_args(Method)

Shown = Literal["all", "matched"]
"""Which pairs a prompt shows: of all budgets, or of the one a contract run is told."""
SHOWN: tuple[Shown, ...] = get_args(Shown)

COSTS = ("added_tokens", "pool_tokens")
"""Entries of `Prompted.record`: tokens put into the prompt, and tokens it took to learn them.
Absent for `cot`. They stand in the results beside the index."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the paper leaves open about a method; all of it is written into the log.

    Attributes:
        method: How a problem becomes the first prompt.
        traces: Traces per problem of a pool built for this run; 64 as in the paper, 15 for LEAP.
        problems: Dev problems the pool is built from, the first so many.
        per_budget: Pairs per budget.
        min_gap: Smallest gap in quality of a pair.
        judge: Who scores the pool: `metric` (the domain's quality) or `self` (the model, no gold).
        show: Pairs in a prompt: `all` budgets, or the one `matched` to a contract run.
        pair_tokens: Tokens the pairs may add to a prompt; None for no limit.
        principles: LEAP's `low` or `high` level.
    """

    method: Method = "cot"
    traces: int | None = None
    problems: int = 8
    per_budget: int = 1
    min_gap: float = 0.0
    judge: str = "metric"
    show: Shown = "all"
    pair_tokens: int | None = None
    principles: leap.Level = "high"

    @property
    def pool_traces(self) -> int:
        """Traces per problem of a pool."""
        return self.traces or (15 if self.method == "leap" else 64)


def check_recipe(recipe: Recipe, mode: str) -> None:
    """Refuse what cannot be done, before anything is asked.

    Raises:
        AnytimeError: With what to choose.
    """
    for name, value, choices in (
        ("method", recipe.method, METHODS),
        ("judge", recipe.judge, JUDGES),
        ("show", recipe.show, SHOWN),
        ("principles", recipe.principles, leap.LEVELS),
    ):
        if value not in choices:
            raise AnytimeError(f"unknown {name} {value!r}: choose one of {', '.join(choices)}")
    for name, number in (
        ("traces", recipe.traces),
        ("problems", recipe.problems),
        ("per_budget", recipe.per_budget),
        ("pair_tokens", recipe.pair_tokens),
    ):
        if number is None and name in ("traces", "pair_tokens"):
            continue
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise AnytimeError(f"{name} {number!r} is not a whole number above 0")
    gap = recipe.min_gap
    if not isinstance(gap, int | float) or isinstance(gap, bool) or not 0 <= gap <= 1:
        raise AnytimeError(f"min_gap {gap!r} is not a number from 0 to 1")
    if recipe.method in ("pdp", "pdp_plus") and recipe.traces == 1:
        raise AnytimeError("traces=1 gives one trace per problem, and a pair needs two")
    if recipe.show == "matched" and mode != "contract":
        raise AnytimeError(
            "show=matched needs mode=contract, where every run is told one budget: use show=all"
        )


def refuse_idle(recipe: Recipe, *, pairs: bool, pool: bool, sampled: Mapping[str, object]) -> None:
    """Refuse options that something else the user named leaves without effect.

    Args:
        recipe: The method and its options.
        pairs: Whether a file of pairs is named.
        pool: Whether a finished run is named.
        sampled: Further options of a pool that is sampled, by name; empty where not given.

    Raises:
        AnytimeError: Names them.
    """
    usual = Recipe()
    sampling = {"traces": recipe.traces, **sampled}
    if recipe.problems != usual.problems:
        sampling["problems"] = recipe.problems
    selecting = {
        name: value
        for name in ("per_budget", "min_gap", "judge")
        if (value := getattr(recipe, name)) != getattr(usual, name)
    }
    idle = sampling if pool else {**sampling, **selecting} if pairs else {}
    if names := [name for name, value in idle.items() if value]:
        raise AnytimeError(
            f"{', '.join(names)} would do nothing beside {'pairs' if pairs else 'pool'}, which is "
            f"there already: drop one or the other"
        )


class Lesson(NamedTuple):
    """A principle, and `fingerprints` of the problems it was learned from."""

    text: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """What a method puts before every question, known before the first of them.

    Attributes:
        pairs: For `pdp` and `pdp_plus`.
        contents: For each pair, the `fingerprints` of its problem.
        lessons: For `leap`.
        domain: Of the pool; empty where there is none.
        pool: What the pool held and took.
        tokens: Generated to build it: the pool's, and what judging and principles took.
        agreement: How often the model's own judgement orders a pair as the metric does; None where
            nobody asked.
    """

    pairs: tuple[Pair, ...] = ()
    contents: tuple[tuple[str, ...], ...] = ()
    lessons: tuple[Lesson, ...] = ()
    domain: str = ""
    pool: PoolCost | None = None
    tokens: int = 0
    agreement: float | None = None


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
) -> Prompted:
    """Put the method's preface before the question, which is the user's last turn.

    Args:
        recipe: The method and its options.
        material: What it shows.
        messages: The conversation as `cot` has it.
        content: The evaluated problem's content (`Domain.content`), which must not be shown.
        budgets: The run's grid.
        count: Tokens of a text, exact or estimated; the same function for all problems of a run.

    Raises:
        AnytimeError: Everything there is to show is about this very problem, or no pair fits.
    """
    if recipe.method == "cot":
        return Prompted(tuple(messages), {"method": "cot"}, 0.0)
    own = fingerprint(content)
    if recipe.method == "leap":
        return _with_principles(recipe, material, messages, own, count)
    contrast = recipe.method == "pdp"
    pairs = tuple(
        pair
        for pair, theirs in zip(material.pairs, material.contents, strict=True)
        if not _same(theirs, own)
    )
    if not pairs:
        raise AnytimeError(
            "every pair is about this very problem, which must not stand in its own prompt: use "
            "pairs of other problems"
        )
    leaking = len(material.pairs) - len(pairs)
    if recipe.show == "all":
        fitted = pdp.fit(pairs, recipe.pair_tokens, count, contrast=contrast)
        record = _pairs_record(recipe, fitted.pairs, fitted.dropped, leaking)
        return _with_preface(messages, fitted.text, record, material, fitted.tokens)
    by_budget = {
        budget: pdp.fit(matching, recipe.pair_tokens, count, contrast=contrast)
        for budget, matching in _matched(pairs, budgets).items()
    }
    record = _pairs_record(
        recipe,
        [pair for fitted in by_budget.values() for pair in fitted.pairs],
        [pair for fitted in by_budget.values() for pair in fitted.dropped],
        leaking,
    )
    mean = sum(fitted.tokens for fitted in by_budget.values()) / len(by_budget)
    return Prompted(
        {budget: prefixed(messages, fitted.text) for budget, fitted in by_budget.items()},
        record | _cost(material, mean),
        mean,
    )


def _with_principles(
    recipe: Recipe,
    material: Material,
    messages: Sequence[Message],
    own: str,
    count: Callable[[str], int],
) -> Prompted:
    texts = [lesson.text for lesson in material.lessons if not _same(lesson.sources, own)]
    if not texts:
        raise AnytimeError(
            "this problem is among those the principles were learned from: evaluate another "
            "split, or learn them from other problems"
        )
    text = leap.preface(texts)
    record = {
        "method": "leap",
        "principles": texts,
        "level": recipe.principles,
        "left_out_as_same_problem": len(material.lessons) - len(texts),
    }
    return _with_preface(messages, text, record, material, count(text))


def _matched(pairs: Sequence[Pair], budgets: Sequence[int]) -> dict[int, tuple[Pair, ...]]:
    """The pairs of each budget; where there is none, those of the nearest one, by ratio."""
    known = sorted({pair.budget for pair in pairs})
    if not set(known) & set(budgets):
        raise AnytimeError(
            f"show=matched finds no pair of the run's budgets: the pairs have "
            f"{', '.join(map(str, known))}; build pairs with this grid, or use show=all"
        )
    nearest = {
        budget: min(known, key=lambda other: (abs(math.log(other / budget)), other))
        for budget in budgets
    }
    return {
        budget: tuple(pair for pair in pairs if pair.budget == place)
        for budget, place in nearest.items()
    }


def fingerprints(domain: Domain, statement: str) -> tuple[str, ...]:
    """What a problem is recognised by: its content, and the whole of what would be shown of it.

    The content alone can miss it where other words stand around it: of "An example, A) ... D) ...,
    then a question whose options are not read as such", GPQA's is "An example".
    """
    return tuple(dict.fromkeys((fingerprint(domain.content(statement)), fingerprint(statement))))


SHORT = 20
"""Characters of a fingerprint up to which one may stand within another by chance."""


def _same(prints: Sequence[str], own: str) -> bool:
    for theirs in prints:
        shorter, longer = sorted((theirs, own), key=len)
        # One within the other, as a task may word the question around the statement.
        if shorter == longer or (len(shorter) > SHORT and shorter in longer):
            return bool(shorter)
    return False


def _pairs_record(
    recipe: Recipe, shown: Sequence[Pair], dropped: Sequence[Pair], leaking: int
) -> dict[str, Any]:
    return {
        "method": recipe.method,
        "pairs": [_named(pair) for pair in shown],
        "dropped": [_named(pair) for pair in dropped],
        "left_out_as_same_problem": leaking,
    }


def _named(pair: Pair) -> dict[str, Any]:
    return {
        "domain": pair.domain,
        "problem": pair.problem,
        "budget": pair.budget,
        "gap": pair.gap,
        "chosen": pair.chosen.draw,
        "rejected": pair.rejected.draw,
    }


def _cost(material: Material, added: float) -> dict[str, Any]:
    cost = {"pool_domain": material.domain, "added_tokens": added, "pool_tokens": material.tokens}
    if material.agreement is None:
        return cost
    return cost | {"judge_agreement": material.agreement}


def _with_preface(
    messages: Sequence[Message],
    text: str,
    record: dict[str, Any],
    material: Material,
    added: int,
) -> Prompted:
    return Prompted(prefixed(messages, text), record | _cost(material, added), float(added))


def prefixed(messages: Sequence[Message], text: str) -> tuple[Message, ...]:
    """The conversation with a text before the user's last words.

    Raises:
        AnytimeError: The user does not have the last word.
    """
    if not messages or messages[-1].role != "user":
        raise AnytimeError("a method needs a prompt that ends with the user's question")
    *before, question = messages
    return (*before, Message("user", text + question.content))


def material_name(recipe: Recipe) -> str:
    """Names what a recipe makes of a pool, for files beside it."""
    if recipe.method == "leap":
        return f"leap-{recipe.principles}"
    return f"pairs-{recipe.judge}-{recipe.per_budget}-{recipe.min_gap:g}"
