"""What every export is made of: a run's origin, its curve, and what that comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from anytime.results.curves import RunCurve, curves
from anytime.results.summary import RunSummary, summary_of
from anytime.rows import Row, rows_of
from anytime.runs import FinishedRun, RunInfo

__all__ = ["Measured", "benchmark", "index_options", "measure"]


class Measured(NamedTuple):
    """One curve of a run.

    Attributes:
        info: Where the run is from.
        curve: Quality by problem, trace and budget.
        summary: What it comes to.
    """

    info: RunInfo
    curve: RunCurve
    summary: RunSummary


def measure(run: FinishedRun, seen: Callable[[Row], object] | None = None) -> list[Measured]:
    """Read a run once, and sum up the curve of each of its scorers.

    Args:
        run: The run; numbers alone are kept of it.
        seen: Is shown every row as it goes by.

    Raises:
        AnytimeError: It has nothing at budgets, mixes budgets, or is damaged.
    """

    def rows() -> Iterator[Row]:
        for row in rows_of(run):
            if seen is not None:
                seen(row)
            yield row

    info = run.info
    return [
        Measured(info, curve, summary_of(key, curve, info.options, run.skipped))
        for key, curve in curves(rows()).items()
    ]


def benchmark(info: RunInfo) -> str:
    """What was measured: the domain, or the third-party task."""
    return info.domain or info.task


def index_options(info: RunInfo) -> dict[str, str | float]:
    """How the index was taken."""
    return {
        "envelope": info.envelope,
        "scale": info.scale,
        "q_max": info.q_max,
        "estimator": info.estimator,
    }
