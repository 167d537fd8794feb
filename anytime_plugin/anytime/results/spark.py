"""A curve as a small picture within a line of a table: SVG made of text, so that nothing is needed.

It takes the colour of the text around it, and so fits a page of either mode.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from anytime.statistics.bands import curve_band
from anytime.statistics.curve import Curve, FloatArray
from anytime.statistics.shown import html_text

__all__ = ["spark", "sparks"]

WIDTH, HEIGHT, EDGE = 150, 36, 3
"""In pixels; marks at the ends of the curve need an edge."""


def sparks(curves: Sequence[Curve]) -> list[str]:
    """One for each curve, all on one axis of budgets."""
    budgets = [budget for curve in curves for budget in curve.budgets]
    return [spark(curve, min(budgets), max(budgets)) for curve in curves]


def spark(curve: Curve, first: int, last: int) -> str:
    """Quality from 0 to 1 by budget in doublings, with the band that holds the whole curve.

    Args:
        curve: The curve.
        first: The budget at the left end.
        last: The budget at the right end.
    """
    low, high = _place(first), _place(last)
    across = (WIDTH - 2 * EDGE) / max(high - low, 1e-9)
    xs = [EDGE + (_place(budget) - low) * across for budget in curve.budgets]
    band = curve_band(curve)
    line = _points(xs, curve.mean)
    drawn = [f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="1.5"/>']
    if not math.isnan(band.low[0]):
        around = f"{_points(xs, band.high)} {_points(xs[::-1], band.low[::-1])}"
        drawn.insert(0, f'<polygon points="{around}" fill="currentColor" opacity="0.18"/>')
    for point in line.split():
        x, y = point.split(",")
        drawn.append(f'<circle cx="{x}" cy="{y}" r="1.8" fill="currentColor"/>')
    told = ", ".join(f"{q:.3f} at {b}" for b, q in zip(curve.budgets, curve.mean, strict=True))
    return (
        f'<svg role="img" aria-label="{html_text(f"quality by budget: {told}")}" width="{WIDTH}" '
        f'height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(drawn)}</svg>'
    )


def _place(budget: int) -> float:
    return math.log2(budget + 1)  # budget 0 has a place too


def _points(xs: Sequence[float], values: FloatArray) -> str:
    depth = HEIGHT - 2 * EDGE
    return " ".join(
        f"{x:.1f},{EDGE + (1 - value) * depth:.1f}" for x, value in zip(xs, values, strict=True)
    )
