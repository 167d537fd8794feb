"""Runs whose curves are paired by problem, and the problems that two of them share.

Needs numpy alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.settings import IndexOptions
from anytime.statistics.curve import Curve, FloatArray

__all__ = ["Run", "check_several", "listed", "on_problems", "shared_problems", "trace_counts"]


@dataclass(frozen=True, eq=False, init=False)
class Run:
    """A curve whose problems have names, by which it is paired with another run.

    Attributes:
        name: What the run is called in tables and errors.
        problems: Name of each problem, in the order of `curve`, which is sorted by them.
        curve: Quality by problem, trace and budget.
        options: How its index is computed unless a call names something else; None for the usual.

    Raises:
        AnytimeError: Two problems of one name, rows of other lengths, whatever `Curve` refuses.

    Example:
        >>> run = Run("mine", [128, 256], {"p1": [[0, 1], [1, 1]], "p2": [0, 0]})
        >>> run.problems
        ('p1', 'p2')
    """

    name: str
    problems: tuple[str, ...]
    curve: Curve
    options: IndexOptions | None

    def __init__(
        self,
        name: str,
        budgets: Sequence[int],
        quality: Mapping[Any, npt.ArrayLike],
        options: IndexOptions | None = None,
    ) -> None:
        """Pad and freeze.

        Args:
            name: What the run is called.
            budgets: T increasing budgets in tokens.
            quality: By problem, an array of shape (traces, T), or (T,) for a single trace; problems
                may differ in traces. Names are compared as text: hosts disagree whether 7 is "7".
            options: How its index is computed unless a call names something else.
        """
        if not quality:
            raise AnytimeError(f"{name} has no problems")
        grid = BudgetGrid(budgets)
        problems = tuple(str(problem) for problem in quality)
        if len(set(problems)) < len(problems):
            twice = next(problem for problem in problems if problems.count(problem) > 1)
            raise AnytimeError(f"{name} has two problems called {twice!r}")
        rows = [
            _traces(name, problem, values, len(grid))
            for problem, values in zip(problems, quality.values(), strict=True)
        ]
        padded = np.full((len(rows), max(map(len, rows)), len(grid)), np.nan)
        for target, traces in zip(padded, rows, strict=True):
            target[: len(traces)] = traces
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "curve", Curve(grid, padded, problems))
        object.__setattr__(self, "problems", self.curve.problems)
        object.__setattr__(self, "options", options)

    def beside(self, baseline: Run) -> tuple[str, ...]:
        """What has to be known where this run is compared with another, in sentences.

        Nothing is known of plain numbers; a run that was loaded knows where it is from.

        Args:
            baseline: The other one.

        Raises:
            AnytimeError: The two cannot be compared.
        """
        return ()


def _traces(name: str, problem: str, values: npt.ArrayLike, length: int) -> FloatArray:
    try:
        traces = np.atleast_2d(np.array(values, dtype=np.float64))
    except (TypeError, ValueError):
        traces = np.empty((0, 0))
    if traces.ndim != 2 or traces.shape[1] != length or not len(traces):
        raise AnytimeError(
            f"problem {problem} of {name}: quality has to be numbers of shape (traces, {length}), "
            f"at least one trace"
        )
    return traces


def shared_problems(a: Run, b: Run, common_only: bool) -> list[str]:
    """Problems to compare, sorted by name: in whatever order they came, one result."""
    if a.curve.budgets != b.curve.budgets:
        raise AnytimeError(
            f"{a.name} was run at budgets {listed(a.curve.budgets)} and {b.name} at "
            f"{listed(b.curve.budgets)}: only runs at the same budgets can be compared"
        )
    common = sorted({*a.problems} & {*b.problems})
    if not common:
        raise AnytimeError(
            f"{a.name} and {b.name} have no problem in common: {a.name} has for example "
            f"{a.problems[0]!r}, {b.name} has {b.problems[0]!r}"
        )
    if not common_only and not len(common) == len(a.problems) == len(b.problems):
        raise AnytimeError(
            f"{a.name} lacks {len(b.problems) - len(common)} of the {len(b.problems)} problems of "
            f"{b.name}, which lacks {len(a.problems) - len(common)} of the {len(a.problems)} of "
            f"{a.name}: common_only=True compares the {len(common)} that both have"
        )
    if len(common) < 2:
        raise AnytimeError(
            f"{a.name} and {b.name} have 1 problem in common: a comparison needs at least 2"
        )
    return common


def listed(budgets: BudgetGrid) -> str:
    """Budgets as a user writes them."""
    return ",".join(map(str, budgets))


def on_problems(run: Run, problems: Sequence[str]) -> Curve:
    """The curve of these problems of a run alone."""
    row_of = {problem: row for row, problem in enumerate(run.problems)}
    rows = [row_of[problem] for problem in problems]
    return Curve(run.curve.budgets, run.curve.quality[rows], problems)


def check_several(name: str, curve: Curve) -> None:
    """Refuse a run that cannot tell how its traces vary.

    Raises:
        AnytimeError: It has a single trace of some problem.
    """
    single = trace_counts(curve) < 2
    if single.any():
        raise AnytimeError(
            f"{name} has one trace of {int(single.sum())} of its {len(single)} problems, for "
            f"example of {curve.problems[int(single.argmax())]!r}: population=traces asks what "
            f"other traces would give, which takes two or more of each. Run more (--epochs 2, or "
            f"traces=2 in --metadata), or use population=problems"
        )


def trace_counts(curve: Curve) -> npt.NDArray[np.int64]:
    """Traces of each problem."""
    counts: npt.NDArray[np.int64] = (~np.isnan(curve.quality[:, :, 0])).sum(axis=1)
    return counts
