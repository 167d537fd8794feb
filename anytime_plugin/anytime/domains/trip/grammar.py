"""The sentences NaturalPlan states a trip in, read into days, stays, events and flights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from anytime.errors import AnytimeError

__all__ = ["Event", "TripTask", "parse_prompt"]


class Event(NamedTuple):
    """Something to attend in `city` from day `first` to day `last`, both inclusive."""

    city: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class TripTask:
    """What a trip has to satisfy. Parsed tasks are shared between callers: do not change one.

    Attributes:
        days: Length of the trip; day 1 is the first.
        stays: Days to spend in each city, in the order of the prompt. A flight day counts in both
            of its cities.
        events: What has to lie inside a stay, in the order of the prompt.
        flights: Direct flights as (from, to).
    """

    days: int
    stays: Mapping[str, int]
    events: tuple[Event, ...]
    flights: frozenset[tuple[str, str]]


_CITY = r"(?P<city>[^.,]+?)"
_N = r"(?P<n>\d{1,4})"
_DAYS = r"day (?P<first>\d{1,4}) and day (?P<last>\d{1,4})"

_TOTAL = re.compile(
    rf"You plan to visit {_N} European cities for (?P<days>\d{{1,4}}) days in total"
)
_DIRECT_ONLY = "You only take direct flights to commute between cities"
_STAYS = tuple(
    re.compile(form)
    for form in (
        rf"You would like to visit {_CITY} for {_N} days?",
        rf"You want to spend {_N} days? in {_CITY}",
        rf"You plan to stay in {_CITY} for {_N} days?",
    )
)
_EVENTS = tuple(
    re.compile(form)
    for form in (
        rf"You are going to attend a wedding in {_CITY} between {_DAYS}",
        rf"You have to attend a workshop in {_CITY} between {_DAYS}",
        rf"You want to meet a friend in {_CITY} between {_DAYS}",
        rf"You plan to visit relatives in {_CITY} between {_DAYS}",
        rf"You would like to meet your friends at {_CITY} between {_DAYS} to tour together",
        r"From day (?P<first>\d{1,4}) to day (?P<last>\d{1,4}), there is an? annual show you want "
        rf"to attend in {_CITY}",
        rf"During {_DAYS}, you have to attend a conference in {_CITY}",
    )
)
_FLIGHTS_HEADER = "Here are the cities that have direct flights:"
_ONE_WAY = re.compile(r"from (?P<a>[^.,]+?) to (?P<b>[^.,]+)")
_BOTH_WAYS = re.compile(r"(?P<a>[^.,]+?) and (?P<b>[^.,]+)")


@lru_cache(maxsize=4096)
def parse_prompt(prompt: str) -> TripTask:
    """Read a NaturalPlan Trip prompt; of a few-shot prompt, its last task.

    "A and B" is a flight both ways, "from A to B" one way only (docs/methods.md, "Quality").
    Flights from or to a city that is not to be visited are left out: no trip may take them.

    Raises:
        AnytimeError: A sentence is not in the official grammar, or sentences contradict each other.
    """
    statement = prompt.rpartition("TASK:")[2].removesuffix("SOLUTION:").strip()
    wishes, found, rest = statement.partition(_FLIGHTS_HEADER)
    if not found:
        raise AnytimeError(f"trip prompt has no line {_FLIGHTS_HEADER!r}")
    first, *sentences = [s.strip() for s in wishes.strip().removesuffix(".").split(". ")]
    total = _TOTAL.fullmatch(first)
    if total is None:
        raise _not_understood(first)

    stays: dict[str, int] = {}
    events: list[Event] = []
    for sentence in sentences:
        if sentence == _DIRECT_ONLY:
            continue
        if stay := _first_match(_STAYS, sentence):
            if stay["city"] in stays:
                raise AnytimeError(f"trip prompt states two stays in {stay['city']}")
            stays[stay["city"]] = int(stay["n"])
        elif event := _first_match(_EVENTS, sentence):
            events.append(Event(event["city"], int(event["first"]), int(event["last"])))
        else:
            raise _not_understood(sentence)

    if len(stays) != int(total["n"]):
        raise AnytimeError(f"trip prompt announces {total['n']} cities and states {len(stays)}")
    for place in events:
        if place.city not in stays:
            raise AnytimeError(f"trip prompt has an event in {place.city} and no stay there")
    listing = rest.strip().partition("\n")[0]
    flights = frozenset(leg for leg in _parse_flights(listing) if stays.keys() >= set(leg))
    return TripTask(int(total["days"]), stays, tuple(events), flights)


def _parse_flights(listing: str) -> set[tuple[str, str]]:
    flights: set[tuple[str, str]] = set()
    for item in listing.strip().removesuffix(".").split(", "):
        if one_way := _ONE_WAY.fullmatch(item):
            flights.add((one_way["a"], one_way["b"]))
        elif both := _BOTH_WAYS.fullmatch(item):
            flights.add((both["a"], both["b"]))
            flights.add((both["b"], both["a"]))
        else:
            raise _not_understood(item)
    return flights


def _first_match(forms: tuple[re.Pattern[str], ...], sentence: str) -> re.Match[str] | None:
    return next((match for form in forms if (match := form.fullmatch(sentence))), None)


def _not_understood(sentence: str) -> AnytimeError:
    return AnytimeError(f"trip prompt not understood at: {sentence[:200]!r}")
