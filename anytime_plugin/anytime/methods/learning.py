"""What a method learns before the first question, with the model under test, once for a run.

One program for every harness. It is a program of programs: it yields what a host has to do, is sent
the outcome, and returns the material. A host brings locks, concurrency, a display of progress, and
the words by which it knows its model.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from anytime.budgets import BudgetGrid
from anytime.cutting.tokens import Tokenizer
from anytime.domains.base import Domain, Problem
from anytime.methods.base import Material, Recipe, material_name
from anytime.methods.overlap import Evaluated, check_material, check_pool, check_sampled
from anytime.methods.preparing import (
    Study,
    pool_path,
    prepare_place,
    read_material,
    study_of,
    trace_program,
    write_material,
)
from anytime.methods.source import Source, domain_of, pairs_material
from anytime.models.solutions import remember
from anytime.plugins import get_domain, get_method
from anytime.preferences.opening import open_pool
from anytime.preferences.pool import Pool, PoolTrace, pool_trace
from anytime.preferences.pool_file import GrowingPool, PoolFile
from anytime.programs.checkpoints import Elicited
from anytime.protocol import Program
from anytime.settings import Continuation

__all__ = ["Learning", "Lock", "MissingTraces", "Sampling", "Step", "learned", "learning"]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a run asks its model, which is how the pool that it learns from is sampled.

    Attributes:
        budgets: The run's grid.
        continuation: How a cut trace is handed back.
        answer_tokens: Cap on a forced answer; None for that of the pool's domain.
        tokenizer: Cuts traces.
        system: The system message; empty for none.
        model: Who writes the traces, as the pool tells it.
        identity: What tells this model from others, for the pool's file.
        settings: Generation settings and whatever else changes a trace, for the pool's file.
    """

    budgets: BudgetGrid
    continuation: Continuation
    answer_tokens: int | None
    tokenizer: Tokenizer | None
    system: str
    model: str
    identity: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Lock:
    """Hold this lock from here to the end, so that other processes wait and then read."""

    path: Path


@dataclass(frozen=True, slots=True)
class MissingTraces:
    """Sample the traces that a pool lacks, and `keep` each when it is done: a kill then loses none.

    Attributes:
        study: What the pool is built from.
        growing: Where it grows.
        tokenizer: Cuts traces.
    """

    study: Study
    growing: GrowingPool
    tokenizer: Tokenizer | None

    def missing(self) -> list[tuple[Problem, int]]:
        """Problems, each with the number of the draw that is missing, draw by draw."""
        return list(self.study.missing(self.growing.done))

    def program(self, problem: Problem) -> Program[Elicited]:
        """The program of one trace."""
        return trace_program(self.study, problem, self.tokenizer)

    def keep(self, problem: Problem, draw: int, elicited: Elicited) -> PoolTrace:
        """Grade a trace and write it to disk.

        Raises:
            AnytimeError: It cannot be kept: no further one should be paid for.
            UnansweredError: The model gave no answer at some budget: it is to be asked again.
        """
        trace = pool_trace(self.study.domain, problem, draw, elicited)
        self.growing.add(trace)
        return trace

    @property
    def progress(self) -> tuple[int, int]:
        """How many traces there are by now, and how many there will be."""
        return len(self.growing.done), len(self.study.problems) * self.study.traces


Step: TypeAlias = Lock | MissingTraces | Program[Material]
"""What a host is to do: hold a lock, sample traces, or run a program and send its result."""

Learning: TypeAlias = Generator[Step, Material | None, Material]


NOT_TOLD = Evaluated()


def learning(
    recipe: Recipe, source: Source, sampling: Sampling, evaluated: Evaluated = NOT_TOLD
) -> Learning:
    """What a method shows: from a file, a finished run, or a pool that is sampled now.

    Args:
        recipe: The method and its options.
        source: Where it learns, as `completed`.
        sampling: How the model under test is asked.
        evaluated: The problems of the run, none of which may be shown what it taught itself.

    Raises:
        AnytimeError: There is nothing to learn from, or nothing to show to an evaluated problem.
    """
    if get_method(recipe.method).learn is None:
        return Material()
    material = yield from _learning(recipe, source, sampling, evaluated)
    check_material(recipe, material, sampling.budgets, evaluated)
    return material


def _learning(recipe: Recipe, source: Source, sampling: Sampling, evaluated: Evaluated) -> Learning:
    if source.pairs:
        return pairs_material(source.pairs)
    if source.pool:
        pool = open_pool(source.pool)
        domain = get_domain(pool.info.domain)
        program = learned(recipe, pool, domain)
        checked = _before_asking(lambda: check_pool(recipe, pool, domain, evaluated), program)
        return _result((yield checked))
    study = study_of(
        recipe,
        domain_of(source),
        source.dataset,
        source.seed,
        budgets=sampling.budgets,
        continuation=sampling.continuation,
        answer_tokens=sampling.answer_tokens or domain_of(source).answer_tokens,
        system=sampling.system,
    )
    check_sampled(evaluated, study.domain, study.problems)
    remember(study.domain, study.dataset.problems)
    path = pool_path(study, sampling.identity, sampling.settings)
    kept = path.with_suffix(f".{material_name(recipe)}.json")
    yield Lock(prepare_place(path))
    if kept.exists():
        return read_material(kept)
    if not path.exists():
        growing = GrowingPool(path, study.info(path, sampling.model))
        try:
            yield MissingTraces(study, growing, sampling.tokenizer)
        finally:
            growing.close()
        growing.finish()
    material = _result((yield learned(recipe, PoolFile(path), study.domain)))
    write_material(kept, material)
    return material


def _result(sent: Material | None) -> Material:
    if sent is None:
        raise TypeError("a host sends the result of a program that it was handed")
    return sent


def _before_asking(check: Callable[[], None], program: Program[Material]) -> Program[Material]:
    """A program with a check before its first request, which costs nothing where it has none."""
    try:
        batch = next(program)
        check()
        while True:
            batch = program.send((yield batch))
    except StopIteration as stop:
        material: Material = stop.value
        return material


def learned(recipe: Recipe, pool: Pool, domain: Domain) -> Program[Material]:
    """Turn a finished pool into what the method shows.

    Raises:
        AnytimeError: There is nothing to learn from.
    """
    learn = get_method(recipe.method).learn
    return Material() if learn is None else (yield from learn(recipe, pool, domain))
