"""Results as a prompt and a notebook show them: aligned text, and tables of HTML.

Names in them may be a stranger's: everything is escaped here, once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from markupsafe import Markup, escape

from anytime.harmless import for_terminal
from anytime.statistics.bounded import Interval

__all__ = ["Several", "html_list", "html_table", "html_text", "limits_told", "text_table"]


class _Shown(Protocol):
    def _repr_html_(self) -> str: ...


S = TypeVar("S", bound=_Shown)


class Several(tuple[S, ...]):
    """Several results, which a prompt and a notebook show below each other."""

    def __repr__(self) -> str:
        """All of them as text, in their order."""
        return "\n\n".join(map(repr, self)) or "nothing"

    def _repr_html_(self) -> str:
        return "".join(one._repr_html_() for one in self)


def limits_told(interval: Interval, sign: str = "") -> str:
    """An interval with three digits; empty where nothing can be said.

    Args:
        interval: The interval.
        sign: `+` for limits of a difference.
    """
    low, high = interval
    return "" if math.isnan(low) else f"{low:{sign}.3f} to {high:{sign}.3f}"


def text_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns of text: the first to the left, the others, which are numbers, to the right."""
    lines = [[_on_one_line(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if place else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def html_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The same as an element of a page; every cell is text, but for those of `Markup`."""
    head = "".join(f"<th>{html_text(cell)}</th>" for cell in heads)
    body = "".join(
        f"<tr>{''.join(f'<td{_side(i)}>{html_text(cell)}</td>' for i, cell in enumerate(row))}</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def html_list(sentences: Sequence[str]) -> str:
    """Sentences below a table; nothing without any."""
    items = "".join(f"<li>{html_text(one)}</li>" for one in sentences)
    return f"<ul>{items}</ul>" if items else ""


def html_text(text: str) -> str:
    """Text that a page shows as it is; what is `Markup` stays."""
    if isinstance(text, Markup):
        return str(text)
    # Without lone surrogates, which no page can be written with.
    return str(escape(for_terminal(text).encode(errors="replace").decode()))


def _on_one_line(cell: str) -> str:
    return " ".join(for_terminal(cell).encode(errors="replace").decode().split())


def _side(place: int) -> str:
    return f' style="text-align: {"right; white-space: nowrap" if place else "left"}"'
