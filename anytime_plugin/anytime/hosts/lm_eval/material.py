"""What a method shows, learned with the model under test once for a run of lm-eval.

The program is `anytime.methods.learning`; here are lm-eval's locks, its batches and its log.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from filelock import FileLock

from anytime.domains.base import fingerprint
from anytime.errors import AnytimeError, UnansweredError
from anytime.hosts.lm_eval.store import remove
from anytime.methods.base import Material, Recipe
from anytime.methods.learning import Lock, MissingTraces, Sampling, learning
from anytime.methods.overlap import Evaluated
from anytime.methods.source import Source, samples_pool
from anytime.protocol import Program

__all__ = ["RunPrograms", "check_sampled", "evaluated_in", "material"]

log = logging.getLogger(__name__)

TEST_SPLIT = '"split": "test" to --metadata'

RunPrograms = Callable[[Sequence[tuple[Program[Any], int]], Path | None], list[Any]]
"""Runs programs, each with the draw it belongs to. Answers are kept as they come in the store of
that path, where the run has none of its own."""


def evaluated_in(contents: Iterable[str], splits: Collection[str]) -> Evaluated:
    """The problems of a run, or of a rank's share of it, which learn from the same.

    Args:
        contents: Their content, once for each trace.
        splits: Which problems of their datasets they are.
    """
    parted = set(splits) <= {"", "test"}
    prints = tuple(map(fingerprint, dict.fromkeys(contents)))
    return Evaluated(prints, "" if parted else TEST_SPLIT)


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
    beside: Path | None = None
    with ExitStack() as held, closing(learning(recipe, source, sampling, evaluated)) as program:
        while True:
            try:
                step = program.send(outcome)
            except StopIteration as stop:
                made: Material = stop.value
                if beside is not None:
                    remove(beside)  # what was learned is kept now
                return made
            if isinstance(step, Lock):  # other ranks, and other runs, wait and then read
                held.enter_context(FileLock(step.path))
                beside = step.path.with_suffix(".store")
                outcome = None
            else:
                outcome = _take(step, run, beside)


def _take(
    step: MissingTraces | Program[Material], run: RunPrograms, beside: Path | None
) -> Material | None:
    if isinstance(step, MissingTraces):
        _sample(step, run, beside)
        return None
    made: Material
    (made,) = run([(step, 1)], beside)
    return made


def _sample(step: MissingTraces, run: RunPrograms, beside: Path | None) -> None:
    missing = step.missing()
    results = run([(step.program(problem), draw) for problem, draw in missing], beside)
    tokens = 0
    failed = []
    for (problem, draw), elicited in zip(missing, results, strict=True):
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
