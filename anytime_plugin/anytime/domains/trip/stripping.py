"""Removing itineraries from the reasoning about a trip."""

from __future__ import annotations

import re

from anytime.domains.stripping import strip_statements
from anytime.domains.trip.plan import ENTRY, MOVING, read_entry, rest_of_entry
from anytime.domains.trip.scoring import HEADER, stated_flight

__all__ = ["strip_plans"]

_HINT = re.compile(r"[Dd]ay|trip plan for visiting")
_DAY = re.compile(r"[Dd]ay")


def strip_plans(text: str) -> str:
    """Remove the sentences and lines that are part of an itinerary, complete or not.

    Those are its header, every entry from which `parse_itinerary` reads a stay or a flight, and
    every flight on a day that `exact_match` reads within a sentence. A plan in other words
    ("Porto (1-5), then Amsterdam") is not read there and stays here.
    """
    return strip_statements(text, _HINT, _end)


def _end(window: str, length: int) -> int | None:
    body = window[:length]
    if "trip plan for visiting" in body and HEADER.search(body):
        return length
    end = None
    for day in _DAY.finditer(body):
        entry = ENTRY.match(window, day.start())
        if entry is None:
            continue
        city, route = read_entry(window, entry)
        line = rest_of_entry(window, entry)
        if city or route:
            # Up to the city, which may stand in a later sentence of the line.
            name = city or (route or ("", ""))[1]
            end = entry.end() + (0 if entry[3] or entry[5] else line.find(name) + len(name))
        elif MOVING.match(line):  # "Day 5: Fly to Berlin"
            end = entry.end()
    if end is None and "from " in body and (flight := stated_flight(body)):
        _, origin, target = flight
        if origin[0].isupper() and target[0].isupper():
            return length
    return end
