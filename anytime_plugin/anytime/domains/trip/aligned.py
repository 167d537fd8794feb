"""Plans in no form that is known: days and cities that take turns from day 1 to the last day.

Read only where nothing else is: each stay begins when the one before ends, or on the next day,
exactly one city of the trip stands between two of them, and none stands twice.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from anytime.domains.stripping import BREAK
from anytime.domains.trip.cities import NAME, is_no_city
from anytime.domains.trip.stays import Stay

__all__ = ["aligned_plan", "aligned_spans"]

MAX_BETWEEN = 80
"""Characters between the days of two stays."""
MAX_BESIDE = 60
"""Characters before the first days, or after the last, in which their city stands."""
LEAST_STAYS, MOST_STAYS = 3, 30

_WORD = (
    r"(?:(?:[Dd](?:ays?|AYS?)?|[Tt]age?|[Jj]ours?|[Dd][ií]as?|[Gg]iorn[oi]|[Dd]ag(?:en)?|[Дд]ень"
    r"|第)\.? ?)"
)
_UNTIL = (
    rf" ?(?:[-‐‑–—−~～]|\.{{2,3}}|to|through|thru|until|till|bis|à|au|al|hasta|до|至|到) ?{_WORD}?"
)
# `1, "end": 4`, `start_day: 1\n end_day: 4`
_KEYED = (
    r"[\"',;|\s]{1,12}[A-Za-z_ ]{0,10}(?:end|last|to|until|depart|leav|finish|out)[A-Za-z_ ]{0,8}"
    rf"[\"' ]{{0,2}}[:=]\s{{0,2}}[\"']?{_WORD}?"
)
_NEXT_CELL = rf" ?[,|;/\t] ?{_WORD}?"
_DAYS = re.compile(
    r"(?<![\w.-])(?<!\d,)(?<!\d, )(?:[Dd第](?=\d))?(?:(?P<list>\d{1,3}(?: ?, ?\d{1,3}){2,40})"
    rf"|(?P<first>\d{{1,3}})(?:{_UNTIL}|{_KEYED}|{_NEXT_CELL})(?P<last>\d{{1,3}}))"
    r"(?! ?[-–—./:,|] ?\d|[^\W天日])"
)
_NAME = re.compile(NAME)


class _Days(NamedTuple):
    first: int
    last: int
    start: int
    end: int


def aligned_plan(text: str, days: int, known: Mapping[str, str]) -> tuple[Stay, ...]:
    """The last plan of such a kind in a text; empty where there is none.

    Args:
        text: Any text.
        days: Length of the trip.
        known: The cities of the trip (`known_names`).
    """
    plan: tuple[Stay, ...] = ()
    cities = _cities_of(tuple(sorted(set(known.values()))))
    for run in _runs(text):
        if run[-1].last != days:
            continue
        slots = [
            [known.get(found[0].casefold(), found[0]) for found in cities.finditer(text, *slot)]
            for slot in _slots(text, run)
        ]
        order = _order(text, run, slots, cities)
        if order is not None:
            plan = tuple(
                Stay(slot[0], one.first, one.last) for slot, one in zip(order, run, strict=True)
            )
    return plan


def aligned_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where such plans may stand, whole sentences, for those who do not know the cities."""
    end = 0
    for run in _runs(text):
        if run[0].start < end:
            continue
        slots = _slots(text, run)
        named = [
            any(
                not is_no_city(word)
                for name in _NAME.finditer(text, *slot)
                for word in name[0].split(" ")
            )
            for slot in slots
        ]
        if all(named[1:-1]) and (named[0] or named[-1]):
            begins = [gap.end() for gap in BREAK.finditer(text, end, run[0].start)]
            if named[0] and not named[-1]:  # above the first days
                begins = [place for place in begins if place <= slots[0][0]] or begins[:1]
            gap = BREAK.search(text, slots[-1][1] if named[-1] and not named[0] else run[-1].end)
            start, stop = begins[-1] if begins else end, gap.end() if gap else len(text)
            yield start, stop
            end = stop


def _runs(text: str) -> Iterator[Sequence[_Days]]:
    """Days that follow on each other, from day 1: three stays at least, as far as they go."""
    run: list[_Days] = []
    for found in _DAYS.finditer(text):
        days = _read(found)
        if days is None or days.first > days.last:
            continue
        if run and _goes_on(run, days):
            run.append(days)
            continue
        if len(run) >= LEAST_STAYS:
            yield run
        run = [days] if days.first == 1 else []
    if len(run) >= LEAST_STAYS:
        yield run


def _goes_on(run: Sequence[_Days], days: _Days) -> bool:
    last = run[-1]
    follows = 0 <= days.first - last.last <= 1 and days.first > last.first
    return follows and days.start - last.end <= MAX_BETWEEN and len(run) < MOST_STAYS


def _read(found: re.Match[str]) -> _Days | None:
    if found["list"] is None:
        return _Days(int(found["first"]), int(found["last"]), found.start(), found.end())
    listed = [int(day) for day in found["list"].split(",")]
    if listed != list(range(listed[0], listed[0] + len(listed))):
        return None
    return _Days(listed[0], listed[-1], found.start(), found.end())


def _slots(text: str, run: Sequence[_Days]) -> list[tuple[int, int]]:
    """Where cities may stand: before the first days, between two, after the last."""
    begin = max(0, run[0].start - MAX_BESIDE)
    head = max(begin, text.rfind("\n\n", begin, run[0].start) + 1)
    end = min(len(text), run[-1].end + MAX_BESIDE)
    between = [(one.end, two.start) for one, two in pairwise(run)]
    return [(head, run[0].start), *between, (run[-1].end, end)]


def _order(
    text: str, run: Sequence[_Days], slots: Sequence[Sequence[str]], cities: re.Pattern[str]
) -> Sequence[Sequence[str]] | None:
    """The slots whose cities are those of the days, which stand before them or behind them."""
    # A line before a plan may name more, and so may the one behind it.
    city_first, days_first = slots[:-1], slots[1:]
    fit = [order for order in (city_first, days_first) if _is_plan(order)]
    if len(fit) == 1:
        return fit[0]
    named = cities.search(text, run[0].end, run[1].start) if fit else None
    if named is None:
        return None
    above = "\n" in text[run[0].end : named.start()]
    below = "\n" in text[named.end() : run[1].start]
    if above == below:
        return None
    return city_first if above else days_first


def _is_plan(order: Sequence[Sequence[str]]) -> bool:
    one_each = all(len(set(slot)) == 1 for slot in order)
    return one_each and len({slot[0] for slot in order}) == len(order)


@lru_cache(maxsize=512)
def _cities_of(cities: Collection[str]) -> re.Pattern[str]:
    names = "|".join(map(re.escape, cities)) or r"(?!)"
    return re.compile(rf"(?<![^\W\d_])(?:{names})(?![^\W\d_])", re.IGNORECASE)
