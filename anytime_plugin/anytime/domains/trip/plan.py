"""Trip plans as text: read from whatever a model wrote, and written in the official format."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from anytime.domains.trip.aligned import aligned_plan
from anytime.domains.trip.cities import (
    MOVING,
    NAME,
    NO_NAMES,
    VISIT,
    city_in,
    known_names,
    spelled,
)
from anytime.domains.trip.forms import plan_in_other_form
from anytime.domains.trip.stays import DAYS, HEADER, Flight, Itinerary, Stay

__all__ = [
    "ENTRY",
    "Flight",
    "Itinerary",
    "Stay",
    "end_of_plan",
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

# Every repetition is bounded or followed by something it cannot match, so matching stays linear.
ENTRY = re.compile(
    rf"{DAYS}[ *_\]`]{{0,6}}(?:\([^()\n]{{0,40}}\)[ *_]{{0,4}})?"
    r"(?:[:|→]| [-–—] )(?:</\w{1,6}>)?[ *_|`]*"
    # The official wording is read here and now; all others are looked at more closely.
    rf"(?:(?:Arriving in \w+ and visit|Visit) ({NAME}) for|Fly from ({NAME}) to ({NAME}))?"
)
_END = re.compile(r"\n|\b(?:[Dd]ays?|DAYS?) ?\d")
_ROUTE = re.compile(rf"\bfrom [*_]{{0,3}}({NAME})[*_]{{0,3}} to [*_]{{0,3}}({NAME})")
_GOES_TO = re.compile(
    r"(?i:\b(?:fly|flight|flying|travel|travell?ing|transfer|move|moving|train|head|heading"
    rf"|depart|departing|leave)\b)[^.\n]{{0,30}}? (?:to|for) [*_]{{0,3}}({NAME})"
)
_BELOW = re.compile(r"[ *_`]{0,6}\n[ \t]{0,8}(?!\|)(?:[-*•+>] {0,3})?[*_ ]{0,4}")
# Two cities on one day: it is the day of the flight between them.
_BOTH = re.compile(
    rf"[*_ ]{{0,4}}({NAME})[*_]{{0,2}}(?: \([^()\n]{{1,20}}\),?)? ?"
    rf"(?:/|→|->|➔|=>|&|\band\b|\bthen\b|(?<=\),)) ?[*_]{{0,2}}({NAME})"
    r"[*_ .]{0,4}(?=\n|\Z|\()"
)


def parse_plan(
    text: str, days: int | None = None, cities: Collection[str] = ()
) -> tuple[Stay, ...]:
    """The stays of the last complete plan in a text; empty when there is none.

    See `parse_itinerary`.
    """
    return parse_itinerary(text, days, cities).stays


def parse_itinerary(text: str, days: int | None = None, cities: Collection[str] = ()) -> Itinerary:
    """Read the last complete plan in a text, in time linear in its length.

    An entry is "Day 5-9: ..." or "Day 5: ..." with any markdown around it, one or several to a
    line. Its city is what it visits, else the name it begins with, else the name after "in". An
    entry of one day that only flies is no stay. Single days in the same city join into one stay,
    and a day on which two cities stand, or a flight between them, belongs to both.

    A stay from day 1 begins a new plan. It replaces the one before unless it looks cut short:
    fewer stays, an earlier end, and not ending on day `days`. Text of the prompt's style ("between
    day 5 and day 9") is no entry. Only the last `MAX_TEXT` characters are read.

    Where no such plan is found, or a complete one follows it, a plan in another form is read: city
    first, in a table, in JSON, without a colon (`anytime.domains.trip.forms`); and where nothing
    is, days and cities that take turns (`anytime.domains.trip.aligned`).

    Args:
        text: Anything a model wrote.
        days: Length of the trip where known: a plan ending there is complete, and what follows it
            up to the next day 1 is talk about it.
        cities: The cities of the trip where known: names are read in their spelling, and of the
            names in an entry the one that is a city counts.
    """
    text = text[-MAX_TEXT:]
    known = known_names(cities)
    plan, end = _by_day(text, days, known)
    stays = plan.stays
    good = len(stays) > 1 and stays[0].first == 1
    complete = good and stays[-1].last == days
    other = plan_in_other_form(text[end:] if good else text, days, known, lists_only=complete)
    none = len(stays) < 2 and len(other.stays) < 2
    if none and days and known and (aligned := aligned_plan(text, days, known)):
        return Itinerary(aligned, ())
    if not stays or (other.listed and other.stays != stays):
        return Itinerary(other.stays, ())
    if not complete and len(other.stays) >= len(stays) and other.stays != stays:
        return Itinerary(other.stays, ())
    return plan


def _by_day(text: str, days: int | None, known: Mapping[str, str]) -> tuple[Itinerary, int]:
    """The last complete plan whose entries begin with their days, and where it ends."""
    best, draft = _Draft([], []), _Draft([], [])
    best_end = end = 0
    single = False  # whether the last stay is made of single days
    for entry in ENTRY.finditer(text):
        day, until = entry[1], entry[2]
        first = int(day)
        last = int(until) if until else first
        stays = draft.stays
        if stays and stays[-1].last == days and 1 < first < days:
            continue
        city, route = read_entry(text, entry, known)
        previous = stays[-1] if stays else None
        if route:
            if single and previous and route[0] == previous.city and first == previous.last + 1:
                stays[-1] = Stay(previous.city, previous.first, first)
                stays.append(Stay(route[1], first, first))
            else:
                draft.flights.append(Flight(len(stays), first, *route))
            continue
        if city is None:
            # "Day 10: Depart from Bonn" is the last day there, where a plan goes day by day.
            leaves = single and previous and not until and first == previous.last + 1
            line = rest_of_entry(text, entry) if leaves else ""
            target = _target(line, known)
            if previous and leaves and (target or previous.city in line):
                stays[-1] = Stay(previous.city, previous.first, first)
                if target and target != previous.city:
                    stays.append(Stay(target, first, first))
            continue
        if not until and (both := _BOTH.match(text, entry.end())) and previous:
            here, there = (spelled(name, known) for name in both.groups())
            elsewhere = not known or there in known
            if here == previous.city and elsewhere and first <= previous.last + 1:
                stays[-1] = Stay(here, previous.first, max(previous.last, last))
                stays.append(Stay(there, first, last))
                single = True
                continue
        if previous and previous.city == city and (first > 1 or not until):
            # "Days 2-3" go on from day 1, and a stay as a whole may follow on its first day.
            joins = (
                first <= previous.last + 1
                if not until
                else single and (previous.first == first or previous.last + 1 == first)
            )
            if joins:
                stays[-1] = Stay(city, previous.first, max(previous.last, last))
                continue
        if first == 1 and stays:
            if _replaces(stays, best.stays, days):
                best, best_end = draft, end
            draft = _Draft([], [])
        draft.stays.append(Stay(city, first, last))
        single = not until
        end = entry.end()
    if _replaces(draft.stays, best.stays, days):
        best, best_end = draft, end
    return Itinerary(tuple(best.stays), tuple(best.flights)), best_end


def _target(line: str, known: Mapping[str, str]) -> str | None:
    """Where a day's journey goes: "Morning in Rome, then fly to Oslo"."""
    named = _GOES_TO.search(line)
    city = spelled(named[1], known) if named else None
    return city if city in known.values() else None


