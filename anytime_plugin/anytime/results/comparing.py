"""What differs between runs that are compared, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["differing_told"]


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
