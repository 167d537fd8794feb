"""What a method shows, learned with the model under test once for a run of lm-eval.

The program is `anytime.methods.learning`; here are lm-eval's locks, its batches and its log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from typing import Any

from filelock import FileLock

from anytime.errors import AnytimeError, UnansweredError
from anytime.methods.base import Material, Recipe
from anytime.methods.learning import Lock, MissingTraces, Sampling, Step, learning
from anytime.methods.overlap import Evaluated
from anytime.methods.source import Source, samples_pool
from anytime.protocol import Program

__all__ = ["RunPrograms", "check_sampled", "material"]

log = logging.getLogger(__name__)

KEPT_BATCH = 256
"""A pool is sampled in batches of so many traces, each kept when it is done, so that a kill loses
one batch at most."""

RunPrograms = Callable[[Sequence[tuple[Program[Any], int]]], list[Any]]
"""Runs programs, each with the draw it belongs to."""


def material(
    recipe: Recipe, source: Source, sampling: Sampling, evaluated: Evaluated, run: RunPrograms
) -> Material:
    """What the method shows, from a file, a finished run, or a pool that is sampled now.

    Args:
        recipe: The method and its options.
        source: Where it learns.
        sampling: How the run asks its model.
        evaluated: The problems of the run.
        run: Runs programs on the model.

    Raises:
        AnytimeError: There is nothing to learn from.
    """
    outcome: Material | None = None
    with ExitStack() as held, closing(learning(recipe, source, sampling, evaluated)) as program:
        while True:
            try:
                step = program.send(outcome)
            except StopIteration as stop:
                made: Material = stop.value
                return made
            outcome = _take(step, run, held)


def _take(step: Step, run: RunPrograms, held: ExitStack) -> Material | None:
    if isinstance(step, Lock):  # other ranks, and other runs of the same model, wait and then read
        held.enter_context(FileLock(step.path))
        return None
    if isinstance(step, MissingTraces):
        _sample(step, run)
        return None
    made: Material
    (made,) = run([(step, 1)])
    return made


def _sample(step: MissingTraces, run: RunPrograms) -> None:
    missing = step.missing()
    tokens = 0
    for start in range(0, len(missing), KEPT_BATCH):
        batch = missing[start : start + KEPT_BATCH]
        results = run([(step.program(problem), draw) for problem, draw in batch])
        failed = []
        for (problem, draw), elicited in zip(batch, results, strict=True):
            try:
                tokens += step.keep(problem, draw, elicited).tokens
            except UnansweredError as error:  # the others' texts are paid for
                failed.append(error)
        log.warning("anytime pool: %d of %d traces, %d tokens in this run", *step.progress, tokens)
        if failed:
            raise failed[0]


def check_sampled(recipe: Recipe, source: Source, sampled: bool) -> None:
    """Refuse to sample a pool whose draws would all be alike.

    Args:
        recipe: The method and its options.
        source: Where it learns.
        sampled: Whether two draws can differ.

    Raises:
        AnytimeError: With what to type instead.
    """
    if samples_pool(recipe, source) and not sampled:
        raise AnytimeError(
            f"method {recipe.method} samples several traces per dev problem, and greedy ones are "
            f"all alike: add --gen_kwargs do_sample=true,temperature=0.7, or name pairs or a pool "
            f"in --metadata"
        )
