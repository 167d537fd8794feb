"""The figures of a report, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from anytime.budgets import BudgetGrid
from anytime.report.plotting import (
    INK,
    MARKS,
    OVERLAID,
    PAPER,
    QUIET,
    RULE,
    BudgetAxis,
    Mark,
    budget_axis,
    label_of,
    panel,
    shares,
)
from anytime.statistics.comparison import Comparison
from anytime.statistics.curve import FloatArray

__all__ = [
    "Drawn",
    "Index",
    "Line",
    "curve_figures",
    "difference_figure",
    "index_figure",
    "share_figures",
    "token_figures",
]

_LEGEND_ROW = 17
_LONGEST = 50
"""Characters of a label across a figure."""

_CLEAR = {"facecolor": PAPER, "edgecolor": "none", "pad": 1.5}
"""Around text that the lines of a grid would strike through."""


class Line(NamedTuple):
    """One run in a figure by budget.

    Attributes:
        label: Of the run.
        values: Shape (T,); NaN where there is nothing to draw.
        low: Lower end of its band, if it has one.
        high: Upper end.
    """

    label: str
    values: FloatArray
    low: FloatArray | None = None
    high: FloatArray | None = None


class Index(NamedTuple):
    """One run in the figure of indices.

    Attributes:
        label: Of the run.
        value: Its index.
        low: Of its interval; NaN where there is none.
        high: Likewise.
    """

    label: str
    value: float
    low: float
    high: float


class Drawn(NamedTuple):
    """A figure.

    Attributes:
        figure: As drawn.
        about: What it shows, for who cannot see it.
    """

    figure: Figure
    about: str


def curve_figures(budgets: BudgetGrid, lines: Sequence[Line]) -> Iterator[Drawn]:
    """Quality by budget with bands: in one figure; or, of many runs, one each before the others."""
    axis = budget_axis(budgets)
    if len(lines) <= OVERLAID:
        yield _by_budget(axis, lines, MARKS, "quality of the answer", _about_curves(budgets, lines))
        return
    for line in lines:
        others = [other for other in lines if other is not line]
        about = _about_curves(budgets, [line]) + ", with the other runs as thin lines behind"
        yield _by_budget(axis, [line], MARKS, "quality of the answer", about, behind=others)


def share_figures(
    budgets: BudgetGrid, lines: Sequence[Line], label: str, about: str
) -> Iterator[Drawn]:
    """Shares by budget: in figures of a few runs each."""
    axis = budget_axis(budgets)
    for part in _parts(lines):
        names = "; ".join(line.label for line in part)
        yield _by_budget(axis, part, MARKS, label, f"{about}: {names}")


def token_figures(budgets: BudgetGrid, lines: Sequence[Line]) -> Iterator[Drawn]:
    """Tokens really spent by budget, beside the line on which all of a budget is spent."""
    axis = budget_axis(budgets)
    for part in _parts(lines):
        axes, top = _titled(part, MARKS, 300, extra="the whole budget spent")
        axes.plot(axis.ticks, axis.ticks, color=QUIET, linewidth=1, linestyle=(0, (2, 3)))
        for line, mark in zip(part, MARKS, strict=False):
            places = np.array([axis.at(tokens) for tokens in line.values])
            _line(axes, axis, places, mark)
        axis.put_on(axes)
        axes.set_ylim(axes.get_xlim())
        axes.set_yticks(axis.ticks, axis.labels)
        axes.set_ylabel("tokens really spent", labelpad=2)
        names = "; ".join(line.label for line in part)
        yield Drawn(top, f"Mean tokens really spent at each budget: {names}")


def index_figure(indices: Sequence[Index]) -> Drawn:
    """Dots with intervals, the label of each above it."""
    row, bottom = 38, 46
    height = row * len(indices) + bottom + 8
    axes = panel(height, top=8, bottom=bottom, left=16)
    colours = MARKS if len(indices) <= OVERLAID else [MARKS[0]] * len(indices)
    for number, (one, mark) in enumerate(zip(indices, colours, strict=False)):
        place = -number
        known = one.low == one.low
        if known:
            axes.plot([one.low, one.high], [place, place], color=mark.colour, linewidth=2.4)
        axes.plot([one.value], [place], mark.marker, color=mark.colour, markersize=7)
        said = f"{one.value:.3f}" + (f"  [{one.low:.3f}, {one.high:.3f}]" if known else "")
        above = place + 0.42
        axes.text(0, above, label_of(one.label, 36), fontsize=10.5, va="center", bbox=_CLEAR)
        axes.text(1, above, said, fontsize=10, va="center", ha="right", color=INK, bbox=_CLEAR)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    axes.set_ylim(-len(indices) + 0.6, 0.72)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("Anytime Index, with its 95 % interval")
    return Drawn(
        _figure(axes),
        "Anytime Index: " + "; ".join(f"{one.label}: {one.value:.3f}" for one in indices),
    )


def difference_figure(one: Comparison) -> Drawn:
    """Difference of mean quality at each budget, with paired intervals."""
    axis = budget_axis(one.budgets)
    axes = panel(280, top=26, left=62)
    axes.axhline(0, color=QUIET, linewidth=1)
    mark = MARKS[0]
    for tick, d in zip(axis.ticks, one.by_budget, strict=True):
        axes.plot([tick, tick], d.interval, color=mark.colour, linewidth=2.4)
        axes.plot([tick], [d.difference], mark.marker, color=mark.colour, markersize=7)
    reach = max(0.05, *(abs(end) for d in one.by_budget for end in d.interval)) * 1.08
    axes.set_ylim(-reach, reach)
    axis.put_on(axes)
    axes.set_ylabel("difference in quality")
    for height, name, alignment in ((1, one.a, "top"), (0, one.b, "bottom")):
        axes.text(
            0.01, height, f"{label_of(name, 40)} better", transform=axes.transAxes,
            va=alignment, fontsize=10, color=QUIET, bbox=_CLEAR,
        )  # fmt: skip
    said = ", ".join(
        f"{d.difference:+.3f} at {budget}"
        for budget, d in zip(one.budgets, one.by_budget, strict=True)
    )
    return Drawn(_figure(axes), f"Quality of {one.a} minus {one.b}: {said}")


def _by_budget(
    axis: BudgetAxis,
    lines: Sequence[Line],
    marks: Sequence[Mark],
    label: str,
    about: str,
    behind: Sequence[Line] = (),
) -> Drawn:
    axes, figure = _titled(lines, marks, 300)
    for line in behind:
        axes.plot(axis.ticks, line.values, color=RULE, linewidth=1.4)
    for line, mark in zip(lines, marks, strict=False):
        if line.low is not None and line.high is not None:
            axes.fill_between(
                axis.ticks, line.low, line.high, color=mark.colour, alpha=0.16, linewidth=0
            )
    for line, mark in zip(lines, marks, strict=False):
        _line(axes, axis, line.values, mark)
    axis.put_on(axes)
    shares(axes, label)
    return Drawn(figure, about)


def _line(axes: Axes, axis: BudgetAxis, values: FloatArray, mark: Mark) -> None:
    axes.plot(
        axis.ticks,
        values,
        color=mark.colour,
        linestyle=mark.dashes,
        marker=mark.marker,
        clip_on=False,
        zorder=3,
    )


def _titled(
    lines: Sequence[Line], marks: Sequence[Mark], height: float, extra: str = ""
) -> tuple[Axes, Figure]:
    """Axes below a legend of one line each."""
    labels = [label_of(line.label, _LONGEST) for line in lines]
    handles = [
        Line2D([], [], color=mark.colour, linestyle=mark.dashes, marker=mark.marker)
        for _, mark in zip(lines, marks, strict=False)
    ]
    if extra:
        labels.append(extra)
        handles.append(Line2D([], [], color=QUIET, linewidth=1, linestyle=(0, (2, 3))))
    top = _LEGEND_ROW * len(labels) + 18
    axes = panel(height + top, top=top)
    figure = _figure(axes)
    figure.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0.005, 1),
        borderaxespad=0.2,
        handlelength=3.2,
        labelspacing=0.45,
    )
    return axes, figure


def _figure(axes: Axes) -> Figure:
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    return figure


def _parts(lines: Sequence[Line]) -> list[Sequence[Line]]:
    drawn = [line for line in lines if not np.isnan(line.values).all()]
    return [drawn[start : start + OVERLAID] for start in range(0, len(drawn), OVERLAID)]


def _about_curves(budgets: BudgetGrid, lines: Sequence[Line]) -> str:
    said: Callable[[Line], str] = lambda line: (  # noqa: E731
        f"{line.label} rises from {line.values[0]:.2f} to {line.values[-1]:.2f}"
    )
    first, last = budgets[0], budgets[-1]
    return f"Quality by budget, {first} to {last} tokens: " + "; ".join(map(said, lines))
