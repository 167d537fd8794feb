from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.domains.trip.builtin import CITIES
from anytime.domains.trip.plan import Flight, Stay, format_plan, parse_itinerary, parse_plan
from tests.scaling import SCALE, grows_linearly

TRIP = (Stay("Venice", 1, 5), Stay("Berlin", 5, 9), Stay("Oslo", 9, 12))
GOLD = """\
Here is the trip plan for visiting the 3 European cities for 12 days:

**Day 1-5:** Arriving in Venice and visit Venice for 5 days.
**Day 5:** Fly from Venice to Berlin.
**Day 5-9:** Visit Berlin for 5 days.
**Day 9:** Fly from Berlin to Oslo.
**Day 9-12:** Visit Oslo for 4 days."""

SAME_TRIP = {
    "official": GOLD,
    "plain": "Day 1-5: Venice\nDay 5: Fly to Berlin\nDay 5-9: Berlin\nDay 9-12: Oslo",
    "colon-after-bold": "**Day 1-5**: Visit Venice.\n**Day 5-9**: Visit Berlin.\n"
    "**Day 9-12**: Visit Oslo.",
    "bold-heading": "**Day 1-5: Venice** (5 days)\n**Day 5-9: Berlin** (5 days) - Fly "
    "Venice→Berlin (direct)\n**Day 9-12: Oslo** (4 days)",
    "list": "* **Days 1-5:** Stay in Venice\n*   **Day 5-9:** Explore Berlin\n- Days 9-12: Oslo.",
    "numbered": "1. Day 1-5: Visiting Venice (wedding)\n2. Day 5-9: Visit **Berlin**\n"
    "3. Day 9-12: Visit Oslo",
    "dashes": "Day 1–5 – Venice\nDay 5 — 9: Berlin\nDay 9 to Day 12: Oslo",
    "length-first": "Day 1-5 (5 days): Venice\nDay 5-9 (5 days): Berlin\nDays 9-12 (4 days): Oslo",
    "table": "| Day 1-5 | Venice |\n| Day 5-9 | Berlin |\n| Day 9-12 | Oslo |",
    "one-line": "Day 1-5: Visit Venice. Day 5: Fly to Berlin. Day 5-9: Visit Berlin. "
    "Day 9-12: Visit Oslo.",
    "flight-within": "**Day 1-5**: Visit Venice. **Day 5-9**: Fly from Venice to Berlin. "
    "Visit Berlin for 5 days.\n**Day 9-12**: Visit Oslo for 4 days.",
    "fenced": f"```\n{GOLD}\n```",
    "no-space": "Day1-5: Venice\nDay5-9: Berlin\nDay9-12: Oslo",
    "day-by-day": "Day 1: Arrive in Venice\nDay 2: Venice\nDay 3: Venice\nDay 4: Venice\n"
    "Day 5: Venice\nDay 5-9: Visit Berlin\nDay 9-12: Visit Oslo",
    "arrival-restated": "Day 1: Arrive in Venice.\n" + GOLD,
    "reasoning-before": "The wedding is between day 5 and day 9, so Venice (day 1-5) first. Try "
    "Day 1-4: Oslo. No: Days 1-5: Oslo (5 days) is too long.\n" + GOLD,
    "draft-before": GOLD.replace("Berlin", "Rome") + "\n\nWait, that is wrong.\n\n" + GOLD,
    "cut-restatement": GOLD + "\n\nIn short:\n**Day 1-5:** Visit Venice for 5 da",
    "check-after": GOLD + "\n\nCheck:\n- Days 5-9: wedding in Berlin, yes\n- Day 5: flight, yes",
}


@pytest.mark.parametrize("text", SAME_TRIP.values(), ids=SAME_TRIP.keys())
def test_ways_of_writing_one_trip(text: str) -> None:
    assert parse_plan(text, 12) == TRIP


@pytest.mark.parametrize(
    ("text", "stays"),
    [
        ("", ()),
        ("Here is the trip plan for visiting the 3 European cities for 12 days:", ()),
        ("I cannot plan this. It must be between day 5 and day 9.", ()),
        ("**Day 5:** Fly from Venice to Berlin.", ()),
        ("Day 1-26: No feasible trip plan given constraints.", ()),
        ("Day 12345-5: Visit Rome.", ()),
        ("On Monday 5-9: Visit Rome.", ()),
        ("_Day 5-9:_ Visit Rome.", (Stay("Rome", 5, 9),)),
        ("**Day 13-13:** Visit Rome for 1 day.", (Stay("Rome", 13, 13),)),
        ("**Day 13:** Visit Rome for 1 day.", (Stay("Rome", 13, 13),)),
        ("Day 9-5: Visit Rome.", (Stay("Rome", 9, 5),)),
        ("Day 1-3: Visit San Sebastian for 3 days.", (Stay("San Sebastian", 1, 3),)),
        ("Day 1-3: Visit Kraków.", (Stay("Kraków", 1, 3),)),
    ],
)
def test_small_texts(text: str, stays: tuple[Stay, ...]) -> None:
    assert parse_plan(text) == stays


def test_flights_on_lines_of_their_own_are_kept() -> None:
    assert parse_itinerary(GOLD).flights == (
        Flight(1, 5, "Venice", "Berlin"),
        Flight(2, 9, "Berlin", "Oslo"),
    )


def test_official_format() -> None:
    assert format_plan(TRIP) == GOLD


@st.composite
def trips(draw: st.DrawFn) -> tuple[Stay, ...]:
    cities = draw(st.lists(st.sampled_from(CITIES), min_size=1, max_size=10, unique=True))
    stays, first = [], 1
    for city in cities:
        last = first + draw(st.integers(1, 7))
        stays.append(Stay(city, first, last))
        first = last
    return tuple(stays)


@given(trips())
def test_what_is_written_is_read_back(trip: tuple[Stay, ...]) -> None:
    assert parse_plan(format_plan(trip)) == trip


@given(trips(), trips())
def test_the_last_complete_plan_wins(draft: tuple[Stay, ...], final: tuple[Stay, ...]) -> None:
    text = f"{format_plan(draft)}\n\nNo, better:\n\n{format_plan(final)}"
    assert parse_plan(text, final[-1].last) == final


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    parse_itinerary(text, 12)


@given(st.text(alphabet="Dday 0123456789-:*()FlyfromtoVisit\nA|", max_size=300))
def test_any_text_like_a_plan_is_read(text: str) -> None:
    parse_itinerary(text, 12)


BOMBS = {
    "ranges": "Day 1-",
    "stars": "**",
    "dashes": "1-",
    "digits": "1",
    "open": "Day 1-2 (((",
    "entries": "Day 2-3: Visit Rome.\n",
    "restarts": "Day 1-3: Visit Rome.\n",
    "spaces": "Day 1:" + " " * 10_000,
    "name": "Day 1: Visit " + "A" * 10_000,
    "names": "Day 2: " + "A " * 100 + "\n",
}


@pytest.mark.parametrize("unit", BOMBS.values(), ids=BOMBS.keys())
def test_time_is_bounded(unit: str) -> None:
    def sized(times: int) -> str:
        return unit * (10_000_000 // len(unit) // SCALE * times)

    assert grows_linearly(lambda text: parse_itinerary(text, 12), sized)


def test_a_plan_behind_a_lot_of_junk_is_found() -> None:
    assert parse_plan("junk " * 2_000_000 + GOLD, 12) == TRIP
