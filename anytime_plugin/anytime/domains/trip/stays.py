"""What a plan is made of, and how its days are written."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["DAY", "DAYS", "HEADER", "UNTIL", "Flight", "Itinerary", "Stay"]

_GAP = r"[^\S\n]?"
DAY = r"[Dd](?:ay|AY)(?<![^\W_]...)[sS]?"
UNTIL = rf"{_GAP}(?:[-‐‑–—−]|to|through|until|TO){_GAP}"
DAYS = (
    rf"{DAY}{_GAP}(\d{{1,4}})(?!\d)"
    rf"(?:{UNTIL}(?:[Dd]ays?{_GAP}|DAYS?{_GAP})?(\d{{1,4}})(?!\d))?"
)
"""Two groups: the first day, and the last where there are several."""


HEADER = re.compile(r"European cities for (\d+) days")
"""In the first line of a plan in the official format: the days of the trip."""


class Stay(NamedTuple):
    """Days `first` to `last` in `city`, both inclusive; a flight day belongs to two stays."""

    city: str
    first: int
    last: int


class Flight(NamedTuple):
    """A flight a plan states on a line of its own, after its first `after` stays."""

    after: int
    day: int
    origin: str
    target: str


class Itinerary(NamedTuple):
    """A plan as written: its stays, and the flights it states between them."""

    stays: tuple[Stay, ...]
    flights: tuple[Flight, ...]
