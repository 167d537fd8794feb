"""What a method learns from and what it keeps: the study that makes a pool, and files of both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from anytime.budgets import BudgetGrid
from anytime.cutting.tokens import Tokenizer
from anytime.domains.base import Dataset, Domain, Problem, Split
from anytime.domains.sources import cache_dir
from anytime.errors import AnytimeError
from anytime.methods.base import Lesson, Material, Recipe
from anytime.plugins import get_method
from anytime.preferences.pairs import Pair, Side
from anytime.preferences.pool import PoolCost, PoolInfo, TraceId
from anytime.programs.checkpoints import Elicited
from anytime.programs.interrupt import interrupt
from anytime.protocol import Message, Program
from anytime.settings import Continuation
from anytime.writing import write_lines

__all__ = [
    "Study",
    "pool_path",
    "prepare_place",
    "read_material",
    "study_of",
    "trace_program",
    "write_material",
]

SPLIT: Split = "dev"


@dataclass(frozen=True, slots=True)
class Study:
    """What a pool is built from: the runs that the model under test makes on dev problems.

    Attributes:
        domain: Of the problems.
        dataset: The dev split they are from.
        problems: The first so many of it.
        traces: Per problem.
        budgets: Where traces are cut.
        continuation: How they are handed back.
        answer_tokens: Cap on a forced answer.
        system: The system message of the run; empty for none.
    """

    domain: Domain
    dataset: Dataset
    problems: tuple[Problem, ...]
    traces: int
    budgets: BudgetGrid
    continuation: Continuation
    answer_tokens: int
    system: str = ""

    def missing(self, done: Collection[TraceId]) -> Iterator[tuple[Problem, int]]:
        """Traces that are still to be made, draw by draw."""
        done = frozenset(done)
        for draw in range(1, self.traces + 1):
            for problem in self.problems:
                if (problem.id, draw) not in done:
                    yield problem, draw

    def info(self, path: Path, model: str) -> PoolInfo:
        """What the pool tells of itself."""
        return PoolInfo(
            source=str(path),
            domain=self.domain.name,
            dataset=self.dataset.name,
            revision=self.dataset.revision,
            split=SPLIT,
            model=model,
            budgets=self.budgets,
        )

    def messages(self, problem: Problem) -> tuple[Message, ...]:
        """The conversation in which a trace is sampled."""
        system = (Message("system", self.system),) if self.system else ()
        return (*system, Message("user", self.domain.ask(problem)))


def study_of(
    recipe: Recipe,
    domain: Domain,
    dataset: str,
    seed: int,
    *,
    budgets: BudgetGrid,
    continuation: Continuation,
    answer_tokens: int,
    system: str = "",
) -> Study:
    """The pool a recipe asks for, from the dev split of a dataset.

    Raises:
        AnytimeError: The dev split is missing or empty.
    """
    loaded = domain.load(dataset, SPLIT, seed)
    if not loaded.problems:
        raise AnytimeError(f"the dev split of {loaded.name} holds no problem to learn from")
    return Study(
        domain,
        loaded,
        loaded.problems[: recipe.problems],
        recipe.pool_traces,
        get_method(recipe.method).grid(budgets),
        continuation,
        answer_tokens,
        system,
    )


def trace_program(study: Study, problem: Problem, tokenizer: Tokenizer | None) -> Program[Elicited]:
    """One trace of the pool."""
    return interrupt(
        study.messages(problem),
        study.budgets,
        cue=study.domain.cue(problem),
        continuation=study.continuation,
        answer_tokens=study.answer_tokens,
        tokenizer=tokenizer,
    )


def pool_path(study: Study, model: str, sampling: Mapping[str, Any]) -> Path:
    """Where the pool is kept: named after all that determines it.

    Args:
        study: The pool.
        model: Whose traces.
        sampling: The generation settings, the cutter's name, and whatever else changes a trace.
    """
    determined = {
        "domain": study.domain.name,
        "revision": study.dataset.revision,
        "problems": [[problem.id, problem.prompt] for problem in study.problems],
        "traces": study.traces,
        "budgets": list(study.budgets),
        "continuation": study.continuation,
        "answer_tokens": study.answer_tokens,
        "asked": [[turn.content for turn in study.messages(study.problems[0])]],
        "cue": asdict(study.domain.cue(study.problems[0])),
        "model": model,
        "sampling": dict(sampling),
    }
    key = hashlib.sha256(json.dumps(determined, sort_keys=True, default=str).encode()).hexdigest()
    return cache_dir() / "pools" / f"{study.domain.name}-{key[:24]}.jsonl"


def prepare_place(path: Path) -> Path:
    """Make the folder of a pool, and say where its lock lies.

    Raises:
        AnytimeError: The cache folder cannot be used.
    """
    lock = path.with_suffix(".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
    except OSError as error:
        raise AnytimeError(
            f"the pool cannot be kept in {path.parent} ({error.strerror}): name another folder in "
            f"$ANYTIME_CACHE_DIR"
        ) from None
    return lock


def write_material(path: Path, material: Material) -> None:
    """Keep material that was paid for beside its pool."""
    write_lines(path, [asdict(material) | {"pool": material.pool}])


def read_material(path: Path) -> Material:
    """Read what `write_material` wrote.

    Raises:
        AnytimeError: It is damaged.
    """
    try:
        return _material(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise AnytimeError(f"{path} is damaged: delete it, and it is made again") from None


def _material(record: dict[str, Any]) -> Material:
    return Material(
        pairs=tuple(map(_pair, record.pop("pairs"))),
        contents=tuple(map(tuple, record.pop("contents"))),
        # Earlier ones have none.
        runners_up=tuple(map(_pair, record.pop("runners_up", ()))),
        runner_up_contents=tuple(map(tuple, record.pop("runner_up_contents", ()))),
        lessons=tuple(Lesson(text, tuple(sources)) for text, sources in record.pop("lessons")),
        pool=PoolCost(*pool) if (pool := record.pop("pool")) else None,
        **record,
    )


def _pair(record: dict[str, Any]) -> Pair:
    sides = {name: Side(**record[name]) for name in ("chosen", "rejected")}
    return Pair(**{**record, **sides, "pool": PoolCost(*record["pool"])})
