from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anytime.domains.trip.builtin import generate
from anytime.domains.trip.grammar import parse_prompt
from anytime.domains.trip.plan import Stay, format_plan, parse_itinerary
from anytime.domains.trip.scoring import count_constraints, csr, exact_match, is_valid
from tests.scaling import SCALE, grows_linearly

TASK = parse_prompt(
    "You plan to visit 3 European cities for 9 days in total. You only take direct flights to "
    "commute between cities. You want to spend 3 days in Berlin. You would like to visit Venice "
    "for 4 days. You are going to attend a wedding in Venice between day 1 and day 4. You plan to "
    "stay in Oslo for 4 days. During day 6 and day 9, you have to attend a conference in Oslo.\n\n"
    "Here are the cities that have direct flights:\n"
    "Venice and Berlin, from Berlin to Oslo.\n\n"
    "Find a trip plan of visiting the cities for 9 days by taking direct flights to commute "
    "between them."
)
TOTAL = 1 + 3 + 3 + 2 + 2
VENICE, BERLIN, OSLO = Stay("Venice", 1, 4), Stay("Berlin", 4, 6), Stay("Oslo", 6, 9)
GOLD = (VENICE, BERLIN, OSLO)

# Plan, and the constraints it breaks, found by hand.
BROKEN: dict[str, tuple[tuple[Stay, ...], int]] = {
    "gold": (GOLD, 0),
    "day: one stay too long: length, contiguity": ((VENICE, Stay("Berlin", 4, 7), OSLO), 2),
    "day: both sides moved: two lengths, event": (
        (VENICE, Stay("Berlin", 4, 7), Stay("Oslo", 7, 9)),
        3,
    ),
    "day: ends late: length, span": ((VENICE, BERLIN, Stay("Oslo", 6, 10)), 2),
    "day: starts late: length, span, event": ((Stay("Venice", 2, 4), BERLIN, OSLO), 3),
    "day: gap between stays: length, span": ((VENICE, Stay("Berlin", 5, 6), OSLO), 2),
    "city: unknown: once, length, two legs": ((VENICE, Stay("Rome", 4, 6), OSLO), 4),
    "city: repeated: two once, length, two legs": ((VENICE, Stay("Oslo", 4, 6), OSLO), 5),
    "leg: one way flown backwards: leg, two events": (
        (Stay("Oslo", 1, 4), Stay("Berlin", 4, 6), Stay("Venice", 6, 9)),
        3,
    ),
    "leg: not listed, on the right days otherwise": (
        (VENICE, Stay("Oslo", 4, 7), Stay("Berlin", 7, 9)),
        3,  # two legs, the event in Oslo
    ),
    "last stay missing: span, once, length, event, leg": ((VENICE, BERLIN), 5),
    "first stay missing: span, once, length, event, leg": ((BERLIN, OSLO), 5),
    "one stay alone": ((VENICE,), TOTAL - 3),
    "unknown city on top: leg": ((*GOLD, Stay("Rome", 9, 9)), 1),
    "unknown city inside: two legs": ((VENICE, BERLIN, Stay("Rome", 6, 6), OSLO), 2),
    "city again at the end: once, leg": ((*GOLD, Stay("Venice", 9, 9)), 2),
    "stay backwards: length, span, event": ((Stay("Venice", 1, -2), BERLIN, OSLO), 3),
    "nothing": ((), TOTAL),
}


@pytest.mark.parametrize(("plan", "broken"), BROKEN.values(), ids=BROKEN.keys())
def test_a_plan_loses_what_it_breaks(plan: tuple[Stay, ...], broken: int) -> None:
    assert count_constraints(TASK) == TOTAL
    assert csr(TASK, plan) == pytest.approx((TOTAL - broken) / TOTAL)
    assert is_valid(TASK, plan) == (broken == 0)


STATED: dict[str, tuple[str, str, int]] = {
    "as the stays": (
        "**Day 4:** Fly from Venice to Berlin.",
        "Day 4: Fly from Venice to Berlin",
        0,
    ),
    "to another city: leg": ("Fly from Venice to Berlin", "Fly from Venice to Oslo", 1),
    "from another city: leg": ("Fly from Berlin to Oslo", "Fly from Rome to Oslo", 1),
    "on another day: contiguity": ("**Day 6:** Fly", "**Day 5:** Fly", 1),
    "two wrong flights on one leg: leg": (
        "to Berlin.\n",
        "to Rome.\n**Day 4:** Fly from Rome to Berlin.\n",
        1,
    ),
    "not stated at all": ("**Day 4:** Fly from Venice to Berlin.\n", "", 0),
}


