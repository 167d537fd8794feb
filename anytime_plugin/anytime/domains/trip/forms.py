"""Plans that do not begin their entries with "Day 5-9:": city first, tables, JSON, no colon."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from anytime.domains.trip.cities import MOVING, NAME, NO_NAMES, city_in, spelled
from anytime.domains.trip.stays import DAY, DAYS, UNTIL, Stay

__all__ = [
    "Found",
    "OtherPlan",
    "entries_in_other_forms",
    "plan_in_other_form",
    "written_in_other_forms",
]

MAX_LINE = 120
MAX_OBJECT = 400
MOST_STAYS = 60
MAX_BETWEEN = 200
"""Characters between two stays of one plan; with more there is talk between them."""


class Found(NamedTuple):
    """A stay and where it is written."""

    start: int
    end: int
    stay: Stay


class OtherPlan(NamedTuple):
    """A plan in another form, and whether that is a table or JSON and no sentence."""

    stays: tuple[Stay, ...]
    listed: bool


_RANGE = rf"(\d{{1,4}})(?!\d){UNTIL}(?:{DAY} ?)?(\d{{1,4}})(?!\d|[-.,]\d)"
_LENGTH = r"(?:\(?(?:for )?\d{1,3}[ -][Dd]ays?\)?[,:;]?[*_ ]{0,3}[-–—]? ?)?"
# Bounded, for it is tried at every word.
_SHORT_NAME = (
    r"(?<![^\W\d_])((?!D(?:ays?|AYS?)\b)[^\W\d_a-z][^\W\d_]{1,24}"
    r"(?:[ '’-](?!D(?:ays?|AYS?)\b)[A-Z][^\W\d_]{0,24}){0,3})(?![^\W\d_])"
)
# "Rome (Days 1-4)", "Rome: from day 1 to day 4", "Rome (1-4)", "Rome, Italy - Day 1-4"
_CITY_FIRST = re.compile(
    rf"{_SHORT_NAME}(?:, [A-Z][a-z]{{2,20}})?[*_`\"'\])]{{0,4}} ?"
    rf"(?:(?:[(\[:,|–—-]|for) ?[*_\"'(]{{0,4}} ?{_LENGTH})?"
    r"(?:(?:from|on|during|for|stay(?:ing)?|:|\() ?)?"
    rf"(?:{DAYS}(?![^\W\d_])|(?<=[(\[]){_RANGE}(?=[)\],])"
    rf"|(?<=[:\"] ){_RANGE}(?=[*_ ]{{0,3}}(?:\n|\Z))|(?<=[^\W\d_] ){_RANGE}(?=[,;.\n]|\Z))"
)
_WITHOUT_COLON = re.compile(
    rf"{DAYS}(?:[*_`]{{0,4}} ?[(\[](?=[^\W\d_a-z][^()\[\]\n]{{1,40}}[)\]])"
    r"|[*_`)\]]{0,4}(?: ?\([^()\n]{0,40}\))?"
    r"(?:[ ,*_>-]{0,6}\n[ \t]{0,8}[-*•+]?[ *_]{0,4}|[ ,*_=>-]{1,5}))"
)
# "## Rome", and on the next line its days; without a mark it could be the city of the days above.
_HEADED = re.compile(
    rf"^[ \t]{{0,8}}(?:#{{1,6}} |\*\*|\d{{1,2}}[.)] )[*_\d.) ]{{0,6}}{_SHORT_NAME}[*_: ]{{0,5}}\n"
    rf"[ \t]{{0,8}}(?:[-*•+] )?[*_]{{0,3}}{DAYS}",
    re.MULTILINE,
)
_DAY_ONE = re.compile(r"1(?<![1-9]1)(?!\d)")
_NEXT_DAYS = re.compile(r"\n|\b(?:[Dd]ays?|DAYS?) ?\d")
# What has to lie inside a stay is no stay.
_REQUIRED = re.compile(
    r"(?i)\b(?:must|required?|requirement|constraints?|have to|has to|needs?|should|between|cannot"
    r"|can't|can not|if|wedding|workshop|conference|show|relatives|friends?)\b[^.;,→]*\Z"
)
_EVENT = re.compile(r"(?i)\b(?:wedding|workshop|conference|show|meet\w*|relatives|friends?)\b")
_LINE_BEGIN = re.compile(r"[\s*_#>•+`\d.)-]*")
_ROW = re.compile(r"^[ \t]*\|?([^|\n]{0,120}\|.{1,200}?)\|?[ \t]*$", re.MULTILINE)
_CELL_DAYS = re.compile(
    rf"[*_` ]{{0,4}}(?:{DAY} ?)?(\d{{1,4}})(?:{UNTIL}(?:{DAY} ?)?(\d{{1,4}}))?"
    r"[*_` ]{0,4}(?:\(.{0,30}\))?"
)
_ONE_DAY = re.compile(r"[*_` ]{0,4}(\d{1,3})[*_` ]{0,4}")
_ON_DAY = re.compile(rf"(?:[|/→&]|->|\band\b|\A) {{0,2}}[*_`]{{0,3}}({NAME})")
_CELL_CITY = re.compile(rf"[*_` ]{{0,4}}({NAME})[*_` ]{{0,4}}(?:\(.{{0,30}}\)|, .{{0,20}})?")
_OBJECT = re.compile(rf"\{{([^{{}}]{{8,{MAX_OBJECT}}})\}}")
_PAIR = re.compile(
    r"[\"'](\w[\w -]{0,30})[\"']\s{0,3}:\s{0,3}"
    r"(?:\"([^\"]{0,60})\"|'([^']{0,60})'|\[([^\[\]]{0,40})\]|(\d{1,4}))"
)
_CITY_KEYS = re.compile(r"(?i)city|place|location|destination|stop|name|where")
_DAY_KEYS = re.compile(
    r"(?i)day|range|date|period|start|end|from|to\b|arriv|depart|until|first|last"
)
_NO_DAY_KEYS = re.compile(r"(?i)duration|length|count|number|num|total|nights")


def plan_in_other_form(
    text: str,
    days: int | None = None,
    known: Mapping[str, str] = NO_NAMES,
    lists_only: bool = False,
) -> OtherPlan:
    """The last plan that a text gives in one of the other forms, of two stays at least.

    It begins on day 1. A form is read as a whole or not at all: entries of two forms are never
    put together. A list or a table is what it is; what stands in sentences may be talk about a
    plan, and counts only where each stay begins when the one before ends, or up to two days later,
    and where it ends on the last day or visits every city.
    """
    best = OtherPlan((), False)
    if not (_DAY_ONE.search(text) if not lists_only else "{" in text or "|" in text):
        return best
    latest = -1
    for form, sign in FORMS.items():
        listed = bool(sign)
        if sign not in text or (lists_only and not listed):
            continue
        end, stays = _last_plan(form(text, known), listed, known)
        stays = _day_by_day(stays)
        whole = listed or days is None or stays[-1:] == [] or stays[-1].last == days
        if (
            len(stays) > 1
            and end > latest
            and (whole or len(stays) >= len(set(known.values())) > 0)
        ):
            best, latest = OtherPlan(tuple(stays), listed), end
    return best


def _day_by_day(stays: list[Stay]) -> list[Stay]:
    """Stays out of single days: those in one city that follow on each other are one."""
    if not all(stay.first == stay.last for stay in stays):
        return stays
    joined: list[Stay] = []
    for stay in stays:
        if joined and joined[-1].city == stay.city and stay.first <= joined[-1].last + 1:
            joined[-1] = Stay(stay.city, joined[-1].first, stay.last)
        else:
            joined.append(stay)
    return joined


def _last_plan(
    entries: Iterator[Found], listed: bool, known: Mapping[str, str]
) -> tuple[int, list[Stay]]:
    """Where the last plan of some entries ends, and its stays."""
    cities = set(known.values())
    plan: list[Stay] = []
    best: list[Stay] = []
    end = before = 0
    for found in entries:
        stay = found.stay
        near, before = found.start - before <= MAX_BETWEEN, found.end
        if not listed and cities and stay.city not in cities:
            plan = []
            continue
        if stay.first == 1 and not (plan and plan[-1] == stay):
            plan = []
        elif not plan or stay in plan:
            continue
        elif not listed and not (near and 0 <= stay.first - plan[-1].last <= 2):
            plan = []
            continue
        if len(plan) == MOST_STAYS:  # no trip, and comparing with all of them takes time
            plan = []
            continue
        plan.append(stay)
        if len(plan) >= len(best) or max(s.last for s in plan) >= max(s.last for s in best):
            best, end = list(plan), found.end
    return end, best


def written_in_other_forms(text: str) -> frozenset[str]:
    """The entries of every such plan in a text, word for word, where the trip is not known."""
    written: set[str] = set()
    for form in FORMS:
        plan: list[Found] = []
        for found in form(text, NO_NAMES):
            follows = plan and (
                FORMS[form]
                or (
                    found.start - plan[-1].end <= MAX_BETWEEN
                    and 0 <= found.stay.first - plan[-1].stay.last <= 2
                )
            )
            if found.stay.first == 1 or not follows:
                plan = []
            if plan or found.stay.first == 1:
                plan.append(found)
                # A plan of one stay is none.
                written.update(text[f.start : f.end] for f in plan[-2:] if len(plan) > 1)
    return frozenset(written)


def entries_in_other_forms(text: str) -> Iterator[Found]:
    """Whatever could be an entry of such a plan."""
    for form in FORMS:
        yield from form(text, NO_NAMES)


def _city_first(text: str, known: Mapping[str, str]) -> Iterator[Found]:
    for match in _CITY_FIRST.finditer(text):
        numbers = [number for number in match.groups()[1:] if number]
        before = text[max(0, match.start() - MAX_LINE) : match.start()].rpartition("\n")[2]
        if not numbers or _REQUIRED.search(before) or _EVENT.search(match[1]):
            continue
        if len(numbers) == 2 or (_alone(match, text) and not MOVING.search(before)):
            yield Found(match.start(), match.end(), _stay(spelled(match[1], known), numbers))


def _alone(match: re.Match[str], text: str) -> bool:
    """Whether a single day is all that is said: "Porto (Day 21)"."""
    return text[match.end() : match.end() + 1] in (")", "]", '"', "\n", "")


def _headed(text: str, known: Mapping[str, str]) -> Iterator[Found]:
    for match in _HEADED.finditer(text):
        if match[3]:
            yield Found(
                match.start(), match.end(), _stay(spelled(match[1], known), match.groups()[1:])
            )


def _without_colon(text: str, known: Mapping[str, str]) -> Iterator[Found]:
    for match in _WITHOUT_COLON.finditer(text):
        before = text[max(0, match.start() - MAX_LINE) : match.start()].rpartition("\n")[2]
        numbers = [number for number in match.groups() if number]
        if len(numbers) < 2 or _REQUIRED.search(before):
            continue
        if "\n" in match[0] and not _LINE_BEGIN.fullmatch(before):
            continue
        rest = _NEXT_DAYS.split(text[match.end() : match.end() + MAX_LINE], maxsplit=1)[0]
        city = city_in(rest, known)
        if city and not _EVENT.search(rest[: rest.find(city) + 1]):
            end = match.end() + max(0, rest.find(city)) + len(city)
            stay = _stay(city, numbers)
            yield Found(match.start(), min(end, match.end() + len(rest)), stay)


def _table(text: str, known: Mapping[str, str]) -> Iterator[Found]:
    day_column = -1
    for row in _ROW.finditer(text):
        cells = row[1].split("|")
        heads = [cell.strip(" *_").lower() for cell in cells]
        if "day" in heads:
            day_column = heads.index("day")
        if 0 <= day_column < len(cells) and (day := _ONE_DAY.fullmatch(cells[day_column])):
            # A day on which two cities stand belongs to both.
            there = [spelled(name, known) for name in _ON_DAY.findall(row[1])]
            among = set(known.values())
            for city in dict.fromkeys(city for city in there if not among or city in among):
                yield Found(row.start(), row.end(), Stay(city, int(day[1]), int(day[1])))
            continue
        ranges = [days for cell in cells if (days := _CELL_DAYS.fullmatch(cell.strip()))]
        names = [name for cell in cells if (name := _CELL_CITY.fullmatch(cell.strip()))]
        named = [days for days in ranges if "ay" in days[0].lower()]
        whole = [days for days in ranges if days[2]] or (named if len(named) == 1 else [])
        ranges = named if len(named) == 2 else ranges
        cities = [spelled(name[1], known) for name in names]
        listed = [city for city in cities if city in known.values()] or cities
        if not listed:
            continue
        if whole:
            yield Found(row.start(), row.end(), _stay(listed[0], whole[0].groups()))
        elif len(ranges) >= 2 and int(ranges[-2][1]) < int(ranges[-1][1]) and len(ranges) == 2:
            yield Found(row.start(), row.end(), _stay(listed[0], [r[1] for r in ranges]))


def _json(text: str, known: Mapping[str, str]) -> Iterator[Found]:
    for item in _OBJECT.finditer(text):
        city, numbers = "", list[str]()
        for pair in _PAIR.finditer(item[1]):
            key, value = pair[1], pair[2] or pair[3] or pair[4] or pair[5] or ""
            if not city and _CITY_KEYS.search(key) and (name := re.match(NAME, value)):
                city = spelled(name[0], known)
            elif _DAY_KEYS.search(key) and not _NO_DAY_KEYS.search(key) and len(numbers) < 2:
                numbers += re.findall(r"\d{1,4}", value)[:2]
        if city and numbers:
            yield Found(item.start(), item.end(), _stay(city, numbers))
        else:
            yield from _mapped(item, known)


def _mapped(item: re.Match[str], known: Mapping[str, str]) -> Iterator[Found]:
    """Cities by their days, or days by their cities: {"Rome": [1, 4], "4-8": "Oslo"}."""
    for pair in _PAIR.finditer(item[1]):
        value = pair[2] or pair[3] or pair[4] or ""
        for name, days in ((pair[1], value), (value, pair[1])):
            numbers = re.findall(r"\d{1,4}", days)
            if len(numbers) == 2 and (city := re.fullmatch(NAME, name)):
                start = item.start(1)
                stay = _stay(spelled(city[0], known), numbers)
                yield Found(start + pair.start(), start + pair.end(), stay)


FORMS = {_json: "{", _table: "|", _headed: "", _city_first: "", _without_colon: ""}
"""The forms, each with the character that a list has where it is one, and no sentence."""


def _stay(city: str, days: object) -> Stay:
    numbers = [int(day) for day in days if day]  # type: ignore[attr-defined]
    return Stay(city, numbers[0], numbers[-1])
