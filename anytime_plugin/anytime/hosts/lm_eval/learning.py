"""What a method learns before the first question, with the model under test, once per run."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from filelock import FileLock

from anytime.budgets import BudgetGrid
from anytime.cutting.tokens import Tokenizer
from anytime.errors import AnytimeError
from anytime.logs.lm_eval.pools import LmEvalPool
from anytime.methods.preparing import (
    Study,
    learned,
    material_from,
    pool_path,
    prepare_place,
    read_material,
    study_of,
    trace_program,
    write_material,
)
from anytime.methods.prompting import Material, Recipe, material_name
from anytime.models.solutions import remember
from anytime.plugins import get_domain
from anytime.preferences.pairs import read_pairs
from anytime.preferences.pool import Pool, pool_trace
from anytime.preferences.pool_file import GrowingPool, PoolFile, is_pool_file
from anytime.programs.checkpoints import Elicited
from anytime.protocol import Program
from anytime.settings import Continuation

__all__ = ["Source", "check_source", "material"]

log = logging.getLogger(__name__)

KEPT_BATCH = 256
"""A pool is sampled in batches of so many traces, each kept when it is done, so that a kill loses
one batch at most."""

RunPrograms = Callable[[Sequence[tuple[Program[Any], int]]], list[Any]]
"""Runs programs, each with the draw it belongs to."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a method is to learn from; with neither pairs nor pool, from a dev split.

    Attributes:
        pairs: File of pairs.
        pool: A finished run.
        domain: Name of the domain to sample a pool from.
        dataset: Its dataset.
        seed: Of generated problems and option orders.
    """

    pairs: str | None
    pool: str | None
    domain: str
    dataset: str
    seed: int


def check_source(recipe: Recipe, source: Source) -> None:
    """Read what the user named, before anything is asked.

    Raises:
        AnytimeError: It cannot be read, or there is nothing to learn from.
    """
    if recipe.method == "cot":
        return
    if source.pairs is not None and source.pool is not None:
        raise AnytimeError("pairs and pool both name what to learn from: drop one")
    if source.pairs is not None:
        if recipe.method == "leap":
            raise AnytimeError("leap learns from whole traces, not pairs: name a pool")
        _from_file(source.pairs)
    elif source.pool is not None:
        _open(source.pool)
    else:
        get_domain(source.domain).load(source.dataset, "dev", source.seed)


def _from_file(name: str) -> Material:
    path = Path(name).expanduser()
    changed = path.stat().st_mtime_ns if path.exists() else 0
    return _from_file_of(path, changed)


@functools.lru_cache(maxsize=8)
def _from_file_of(path: Path, changed: int) -> Material:
    return material_from(read_pairs(path, get_domain), get_domain)


def _open(name: str) -> Pool:
    path = Path(name).expanduser()
    return PoolFile(path) if is_pool_file(path) else LmEvalPool(path)


def material(
    recipe: Recipe,
    source: Source,
    *,
    budgets: BudgetGrid,
    continuation: Continuation,
    answer_tokens: int,
    tokenizer: Tokenizer | None,
    system: str,
    model: str,
    sampling: dict[str, Any],
    sampled: bool,
    run: RunPrograms,
) -> Material:
    """What the method shows, from a file, a finished run, or a pool that is sampled now.

    Args:
        recipe: The method and its options.
        source: Where it learns from.
        budgets: The run's grid, as are all others the run's own.
        continuation: How a cut trace is handed back.
        answer_tokens: Cap on a forced answer.
        tokenizer: What traces are cut with.
        system: The system message; empty for none.
        model: Names the model, for the pool's file.
        sampling: Generation settings, for the pool's file.
        sampled: Whether two draws can differ.
        run: Runs programs on the model.

    Raises:
        AnytimeError: There is nothing to learn from.
    """
    if source.pairs is not None:
        return _from_file(source.pairs)
    if source.pool is not None:
        pool = _open(source.pool)
        return _finished(recipe, pool, pool.info.domain, run)
    if not sampled:
        raise AnytimeError(
            f"method {recipe.method} samples several traces per dev problem, and greedy ones are "
            f"all alike: add --gen_kwargs do_sample=true,temperature=0.7, or name pairs or a pool "
            f"in --metadata"
        )
    study = study_of(
        recipe,
        get_domain(source.domain),
        source.dataset,
        source.seed,
        budgets=budgets,
        continuation=continuation,
        answer_tokens=answer_tokens,
        system=system,
    )
    remember(study.domain, study.dataset.problems)
    path = pool_path(study, model, sampling)
    lock = prepare_place(path)
    kept = path.with_suffix(f".{material_name(recipe)}.json")
    # Other ranks, and other runs of the same model, wait and then read.
    with FileLock(lock):
        if kept.exists():
            return read_material(kept)
        finished = PoolFile(path) if path.exists() else _sample(study, path, model, tokenizer, run)
        made = _finished(recipe, finished, source.domain, run)
        write_material(kept, made)
        return made


def _finished(recipe: Recipe, pool: Pool, domain: str, run: RunPrograms) -> Material:
    (made,) = run([(learned(recipe, pool, get_domain(domain)), 1)])
    result: Material = made
    return result


def _sample(
    study: Study, path: Path, model: str, tokenizer: Tokenizer | None, run: RunPrograms
) -> PoolFile:
    growing = GrowingPool(path, study.info(path, model))
    missing = study.missing(growing.done)
    total = len(study.problems) * study.traces
    tokens = 0
    try:
        while batch := list(islice(missing, KEPT_BATCH)):
            programs = [(trace_program(study, problem, tokenizer), draw) for problem, draw in batch]
            results: list[Elicited] = run(programs)
            failed: list[AnytimeError] = []
            for (problem, draw), elicited in zip(batch, results, strict=True):
                try:
                    trace = pool_trace(study.domain, problem, draw, elicited)
                except AnytimeError as error:  # the others' texts are paid for
                    failed.append(error)
                    continue
                growing.add(trace)
                tokens += trace.tokens
            log.warning(
                "anytime pool: %d of %d traces, %d tokens in this run",
                len(growing.done),
                total,
                tokens,
            )
            if failed:
                raise failed[0]
    finally:
        growing.close()
    return growing.finish()