@pytest.mark.parametrize(("old", "new", "broken"), STATED.values(), ids=STATED.keys())
def test_a_stated_flight_has_to_fit_the_stays(old: str, new: str, broken: int) -> None:
    text = format_plan(GOLD)
    assert old in text
    plan, flights = parse_itinerary(text.replace(old, new), TASK.days)
    assert plan == GOLD
    assert csr(TASK, plan, flights) == pytest.approx((TOTAL - broken) / TOTAL)


PROBLEMS = generate(1, 2)


@st.composite
def changed_plans(draw: st.DrawFn) -> tuple[int, tuple[Stay, ...]]:
    """A golden plan after a few changes of a day, a city, an order or a number of stays."""
    number = draw(st.integers(0, len(PROBLEMS) - 1))
    plan = list(parse_itinerary(PROBLEMS[number].gold).stays)
    names = [*(stay.city for stay in plan), "Nowhere"]
    for _ in range(draw(st.integers(0, 3))):
        if not plan:
            break
        at = draw(st.integers(0, len(plan) - 1))
        change = draw(st.sampled_from(["first", "last", "city", "swap", "drop", "repeat"]))
        if change in ("first", "last"):
            day = getattr(plan[at], change) + draw(st.sampled_from([-2, -1, 1, 2]))
            plan[at] = plan[at]._replace(**{change: day})
        elif change == "city":
            plan[at] = plan[at]._replace(city=draw(st.sampled_from(names)))
        elif change == "swap":
            plan[at - 1], plan[at] = plan[at], plan[at - 1]
        elif change == "drop":
            del plan[at]
        else:
            plan.insert(draw(st.integers(0, len(plan))), plan[at])
    return number, tuple(plan)


def broken_constraints(prompt: str, plan: tuple[Stay, ...]) -> int:
    """Counted from the prompt's text, constraint by constraint; independent of the package."""
    head, listing = prompt.split("Here are the cities that have direct flights:\n")
    total = int(re.findall(r"for (\d+) days in total", head)[0])
    wanted = {
        a or d: int(b or c)
        for a, b, c, d in re.findall(
            r"(?:visit|stay in) (\w+) for (\d+) days|spend (\d+) days in (\w+)", head
        )
    }
    sentences = [s for s in head.split(". ") if re.search(r"day \d+ (?:and|to) day", s)]
    listed: set[tuple[str, str]] = set()
    for item in listing.split(".")[0].split(", "):
        words = item.split()
        listed |= {(words[1], words[3])} if words[0] == "from" else set()
        listed |= {(words[0], words[2]), (words[2], words[0])} if words[1] == "and" else set()

    if not plan:
        return 3 * len(wanted) + len(sentences)
    broken = 0
    edges = [day for stay in plan for day in stay[1:]]
    whole = edges[0] == 1 and edges[-1] == total and edges[1:-1:2] == edges[2::2]
    broken += not (whole and edges == sorted(edges))
    visits = Counter(stay.city for stay in plan)
    for city, days in wanted.items():
        broken += visits[city] != 1
        broken += days not in [len(range(s.first, s.last + 1)) for s in plan if s.city == city]
    for sentence in sentences:
        a, b = map(int, re.findall(r"day (\d+)", sentence))
        city = next(city for city in wanted if re.search(rf"\b{city}\b", sentence))
        window = set(range(a, b + 1))
        broken += not any(window <= set(range(s.first, s.last + 1)) for s in plan if s.city == city)
    legs = [(a.city, b.city) in listed for a, b in pairwise(plan)]
    needed = len(wanted) - 1
    return broken + min(needed, legs.count(False) + max(0, needed - len(legs)))


@settings(max_examples=400)
@given(changed_plans())
def test_a_changed_plan_loses_exactly_what_it_breaks(change: tuple[int, tuple[Stay, ...]]) -> None:
    number, plan = change
    prompt = PROBLEMS[number].prompt
    task = parse_prompt(prompt)
    total = count_constraints(task)
    broken = broken_constraints(prompt, plan)
    assert csr(task, plan) == pytest.approx((total - broken) / total)
    assert is_valid(task, plan) == (broken == 0)


