"""The figures of a report, drawn with matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    SMALL,
    WIDTH,
    Box,
    BudgetAxis,
    Mark,
    blank,
    budget_axis,
    label_of,
    panel,
    panel_in,
    shares,
)
from anytime.statistics.comparison import Comparison
from anytime.statistics.curve import FloatArray

__all__ = [
    "Drawn",
    "Index",
    "Line",
    "curve_figures",
    "curves_figure",
    "difference_figure",
    "index_figure",
    "marks_of",
    "missing_figure",
    "share_figures",
    "token_figures",
]

_LEGEND_ROW = 17
_ROW = 214
"""Height of one of many figures in one."""
_LONGEST, _LONGEST_SMALL = 50, 32
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
        mark: Of the run, the same in every figure.
        budgets: T of them, if they are other than the figure's.
    """

    label: str
    values: FloatArray
    low: FloatArray | None = None
    high: FloatArray | None = None
    mark: Mark = MARKS[0]
    budgets: BudgetGrid | None = None

    def places(self, axis: BudgetAxis) -> list[float]:
        """Where its values lie."""
        return axis.ticks if self.budgets is None else [axis.at(budget) for budget in self.budgets]


class Index(NamedTuple):
    """One run in the figure of indices.

    Attributes:
        label: Of the run.
        value: Its index.
        low: Of its interval; NaN where there is none.
        high: Likewise.
        mark: Of the run, the same in every figure.
    """

    label: str
    value: float
    low: float
    high: float
    mark: Mark = MARKS[0]


class Drawn(NamedTuple):
    """A figure.

    Attributes:
        figure: As drawn.
        about: What it shows, for who cannot see it.
    """

    figure: Figure
    about: str


def marks_of(count: int) -> list[Mark]:
    """How so many runs are told apart: each by its own mark; or, of many, by a figure of its own.

    One rule for all figures: colour tells a few runs apart, and of many it shows which is meant.
    """
    return list(MARKS[:count]) if count <= OVERLAID else [MARKS[0]] * count


def curve_figures(budgets: BudgetGrid, lines: Sequence[Line]) -> Iterator[Drawn]:
    """Quality by budget with bands: in one figure; or, of many runs, one each before the others."""
    label = "quality of the answer" if len(lines) <= OVERLAID else "quality"
    for axis, part, behind in _shared_out(budgets, lines):
        about = _about_curves(budgets, part) + _BEHIND * bool(behind)
        yield _by_budget(axis, part, label, about, behind)


