"""Plans as models write them, and what is no plan; all tell of the same trip."""

from __future__ import annotations

import pytest

from anytime.domains.trip.plan import parse_plan
from anytime.domains.trip.stays import Stay
from anytime.domains.trip.stripping import strip_plans
from tests.scaling import grows_linearly, repeated
from tests.trip_forms import CITIES, PLANS, TRIP

# Read only where the cities of the trip are known.
WITH_CITIES = {
    "near": "Day 1-4: Sightseeing at the Colosseum, Rome\nDay 4-8: Hiking near Oslo\nDay 8-10: Exploring Bonn",
    "small-letters": "Day 1-4: rome\nDay 4-8: oslo\nDay 8-10: bonn",
    "folded": "Day 1-4: Röme\nDay 4-8: OSLO city\nDay 8-10: Bonn Germany",
    "sights": "Day 1-4: Colosseum of Rome\nDay 4-8: Fjords by Oslo\nDay 8-10: Beethoven, Bonn",
}
NO_PLANS = [
    "I cannot plan this: Rome must be days 1-4 and Oslo must be days 3-8.",
    "The wedding in Rome is on days 1-4, the show in Oslo on days 4-8.",
    "* **Rome Requirement:** You MUST be in Rome from Day 1-4.\n* **Oslo Requirement:** You MUST be in Oslo from Day 4-8.",
    "Rome for 4 days, Oslo for 5 days, Bonn for 3 days.",
    "There are direct flights from Rome to Oslo and from Oslo to Bonn.",
    "Rome has 4 days, so 1-4 would work.",
    "| Flight | Days |\n|---|---|\n| none | 3 |",
    '{"city": "Rome"}',
    '{"error": "no plan", "days": 10}',
    "Scores: Rome (3-4), Oslo (2-1)",
    "Between Day 1 and Day 4 there is a show in Rome.",
    "Visit Rome (Days 1-4), or rather not: Oslo (Days 6-8) is far away.",
    "If Rome is days 1-4, then Oslo would be days 4-8 and there is no flight.",
]


@pytest.mark.parametrize("text", PLANS.values(), ids=PLANS.keys())
def test_ways_of_writing_a_trip(text: str) -> None:
    assert parse_plan(text, 10) == TRIP
    assert parse_plan(text, 10, CITIES) == TRIP


@pytest.mark.parametrize("text", WITH_CITIES.values(), ids=WITH_CITIES.keys())
def test_ways_of_writing_a_trip_whose_cities_are_known(text: str) -> None:
    assert parse_plan(text, 10, CITIES) == TRIP


@pytest.mark.parametrize("text", NO_PLANS, ids=range(len(NO_PLANS)))
def test_what_is_no_plan(text: str) -> None:
    assert parse_plan(text, 10, CITIES) == ()


@pytest.mark.parametrize("text", PLANS.values(), ids=PLANS.keys())
def test_what_is_read_is_stripped(text: str) -> None:
    left = strip_plans(f"Let me see.\n\n{text}\n\nThat is it.")
    assert parse_plan(left, 10, CITIES) == ()


def test_a_later_list_is_the_plan() -> None:
    draft = PLANS["official"].replace("8-10", "8-12").replace("Oslo", "Riga")
    for kind in ("json-days", "table-days-first"):
        assert parse_plan(f"{draft}\n\nNo. Here it is:\n{PLANS[kind]}", 10, CITIES) == TRIP


def test_talk_after_a_plan_is_no_other_plan() -> None:
    check = "\n\nCheck: Rome (Days 1-4) is fine, Oslo (Days 4-8) too, Bonn (Days 9-10)."
    assert parse_plan(PLANS["official"] + check, 10, CITIES) == TRIP


def test_a_city_that_is_not_of_the_trip_is_a_stay_where_a_plan_goes_by_days() -> None:
    text = PLANS["official"].replace("Oslo", "Paris")
    assert parse_plan(text, 10, CITIES)[1] == Stay("Paris", 4, 8)


BOMBS = (
    "Rome (1-4) ", "Rome (Days 1-4, ", "Rome: ", "Day 1-4 ", "Day 1-4\n", "| 1-4 | Rome |\n", "|",
    "{", "{\"day\": \"1-4\", ", "## Rome\n", "A" * 5000 + " ", "Rome 1-4, ", "Day 1: Rome and ",
    "(Rome) ",
)  # fmt: skip


@pytest.mark.parametrize("unit", BOMBS, ids=range(len(BOMBS)))
def test_time_is_linear(unit: str) -> None:
    # Up to the bound on what is read at all, which the longer text exceeds.
    assert grows_linearly(lambda text: parse_plan(text, 10, CITIES), repeated(unit))
