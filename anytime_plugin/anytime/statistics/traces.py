"""The measures of one trace, from its checkpoints and their grades: the same in every harness."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from anytime.statistics.curve import FloatArray
from anytime.statistics.measures import Input, measures_of

if TYPE_CHECKING:
    from anytime.domains.base import Grade
    from anytime.programs.checkpoints import Checkpoint

__all__ = [
    "answer_tokens",
    "answer_tokens_at",
    "checkpoint_values",
    "known_mean",
    "leaked_reasoning",
    "trace_values",
]


def checkpoint_values(budget: int, grade: Grade) -> dict[str, float]:
    """`q@B` and the domain's further numbers, `em@B` and so on."""
    further = {f"{name}@{budget}": value for name, value in grade.metrics.items()}
    return {f"q@{budget}": grade.quality, **further}


def trace_values(checkpoints: Sequence[Checkpoint], grades: Sequence[Grade]) -> dict[str, float]:
    """The numbers of one trace that an Inspect log holds.

    Returns:
        The values of every checkpoint, and each logged measure of a trace: `final`, `overthinking`
        (1 where it was once better than at its end), `unparsed` (share of checkpoints without an
        extractable answer; NaN where that is unknown), `leaked_reasoning_tokens` and
        `answer_tokens` (per forced answer; NaN where there is none).
    """
    value: dict[str, float] = {}
    for checkpoint, grade in zip(checkpoints, grades, strict=True):
        value |= checkpoint_values(checkpoint.budget, grade)
    measured = _measured(
        tuple(float(grade.quality) for grade in grades),
        tuple(math.nan if grade.parsed is None else float(not grade.parsed) for grade in grades),
        leaked_reasoning(checkpoints),
        answer_tokens(checkpoints),
    )
    return {**value, **measured}


@lru_cache(maxsize=4096)  # right or wrong at some budgets: few cases, of very many traces
def _measured(
    quality: tuple[float, ...], unparsed: tuple[float, ...], leaked: float, answers: float
) -> Mapping[str, float]:
    known: dict[Input, FloatArray] = {
        "quality": np.array(quality),
        "unparsed": np.array(unparsed),
        "leaked": np.array(leaked),
        "answers": np.array(answers),
    }
    return {
        measure.name: float(measure.of_traces(known[measure.of]))
        for measure in measures_of(*known)
        if measure.of_traces is not None and measure.logged
    }


def leaked_reasoning(checkpoints: Sequence[Checkpoint]) -> float:
    """Tokens of reasoning in the forced answers of a trace, per answer; NaN where it has none."""
    leaked = [point.leaked_reasoning_tokens for point in checkpoints if point.forced]
    return sum(leaked) / len(leaked) if leaked else math.nan


def answer_tokens(checkpoints: Sequence[Checkpoint]) -> float:
    """Tokens of the forced answers of a trace, per answer; NaN where none is known."""
    known = [point.answer_tokens for point in checkpoints if point.forced]
    counts = [count for count in known if count is not None]
    return sum(counts) / len(counts) if counts else math.nan


def answer_tokens_at(checkpoints: Sequence[Checkpoint]) -> dict[str, float]:
    """`answer_tokens@B` by budget: those of its forced answer; NaN where none is known."""
    return {
        f"answer_tokens@{point.budget}": math.nan
        if point.failed or not point.forced or point.answer_tokens is None
        else float(point.answer_tokens)
        for point in checkpoints
    }


def known_mean(values: Sequence[float]) -> float:
    """The mean of the values that are no NaN; NaN where there is none."""
    known = [value for value in values if not math.isnan(value)]
    return math.fsum(known) / len(known) if known else math.nan
