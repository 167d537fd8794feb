"""Plans as models write them, and what is no plan; all tell of the same trip."""

from __future__ import annotations

import pytest

from anytime.domains.trip.plan import parse_plan
from anytime.domains.trip.stays import Stay
from anytime.domains.trip.stripping import strip_plans
from tests.scaling import grows_linearly, repeated

CITIES = ("Rome", "Oslo", "Bonn")
TRIP = (Stay("Rome", 1, 4), Stay("Oslo", 4, 8), Stay("Bonn", 8, 10))

PLANS = {
    "city-first-dash": "Rome – Days 1–4\nOslo – Days 4–8\nBonn – Days 8–10",
    "numbered-city": "1. Rome (Day 1-4)\n2. Oslo (Day 4-8)\n3. Bonn (Day 8-10)",
    "numbered-bold": "1. **Rome** (Days 1-4, 4 days)\n2. **Oslo** (Days 4-8, 5 days)\n3. **Bonn** (Days 8-10, 3 days)",
    "numbered-bold-lists": "**1. Rome (Days 1–4)**\n- Explore the Colosseum\n**2. Oslo (Days 4–8)**\n- Visit the Opera\n**3. Bonn (Days 8–10)**\n- Museum",
    "headings": "### Days 1-4: Rome\nSee the Forum.\n### Days 4-8: Oslo\nFjords.\n### Days 8-10: Bonn\nBeethoven.",
    "city-heading": "## Rome\nDays 1-4\n## Oslo\nDays 4-8\n## Bonn\nDays 8-10",
    "capitals": "DAY 1-4: ROME\nDAY 4-8: OSLO\nDAY 8-10: BONN",
    "capitals-verbs": "DAYS 1-4: VISIT ROME\nDAYS 4-8: VISIT OSLO\nDAYS 8-10: VISIT BONN",
    "city-below": "Day 1-4:\nRome\n\nDay 4-8:\nOslo\n\nDay 8-10:\nBonn",
    "city-below-list": "**Day 1-4:**\n* Stay in Rome\n**Day 4-8:**\n* Fly to Oslo and stay in Oslo\n**Day 8-10:**\n* Fly to Bonn and stay in Bonn",
    "no-colon-below": "Day 1–4\n  Rome\nDay 4–8\n  Oslo\nDay 8–10\n  Bonn",
    "table-start-end": "| City | Arrival | Departure |\n|---|---|---|\n| Rome | 1 | 4 |\n| Oslo | 4 | 8 |\n| Bonn | 8 | 10 |",
    "table-numbered": "| # | City | Days | Notes |\n|---|---|---|---|\n| 1 | Rome | 1-4 | start |\n| 2 | Oslo | 4-8 | fly |\n| 3 | Bonn | 8-10 | end |",
    "table-days-first": "| Days 1–4 | **Rome** | 4 days |\n| Days 4–8 | **Oslo** | 5 days |\n| Days 8–10 | **Bonn** | 3 days |",
    "table-bare": "City | Days\n--- | ---\nRome | 1-4\nOslo | 4-8\nBonn | 8-10",
    "json-start-end": '[{"city": "Rome", "start_day": 1, "end_day": 4}, {"city": "Oslo", "start_day": 4, "end_day": 8}, {"city": "Bonn", "start_day": 8, "end_day": 10}]',
    "json-map": '{"Rome": "Day 1-4", "Oslo": "Day 4-8", "Bonn": "Day 8-10"}',
    "json-map-numbers": '{"Rome": [1, 4], "Oslo": [4, 8], "Bonn": [8, 10]}',
    "json-days": '{"plan": [{"days": "1-4", "city": "Rome"}, {"days": "4-8", "city": "Oslo"}, {"days": "8-10", "city": "Bonn"}]}',
    "json-range-duration": '{"itinerary": [{"place": "Rome", "day_range": "Days 1-4", "duration": 4}, {"place": "Oslo", "day_range": "Days 4-8", "duration": 5}, {"place": "Bonn", "day_range": "Days 8-10", "duration": 3}]}',
    "json-days-map": '{"days": {"1-4": "Rome", "4-8": "Oslo", "8-10": "Bonn"}}',
    "daily-arrow": "Day 1: Rome\nDay 2: Rome\nDay 3: Rome\nDay 4: Rome -> Oslo\nDay 5: Oslo\nDay 6: Oslo\nDay 7: Oslo\nDay 8: Oslo -> Bonn\nDay 9: Bonn\nDay 10: Bonn",
    "daily-flights": "Day 1: Arrive in Rome\nDay 2: Explore Rome\nDay 3: Relax in Rome\nDay 4: Fly from Rome to Oslo\nDay 5: Explore Oslo\nDay 6: Oslo\nDay 7: Oslo\nDay 8: Fly from Oslo to Bonn\nDay 9: Explore Bonn\nDay 10: Depart from Bonn",
    "daily-slash": "Day 1: Rome\nDay 2: Rome\nDay 3: Rome\nDay 4: Rome/Oslo\nDay 5: Oslo\nDay 6: Oslo\nDay 7: Oslo\nDay 8: Oslo/Bonn\nDay 9: Bonn\nDay 10: Bonn",
    "daily-and": "Day 1: Rome\nDay 2: Rome\nDay 3: Rome\nDay 4: Rome and Oslo\nDay 5: Oslo\nDay 6: Oslo\nDay 7: Oslo\nDay 8: Oslo and Bonn\nDay 9: Bonn\nDay 10: Bonn",
    "daily-parentheses": "Day 1: Rome\nDay 2: Rome\nDay 3: Rome\nDay 4: Rome (morning), Oslo (evening)\nDay 5: Oslo\nDay 6: Oslo\nDay 7: Oslo\nDay 8: Oslo (morning), Bonn (evening)\nDay 9: Bonn\nDay 10: Bonn",
    "sentence-parentheses": "Rome (Day 1 to Day 4), Oslo (Day 4 to Day 8), and Bonn (Day 8 to Day 10).",
    "arrows": "Rome (days 1 through 4) → Oslo (days 4 through 8) → Bonn (days 8 through 10)",
    "stay-from-to": "Stay in Rome from Day 1 to Day 4. Fly to Oslo and stay in Oslo from Day 4 to Day 8. Fly to Bonn and stay in Bonn from Day 8 to Day 10.",
    "in-city": "Spend days 1-4 in Rome, days 4-8 in Oslo and days 8-10 in Bonn.",
    "from-day": "From Day 1 to Day 4: Rome\nFrom Day 4 to Day 8: Oslo\nFrom Day 8 to Day 10: Bonn",
    "dash": "Day 1-4 – Rome\nDay 4-8 – Oslo\nDay 8-10 – Bonn",
    "equals": "Day 1-4 = Rome\nDay 4-8 = Oslo\nDay 8-10 = Bonn",
    "arrow": "Day 1-4 → Rome\nDay 4-8 → Oslo\nDay 8-10 → Bonn",
    "spaced": "Days 1 - 4 : Rome\nDays 4 - 8 : Oslo\nDays 8 - 10 : Bonn",
    "bold-city-colon": "* **Rome:** Days 1-4\n* **Oslo:** Days 4-8\n* **Bonn:** Days 8-10",
    "length-first": "- Rome: 4 days (Day 1-4)\n- Oslo: 5 days (Day 4-8)\n- Bonn: 3 days (Day 8-10)",
    "comma": "- Rome, Day 1-4\n- Oslo, Day 4-8\n- Bonn, Day 8-10",
    "bare-range": "- Rome: 1-4\n- Oslo: 4-8\n- Bonn: 8-10",
    "brackets": "- Rome [1-4]\n- Oslo [4-8]\n- Bonn [8-10]",
    "bare": "Rome 1-4, Oslo 4-8, Bonn 8-10",
    "verbs": "Day 1-4: Enjoy Rome.\nDay 4-8: Travel to Oslo.\nDay 8-10: Wrap up in Bonn.",
    "verbs-around": "Day 1-4: Wander around Rome.\nDay 4-8: Discover Oslo.\nDay 8-10: Celebrate in Bonn.",
    "events": "Day 1-4: Attend the wedding in Rome.\nDay 4-8: Meet friends in Oslo.\nDay 8-10: Workshop in Bonn.",
    "you-are": "Day 1-4: You are in Rome\nDay 4-8: You are in Oslo\nDay 8-10: You are in Bonn",
    "emoji": "Day 1-4: 📍 Rome\nDay 4-8: 📍 Oslo\nDay 8-10: 📍 Bonn",
    "parentheses": "Day 1-4 (Rome)\nDay 4-8 (Oslo)\nDay 8-10 (Bonn)",
    "pipe": "Day 1-4 | Rome\nDay 4-8 | Oslo\nDay 8-10 | Bonn",
    "html": "<b>Day 1-4:</b> Rome<br>\n<b>Day 4-8:</b> Oslo<br>\n<b>Day 8-10:</b> Bonn",
    "planes": "Day 1–4: **Rome** ✈️\nDay 4–8: **Oslo** ✈️\nDay 8–10: **Bonn**",
    "events-in-parentheses": "Days 1-4: Rome (wedding on days 1-4)\nDays 4-8: Oslo (conference between day 4 and day 8)\nDays 8-10: Bonn",
    "latex": "\\text{Day 1-4: Rome},\\ \\text{Day 4-8: Oslo},\\ \\text{Day 8-10: Bonn}",
    "official": "Day 1-4: Arriving in Rome and visit Rome for 4 days.\nDay 4: Fly from Rome to Oslo.\nDay 4-8: Visit Oslo for 5 days.\nDay 8: Fly from Oslo to Bonn.\nDay 8-10: Visit Bonn for 3 days.",
}
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
