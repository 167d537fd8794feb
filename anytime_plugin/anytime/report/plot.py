"""Curves of runs in one figure, for a notebook or a paper. Needs matplotlib: the extra `plots`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from anytime import distribution
from anytime.errors import AnytimeError
from anytime.statistics.bands import curve_band
from anytime.statistics.paired_runs import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["check_plots", "plot"]


def check_plots() -> None:
    """Find out whether figures can be drawn.

    Raises:
        AnytimeError: matplotlib is missing.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise AnytimeError(f"figures need matplotlib: {distribution.extra('plots')}") from None


def plot(runs: Run | Sequence[Run]) -> Figure:
    """Quality by budget of each run, with the band that holds its whole curve with 95 % confidence.

    Up to four runs lie over each other; more get axes of their own, the others behind. The axis of
    budgets is in doublings where these grow like that.

    Args:
        runs: Runs, as `anytime.load` gives them, or one.

    Returns:
        A matplotlib figure, which a notebook shows; `savefig` writes it.

    Raises:
        AnytimeError: There is no run, or matplotlib is missing.

    Example:
        >>> figure = plot(Run("mine", [8, 16], {"p": [0, 1], "q": [1, 1]}))
        >>> figure.savefig("curves.svg")
    """
    check_plots()
    from anytime.report.figures import Line, curves_figure, marks_of
    from anytime.report.plotting import drawing

    shown = [runs] if isinstance(runs, Run) else list(runs)
    wrong = [one for one in shown if not isinstance(one, Run)]
    if wrong or not shown:
        what = f"{type(wrong[0]).__name__} is none" if wrong else "there is none"
        raise AnytimeError(f"plot takes runs, and {what}: anytime.load(logs) gives them")
    lines = []
    for run, mark in zip(shown, marks_of(len(shown)), strict=True):
        band = curve_band(run.curve, seed=run.options.seed if run.options else 0)
        lines.append(Line(run.name, run.curve.mean, band.low, band.high, mark, run.curve.budgets))
    with drawing():
        return curves_figure(lines)
