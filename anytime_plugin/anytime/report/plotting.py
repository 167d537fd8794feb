"""What all figures share: size, colours for both modes, the axis of budgets, and labels.

A figure is drawn once, in the colours of the light mode. As SVG within a page these become CSS
variables, so that the page's mode decides; as PNG they stay. Figures are as wide as a phone: a page
sets several side by side instead of shrinking a wide one.
"""

from __future__ import annotations

import io
import math
import unicodedata
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from anytime.budgets import BudgetGrid

__all__ = [
    "COLOURS",
    "INK",
    "MARKS",
    "OVERLAID",
    "PAPER",
    "QUIET",
    "SERIES",
    "SMALL",
    "WIDTH",
    "Box",
    "BudgetAxis",
    "Mark",
    "blank",
    "budget_axis",
    "drawing",
    "label_of",
    "panel",
    "panel_in",
    "shares",
]

WIDTH = 420
"""Of a figure, in points; one is a pixel where it is not scaled."""

SMALL = 264
"""Of one of many small figures that are to be looked at together."""

INK, QUIET, RULE, PAPER = "#1c2127", "#5b6570", "#dce1e6", "#fefefe"

SERIES = ("#0072b2", "#c9520a", "#008060", "#a8478a")
"""Okabe and Ito's blue, vermilion, bluish green and reddish purple, darker where a line of theirs
has too little contrast on white."""

COLOURS = {
    INK: "ink",
    QUIET: "quiet",
    RULE: "rule",
    PAPER: "paper",
    **{colour: f"series-{number}" for number, colour in enumerate(SERIES, 1)},
}
"""The CSS variable of each colour: no two are alike, and none is black or white by accident."""

OVERLAID = len(SERIES)
"""Curves that one pair of axes holds; more get one each."""

_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "text.parse_math": False,  # names may hold dollar signs
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.labelsize": 11,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "xtick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.color": QUIET,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "figure.facecolor": PAPER,
    "figure.dpi": 72,
    "svg.fonttype": "none",
    "svg.hashsalt": "anytime",
    "legend.frameon": False,
    "legend.fontsize": 10.5,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
}


class Mark(NamedTuple):
    """How a curve is told from others, without its colour too."""

    colour: str
    marker: str
    dashes: Any


MARKS = tuple(
    Mark(colour, marker, dashes)
    for colour, marker, dashes in zip(
        SERIES, "os^D", ("-", (0, (6, 2)), (0, (1.5, 1.5)), (0, (7, 2, 1.5, 2))), strict=True
    )
)


@contextmanager
def drawing() -> Iterator[None]:
    """Draw and write figures inside, in one style, whatever the user's own is."""
    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)  # type: ignore[arg-type]
        # A page has other fonts for what this one lacks.
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        yield


class _Picture(Figure):
    """A figure that a notebook shows, as it does otherwise those of pyplot alone."""

    def _repr_png_(self) -> bytes:
        written = io.BytesIO()
        with drawing():
            self.savefig(written, format="png", dpi=144)
        return written.getvalue()


def blank(height: float, width: float = WIDTH) -> Figure:
    """A figure, its size in points."""
    return _Picture(figsize=(width / 72, height / 72))


class Box(NamedTuple):
    """Where axes lie within a figure, in points from its upper left corner.

    Attributes:
        left: Of the part of the figure that is theirs, labels included.
        top: Likewise.
        width: Of that part.
        height: Likewise.
    """

    left: float
    top: float
    width: float
    height: float


def panel(
    height: float, *, top: float = 12, bottom: float = 46, left: float = 50, width: float = WIDTH
) -> Axes:
    """Axes in a figure of their own, placed in points."""
    return panel_in(blank(height, width), Box(0, 0, width, height), top, bottom, left)


def panel_in(
    figure: Figure, box: Box, top: float = 12, bottom: float = 46, left: float = 50
) -> Axes:
    """Axes in a part of a figure, placed in points."""
    width, height = (72 * size for size in figure.get_size_inches())
    axes = figure.add_axes(
        (
            (box.left + left) / width,
            1 - (box.top + box.height - bottom) / height,
            (box.width - left - 14) / width,
            (box.height - top - bottom) / height,
        )
    )
    axes.grid(visible=True, axis="y")
    axes.tick_params(length=3)
    return axes


def shares(axes: Axes, label: str) -> None:
    """A vertical axis from 0 to 1, with room for a mark at either end."""
    axes.set_ylim(-0.03, 1.03)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1])
    axes.set_ylabel(label)


class BudgetAxis(NamedTuple):
    """Where budgets lie.

    Attributes:
        at: Place of so many tokens.
        ticks: Places of the budgets.
        labels: Their names; empty where there is no room.
    """

    at: Callable[[float], float]
    ticks: list[float]
    labels: list[str]

    def put_on(self, axes: Axes) -> None:
        """Make it the horizontal axis."""
        room = (self.ticks[-1] - self.ticks[0]) * 0.03
        axes.set_xlim(self.ticks[0] - room, self.ticks[-1] + room)
        axes.set_xticks(self.ticks, self.labels)
        axes.set_xlabel("budget (tokens of reasoning)")


def budget_axis(budgets: BudgetGrid, room: float = WIDTH - 64) -> BudgetAxis:
    """In doublings where budgets grow like that, else in tokens.

    Budget 0, which has no place among doublings, lies one step before the first.

    Args:
        budgets: The ticks.
        room: Length of the axis in points.
    """
    positive = [budget for budget in budgets if budget]
    logs = [math.log2(budget) for budget in positive]
    zero = logs[0] - (logs[-1] - logs[0]) / max(1, len(logs) - 1)

    def in_doublings(tokens: float) -> float:
        if budgets[0] == 0 and tokens < positive[0]:
            return zero + (logs[0] - zero) * tokens / positive[0]
        return math.log2(max(tokens, 1))

    doubling = len(logs) > 1 and _unevenness(logs) <= _unevenness(positive) + 1e-9
    at = in_doublings if doubling else float
    ticks = [at(budget) for budget in budgets]
    return BudgetAxis(at, ticks, _roomy(ticks, list(map(str, budgets)), room))


def _unevenness(places: Sequence[float]) -> float:
    steps = np.diff(places)
    return float(steps.std() / steps.mean())


def _roomy(ticks: Sequence[float], labels: Sequence[str], room: float) -> list[str]:
    """Leave out labels that would touch another; the last stays, and the first before others."""
    points = room / (ticks[-1] - ticks[0])
    kept: list[tuple[float, float]] = []
    shown = [""] * len(labels)
    for place in dict.fromkeys([len(labels) - 1, 0, *reversed(range(len(labels)))]):
        half = (6.6 * len(labels[place]) + 6) / 2
        low, high = ticks[place] * points - half, ticks[place] * points + half
        if all(high <= other_low or low >= other_high for other_low, other_high in kept):
            kept.append((low, high))
            shown[place] = labels[place]
    return shown


def label_of(text: str, longest: int) -> str:
    """A name as it fits into a figure: on one line, without characters that nothing shows."""
    shown = "".join(
        character if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn") else " "
        for character in text
    )
    shown = " ".join(shown.split())
    if len(shown) <= longest:
        return shown
    begin = (longest - 1) * 2 // 3
    return f"{shown[:begin]}…{shown[-(longest - 1 - begin) :]}"
