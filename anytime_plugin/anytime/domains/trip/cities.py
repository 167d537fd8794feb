"""Names of cities in a line of a plan: which of its words is the place that is stayed in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from functools import lru_cache
from types import MappingProxyType

__all__ = [
    "MOVING",
    "NAME",
    "NO_NAMES",
    "VISIT",
    "city_in",
    "is_no_city",
    "known_names",
    "spelled",
]

# A name is capitalised; it goes on only where the next word is, too ("San Sebastian").
NAME = r"[^\W\d_a-z][^\W\d_]*(?:[ '’-][A-Z][^\W\d_]*)*"
NO_NAMES: Mapping[str, str] = MappingProxyType({})

VISIT = re.compile(rf"\b(?:[Vv]isit(?:ing|s)?|VISIT) [*_]{{0,3}}({NAME})")
MOVING = re.compile(r"(?i)\b(?:fly|flight|flying|travel|transfer|depart|departure|return)\b")
_LEADING = re.compile(rf"\W{{0,16}}({NAME})(?P<verb>[*_]{{0,3}} (?:in|at|around|near) )?")
_SMALL = re.compile(r"\W{0,16}([^\W\d_]+(?: [^\W\d_]+)?)[*_. ]{0,4}(?=\n|\Z|[,;(])")
_IN = re.compile(
    rf"\b(?:in|at|of|around|near|[Ee]xplore|[Ee]xploring|IN|AT|EXPLORE) [*_]{{0,3}}({NAME})"
)
_TO = re.compile(rf"\b(?:to|into|through|for|TO) [*_]{{0,3}}({NAME})")
_NAMES = re.compile(NAME)
# Words an entry may begin with that are no city.
# fmt: off
_NOT_CITIES = frozenset((
    "a", "afternoon", "after", "all", "an", "and", "annual", "arrival", "arrive", "arriving", "at",
    "attend", "attending", "base", "before", "begin", "board", "both", "buffer", "catch",
    "celebrate", "check", "city", "complete", "conclude", "conference", "continue", "day", "days",
    "depart", "departing", "departure", "discover", "drive", "end", "enjoy", "evening",
    "experience", "exploration", "explore", "exploring", "final", "finally", "finish", "first",
    "flight", "flights", "fly", "flying", "free", "friend", "friends", "full", "go", "hang",
    "have", "head", "in", "it", "join", "journey", "land", "last", "leave", "leisure", "live",
    "meet", "meeting", "morning", "move", "next", "no", "none", "not", "on", "overnight", "plan",
    "proceed", "reach", "relatives", "relax", "relocate", "remain", "rest", "return", "second",
    "see", "settle", "show", "sightseeing", "sleep", "spend", "start", "starting", "stay",
    "staying", "stop", "take", "the", "then", "third", "this", "time", "tour", "train", "transfer",
    "travel", "traveling", "travelling", "trip", "unwind", "visit", "wander", "wedding", "welcome",
    "we", "with", "work", "workshop", "wrap", "you",
))
# fmt: on


def known_names(cities: Collection[str]) -> Mapping[str, str]:
    """The cities of a trip by their names, and by these folded."""
    return _known(tuple(cities)) if cities else NO_NAMES


@lru_cache(maxsize=4096)  # a problem is graded at every budget
def _known(cities: tuple[str, ...]) -> Mapping[str, str]:
    return {_folded(city): city for city in cities} | {city: city for city in cities}


def spelled(name: str, known: Mapping[str, str] = NO_NAMES) -> str:
    """A name as the trip spells it; one in capitals like any other."""
    if name in known:
        return known[name]
    words = name.split(" ")
    while len(words) > 1 and is_no_city(words[0]):
        del words[0]
    for count in range(len(words), 0, -1):
        if city := known.get(_folded(" ".join(words[:count]))):
            return city
    name = " ".join(words)
    return name.title() if len(name) > 3 and name.isupper() else name


def city_in(line: str, known: Mapping[str, str] = NO_NAMES) -> str | None:
    """The city of a stay in what is said of it; None where there is none."""
    name = _named(line)
    city = spelled(name, known) if name else None
    if not known or (city and city in known):
        return city
    # "Relax Rome", "Colosseum in Rome": one city of the trip, and only one.
    among = {spelled(other, known) for other in _NAMES.findall(line)} & set(known.values())
    if len(among) == 1 and _LEADING.match(line):
        return among.pop()
    if city is None and (small := _SMALL.match(line)):
        return known.get(_folded(small[1]))
    return city


def _named(line: str) -> str | None:
    if visit := VISIT.search(line):
        return visit[1]
    leading = _LEADING.match(line)
    named = _IN.search(line)
    if leading and not is_no_city(leading[1].partition(" ")[0]) and not (leading["verb"] and named):
        return leading[1]
    if leading and " " in leading[1]:  # "Explore Rome"
        words = leading[1].split(" ")
        while words and is_no_city(words[0]):
            del words[0]
        if words:
            return " ".join(words)
    if leading:
        named = named or _TO.search(line)
    return named[1] if named and not is_no_city(named[1].partition(" ")[0]) else None


def is_no_city(word: str) -> bool:
    """Whether a word is one that an entry begins with, such as a verb."""
    plain = word.lower()
    return plain in _NOT_CITIES or (plain.endswith("ing") and len(plain) > 5)


def _folded(name: str) -> str:
    if name.isascii():
        return name.casefold()
    parts = unicodedata.normalize("NFKD", name)
    return "".join(c for c in parts if not unicodedata.combining(c)).casefold()
