"""Preference Data Prompting: contrasts between good and bad reasoning under the same budget.

Source: arXiv 2601.11038. The paper puts one good and one bad example of reasoning per budget into
the prompt, and for PDP+ the good one alone; its wording is not published, so the words here are
ours.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from anytime.domains.base import Domain
from anytime.errors import AnytimeError
from anytime.methods.base import (
    Material,
    Method,
    OwnProblemError,
    Preface,
    Recipe,
    Target,
    material_from,
    of_others,
)
from anytime.preferences.judged_pairs import judged_pairs
from anytime.preferences.pairs import RUNNERS_UP, Pair, build_pairs
from anytime.preferences.pool import Pool
from anytime.preferences.standing_in import stand_ins
from anytime.protocol import Program

__all__ = ["BAD", "GOOD", "PDP", "PDP_PLUS", "QUESTION", "Fitted", "fit", "preface"]

GOOD = "### Good reasoning"
BAD = "### Bad reasoning"
QUESTION = "## Your problem"
"""Headings of the prompt; the built-in simulated model knows them too."""

_CONTRAST = (
    "Below you see how other problems were reasoned about, well and badly. Each reasoning was "
    "stopped after a limited number of tokens, wherever it stood, and final answers were taken "
    "out. The good one had come further by then than the bad one on the same problem. Reason in "
    "the way of the good ones and avoid what held the bad ones up, so that a good answer is within "
    "reach whenever you are stopped."
)
_GOOD_ONLY = (
    "Below you see how other problems were reasoned about well. Each reasoning was stopped after a "
    "limited number of tokens, wherever it stood, and final answers were taken out. Reason in this "
    "way, so that a good answer is within reach whenever you are stopped."
)


def preface(pairs: Sequence[Pair], *, contrast: bool) -> str:
    """The text before the question: pairs in order of their budgets, each with its problem.

    Args:
        pairs: At least one.
        contrast: Show the rejected traces too (PDP); without it PDP+.
    """
    parts = [_CONTRAST if contrast else _GOOD_ONLY]
    for number, pair in enumerate(sorted(pairs, key=lambda pair: pair.budget), 1):
        parts += [
            f"## Example {number}, stopped after {pair.budget} tokens",
            f"Problem:\n{pair.statement}",
            f"{GOOD}\n\n{pair.chosen.text}",
        ]
        if contrast:
            parts.append(f"{BAD}\n\n{pair.rejected.text}")
    text = "\n\n".join([*parts, QUESTION]) + "\n\n"
    # Lone surrogates, which some back ends return, cannot be sent.
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


class Fitted(NamedTuple):
    """Pairs that fit an allowance, and those that had to go.

    Attributes:
        pairs: At least one.
        dropped: Of larger budgets.
        text: The preface.
        tokens: Its length.
    """

    pairs: tuple[Pair, ...]
    dropped: tuple[Pair, ...]
    text: str
    tokens: int


# Nearly all problems of a run are shown the same pairs, and counting them takes milliseconds.
@functools.lru_cache(maxsize=64)
def fit(
    pairs: tuple[Pair, ...],
    allowance: int | None,
    count: Callable[[str], int],
    *,
    contrast: bool,
) -> Fitted:
    """Drop whole pairs, from the largest budget down, until the preface fits the allowance.

    Args:
        pairs: At least one.
        allowance: Tokens the preface may take; None for no limit.
        count: Tokens of a text; the same function for all problems of a run.
        contrast: As the preface is written.

    Raises:
        AnytimeError: Not even one pair fits.
    """
    kept = sorted(pairs, key=lambda pair: pair.budget)
    dropped: list[Pair] = []
    while True:
        text = preface(kept, contrast=contrast)
        needed = count(text)
        if allowance is None or needed <= allowance:
            return Fitted(tuple(kept), tuple(dropped), text, needed)
        if len(kept) == 1:
            raise AnytimeError(
                f"pair_tokens={allowance} is less than one pair takes: the shortest budget's pair "
                f"needs {needed}; allow more, or build pairs at smaller budgets"
            )
        dropped.append(kept.pop())


def _learn(recipe: Recipe, pool: Pool, domain: Domain) -> Program[Material]:
    """Select pairs; asks the model only where it is the judge."""
    if recipe.judge == "self":
        judged = yield from judged_pairs(
            pool,
            domain,
            per_budget=recipe.per_budget,
            min_gap=recipe.min_gap,
            runners_up=RUNNERS_UP,
        )
        made = material_from(judged.pairs, lambda _: domain)
        return replace(made, tokens=made.tokens + judged.tokens, agreement=judged.agreement)
    pairs = build_pairs(
        pool,
        domain,
        per_budget=recipe.per_budget,
        min_gap=recipe.min_gap,
        runners_up=RUNNERS_UP,
    )
    return material_from(pairs, lambda _: domain)


def _write(recipe: Recipe, material: Material, target: Target, *, contrast: bool) -> Preface:
    allowed = of_others(material.pairs, material.contents, target)
    missing = [pair for pair in material.pairs if pair not in allowed]
    instead: list[Pair] = []
    if missing:
        further = of_others(material.runners_up, material.runner_up_contents, target)
        instead = stand_ins(allowed, missing, further)
    pairs = (*allowed, *instead)
    if not pairs:
        raise OwnProblemError(
            "every pair is about this very problem, which must not stand in its own prompt",
            "use pairs of other problems",
        )
    told: dict[str, Any] = {"left_out_as_same_problem": len(missing)}
    if instead:
        told["instead"] = [_named(pair) for pair in instead]
    if recipe.show == "all":
        fitted = fit(pairs, recipe.pair_tokens, target.count, contrast=contrast)
        return Preface(fitted.text, _record([fitted]) | told, fitted.tokens)
    by_budget = {
        budget: fit(matching, recipe.pair_tokens, target.count, contrast=contrast)
        for budget, matching in _matched(pairs, target.budgets).items()
    }
    return Preface(
        {budget: fitted.text for budget, fitted in by_budget.items()},
        _record(list(by_budget.values())) | told,
        sum(fitted.tokens for fitted in by_budget.values()) / len(by_budget),
    )


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


def _record(fitted: Sequence[Fitted]) -> dict[str, Any]:
    return {
        "pairs": [_named(pair) for one in fitted for pair in one.pairs],
        "dropped": [_named(pair) for one in fitted for pair in one.dropped],
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


PDP = Method(
    name="pdp",
    write=functools.partial(_write, contrast=True),
    needs="pairs",
    learn=_learn,
    options=("judge", "per_budget", "min_gap"),
    showing=("show", "pair_tokens"),
    material="pairs_2",  # with runners-up
)
PDP_PLUS = replace(PDP, name="pdp_plus", write=functools.partial(_write, contrast=False))