CITIES, DAYS = ["Venice", "Berlin", "Oslo"], [4, 3, 4]
TEXT = format_plan(GOLD)
HEADER = TEXT.partition("\n")[0]
MATCHES: dict[str, tuple[str, bool]] = {
    "gold": (TEXT, True),
    "empty": ("", False),
    "flights alone": ("Day 4: from Venice to Berlin\nDay 6: from Berlin to Oslo", False),
    "any range gives the last day": (
        "Day 4: from Venice to Berlin\nDay 6: from Berlin to Oslo\n2-9",
        True,
    ),
    "visits are not read otherwise": (TEXT.replace("Visit Berlin", "Visit Rome"), True),
    "wrong flight day": (TEXT.replace("Day 4:", "Day 5:"), False),
    "wrong city": (TEXT.replace("to Oslo", "to Rome"), False),
    "a later flight's origin is not read": (TEXT.replace("from Berlin", "from Rome"), True),
    "talk after the last day, header echoed": (TEXT + "\n1-2", True),
    "talk after the last day, no header": (TEXT.replace(HEADER, "") + "\n1-2", False),
    "a second plan, header echoed": (TEXT + "\n" + TEXT.replace("Oslo", "Rome"), True),
    "one flight too many": (TEXT + "\nDay 9: Fly from Oslo to Rome", True),
    "one flight too many, early": (
        TEXT.replace(HEADER, "") + "\nDay 8: Fly from Oslo to Rome",
        False,
    ),
    "dashes that are no hyphens": (TEXT.replace("-", "–"), False),
    "last day, last route of a line": (
        "Day 1 Day 4: from Rome to Nice, then from Venice to Berlin\n"
        "Day 6: from Berlin to Oslo\n6-9",
        True,
    ),
    "lower case": (TEXT.replace("Day", "day"), False),
    "a number too long": (TEXT.replace("Day 4:", f"Day {'4' * 5000}:"), False),
}


@pytest.mark.parametrize(("text", "match"), MATCHES.values(), ids=MATCHES.keys())
def test_official_exact_match(text: str, match: bool) -> None:
    assert exact_match(CITIES, DAYS, text) is match


# fmt: off
FRAGMENTS = st.sampled_from([
    "Day ", "4", "6", "9", "1", "-", "from ", " to ", "Venice", "Berlin", "Oslo", " ", "\n", ":",
    "Day 4: from Venice to Berlin", "Day 6: from Berlin to Oslo", "6-9", "4-6", "\r", "from",
    "European cities for 9 days", "European cities for 6 days\n", "Fly from Oslo to Rome",
])
# fmt: on


def slow_exact_match(text: str) -> bool:
    """The published rules by plain, backtracking patterns over the whole text."""
    ranges: list[str] = []
    flights: list[tuple[str, str, str]] = []
    stop = None
    for line in text.split("\n"):
        stop = next((int(n) for n in re.findall(r"European cities for (\d+) days", line)), stop)
        if visit := re.search(r"\d+-\d+", line):
            ranges.append(visit[0])
            if int(visit[0].split("-")[1]) == stop:
                break
        if flight := re.search(r".*Day (\d+).*from (\w+) to (\w+)", line):
            flights.append((flight[1], flight[2], flight[3]))
    if not ranges or not flights:
        return False
    cities = [flights[0][1], *(flight[2] for flight in flights)]
    edges = [1, *(int(flight[0]) for flight in flights), int(ranges[-1].split("-")[1])]
    stays = [(city, b - a + 1) for city, (a, b) in zip(cities, pairwise(edges), strict=True)]
    return stays[:3] == list(zip(CITIES, DAYS, strict=True))


@settings(max_examples=1000)
@given(st.lists(FRAGMENTS, max_size=25).map("".join))
def test_exact_match_is_that_of_the_plain_patterns(text: str) -> None:
    assert exact_match(CITIES, DAYS, text) is slow_exact_match(text)
    text = f"Day 4: from Venice to Berlin\n{text}\nDay 6: from Berlin to Oslo\n{text}\n6-9"
    assert exact_match(CITIES, DAYS, text) is slow_exact_match(text)


@pytest.mark.parametrize(
    "unit", ["1", "1-", "Day ", "Day 1 ", "from ", "from a to ", "Day 1 from a to ", "1-1 \n"]
)
def test_exact_match_takes_bounded_time(unit: str) -> None:
    def sized(times: int) -> str:
        return "Day 4: from Venice to Berlin\n" + unit * (250_000 // len(unit) * times)

    assert not exact_match(CITIES, DAYS, sized(SCALE))
    assert grows_linearly(lambda text: exact_match(CITIES, DAYS, text), sized)
