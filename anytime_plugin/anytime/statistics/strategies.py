"""What other ways to spend a budget would have given, from the traces of one finished run.

A strategy of k traces at a total budget B gives each of them B / k, so its curve stands on k times
the run's own grid. `vote` lets a plurality decide; `oracle` knows which answer is best, and is a
bound that nobody reaches without a checker (pass@k). Every number is a mean over all subsets of k
traces (`anytime.statistics.subsets`), and the unit of intervals is the problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.statistics.bounded import Interval, mean_interval
from anytime.statistics.curve import FloatArray
from anytime.statistics.paths import partitions
from anytime.statistics.subsets import best_of_subsets, vote_of_subsets

__all__ = [
    "Answers",
    "Frontier",
    "Kind",
    "StrategyCurve",
    "frontier",
    "sizes_that_fit",
    "strategy_curves",
]

Kind = Literal["vote", "oracle"]

MOST = 256
"""Counting the subsets of more traces takes minutes, and nobody votes among so many."""

_HALVES, _REPEATS = 2, 16
"""A strategy is chosen on one half of the problems and judged on the other, both ways, for several
partitions: one alone would leave luck."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of several traces to one problem, at every budget.

    Attributes:
        answer: Numbers that are equal for equal answers, shape (N, T); -1 where none can be read.
        quality: In [0, 1], shape (N, T).
        tokens: Trace tokens really spent, shape (N, T); NaN where unknown.
    """

    answer: npt.NDArray[np.int64]
    quality: FloatArray
    tokens: FloatArray


@dataclass(frozen=True, slots=True)
class StrategyCurve:
    """A strategy of k traces at every total budget that they can share.

    Attributes:
        kind: What decides.
        k: Traces.
        budgets: Of all traces together.
        quality: Of each problem, shape (problems, T).
        tokens: Really spent, mean over problems, shape (T,); NaN where unknown.
        depth: Tokens that have to wait for each other, likewise: those of the longest trace.
    """

    kind: Kind
    k: int
    budgets: BudgetGrid
    quality: FloatArray
    tokens: FloatArray
    depth: FloatArray

    @property
    def mean(self) -> FloatArray:
        """Mean over problems, shape (T,)."""
        found: FloatArray = self.quality.mean(axis=0)
        return found

    def interval(self, place: int) -> Interval:
        """Of the mean at one budget, over problems; NaN for a single one."""
        if len(self.quality) < 2:
            return Interval(np.nan, np.nan)
        # A mean over subsets may leave [0, 1] by a rounding error.
        return mean_interval(np.clip(self.quality[:, place], 0, 1))


def sizes_that_fit(problems: Mapping[str, Answers], asked: Sequence[int] | None) -> list[int]:
    """The numbers of traces that every problem has: those asked for, or powers of two.

    Raises:
        AnytimeError: A problem has fewer.
    """
    name = min(problems, key=lambda one: (len(problems[one].answer), one))
    fewest = len(problems[name].answer)
    if asked is None:
        return [2**p for p in range(fewest.bit_length()) if 2**p <= min(fewest, MOST)]
    for k in asked:
        if k > MOST:
            raise AnytimeError(f"k={k} is more than {MOST} traces, the most that are counted here")
        if k > fewest:
            raise AnytimeError(
                f"k={k} needs as many traces of every problem, and {name} has {fewest}: run more "
                f"(--epochs {k}, or traces={k} in --metadata), or name k up to {fewest}"
            )
    return sorted(set(asked))


def strategy_curves(
    problems: Mapping[str, Answers],
    budgets: Sequence[int],
    sizes: Sequence[int],
    watched: Callable[[Iterator[Answers]], Iterable[Answers]] = iter,
) -> list[StrategyCurve]:
    """The curves of votes and oracles of k traces, for every k.

    Args:
        problems: Of a run, by name.
        budgets: Of each trace.
        sizes: Every k; no problem has fewer traces.
        watched: Sees the problems go by: votes among many traces take seconds.

    Returns:
        For each k its vote, then its oracle; one trace is its own vote and oracle, and comes once.
    """
    seen = watched(iter(problems.values()))
    votes = np.array([_votes(one, sizes) for one in seen])  # problems x k x T
    oracle = np.array([best_of_subsets(one.quality, sizes) for one in problems.values()])
    deepest = np.array([best_of_subsets(one.tokens, sizes) for one in problems.values()])
    spent = np.array([one.tokens.mean(axis=0) for one in problems.values()]).mean(axis=0)
    found = []
    for place, k in enumerate(sizes):
        grid = BudgetGrid([k * budget for budget in budgets])
        depth = deepest[:, place].mean(axis=0)
        found.append(StrategyCurve("vote", k, grid, votes[:, place], k * spent, depth))
        if k > 1:
            best = oracle[:, place]
            found.append(StrategyCurve("oracle", k, grid, best, k * spent, depth))
    return found


def _votes(one: Answers, sizes: Sequence[int]) -> FloatArray:
    """Mean quality of votes of each size, shape (sizes, T)."""
    found = np.empty((len(sizes), one.answer.shape[1]))
    for place in range(one.answer.shape[1]):
        answers, quality = one.answer[:, place], one.quality[:, place]
        votes = answers >= 0
        # A single trace whose answer cannot be read may still have a quality, as a scorer says.
        alone = quality.mean()
        camps, members = np.unique(answers[votes], return_inverse=True)
        counts = np.bincount(members, minlength=len(camps))
        worth = np.bincount(members, quality[votes], len(camps)) / np.maximum(counts, 1)
        silent = int((~votes).sum())
        found[:, place] = vote_of_subsets(counts.tolist(), worth.tolist(), silent, sizes)
        found[[k == 1 for k in sizes], place] = alone
    return found


@dataclass(frozen=True, slots=True)
class Frontier:
    """The best number of traces at every total budget at which there is a choice.

    Attributes:
        budgets: Total budgets that several k can share.
        best: The best k at each, on all problems: few of equally good ones.
        naive: Its quality on the same problems, of shape (T,): too high, as it was chosen there.
        quality: Of each problem the quality of the k that is best on the other half of the
            problems, shape (problems, T).
        one: The quality of one trace there, of each problem; NaN where none was so long.
    """

    budgets: tuple[int, ...]
    best: tuple[int, ...]
    naive: FloatArray
    quality: FloatArray
    one: FloatArray


def frontier(
    found: Sequence[StrategyCurve], problems: Sequence[str], seed: int = 0
) -> Frontier | None:
    """The best vote at every total budget, chosen on other problems than it is judged on.

    Args:
        found: Votes, of `strategy_curves`.
        problems: Their names, by which they are put into halves; at least two.
        seed: Of the halves.

    Returns:
        The frontier; None where there is no budget that several k can share, or one problem.
    """
    votes = [one for one in found if one.kind == "vote"]
    shared = [
        budget
        for budget in sorted({budget for one in votes for budget in one.budgets})
        if sum(budget in one.budgets for one in votes) > 1
    ]
    if not shared or len(problems) < 2:
        return None
    folds = partitions(problems, seed, _HALVES, _REPEATS)
    best, naive, quality, single = [], [], [], []
    for budget in shared:
        able = [one for one in votes if budget in one.budgets]
        table = np.stack([one.quality[:, one.budgets.index(budget)] for one in able], axis=1)
        first = int(_first_best(table.mean(axis=0)))
        best.append(able[first].k)
        naive.append(float(table[:, first].mean()))
        read = np.zeros(len(problems))
        for fold in folds:
            for half in range(_HALVES):
                chosen = _first_best(table[fold != half].mean(axis=0))
                read[fold == half] += table[fold == half, chosen]
        quality.append(read / len(folds))
        alone = next((at for at, one in enumerate(able) if one.k == 1), None)
        single.append(np.full(len(problems), np.nan) if alone is None else table[:, alone])
    return Frontier(
        tuple(shared),
        tuple(best),
        np.array(naive),
        np.stack(quality, axis=1),
        np.stack(single, axis=1),
    )


def _first_best(means: FloatArray) -> int:
    """The place of the largest mean; of means that differ by rounding alone the first."""
    return int(np.argmax(means >= means.max() - 1e-12))