class _Draft(NamedTuple):
    stays: list[Stay]
    flights: list[Flight]


def read_entry(
    text: str, entry: re.Match[str], known: Mapping[str, str] = NO_NAMES
) -> tuple[str | None, tuple[str, str] | None]:
    """The city of a stay, or where a flight begins and ends; neither where no city is named.

    Args:
        text: The text.
        entry: A match of `ENTRY` in it.
        known: The cities of the trip (`known_names`).
    """
    _, until, city, origin, target = entry.groups()
    if city:
        return spelled(city, known), None
    if origin and not until:
        return None, (spelled(origin, known), spelled(target, known))
    line = rest_of_entry(text, entry)
    if not until and MOVING.search(line) and not VISIT.search(line):
        route = _ROUTE.search(line)
        return None, (spelled(route[1], known), spelled(route[2], known)) if route else None
    return city_in(line, known), None


def rest_of_entry(text: str, entry: re.Match[str]) -> str:
    """What follows on the line up to the next entry, or on the next line, up to a bound."""
    start = line = entry.end()
    if text[start : start + 1] in "\n *_`" and (below := _BELOW.match(text, start)):
        line = below.end()
    stop = _END.search(text, line, line + MAX_LINE)
    return text[start : stop.start() if stop else line + MAX_LINE]


def _replaces(new: list[Stay], old: list[Stay], days: int | None) -> bool:
    if not old or not new:
        return bool(new)
    end = new[-1].last
    return end == days or len(new) >= len(old) or end >= old[-1].last


def end_of_plan(text: str) -> int:
    """Where the line ends on which a plan reaches the last day of the header before it.

    The length of the text where there is no header, or the plan does not get there.
    """
    header = HEADER.search(text)
    if header is None:
        return len(text)
    for entry in ENTRY.finditer(text, header.end()):
        if entry[2] and entry[2].lstrip("0") == header[1].lstrip("0"):
            line = text.find("\n", entry.end())
            return line if line >= 0 else len(text)
    return len(text)


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
