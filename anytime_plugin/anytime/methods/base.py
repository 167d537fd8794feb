"""What a method has to bring: what it needs to learn, from what, and the words before a question.

A method puts one text, its preface, before the question. All else, budgets, continuation and
grading, is the same for every method, so that their curves differ in the prompt alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeVar, get_args

from anytime.budgets import BudgetGrid
from anytime.domains.base import Domain, fingerprint
from anytime.errors import AnytimeError
from anytime.plugins import get_method
from anytime.preferences.pairs import JUDGES, Pair
from anytime.preferences.pool import Pool, PoolCost, Scored
from anytime.protocol import Program

__all__ = [
    "JUDGES",
    "LEVELS",
    "OPTIONS",
    "PLAIN",
    "SAMPLED",
    "SHOWN",
    "SOURCES",
    "Lesson",
    "Level",
    "Material",
    "Method",
    "OwnProblemError",
    "Preface",
    "Recipe",
    "Shown",
    "Target",
    "fingerprints",
    "is_same",
    "material_from",
    "material_name",
    "of_others",
]

PLAIN = "cot"
"""The method that puts nothing before a question: what every other one is compared with."""

Needs = Literal["nothing", "pairs", "traces"]
"""What a method learns from before the first question."""

Shown = Literal["all", "matched"]
"""Which pairs a prompt shows: of all budgets, or of the one a contract run is told."""
SHOWN: tuple[Shown, ...] = get_args(Shown)

Level = Literal["low", "high"]
"""Principles one by one, or merged."""
LEVELS: tuple[Level, ...] = ("low", "high")

SOURCES = ("pairs", "pool", "domain", "dataset")
"""Options that name what to learn from."""

SAMPLED = ("traces", "problems")
"""Options of a pool that is sampled for a run."""

OPTIONS = ("per_budget", "min_gap", "judge", "show", "pair_tokens", "principles")
"""Further options, which a method takes or does not."""


class OwnProblemError(AnytimeError):
    """All there is to show is about the evaluated problem itself.

    Attributes:
        what: The fact.
        instead: What else to learn from.
    """

    def __init__(self, what: str, instead: str) -> None:
        """Say both in one sentence."""
        super().__init__(f"{what}: {instead}")
        self.what = what
        self.instead = instead


@dataclass(frozen=True, slots=True)
class Recipe:
    """What the paper leaves open about a method; all of it is written into the log.

    Attributes:
        method: How a problem becomes the first prompt.
        traces: Traces per problem of a pool built for this run; None for the method's own number.
        problems: Dev problems the pool is built from, the first so many.
        per_budget: Pairs per budget.
        min_gap: Smallest gap in quality of a pair.
        judge: Who scores the pool: `metric` (the domain's quality) or `self` (the model, no gold).
        show: Pairs in a prompt: `all` budgets, or the one `matched` to a contract run.
        pair_tokens: Tokens the pairs may add to a prompt; None for no limit.
        principles: LEAP's `low` or `high` level.

    Example:
        >>> Recipe(method="pdp", traces=8).pool_traces
        8
    """

    method: str = PLAIN
    traces: int | None = None
    problems: int = 8
    per_budget: int = 1
    min_gap: float = 0.0
    judge: str = "metric"
    show: Shown = "all"
    pair_tokens: int | None = None
    principles: Level = "high"

    @property
    def pool_traces(self) -> int:
        """Traces per problem of a pool."""
        return self.traces or get_method(self.method).traces


class Lesson(NamedTuple):
    """A text to show, and `fingerprints` of the problems it was learned from.

    Example:
        >>> Lesson("Check the units.", sources=("a problem",)).text
        'Check the units.'
    """

    text: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """What a method puts before every question, known before the first of them.

    Attributes:
        pairs: To be shown as contrasts, or their good halves.
        contents: For each pair, the `fingerprints` of its problem.
        lessons: Texts, each with the problems that it must not be shown to.
        domain: Of the pool; empty where there is none.
        pool: What the pool held and took.
        tokens: Generated to build it: the pool's, and what judging and principles took.
        agreement: How often the model's own judgement orders a pair as the metric does; None where
            the model did not judge.
        runners_up: Pairs that stand in for those about the evaluated problem itself.
        runner_up_contents: For each of them, the `fingerprints` of its problem.

    Example:
        >>> Material(lessons=(Lesson("Check the units.", ("a problem",)),)).subjects
        [('a problem',)]
    """

    pairs: tuple[Pair, ...] = ()
    contents: tuple[tuple[str, ...], ...] = ()
    lessons: tuple[Lesson, ...] = ()
    domain: str = ""
    pool: PoolCost | None = None
    tokens: int = 0
    agreement: float | None = None
    runners_up: tuple[Pair, ...] = ()
    runner_up_contents: tuple[tuple[str, ...], ...] = ()

    @property
    def subjects(self) -> list[tuple[str, ...]]:
        """The `fingerprints` of the problems that each thing is about which all are shown."""
        return [*self.contents, *(lesson.sources for lesson in self.lessons)]


class Target(NamedTuple):
    """The problem that a preface is written for.

    Attributes:
        content: The `fingerprint` of its content, which must not be shown.
        budgets: The run's grid.
        count: Tokens of a text, exact or estimated; the same function for all problems of a run.

    Example:
        >>> Target("a problem", budgets=(128, 256), count=len).count("four")
        4
    """

    content: str
    budgets: Sequence[int]
    count: Callable[[str], int]


class Preface(NamedTuple):
    """What a method puts before a question.

    Attributes:
        text: It ends where the question begins. For a contract run it may be one for each budget.
        record: What the log tells of it, as JSON values.
        tokens: Its length; the mean over budgets where there is one for each. None lets it be
            counted.

    Example:
        >>> Preface("Check the units.", record={"principles": 1}).tokens is None  # they are counted
        True
    """

    text: str | Mapping[int, str]
    record: Mapping[str, Any]
    tokens: float | None = None


def _whole(budgets: BudgetGrid) -> BudgetGrid:
    return budgets


@dataclass(frozen=True, slots=True)
class Method:
    """How a problem becomes the first prompt, as a record of pure functions.

    Attributes:
        name: The word users type, which is a part of file names: letters, digits and `_`.
        write: `write(recipe, material, target)`: the preface of one problem. None puts nothing
            there.
        needs: What it learns from before the first question: `nothing`; `pairs`, which users may
            name in a file, too; or whole `traces`.
        learn: `learn(recipe, pool, domain)`: the program that turns a finished pool into material,
            whatever it asks of the model under test for that. Raises `AnytimeError` where there is
            nothing to learn. None for a method that needs nothing.
        traces: Traces per dev problem of a pool that is sampled for a run.
        grid: `grid(budgets)`: where they are cut, from the run's budgets.
        options: Those of `OPTIONS` that change what is learned.
        showing: Those of `OPTIONS` that change the preface alone.
        material: Names what is learned, for files beside the pool; the same for methods that learn
            the same. Empty for the method's name.
        topics: `topics(recipe, scored)`: for each thing that will be shown the ids of the problems
            that it is about, from the numbers of a pool, so that what leaves nothing to show is
            known before it is asked for. None for one thing about each problem.

    Raises:
        AnytimeError: The parts do not go together.

    Example:
        >>> def write(recipe, material, target):
        ...     return Preface("Count twice.", {"hint": 1})
        >>> Method(name="hint", write=write).needs
        'nothing'
    """

    name: str
    write: Callable[[Recipe, Material, Target], Preface] | None = None
    needs: Needs = "nothing"
    learn: Callable[[Recipe, Pool, Domain], Program[Material]] | None = None
    traces: int = 64
    grid: Callable[[BudgetGrid], BudgetGrid] = _whole
    options: tuple[str, ...] = ()
    showing: tuple[str, ...] = ()
    material: str = ""
    topics: Callable[[Recipe, Iterable[Scored]], Sequence[Collection[str]]] | None = None

    def __post_init__(self) -> None:
        """Check at construction, so that what is wrong shows when a plugin is loaded."""
        for name in (self.name, self.material or self.name):
            if not isinstance(name, str) or not re.fullmatch(r"\w+", name, re.ASCII):
                raise AnytimeError(f"{name!r} is no name of a method: write letters, digits and _")
        if self.needs not in get_args(Needs):
            raise AnytimeError(
                f"method {self.name} needs {self.needs!r}: choose one of "
                f"{', '.join(get_args(Needs))}"
            )
        if (self.needs == "nothing") != (self.learn is None):
            raise AnytimeError(
                f"method {self.name} needs {self.needs} and has "
                f"{'no program that learns' if self.learn is None else 'a program that learns'}: "
                f"give it both or neither"
            )
        if unknown := [name for name in (*self.options, *self.showing) if name not in OPTIONS]:
            raise AnytimeError(
                f"method {self.name} takes unknown options {', '.join(unknown)}: choose from "
                f"{', '.join(OPTIONS)}"
            )

    @property
    def takes(self) -> tuple[str, ...]:
        """All options that have an effect on it, those of its pool and of its source included."""
        learning = (*SOURCES, *SAMPLED) if self.learn is not None else ()
        taken = (*learning, *self.options, *self.showing)
        return taken if self.needs == "pairs" else tuple(name for name in taken if name != "pairs")


def material_name(recipe: Recipe) -> str:
    """Names what a recipe makes of a pool, for files beside it."""
    method = get_method(recipe.method)
    values = (getattr(recipe, name) for name in method.options)
    shown = (f"{value:g}" if isinstance(value, float) else str(value) for value in values)
    return "-".join([method.material or method.name, *shown])


def material_from(pairs: Sequence[Pair], domain_of: Callable[[str], Domain]) -> Material:
    """Pairs as material."""
    pools = {(pair.domain, pair.dataset, pair.revision, pair.model, pair.pool) for pair in pairs}
    columns = zip(*(pool for *_, pool in pools), strict=True)
    cost = PoolCost(*map(sum, columns))  # of files joined into one
    shown = tuple(pair for pair in pairs if not pair.runner_up)
    further = tuple(pair for pair in pairs if pair.runner_up)
    contents, further_contents = (
        tuple(fingerprints(domain_of(pair.domain), pair.statement) for pair in some)
        for some in (shown, further)
    )
    return Material(
        pairs=shown,
        contents=contents,
        runners_up=further,
        runner_up_contents=further_contents,
        domain=" ".join(sorted({pair.domain for pair in pairs})),
        pool=cost,
        tokens=cost.tokens,
    )


def fingerprints(domain: Domain, statement: str) -> tuple[str, ...]:
    """What a problem is recognised by: its content, and the whole of what would be shown of it.

    The content alone can miss it where other words stand around it: of "An example, A) ... D) ...,
    then a question whose options are not read as such", GPQA's is "An example".

    Example:
        >>> fingerprints(get_domain("aime"), "What is  6 * 7?") == fingerprints(
        ...     get_domain("aime"), "what is 6 * 7?"
        ... )
        True
    """
    return tuple(dict.fromkeys((fingerprint(domain.content(statement)), fingerprint(statement))))


SHORT = 20
"""Characters of a fingerprint up to which one may stand within another by chance."""

T = TypeVar("T")


def of_others(shown: Sequence[T], prints: Sequence[Sequence[str]], target: Target) -> tuple[T, ...]:
    """What may be shown: all but what is about the evaluated problem itself.

    Args:
        shown: What there is to show.
        prints: For each of them, the `fingerprints` of the problems that it is about.
        target: The evaluated problem.

    Example:
        >>> target = Target("whatis6*7?", budgets=(128, 256), count=len)
        >>> of_others(["its own", "another's"], [["whatis6*7?"], ["whatis6*8?"]], target)
        ("another's",)
    """
    return tuple(
        one
        for one, theirs in zip(shown, prints, strict=True)
        if not is_same(theirs, target.content)
    )


def is_same(prints: Sequence[str], own: str) -> bool:
    """Whether the `fingerprints` of a problem are those of the evaluated one."""
    for theirs in prints:
        shorter, longer = sorted((theirs, own), key=len)
        # One within the other, as a task may word the question around the statement.
        if shorter == longer or (len(shorter) > SHORT and shorter in longer):
            return bool(shorter)
    return False
