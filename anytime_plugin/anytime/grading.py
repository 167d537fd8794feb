"""The numbers of one trace, from its checkpoints and their grades: the same in every harness."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from anytime.domains.base import Domain, Grade, Problem
from anytime.programs.checkpoints import Checkpoint

__all__ = ["checkpoint_values", "grading_once", "leaked_reasoning", "trace_values"]


def checkpoint_values(budget: int, grade: Grade) -> dict[str, float]:
    """`q@B` and the domain's further numbers, `em@B` and so on."""
    further = {f"{name}@{budget}": value for name, value in grade.metrics.items()}
    return {f"q@{budget}": grade.quality, **further}


def trace_values(checkpoints: Sequence[Checkpoint], grades: Sequence[Grade]) -> dict[str, float]:
    """All numbers of one trace.

    Returns:
        The values of every checkpoint; `final`; `overthinking` (1 where the trace was once better
        than at its end); `unparsed` (share of checkpoints without an extractable answer);
        `leaked_reasoning_tokens` (per forced answer). `unparsed` is NaN where nobody told.
    """
    value: dict[str, float] = {}
    for checkpoint, grade in zip(checkpoints, grades, strict=True):
        value |= checkpoint_values(checkpoint.budget, grade)
    untold = any(grade.parsed is None for grade in grades)
    return value | {
        "final": grades[-1].quality,
        "overthinking": float(max(grade.quality for grade in grades) > grades[-1].quality),
        "unparsed": math.nan if untold else sum(not grade.parsed for grade in grades) / len(grades),
        "leaked_reasoning_tokens": leaked_reasoning(checkpoints),
    }


def leaked_reasoning(checkpoints: Sequence[Checkpoint]) -> float:
    """Tokens of reasoning sneaked into the forced answers of a trace, per answer."""
    forced = [checkpoint for checkpoint in checkpoints if checkpoint.forced]
    leaked = sum(checkpoint.leaked_reasoning_tokens for checkpoint in forced)
    return leaked / max(1, len(forced))


def grading_once(domain: Domain, problem: Problem) -> Callable[[str], Grade]:
    """Grades answers to one problem and remembers them: they recur at many budgets and traces."""
    known: dict[str, Grade] = {}

    def grade(answer: str) -> Grade:
        if answer not in known:
            known[answer] = domain.grade(problem, answer)
        return known[answer]

    return grade
