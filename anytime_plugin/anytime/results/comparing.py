"""What differs between runs that are compared, in sentences."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

__all__ = ["axis_of", "differing_told"]


def differing_told(differ: Mapping[str, Sequence[str]]) -> str:
    """What differs between runs beside what they are called by, in a sentence; empty for nothing.

    Args:
        differ: Of `anytime.results.labels.also_differ`.
    """
    if not differ:
        return ""
    parts = [
        f"{name} ({', '.join(value or 'not set' for value in values)})"
        for name, values in differ.items()
    ]
    return f"The runs differ in {', '.join(parts)} too: what is seen may come from that."


_STRATEGIES = re.compile(r"(intrace )?(vote|oracle|check|tree|extend):[0-9x]+\Z")


def axis_of(mode: str) -> str:
    """What runs must have in common to be compared: what their budgets are of.

    Strategies spend a total budget of reasoning otherwise than one trace does, and are compared
    with it; a run that is told its budget is another thing, as is one in which nobody was asked.
    """
    found = _STRATEGIES.match(mode)
    if found is None:
        return mode
    return "intrace" if found[1] else "interrupt"
