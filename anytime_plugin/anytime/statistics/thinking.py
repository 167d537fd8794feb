"""Measures that others have of the same checkpoints: when traces were right, and what came after.

* first correct tokens: tokens at the first budget with a right answer, of the traces that have one.
* token efficiency: those tokens as a share of all of the trace's ("first correct / total").
* tokens after the answer: of a trace that ended, those behind the budget from which on its answer
  is its last one: what could have been saved had somebody known.
* minimal solving budget: the smallest budget at which at least half of a problem's traces are
  right, of the problems that have one.
* AUC_OAA (OptimalThinkingBench, Aggarwal et al., arXiv 2508.13141): the area under the share of
  traces that are right in an answer of their own by t tokens; no forced answer counts.

All are seen at budgets alone, so a first correct answer may have come up to a budget earlier.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from anytime.statistics.index import budget_weights

__all__ = ["Course", "thinking_of"]


@dataclass(frozen=True, slots=True)
class Course:
    """One trace at every budget.

    Attributes:
        problem: Which problem's.
        right: Whether its answer is right, T of them.
        own: Whether that is an answer of its own, and none that was forced.
        settled: Whether its answer is its last one, there and at all later budgets.
        tokens: Trace tokens at each budget; None where unknown.
        total: Of the whole trace; None where unknown.
        ended: Whether it was over by the largest budget.
    """

    problem: str
    right: tuple[bool, ...]
    own: tuple[bool, ...]
    settled: tuple[bool, ...]
    tokens: tuple[int | None, ...]
    total: int | None
    ended: bool


def thinking_of(courses: Sequence[Course], budgets: Sequence[int]) -> Mapping[str, float | None]:
    """The measures of a run; None where no trace tells one.

    Each problem counts alike: means over its traces first, of those that have the number.

    Args:
        courses: Its traces.
        budgets: T of them.

    Returns:
        Nothing without a trace. Else `first_correct_tokens`, `ever_correct` (share of traces),
        `token_efficiency`, `tokens_after_answer`, `minimal_solving_budget`, `solvable` (share of
        problems that have one), `auc_oaa`.

    Example:
        >>> right = Course("p", (False, True), (False, True), (False, True), (8, 12), 12, True)
        >>> found = thinking_of([right], [8, 16])
        >>> found["first_correct_tokens"], found["minimal_solving_budget"]
        (12.0, 16.0)
    """
    if not courses:
        return {}
    weights = budget_weights(budgets)
    first: dict[str, list[float]] = defaultdict(list)
    share: dict[str, list[float]] = defaultdict(list)
    after: dict[str, list[float]] = defaultdict(list)
    ever: dict[str, list[float]] = defaultdict(list)
    own: dict[str, list[float]] = defaultdict(list)
    right: dict[str, list[tuple[bool, ...]]] = defaultdict(list)
    for one in courses:
        right[one.problem].append(one.right)
        ever[one.problem].append(float(any(one.right)))
        by_itself = [a and b for a, b in zip(one.right, one.own, strict=True)]
        own[one.problem].append(float(weights @ np.array(by_itself, dtype=float)))
        place = next((at for at, is_right in enumerate(one.right) if is_right), None)
        tokens = None if place is None else one.tokens[place]
        if tokens is not None:
            first[one.problem].append(tokens)
            if one.total:
                share[one.problem].append(tokens / one.total)
        place = next((at for at, settled in enumerate(one.settled) if settled), None)
        if one.ended and place is not None and one.total is not None:
            spent = one.tokens[place]
            if spent is not None:
                after[one.problem].append(one.total - spent)
    solving = [
        float(budgets[place])
        for traces in right.values()
        if (place := _half(np.array(traces))) is not None
    ]
    return {
        "first_correct_tokens": _mean(first),
        "ever_correct": _mean(ever),
        "token_efficiency": _mean(share),
        "tokens_after_answer": _mean(after),
        "minimal_solving_budget": float(np.mean(solving)) if solving else None,
        "solvable": len(solving) / len(right) if right else None,
        "auc_oaa": _mean(own),
    }


def _half(right: npt.NDArray[np.bool_]) -> int | None:
    """The first place at which half of the traces are right."""
    enough = np.flatnonzero(right.mean(axis=0) >= 0.5)
    return int(enough[0]) if len(enough) else None


def _mean(by_problem: Mapping[str, Sequence[float]]) -> float | None:
    """Mean over problems of the mean over traces; None without any."""
    means = [float(np.mean(values)) for values in by_problem.values() if values]
    return float(np.mean(means)) if means else None