def curves_figure(lines: Sequence[Line]) -> Figure:
    """All curves in one figure: over each other; or, of many runs, side by side.

    Args:
        lines: The runs, each with its budgets.
    """
    budgets = BudgetGrid(sorted({budget for line in lines for budget in line.budgets or ()}))
    if len(lines) <= OVERLAID:
        return _by_budget(budget_axis(budgets), lines, "quality of the answer", "").figure
    axis = budget_axis(budgets, SMALL - 64)
    across = 3
    down = -(-len(lines) // across)
    figure = blank(_ROW * down, SMALL * across)
    for place, line in enumerate(lines):
        row, column = divmod(place, across)
        axes = panel_in(figure, Box(SMALL * column, _ROW * row, SMALL, _ROW), top=28)
        axes.set_title(label_of(line.label, _LONGEST_SMALL), loc="left", fontsize=10.5)
        _draw(axes, axis, [line], [other for other in lines if other is not line])
        shares(axes, "quality")
    return figure


def share_figures(
    budgets: BudgetGrid, lines: Sequence[Line], label: str, about: str
) -> Iterator[Drawn]:
    """Shares by budget: in one figure; or, of many runs, one each before the others."""
    for axis, part, behind in _shared_out(budgets, lines):
        names = "; ".join(line.label for line in part)
        yield _by_budget(axis, part, label, f"{about}: {names}" + _BEHIND * bool(behind), behind)


def token_figures(budgets: BudgetGrid, lines: Sequence[Line]) -> Iterator[Drawn]:
    """Tokens really spent by budget, beside the line on which all of a budget is spent."""
    for axis, part, behind in _shared_out(budgets, lines):
        axes, top = _titled(part, small=bool(behind), extra="" if behind else "all of it spent")
        axes.plot(axis.ticks, axis.ticks, color=QUIET, linewidth=1, linestyle=(0, (2, 3)))
        for line in behind:
            axes.plot(axis.ticks, [axis.at(t) for t in line.values], color=RULE, linewidth=1.4)
        for line in part:
            places = np.array([axis.at(tokens) for tokens in line.values])
            _line(axes, axis.ticks, places, line.mark)
        axis.put_on(axes)
        axes.set_ylim(axes.get_xlim())
        axes.set_yticks(axis.ticks, axis.labels)
        axes.set_ylabel("tokens spent" if behind else "tokens really spent", labelpad=2)
        names = "; ".join(line.label for line in part)
        yield Drawn(top, f"Mean tokens really spent at each budget: {names}")


_BEHIND = ", with the other runs as thin lines behind"


def _shared_out(
    budgets: BudgetGrid, lines: Sequence[Line]
) -> Iterator[tuple[BudgetAxis, Sequence[Line], Sequence[Line]]]:
    """What each figure shows, and what stands behind: a few runs in one, many in one each."""
    drawn = [line for line in lines if not np.isnan(line.values).all()]
    if not drawn:
        return
    if len(lines) <= OVERLAID:
        yield budget_axis(budgets), drawn, ()
        return
    axis = budget_axis(budgets, SMALL - 64)
    for line in drawn:
        yield axis, [line], [other for other in lines if other is not line]


def index_figure(indices: Sequence[Index]) -> Drawn:
    """Dots with intervals, the label of each above it."""
    row, bottom = 38, 46
    height = row * len(indices) + bottom + 8
    axes = panel(height, top=8, bottom=bottom, left=16)
    for number, one in enumerate(indices):
        place, mark = -number, one.mark
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


_STATES = {"right": "R", "unfinished": "U", "never": "N", "cut off": "C", "lost": "L"}
"""Letters in the bars, so that no colour is needed to read them."""
_LEAST_LABELLED = 0.045


def missing_figure(
    budgets: BudgetGrid, shares: Mapping[str, Sequence[float]], label: str, mark: Mark
) -> Drawn:
    """A bar for each budget, parted by what its traces are, with a letter in each part.

    Args:
        budgets: T of them.
        shares: By state, of shape (T,); they add to 1 (`anytime.statistics.missing`).
        label: Of the run.
        mark: Of the run, whose colour is that of what is right.
    """
    row, top, bottom = 24, 64, 40
    axes = panel(row * len(budgets) + top + bottom, top=top, bottom=bottom, left=64)
    fills = {"right": mark.colour, "lost": QUIET}
    left = np.zeros(len(budgets))
    places = -np.arange(len(budgets), dtype=float)
    for number, (state, share) in enumerate(shares.items()):
        fill = fills.get(state, RULE if number % 2 else PAPER)
        axes.barh(places, share, left=left, height=0.78, color=fill, edgecolor=INK, linewidth=0.7)
        for place, width, begin in zip(places, share, left, strict=True):
            if width >= _LEAST_LABELLED:
                letter = _STATES.get(state, "X")
                on = PAPER if state in fills else INK
                middle = begin + width / 2
                axes.text(middle, place, letter, ha="center", va="center", fontsize=10, color=on)
        left = left + share
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    axes.set_yticks(places, [f"{budget:,}" for budget in budgets])
    axes.set_ylim(places[-1] - 0.6, 0.6)
    axes.grid(visible=False)
    axes.set_xlabel("share of the quality that could be")
    named = [f"{_STATES.get(state, 'X')} {state}" for state in shares]
    figure = _figure(axes)
    height = figure.get_size_inches()[1] * 72
    for line, text in enumerate(
        (label_of(label, _LONGEST), ", ".join(named[:3]), ", ".join(named[3:]))
    ):
        place = 1 - (14 + 17 * line) / height
        figure.text(0.02, place, text, fontsize=10.5, va="center", color=INK)
    told = "; ".join(
        f"at {budget}: " + ", ".join(f"{state} {share[t]:.0%}" for state, share in shares.items())
        for t, budget in enumerate(budgets)
    )
    return Drawn(figure, f"What is missing at each budget of {label}: {told}")


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
    axis: BudgetAxis, lines: Sequence[Line], label: str, about: str, behind: Sequence[Line] = ()
) -> Drawn:
    axes, figure = _titled(lines, small=bool(behind))
    _draw(axes, axis, lines, behind)
    shares(axes, label)
    return Drawn(figure, about)


def _draw(axes: Axes, axis: BudgetAxis, lines: Sequence[Line], behind: Sequence[Line]) -> None:
    """Curves with their bands, before those of others."""
    for line in behind:
        axes.plot(line.places(axis), line.values, color=RULE, linewidth=1.4)
    for line in lines:
        if line.low is not None and line.high is not None:
            places, colour = line.places(axis), line.mark.colour
            axes.fill_between(places, line.low, line.high, color=colour, alpha=0.16, linewidth=0)
    for line in lines:
        _line(axes, line.places(axis), line.values, line.mark)
    axis.put_on(axes)


def _line(axes: Axes, places: Sequence[float], values: FloatArray, mark: Mark) -> None:
    axes.plot(
        places,
        values,
        color=mark.colour,
        linestyle=mark.dashes,
        marker=mark.marker,
        clip_on=False,
        zorder=3,
    )


def _titled(lines: Sequence[Line], *, small: bool, extra: str = "") -> tuple[Axes, Figure]:
    """Axes below a legend of one line each; small ones are one of many."""
    labels = [label_of(line.label, _LONGEST_SMALL if small else _LONGEST) for line in lines]
    handles = [
        Line2D(
            [],
            [],
            color=line.mark.colour,
            linestyle=line.mark.dashes,
            marker=line.mark.marker,
        )
        for line in lines
    ]
    if extra:
        labels.append(extra)
        handles.append(Line2D([], [], color=QUIET, linewidth=1, linestyle=(0, (2, 3))))
    top = _LEGEND_ROW * len(labels) + 18
    height = 180 if small else 300
    axes = panel(height + top, top=top, width=SMALL if small else WIDTH)
    figure = _figure(axes)
    figure.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0.005, 1),
        borderaxespad=0.2,
        handlelength=1.6 if small else 3.2,
        labelspacing=0.45,
    )
    return axes, figure


def _figure(axes: Axes) -> Figure:
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    return figure


def _about_curves(budgets: BudgetGrid, lines: Sequence[Line]) -> str:
    said: Callable[[Line], str] = lambda line: (  # noqa: E731
        f"{line.label} rises from {line.values[0]:.2f} to {line.values[-1]:.2f}"
    )
    first, last = budgets[0], budgets[-1]
    return f"Quality by budget, {first} to {last} tokens: " + "; ".join(map(said, lines))
