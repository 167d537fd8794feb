"""Removing itineraries from the reasoning about a trip."""

from __future__ import annotations

import re
from functools import partial

from anytime.domains.stripping import strip_statements
from anytime.domains.trip.aligned import aligned_spans
from anytime.domains.trip.cities import MOVING, NAME
from anytime.domains.trip.forms import entries_in_other_forms, written_in_other_forms
from anytime.domains.trip.plan import ENTRY, parse_plan, read_entry, rest_of_entry
from anytime.domains.trip.scoring import stated_flight
from anytime.domains.trip.stays import HEADER

__all__ = ["strip_plans"]

_HINT = re.compile(r"[Dd]ay|DAY|trip plan for visiting")
_DAY = re.compile(r"[Dd]ay|DAY")
_OTHER_HINT = re.compile(r"[Dd]ay|DAY|\d|\{")
# What is a city only for those who know the cities of the trip: "rome", "the old town of Rome".
_PERHAPS_CITY = re.compile(
    rf"[^\w\n]{{0,16}}(?:{NAME}[^\n]{{0,80}}?\b{NAME}|[^\W\d_]+(?: [^\W\d_]+)?[*_. ]*(?:\Z|[,;(]))"
)
MOST_ROUNDS = 8


def strip_plans(text: str) -> str:
    """Remove the sentences and lines that are part of an itinerary, complete or not.

    Those are its header, every entry from which `parse_itinerary` reads a stay or a flight, and
    every flight on a day that `exact_match` reads within a sentence. A plan in another form (city
    first, a table, JSON) goes where it is read as one; a stay mentioned by itself stays.
    """
    left = strip_statements(text, _HINT, _end)
    for _ in range(MOST_ROUNDS):
        if not parse_plan(left):
            return _without_aligned(left)
        written = written_in_other_forms(left)
        left = strip_statements(left, _OTHER_HINT, partial(_end_of_other, written))
        left = strip_statements(left, _HINT, _end)
    return _without_aligned(left) if not parse_plan(left) else ""


def _without_aligned(text: str) -> str:
    """The text without the lines that are a plan to those who know the cities."""
    for _ in range(MOST_ROUNDS):
        spans = list(aligned_spans(text))
        if not spans:
            return text
        ends = [0, *(end for _, end in spans)]
        begins = [*(start for start, _ in spans), len(text)]
        text = "".join(text[a:b] for a, b in zip(ends, begins, strict=True))
    return ""


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
            at = line.casefold().find(name.casefold())
            end = entry.end() + (0 if entry[3] or entry[5] else max(at, 0) + len(name))
        elif MOVING.match(line):  # "Day 5: Fly to Berlin"
            end = entry.end()
        elif entry[2] and (named := _PERHAPS_CITY.match(line)):
            end = entry.end() + named.end()
    if end is None and "from " in body and (flight := stated_flight(body)):
        _, origin, target = flight
        if origin[0].isupper() and target[0].isupper():
            return length
    return end


def _end_of_other(written: frozenset[str], window: str, length: int) -> int | None:
    near = window[: 2 * length + 400]
    ends = [
        found.end
        for found in entries_in_other_forms(near)
        if found.start < length and near[found.start : found.end] in written
    ]
    if any(line in written for line in near[:length].split("\n")):  # a table's row by itself
        ends.append(length)
    return max(ends, default=None)
