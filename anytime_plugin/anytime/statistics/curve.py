"""Quality by budget of every trace of every problem: what all numbers are computed from.

Needs numpy alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.settings import Envelope, check_choice

__all__ = ["Curve", "FloatArray", "mean_of_known"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, init=False)
class Curve:
    """Quality by budget of every trace of every problem.

    Attributes:
        budgets: T increasing budgets in tokens.
        quality: Array of shape (problems, traces, T) with values in [0, 1]. A problem that lacks
            traces has NaN in *all* budgets of the missing ones; each has at least one trace.
        problems: Name of each problem, which all draws hang on, so that no result depends on the
            order in which problems came: rows are sorted by it. Without names, problems are told
            apart by their quality.

    Raises:
        AnytimeError: Shapes that do not match, quality that is NaN within a trace or outside
            [0, 1], a problem without a trace, two problems of one name.

    Example:
        >>> curve = Curve([128, 256], [[[0, 1], [0, 0]], [[1, 1], [1, 1]]])
        >>> curve.quality.shape  # problems, traces, budgets
        (2, 2, 2)
        >>> curve.mean
        array([0.5 , 0.75])
    """

    budgets: BudgetGrid
    quality: FloatArray
    problems: tuple[str, ...]

    def __init__(
        self,
        budgets: Sequence[int],
        quality: npt.ArrayLike,
        problems: Sequence[str] | None = None,
    ) -> None:
        """Validate, sort and freeze; see the class for shapes and errors."""
        grid = budgets if isinstance(budgets, BudgetGrid) else BudgetGrid(budgets)
        try:
            values = np.array(quality)
            if not (values.dtype.kind in "bif" or values.size == 0):
                raise ValueError
            values = values.astype(np.float64)
        except (TypeError, ValueError):
            raise AnytimeError(
                "quality has to be numbers in rows of one length: an array of shape (problems, "
                "traces, budgets) or (problems, budgets)"
            ) from None
        if values.ndim == 2:  # one trace per problem
            values = values[:, np.newaxis, :]
        if values.ndim != 3 or 0 in values.shape:
            raise AnytimeError(
                f"quality has shape {values.shape}: expected (problems, traces, budgets) or "
                f"(problems, budgets), none of them empty"
            )
        if values.shape[2] != len(grid):
            raise AnytimeError(f"quality has {values.shape[2]} budgets but {len(grid)} are named")
        absent = np.isnan(values)
        missing: npt.NDArray[np.bool_] = np.all(absent, axis=2)
        torn = np.any(absent, axis=2) & ~missing
        if torn.any():
            problem, trace = np.argwhere(torn)[0]
            raise AnytimeError(f"quality is NaN within trace {trace} of problem {problem}")
        untried = np.all(missing, axis=1)
        if untried.any():
            raise AnytimeError(f"problem {untried.argmax()} has no trace")
        outside = (values < 0) | (values > 1)
        if outside.any():
            problem, trace, budget = np.argwhere(outside)[0]
            raise AnytimeError(
                f"quality {values[problem, trace, budget]:g} of problem {problem}, trace {trace}, "
                f"budget {grid[budget]} is outside [0, 1]"
            )
        values, names = _sorted(values, problems)
        values.setflags(write=False)
        object.__setattr__(self, "problems", names)
        object.__setattr__(self, "budgets", grid)
        object.__setattr__(self, "quality", values)

    @property
    def by_problem(self) -> FloatArray:
        """Mean over traces, shape (problems, T)."""
        return mean_of_known(self.quality, axis=1)

    def best(self, envelope: Envelope) -> FloatArray:
        """Quality with best so far taken where this envelope takes it by problem or trace.

        Returns:
            Shape (problems, traces, T); a single trace per problem under `problem`.
        """
        check_choice("envelope", envelope, get_args(Envelope))
        if envelope == "trace":
            return np.maximum.accumulate(self.quality, axis=2)
        if envelope == "problem":
            best: FloatArray = np.maximum.accumulate(self.by_problem, axis=1)
            return best[:, np.newaxis]
        return self.quality

    @property
    def mean(self) -> FloatArray:
        """Q_t: mean over problems of the mean over traces, shape (T,)."""
        return mean_of_known(self.by_problem, axis=0)


def _sorted(
    values: FloatArray, problems: Sequence[str] | None
) -> tuple[FloatArray, tuple[str, ...]]:
    """Rows by name; without names by quality, where those that are alike may change places."""
    if problems is None:
        # Whatever their means are off by: files may hold rounded numbers.
        order = np.lexsort(mean_of_known(values, axis=1).round(9).T)
        return values[order], tuple(map(str, range(len(values))))
    names = [str(name) for name in problems]
    if len(names) != len(values):
        raise AnytimeError(f"{len(names)} problems are named and quality has {len(values)}")
    order = np.array(sorted(range(len(names)), key=names.__getitem__))
    found = tuple(names[place] for place in order)
    if twice := next((a for a, b in itertools.pairwise(found) if a == b), None):
        raise AnytimeError(f"two problems are called {twice!r}")
    return values[order], found


def mean_of_known(values: FloatArray, axis: int) -> FloatArray:
    """Mean along an axis, of what is there: a missing trace is NaN."""
    # A missing trace is NaN throughout; plain mean is several times faster where none is missing.
    result: FloatArray = (np.nanmean if np.isnan(values).any() else np.mean)(values, axis=axis)
    return result
