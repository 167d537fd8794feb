"""Trip plans as text: read from whatever a model wrote, and written in the official format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

__all__ = [
    "ENTRY",
    "MOVING",
    "Flight",
    "Itinerary",
    "Stay",
    "format_plan",
    "parse_itinerary",
    "parse_plan",
    "read_entry",
    "rest_of_entry",
]

MAX_TEXT = 200_000
"""Characters read from the end of a text; ten times the longest real answer (22 000)."""

MAX_LINE = 200
"""Characters of an entry in which its city is looked for."""


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


# A name is capitalised; it goes on only where the next word is, too ("San Sebastian").
_NAME = r"[^\W\d_a-z][^\W\d_]*(?:[ '’-][A-Z][^\W\d_]*)*"
_GAP = r"[^\S\n]?"
# Every repetition is bounded or followed by something it cannot match, so matching stays linear.
ENTRY = re.compile(
    rf"[Dd]ay(?<![^\W_]...)s?{_GAP}(\d{{1,4}})(?!\d)"
    rf"(?:{_GAP}(?:[-‐‑–—−]|to|through){_GAP}(?:[Dd]ays?{_GAP})?(\d{{1,4}})(?!\d))?"
    r"[ *_\]]{0,6}(?:\([^()\n]{0,40}\)[ *_]{0,4})?(?:[:|→]| [-–—] )[ *_|]*"
    # The official wording is read here and now; all others are looked at more closely.
    rf"(?:(?:Arriving in \w+ and visit|Visit) ({_NAME}) for|Fly from ({_NAME}) to ({_NAME}))?"
)
_END = re.compile(r"\n|\b[Dd]ays? ?\d")
_VISIT = re.compile(rf"\b[Vv]isit(?:ing|s)? [*_]{{0,3}}({_NAME})")
_ROUTE = re.compile(rf"\bfrom [*_]{{0,3}}({_NAME})[*_]{{0,3}} to [*_]{{0,3}}({_NAME})")
MOVING = re.compile(r"(?i)\b(?:fly|flight|flying|travel|transfer|depart|departure|return)\b")
_LEADING = re.compile(_NAME)
_IN = re.compile(rf"\b(?:in|at|[Ee]xplore|[Ee]xploring) [*_]{{0,3}}({_NAME})")
# Words an entry may begin with that are no city.
# fmt: off
_NOT_CITIES = frozenset((
    "a", "an", "and", "arrival", "arrive", "arriving", "at", "attend", "attending", "begin",
    "buffer", "conference", "continue", "day", "days", "depart", "departing", "departure", "end",
    "enjoy", "explore", "exploring", "final", "first", "flight", "flights", "fly", "flying",
    "free", "in", "meet", "meeting", "no", "none", "not", "remain", "rest", "return", "second",
    "sightseeing", "spend", "start", "starting", "stay", "staying", "the", "third", "transfer",
    "travel", "traveling", "travelling", "visit", "wedding", "workshop",
))
# fmt: on


def parse_plan(text: str, days: int | None = None) -> tuple[Stay, ...]:
    """The stays of the last complete plan in a text; empty when there is none.

    See `parse_itinerary`.
    """
    return parse_itinerary(text, days).stays


def parse_itinerary(text: str, days: int | None = None) -> Itinerary:
    """Read the last complete plan in a text, in time linear in its length.

    An entry is "Day 5-9: ..." or "Day 5: ..." with any markdown around it, one or several to a
    line. Its city is what it visits, else the name it begins with, else the name after "in". An
    entry of one day that only flies is no stay. Single days in the same city join into one stay.

    A stay from day 1 begins a new plan. It replaces the one before unless it looks cut short:
    fewer stays, an earlier end, and not ending on day `days`. Text of the prompt's style ("between
    day 5 and day 9") is no entry. Only the last `MAX_TEXT` characters are read.

    Args:
        text: Anything a model wrote.
        days: Length of the trip where known: a plan ending there is complete, and what follows it
            up to the next day 1 is talk about it.
    """
    text = text[-MAX_TEXT:]
    best: list[Stay] = []
    best_flights: list[Flight] = []
    stays: list[Stay] = []
    flights: list[Flight] = []
    for entry in ENTRY.finditer(text):
        day, until = entry[1], entry[2]
        first = int(day)
        last = int(until) if until else first
        if stays and stays[-1].last == days and 1 < first < days:
            continue
        city, route = read_entry(text, entry)
        if route:
            flights.append(Flight(len(stays), first, *route))
            continue
        if city is None:
            continue
        previous = stays[-1] if stays else None
        if not until and previous and previous.city == city and first <= previous.last + 1:
            stays[-1] = Stay(city, previous.first, max(previous.last, last))
            continue
        if first == 1 and stays:
            if _replaces(stays, best, days):
                best, best_flights = stays, flights
            stays, flights = [], []
        stays.append(Stay(city, first, last))
    if _replaces(stays, best, days):
        best, best_flights = stays, flights
    return Itinerary(tuple(best), tuple(best_flights))


def read_entry(text: str, entry: re.Match[str]) -> tuple[str | None, tuple[str, str] | None]:
    """The city of a stay, or where a flight begins and ends; neither where no city is named.

    Args:
        text: The text.
        entry: A match of `ENTRY` in it.
    """
    _, until, city, origin, target = entry.groups()
    if city:
        return city, None
    line = rest_of_entry(text, entry)
    if not until and not origin and MOVING.search(line) and not _VISIT.search(line):
        route = _ROUTE.search(line)
        return None, (route[1], route[2]) if route else None
    if origin and not until:
        return None, (origin, target)
    return _city(line), None


def rest_of_entry(text: str, entry: re.Match[str]) -> str:
    """What follows on the line up to the next entry, up to a bound."""
    return _END.split(text[entry.end() : entry.end() + MAX_LINE], maxsplit=1)[0]


def _replaces(new: list[Stay], old: list[Stay], days: int | None) -> bool:
    if not old or not new:
        return bool(new)
    end = new[-1].last
    return end == days or len(new) >= len(old) or end >= old[-1].last


def _city(line: str) -> str | None:
    if visit := _VISIT.search(line):
        return visit[1]
    leading = _LEADING.match(line)
    if leading and leading[0].partition(" ")[0].lower() not in _NOT_CITIES:
        return leading[0]
    named = _IN.search(line)
    return named[1] if named else None


def format_plan(stays: Sequence[Stay]) -> str:
    """Write a plan in the official format of NaturalPlan's golden plans."""
    lines: list[str] = []
    for number, (city, first, last) in enumerate(stays):
        length = last - first + 1
        if number == 0:
            lines.append(
                f"**Day {first}-{last}:** Arriving in {city} and visit {city} for {length} days."
            )
        else:
            lines.append(f"**Day {first}:** Fly from {stays[number - 1].city} to {city}.")
            lines.append(f"**Day {first}-{last}:** Visit {city} for {length} days.")
    total = stays[-1].last if stays else 0
    header = (
        f"Here is the trip plan for visiting the {len(stays)} European cities for {total} days:"
    )
    return "\n".join([header, "", *lines])
