"""What the user set with `--metadata`, read and checked before anything is generated."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from anytime.domains.base import SPLITS, Domain, Split
from anytime.errors import AnytimeError
from anytime.methods.base import (
    JUDGES,
    LEVELS,
    OPTIONS,
    PLAIN,
    SAMPLED,
    SHOWN,
    SOURCES,
    Level,
    Recipe,
    Shown,
)
from anytime.methods.source import Source, Spelling, check_recipe, check_taken
from anytime.plugins import get_method, known_methods
from anytime.settings import (
    MODE_OPTIONS,
    Defaults,
    IndexOptions,
    RunSettings,
    check_choice,
    check_full,
    check_options,
    check_whole,
    run_settings,
)

__all__ = [
    "Settings",
    "TaskSettings",
    "ThirdPartySettings",
    "index_recorded",
    "read_settings",
    "read_third_party_settings",
]

_WHERE = " in --metadata"

# lm-eval merges the model's own arguments into the metadata, so a name that is none of ours may be
# one of theirs. These look like ours and are not.
_THEIRS = frozenset({"model"})

SPELLING = Spelling(
    names={name: f"pool_{name}" for name in ("domain", "dataset", *SAMPLED)},
    where=" in --metadata",
)
"""What the options of methods are called here: `traces` and `dataset` are those of the run."""

# These are names in Inspect alone; a pool would be sampled at its full size.
_INSPECT_NAMES = {name: SPELLING.of(name) for name in ("problems", "domain")}

_EXAMPLE = """--metadata '{"budgets": "128,256,512"}'"""

_OF_RUN = (
    "budgets",
    "mode",
    *MODE_OPTIONS,
    "continuation",
    "tokenizer",
    "answer_tokens",
    "frame",
    "stop",
)

_COMMON = (
    "budgets",
    "mode",
    *MODE_OPTIONS,
    "continuation",
    "traces",
    "tokenizer",
    "answer_tokens",
    "frame",
    "stop",
    "trace_store",
    *IndexOptions._fields,
)
"""The names of every task, in the order in which they are listed and logged."""


@dataclass(frozen=True, slots=True)
class TaskSettings:
    """The settings of every task.

    Attributes:
        run: How traces are sampled, cut and handed back.
        index: How the index is computed; its seed is that of generated problems and option orders
            too.
        traces: Traces per problem.
        trace_store: File that keeps every finished generation; a second run asks for the rest.
    """

    run: RunSettings
    index: IndexOptions
    traces: int
    trace_store: str | None

    def record(self) -> dict[str, Any]:
        """As they are logged: by the names that `--metadata` has for them."""
        own = {field.name: getattr(self, field.name) for field in fields(self)[2:]}
        values = asdict(self.run) | self.index._asdict() | own
        values["budgets"] = list(self.run.budgets)
        return {name: values[name] for name in dict.fromkeys([*_COMMON, *values])}


@dataclass(frozen=True, slots=True)
class ThirdPartySettings(TaskSettings):
    """The settings of a third-party task.

    Attributes:
        cue: The first words of a forced answer; None for those that fit any task.
    """

    cue: str | None


@dataclass(frozen=True, slots=True)
class Settings(TaskSettings):
    """The settings of a task on a domain.

    Attributes:
        dataset: `official`, `builtin`, a pinned subset's name or a file.
        split: `test`, `dev` or `all`; None is `test`, or the whole of a user's file.
        method: How a problem becomes the first prompt: `cot`, `pdp`, `pdp_plus`, `leap`, or one of
            a plugin.
        pairs: File of `anytime pairs build` for `pdp` and `pdp_plus`.
        pool: A finished run to learn from, of either harness, a folder with one, or a pool file.
            With neither, a pool is sampled from the dev split, once, and kept on disk.
        pool_domain: Whose dev split to sample from; None for the task's own.
        pool_dataset: Of that domain; None for the task's own.
        pool_traces: Traces per problem of a sampled pool; None for 64, 15 for `leap`, or whatever
            the method says.
        pool_problems: Dev problems of a sampled pool.
        per_budget: Pairs per budget, each of another problem.
        min_gap: Smallest difference in quality of a pair.
        judge: Who scores the pool: `metric` or `self`.
        show: Pairs in a prompt: `all`, or the one `matched` to the budget of a contract run.
        pair_tokens: Tokens the pairs may add to a prompt; None for no limit.
        principles: LEAP's `low` or `high` level.
    """

    dataset: str
    split: Split | None
    method: str
    pairs: str | None
    pool: str | None
    pool_domain: str | None
    pool_dataset: str | None
    pool_traces: int | None
    pool_problems: int
    per_budget: int
    min_gap: float
    judge: str
    show: Shown
    pair_tokens: int | None
    principles: Level

    @property
    def recipe(self) -> Recipe:
        """The method and its options."""
        return Recipe(
            self.method,
            traces=self.pool_traces,
            problems=self.pool_problems,
            per_budget=self.per_budget,
            min_gap=self.min_gap,
            judge=self.judge,
            show=self.show,
            pair_tokens=self.pair_tokens,
            principles=self.principles,
        )

    @property
    def source(self) -> Source:
        """Where the method learns, as far as it is named."""
        return Source(
            self.pairs or "", self.pool or "", self.pool_domain or "", self.pool_dataset or ""
        )


def index_recorded(record: Mapping[str, Any]) -> dict[str, Any]:
    """How the index of a run is computed, from its record; what it lacks is as usual."""
    return {name: record.get(name, usual) for name, usual in IndexOptions()._asdict().items()}


def _names(kind: type[TaskSettings]) -> tuple[str, ...]:
    return (*_COMMON, *(f.name for f in fields(kind)[len(fields(TaskSettings)) :]))


_THIRD_PARTY_NAMES = _names(ThirdPartySettings)
NAMES = tuple(dict.fromkeys([*_names(Settings), *_THIRD_PARTY_NAMES]))


def read_settings(metadata: Mapping[str, Any], domain: Domain, dataset: str) -> Settings:
    """Read the settings of a task.

    Args:
        metadata: The task's own, the model's arguments and the user's, as lm-eval merges them.
        domain: Gives the defaults.
        dataset: The task's dataset, unless the user names one.

    Raises:
        AnytimeError: A name that looks like one of ours and is none, or a value of a wrong kind.
    """
    given = _given(metadata)
    if "cue" in given:
        raise AnytimeError(
            f"cue in --metadata is for tasks of others (anytime:NAME): {domain.name} has its own"
        )
    common = _common(given, domain)
    check_full(common["index"].q_max, domain.name, _WHERE)
    settings = Settings(
        **common,
        dataset=str(_text(given, "dataset", dataset)),
        split=_choice(given, "split", None, SPLITS),
        method=_choice(given, "method", PLAIN, tuple(known_methods())),
        pairs=_text(given, "pairs", None),
        pool=_text(given, "pool", None),
        pool_domain=_text(given, "pool_domain", None),
        pool_dataset=_text(given, "pool_dataset", None),
        pool_traces=_whole(given, "pool_traces", None, least=1),
        pool_problems=_whole(given, "pool_problems", 8, least=1),
        per_budget=_whole(given, "per_budget", 1, least=1),
        min_gap=given.get("min_gap", 0.0),
        judge=_choice(given, "judge", "metric", JUDGES),
        show=_choice(given, "show", "all", SHOWN),
        pair_tokens=_whole(given, "pair_tokens", None, least=1),
        principles=_choice(given, "principles", "high", LEVELS),
    )
    check_recipe(settings.recipe, settings.run.mode, SPELLING)
    named = [name for name in (*SOURCES, *SAMPLED, *OPTIONS) if SPELLING.of(name) in given]
    check_taken(get_method(settings.method), named, SPELLING)
    return settings


def read_third_party_settings(metadata: Mapping[str, Any]) -> ThirdPartySettings:
    """Read the settings of a third-party task.

    Args:
        metadata: The model's arguments and the user's. Not the task's own, which means its own
            things by the same names.

    Raises:
        AnytimeError: As for a task on a domain; or an option of those.
    """
    given = _given(metadata)
    if given.get("method") == PLAIN:
        del given["method"]
    if idle := [name for name in given if name not in _THIRD_PARTY_NAMES]:
        raise AnytimeError(
            f"{', '.join(idle)} in --metadata: a task of others (anytime:NAME) has its own data "
            f"and its own prompt; it takes {', '.join(_THIRD_PARTY_NAMES)}"
        )
    cue = given.get("cue")
    if cue is not None and (not isinstance(cue, str) or not cue.strip()):
        raise AnytimeError(
            f"cue {cue!r} in --metadata is no text: name the first words of an answer, such as "
            """--metadata '{"cue": " The answer is"}'"""
        )
    return ThirdPartySettings(**_common(given, None), cue=cue)


def _given(metadata: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_near_misses(metadata)
    return {name: metadata[name] for name in NAMES if metadata.get(name) is not None}


def _common(given: Mapping[str, Any], defaults: Defaults | None) -> dict[str, Any]:
    """The fields of `TaskSettings`, checked; None for the defaults of a third-party task."""
    if "budgets" in given:
        _check_grid(given["budgets"])
    named = {name: given.get(name) for name in _OF_RUN}
    options = {name: given[name] for name in IndexOptions._fields if name in given}
    run = run_settings(named, defaults, _WHERE)
    index = IndexOptions(**options)
    check_options(index, run.budgets, _WHERE)
    return {
        "run": run,
        "index": index,
        "traces": _whole(given, "traces", 1, least=1),
        "trace_store": _text(given, "trace_store", None),
    }


def _refuse_near_misses(metadata: Mapping[str, Any]) -> None:
    for name in metadata:
        if str(name).lstrip("-").isdigit():
            raise AnytimeError(
                f"metadata holds a bare {name}: a list of budgets has to be quoted as JSON, "
                f"{_EXAMPLE}"
            )
        if name in NAMES or name in _THEIRS:
            continue
        if name in _INSPECT_NAMES:
            raise AnytimeError(
                f"{name} is Inspect's name: in lm-eval's --metadata it is {_INSPECT_NAMES[name]}, "
                f"and traces are those of the evaluation, pool_traces those of the pool"
            )
        if near := difflib.get_close_matches(str(name), NAMES, n=1, cutoff=0.8):
            raise AnytimeError(
                f"unknown name {name!r} in --metadata: did you mean {near[0]!r}? docs/lm_eval.md "
                f"has all {len(NAMES)} names"
            )


def _check_grid(value: Any) -> None:
    if not isinstance(value, str | int | float | list | tuple) or isinstance(value, bool):
        raise AnytimeError(f"budgets {value!r} in --metadata is no grid: write {_EXAMPLE}")


def _text(given: Mapping[str, Any], name: str, default: str | None) -> str | None:
    value = given.get(name, default)
    if value is not None and (not isinstance(value, str) or not value):
        raise AnytimeError(f"{name} {value!r} in --metadata is not a name")
    return value


def _choice(given: Mapping[str, Any], name: str, default: Any, choices: tuple[str, ...]) -> Any:
    value = given.get(name, default)
    if value is not None:
        check_choice(name, value, choices, _WHERE)
    return value


def _whole(given: Mapping[str, Any], name: str, default: Any, least: int) -> Any:
    value = given.get(name, default)
    if value is not None:
        check_whole(name, value, least=least, where=_WHERE)
    return value
