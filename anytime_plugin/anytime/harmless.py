"""Names, ids and answers are whatever a model or a stranger wrote: they do nothing elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["for_spreadsheet", "for_terminal", "from_spreadsheet", "row_for_spreadsheet"]

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What a terminal obeys, or shows in another order; but for ends of lines and tabs."""

_FORMULA = re.compile(r"[=+\-@\t\r]")
"""What spreadsheets take for the beginning of a formula (OWASP's list on CSV injection)."""

_GUARDED = re.compile(r"'+[=+\-@\t\r]")


def for_terminal(text: str) -> str:
    """The text without what a terminal would obey: colours, titles, moves, text that runs back.

    Such characters have no width, so nothing moves where they are left out.
    """
    return _CONTROLS.sub("", text)


def for_spreadsheet(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: after an apostrophe."""
    return f"'{text}" if _FORMULA.match(text) or _GUARDED.match(text) else text


def from_spreadsheet(cell: str) -> str:
    """What `for_spreadsheet` was given."""
    return cell[1:] if _GUARDED.match(cell) else cell


def row_for_spreadsheet(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of which every text is harmless; numbers stay numbers."""
    return {k: for_spreadsheet(v) if isinstance(v, str) else v for k, v in row.items()}
