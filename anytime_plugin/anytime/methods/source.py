"""Where a method learns, and the checks of whatever a user named for it, once for every harness."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from anytime.domains.base import Domain
from anytime.errors import AnytimeError
from anytime.methods.base import (
    JUDGES,
    LEVELS,
    SHOWN,
    Material,
    Method,
    Recipe,
    material_from,
)
from anytime.methods.preparing import SPLIT
from anytime.places import place
from anytime.plugins import get_domain, get_method, known_methods
from anytime.preferences.opening import open_pool
from anytime.preferences.pairs import read_pairs

__all__ = [
    "Source",
    "Spelling",
    "check_dev_split",
    "check_recipe",
    "check_source",
    "check_taken",
    "completed",
    "domain_of",
    "pairs_material",
    "recipe_and_source",
    "samples_pool",
]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a method learns; with neither pairs nor pool, from a dev split.

    What is not named is empty, not None: `-S pairs=` with nothing behind it is None, and would
    sample a pool at full price.

    Attributes:
        pairs: File of pairs.
        pool: A finished run, a folder of them, or a pool file.
        domain: Name of the domain whose dev split a pool is sampled from.
        dataset: Its dataset.
        seed: Of generated problems and option orders.
    """

    pairs: str = ""
    pool: str = ""
    domain: str = ""
    dataset: str = ""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Spelling:
    """How the users of a harness write the options of a method, for messages.

    Attributes:
        names: What an option is called there, where that differs from its name here.
        assigned: Follows the name of an option where a value would: `=`, or nothing.
        where: Follows the names of options that have no effect, such as ` in --metadata`.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    assigned: str = ""
    where: str = ""

    def of(self, name: str) -> str:
        """What an option is called."""
        return self.names.get(name, name)

    def all(self, names: Iterable[str]) -> str:
        """What several options are called."""
        return ", ".join(map(self.of, names))


USUAL = Spelling()


def domain_of(source: Source) -> Domain:
    """Whose dev split a pool is sampled from.

    Args:
        source: As `completed`.

    Raises:
        AnytimeError: There is none.
    """
    if not source.domain:
        raise AnytimeError(
            "this task is no domain of anytime, so there is no dev split to learn from: name "
            "pairs=FILE, pool=LOG, or domain=NAME to sample a pool of another domain"
        )
    return get_domain(source.domain)


def completed(source: Source, domain: Domain | None, dataset: str, seed: int) -> Source:
    """What was named, and what the run itself gives where nothing was.

    Args:
        source: What was named.
        domain: The run's own; None for a third-party task.
        dataset: The run's own; empty where it is unknown.
        seed: The run's own.

    Raises:
        AnytimeError: The domain is unknown.
    """
    if domain is not None and source.domain in ("", domain.name):
        return replace(
            source,
            domain=domain.name,
            dataset=source.dataset or dataset or domain.datasets[0],
            seed=seed,
        )
    usual = get_domain(source.domain).datasets[0] if source.domain else ""
    return replace(source, dataset=source.dataset or usual, seed=seed)


def samples_pool(recipe: Recipe, source: Source) -> bool:
    """Whether a pool is to be sampled, since nothing is there to learn from."""
    return get_method(recipe.method).learn is not None and not source.pairs and not source.pool


def check_source(recipe: Recipe, source: Source, spelling: Spelling = USUAL) -> None:
    """Read what the user named, before anything is asked.

    Args:
        recipe: The method and its options.
        source: What was named.
        spelling: How the harness writes it.

    Raises:
        AnytimeError: It cannot be read, or something else leaves an option without effect.
    """
    for option in fields(Source):
        value = getattr(source, option.name)
        if option.type == "str" and not isinstance(value, str):
            raise AnytimeError(f"{spelling.of(option.name)} {value!r} is not a name")
    if source.domain:
        get_domain(source.domain)
    if source.pairs and source.pool:
        pairs, pool = (f"{spelling.of(name)}{spelling.assigned}" for name in ("pairs", "pool"))
        raise AnytimeError(f"{pairs} and {pool} both name what to learn from: drop one")
    _refuse_idle(recipe, source, spelling)
    if source.pairs:
        check_taken(get_method(recipe.method), ["pairs"], spelling)
        pairs_material(source.pairs)
    elif source.pool:
        open_pool(source.pool)


def check_dev_split(source: Source) -> None:
    """Load what a pool is sampled from, before anything is asked.

    Args:
        source: As `completed`.

    Raises:
        AnytimeError: There is no such dev split.
    """
    domain_of(source).load(source.dataset, SPLIT, source.seed)


def _refuse_idle(recipe: Recipe, source: Source, spelling: Spelling) -> None:
    """Refuse options that something else the user named leaves without effect."""
    usual = Recipe()
    sampling = {
        "traces": recipe.traces,
        "problems": recipe.problems != usual.problems,
        "domain": source.domain,
        "dataset": source.dataset,
    }
    learning = get_method(recipe.method).options
    selecting = {name: getattr(recipe, name) != getattr(usual, name) for name in learning}
    idle = sampling if source.pool else sampling | selecting if source.pairs else {}
    if names := [name for name, given in idle.items() if given]:
        raise AnytimeError(
            f"{spelling.all(names)} would do nothing beside {'pairs' if source.pairs else 'pool'}, "
            f"which is there already: drop one or the other"
        )


def check_taken(method: Method, named: Collection[str], spelling: Spelling = USUAL) -> None:
    """Refuse options that a method does not take.

    Raises:
        AnytimeError: Names them, and what to name instead.
    """
    idle = [name for name in named if name not in method.takes]
    if "pairs" in idle and method.needs == "traces":
        raise AnytimeError(
            f"{method.name} learns from whole traces, not pairs: name a "
            f"{spelling.of('pool')}{spelling.assigned}"
        )
    if idle:
        does = "does" if len(idle) == 1 else "do"
        taken = spelling.all(method.takes)
        instead = f"it takes {taken}" if taken else "name a method, such as pdp"
        raise AnytimeError(
            f"{spelling.all(idle)}{spelling.where} {does} nothing with method={method.name}: "
            f"{instead}"
        )


def check_recipe(recipe: Recipe, mode: str, spelling: Spelling = USUAL) -> None:
    """Refuse what cannot be done, before anything is asked.

    Raises:
        AnytimeError: With what to choose.
    """
    for name, value, choices in (
        ("method", recipe.method, tuple(known_methods())),
        ("judge", recipe.judge, JUDGES),
        ("show", recipe.show, SHOWN),
        ("principles", recipe.principles, LEVELS),
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
            raise AnytimeError(f"{spelling.of(name)} {number!r} is not a whole number above 0")
    gap = recipe.min_gap
    if not isinstance(gap, int | float) or isinstance(gap, bool) or not 0 <= gap <= 1:
        raise AnytimeError(f"min_gap {gap!r} is not a number from 0 to 1")
    if get_method(recipe.method).needs == "pairs" and recipe.traces == 1:
        raise AnytimeError(
            f"{spelling.of('traces')}=1 gives one trace per problem, and a pair needs two"
        )
    if recipe.show == "matched" and mode != "contract":
        raise AnytimeError(
            "show=matched needs mode=contract, where every run is told one budget: use show=all"
        )


def recipe_and_source(method: str, options: Mapping[str, Any]) -> tuple[Recipe, Source]:
    """A method by its name, with the options that a user named.

    Raises:
        AnytimeError: There is no such method, or it does not take one of them.
    """
    check_taken(get_method(method), options)
    own = {option.name for option in fields(Source)}
    recipe = {name: value for name, value in options.items() if name not in own}
    return Recipe(method, **recipe), Source(**{n: v for n, v in options.items() if n in own})


def pairs_material(name: str) -> Material:
    """What a file of pairs holds.

    Raises:
        AnytimeError: It cannot be read.
    """
    path = place(name)
    changed = path.stat().st_mtime_ns if path.exists() else 0
    return _pairs_material(path, changed)


# Read when a task is made and again when it is run.
@functools.lru_cache(maxsize=8)
def _pairs_material(path: Path, changed: int) -> Material:
    return material_from(read_pairs(path, get_domain), get_domain)
