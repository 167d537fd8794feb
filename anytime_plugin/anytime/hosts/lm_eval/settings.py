"""What the user set with `--metadata`, read and checked before anything is generated."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_args

from anytime.budgets import BudgetGrid, parse_budgets
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
from anytime.methods.learning import Source, Spelling, check_recipe, check_taken
from anytime.plugins import get_method, known_methods
from anytime.settings import (
    CONTINUATIONS,
    FOREIGN_ANSWER_TOKENS,
    FOREIGN_BUDGETS,
    MODES,
    Envelope,
    Mode,
    QMax,
    Scale,
)
from anytime.statistics.index import Curve, anytime_index, budget_weights

__all__ = ["ForeignSettings", "RunSettings", "Settings", "read_foreign_settings", "read_settings"]

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


@dataclass(frozen=True, slots=True)
class RunSettings:
    """The knobs of every task: how traces are sampled and cut, and how the index is computed.

    Attributes:
        budgets: Trace tokens: `128,256,512`, `geom:128:4096:6`, `linear:0:4000:5` or a list.
        mode: `interrupt` (one trace, cut at every budget) or `contract` (one run per budget).
        continuation: How a cut trace is handed back: `auto`, `prefill`, `reprompt`.
        traces: Traces per problem.
        tokenizer: What to cut with where the model has no tokenizer of its own.
        answer_tokens: Cap on a forced answer.
        trace_store: File that keeps every finished generation; a second run asks for the rest.
        envelope: Where the index takes "best so far".
        scale: Distance between budgets in the index.
        q_max: Quality that counts as 1 in the index.
        seed: Of generated problems, option orders and the interval's bootstrap.
    """

    budgets: BudgetGrid
    mode: Mode
    continuation: str
    traces: int
    tokenizer: str | None
    answer_tokens: int
    trace_store: str | None
    envelope: Envelope
    scale: Scale
    q_max: QMax
    seed: int


@dataclass(frozen=True, slots=True)
class ForeignSettings(RunSettings):
    """The knobs of a task of others.

    Attributes:
        cue: The first words of a forced answer; None for those that fit any task.
    """

    cue: str | None


@dataclass(frozen=True, slots=True)
class Settings(RunSettings):
    """The knobs of a task on a domain.

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


_FOREIGN_NAMES = tuple(field.name for field in fields(ForeignSettings))
NAMES = tuple(dict.fromkeys([*(field.name for field in fields(Settings)), *_FOREIGN_NAMES]))


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
    settings = Settings(
        **_common(given, domain.budgets, domain.answer_tokens),
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
    check_recipe(settings.recipe, settings.mode, SPELLING)
    named = [name for name in (*SOURCES, *SAMPLED, *OPTIONS) if SPELLING.of(name) in given]
    check_taken(get_method(settings.method), named, SPELLING)
    _check(settings)
    return settings


def read_foreign_settings(metadata: Mapping[str, Any]) -> ForeignSettings:
    """Read the settings of a task of others.

    Args:
        metadata: The model's arguments and the user's. Not the task's own, which means its own
            things by the same names.

    Raises:
        AnytimeError: As for a task on a domain; or an option of those.
    """
    given = _given(metadata)
    if given.get("method") == PLAIN:
        del given["method"]
    if idle := [name for name in given if name not in _FOREIGN_NAMES]:
        raise AnytimeError(
            f"{', '.join(idle)} in --metadata: a task of others (anytime:NAME) has its own data "
            f"and its own prompt; it takes {', '.join(_FOREIGN_NAMES)}"
        )
    cue = given.get("cue")
    if cue is not None and (not isinstance(cue, str) or not cue.strip()):
        raise AnytimeError(
            f"cue {cue!r} in --metadata is no text: name the first words of an answer, such as "
            """--metadata '{"cue": " The answer is"}'"""
        )
    settings = ForeignSettings(**_common(given, FOREIGN_BUDGETS, FOREIGN_ANSWER_TOKENS), cue=cue)
    _check(settings)
    return settings


def _given(metadata: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_near_misses(metadata)
    return {name: metadata[name] for name in NAMES if metadata.get(name) is not None}


def _common(given: Mapping[str, Any], budgets: str, answer_tokens: int) -> dict[str, Any]:
    """The fields of `RunSettings`, with these defaults."""
    return {
        "budgets": _budgets(given.get("budgets", budgets)),
        "mode": _choice(given, "mode", "interrupt", MODES),
        "continuation": _choice(given, "continuation", "auto", CONTINUATIONS),
        "traces": _whole(given, "traces", 1, least=1),
        "tokenizer": _text(given, "tokenizer", None),
        "answer_tokens": _whole(given, "answer_tokens", answer_tokens, least=1),
        "trace_store": _text(given, "trace_store", None),
        "envelope": _choice(given, "envelope", "mean", get_args(Envelope)),
        "scale": _choice(given, "scale", "linear", get_args(Scale)),
        "q_max": given.get("q_max", 1.0),
        "seed": _whole(given, "seed", 0, least=0),
    }


def _check(settings: RunSettings) -> None:
    if settings.mode == "contract" and settings.budgets[0] == 0:
        raise AnytimeError("contract mode cannot run with budget 0: leave it out, or use interrupt")
    # The index would refuse these after the run.
    budget_weights(settings.budgets, settings.scale)
    anytime_index(Curve([1, 2], [[1, 1]]), q_max=settings.q_max)


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
                f"unknown name {name!r} in --metadata: did you mean {near[0]!r}? "
                f"Known are {', '.join(NAMES)}"
            )


def _budgets(value: Any) -> BudgetGrid:
    if not isinstance(value, str | int | float | list | tuple) or isinstance(value, bool):
        raise AnytimeError(f"budgets {value!r} in --metadata is no grid: write {_EXAMPLE}")
    return parse_budgets(value)


def _text(given: Mapping[str, Any], name: str, default: str | None) -> str | None:
    value = given.get(name, default)
    if value is not None and (not isinstance(value, str) or not value):
        raise AnytimeError(f"{name} {value!r} in --metadata is not a name")
    return value


def _choice(given: Mapping[str, Any], name: str, default: Any, choices: tuple[str, ...]) -> Any:
    value = given.get(name, default)
    if value is not None and value not in choices:
        raise AnytimeError(
            f"unknown {name} {value!r} in --metadata: choose one of {', '.join(choices)}"
        )
    return value


def _whole(given: Mapping[str, Any], name: str, default: Any, least: int) -> Any:
    value = given.get(name, default)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise AnytimeError(f"{name} {value!r} in --metadata is not a whole number from {least} on")
    return value
