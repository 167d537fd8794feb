"""Whether a run evaluates problems that it learns from, found out before anything is asked."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from anytime.domains.base import Domain, Problem
from anytime.errors import AnytimeError
from anytime.methods.base import (
    Material,
    OwnProblemError,
    Recipe,
    Target,
    fingerprints,
    is_same,
)
from anytime.plugins import get_method
from anytime.preferences.pool import Pool

__all__ = ["Evaluated", "check_material", "check_pool", "check_sampled"]

log = logging.getLogger(__name__)

_OTHERS = "name pairs or a pool of other problems"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The problems that a run evaluates.

    Attributes:
        contents: The `fingerprint` of the content of each; empty where a host cannot tell them all
            beforehand, and each is looked at in its turn.
        test_split: What the user adds to evaluate the test split alone; empty where that is what
            is evaluated.
    """

    contents: tuple[str, ...] = ()
    test_split: str = ""

    def among(self, subjects: Collection[Sequence[str]]) -> list[str]:
        """Those that one of these is about.

        Args:
            subjects: `fingerprints` of the problems that each thing is about.
        """
        distinct = set(map(tuple, subjects))
        return [own for own in self.contents if any(is_same(each, own) for each in distinct)]

    def share(self, some: Collection[str]) -> str:
        """How many of them these are, in words."""
        return f"{len(some)} of the {len(self.contents)} evaluated problems"

    def some(self, some: Collection[str]) -> str:
        """The same, with a verb."""
        return f"{self.share(some)} {'is' if len(some) == 1 else 'are'}"

    def do(self, instead: str) -> str:
        """What the user can do."""
        return f"add {self.test_split}, or {instead}" if self.test_split else instead


def check_sampled(evaluated: Evaluated, domain: Domain, problems: Sequence[Problem]) -> None:
    """Refuse to pay for a pool of problems that are evaluated, too.

    Raises:
        AnytimeError: Says how many, and how they are kept apart.
    """
    own = evaluated.among([fingerprints(domain, problem.prompt) for problem in problems])
    if own:
        raise AnytimeError(
            f"{evaluated.some(own)} among the {len(problems)} dev problems that a pool would "
            f"be sampled from, as in a file that no split has parted: {evaluated.do(_OTHERS)}"
        )


def check_pool(recipe: Recipe, pool: Pool, domain: Domain, evaluated: Evaluated) -> None:
    """Refuse a finished pool from which nothing could be shown to an evaluated problem.

    Raises:
        AnytimeError: Says how many there are of those.
    """
    if not evaluated.contents:
        return
    scored = list(pool.scored())
    draws = {trace.problem: trace.draw for trace in scored}
    prints = {
        trace.problem.id: fingerprints(domain, trace.problem.prompt)
        for trace in pool.traces(set(draws.items()))
    }
    topics_of = get_method(recipe.method).topics
    topics = topics_of(recipe, scored) if topics_of else [{name} for name in draws]
    # A trace that has numbers and nothing else is none.
    subjects = [[each for name in topic for each in prints.get(name, ())] for topic in topics]
    own = [
        content
        for content in evaluated.among(subjects)
        if all(is_same(theirs, content) for theirs in subjects)
    ]
    if own:
        raise AnytimeError(
            f"{evaluated.some(own)} among those that {recipe.method} would learn from, and "
            f"nothing else would be left to show them: {evaluated.do(_OTHERS)}"
        )


def check_material(
    recipe: Recipe, material: Material, budgets: Sequence[int], evaluated: Evaluated
) -> None:
    """Look at the prompts of those evaluated problems that something was learned from.

    Where something else is shown to all of them, that is a warning.

    Raises:
        AnytimeError: Nothing else can be shown to one of them.
    """
    write = get_method(recipe.method).write
    own = evaluated.among(material.subjects)
    if write is None or not own:
        return
    recipe = replace(recipe, pair_tokens=None)  # what fits is not the question
    refused: list[tuple[str, OwnProblemError]] = []
    for content in own:
        try:
            write(recipe, material, Target(content, budgets, _uncounted))
        except OwnProblemError as error:
            refused.append((content, error))
    if refused:
        why = refused[0][1]
        raise AnytimeError(
            f"{why.what} ({evaluated.share([one for one, _ in refused])}): "
            f"{evaluated.do(why.instead)}"
        )
    apart = f"; to keep them apart, add {evaluated.test_split}" if evaluated.test_split else ""
    log.warning(
        "anytime: %s among those that %s learned from, and shown what was learned from others "
        "alone%s",
        evaluated.some(own),
        recipe.method,
        apart,
    )


def _uncounted(text: str) -> int:
    return 0
