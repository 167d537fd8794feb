"""Plans in forms that nobody planned for: where nothing else is read, days and cities in turn."""

from __future__ import annotations

import pytest

from anytime.domains.trip.plan import parse_plan
from anytime.domains.trip.stripping import strip_plans
from tests.scaling import grows_linearly, repeated
from tests.trip_forms import CITIES, TRIP

# fmt: off
PLANS = {
    "table-1": "| Stop | City | From | To | Nights |\n|---|---|---|---|---|\n| 1 | Rome | Day 1 | Day 4 | 4 |\n| 2 | Oslo | Day 4 | Day 8 | 5 |\n| 3 | Bonn | Day 8 | Day 10 | 3 |",
    "table-2": "| City | Start day | End day |\n|:-:|:-:|:-:|\n| **Rome** | **1** | **4** |\n| **Oslo** | **4** | **8** |\n| **Bonn** | **8** | **10** |",
    "table-4": "| City | Days | Notes |\n|---|---|---|\n| Rome | 1\u20134 | see the old town |\n| Oslo | 4\u20138 | see the old town |\n| Bonn | 8\u201310 | see the old town |",
    "table-5": "| Day | Location | Activity |\n|---|---|---|\n| 1-4 | Rome | Sightseeing |\n| 4-8 | Oslo | Sightseeing |\n| 8-10 | Bonn | Sightseeing |",
    "table-7": "| Rome | 4 days | Day 1 - Day 4 |\n| Oslo | 5 days | Day 4 - Day 8 |\n| Bonn | 3 days | Day 8 - Day 10 |",
    "table-9": "City\tDays\nRome\t1-4\nOslo\t4-8\nBonn\t8-10",
    "table-10": "City,Start,End\nRome,1,4\nOslo,4,8\nBonn,8,10",
    "json-3": '```json\n{\n "itinerary": [\n  {\n   "city": "Rome",\n   "start": 1,\n   "end": 4,\n   "duration": 4\n  },\n  {\n   "city": "Oslo",\n   "start": 4,\n   "end": 8,\n   "duration": 5\n  },\n  {\n   "city": "Bonn",\n   "start": 8,\n   "end": 10,\n   "duration": 3\n  }\n ]\n}\n```',
    "json-4": '[["Rome", 1, 4], ["Oslo", 4, 8], ["Bonn", 8, 10]]',
    "json-5": '{"Rome": {"start": 1, "end": 4}, "Oslo": {"start": 4, "end": 8}, "Bonn": {"start": 8, "end": 10}}',
    "json-7": '[{"day": "1-4", "activity": "Visit Rome"}, {"day": "4-8", "activity": "Visit Oslo"}, {"day": "8-10", "activity": "Visit Bonn"}]',
    "json-9": "[('Rome', 1, 4), ('Oslo', 4, 8), ('Bonn', 8, 10)]",
    "yaml-1": "itinerary:\n  - city: Rome\n    days: 1-4\n  - city: Oslo\n    days: 4-8\n  - city: Bonn\n    days: 8-10",
    "yaml-2": "- city: Rome\n  start_day: 1\n  end_day: 4\n- city: Oslo\n  start_day: 4\n  end_day: 8\n- city: Bonn\n  start_day: 8\n  end_day: 10",
    "xml-1": "<stay><city>Rome</city><days>1-4</days></stay>\n<stay><city>Oslo</city><days>4-8</days></stay>\n<stay><city>Bonn</city><days>8-10</days></stay>",
    "numbered-2": "**1. Rome: Day 1\u20134**\n- Walk around\n**2. Oslo: Day 4\u20138**\n- Walk around\n**3. Bonn: Day 8\u201310**\n- Walk around",
    "numbered-4": "**Stop 1: Rome (Days 1-4)**\n**Stop 2: Oslo (Days 4-8)**\n**Stop 3: Bonn (Days 8-10)**",
    "numbered-6": "Stop 1: Rome, Days 1-4\nStop 2: Oslo, Days 4-8\nStop 3: Bonn, Days 8-10",
    "capitals-3": "ROME (DAYS 1-4)\nOSLO (DAYS 4-8)\nBONN (DAYS 8-10)",
    "below-1": "Rome\nDays 1-4\n\nOslo\nDays 4-8\n\nBonn\nDays 8-10",
    "below-4": "Rome:\n  Days 1-4\nOslo:\n  Days 4-8\nBonn:\n  Days 8-10",
    "below-5": "Days 1-4:\n\nRome\n\nDays 4-8:\n\nOslo\n\nDays 8-10:\n\nBonn",
    "below-6": "**Days 1-4**\n\nRome (4 days)\n\n**Days 4-8**\n\nOslo (5 days)\n\n**Days 8-10**\n\nBonn (3 days)",
    "below-7": "Day 1-4:\n  - City: Rome\nDay 4-8:\n  - City: Oslo\nDay 8-10:\n  - City: Bonn",
    "below-9": "City: Rome\nDays: 1-4\nCity: Oslo\nDays: 4-8\nCity: Bonn\nDays: 8-10",
    "verb-2": "Day 1-4: Explore the museums of Rome\nDay 4-8: Explore the museums of Oslo\nDay 8-10: Explore the museums of Bonn",
    "verb-5": "Day 1-4: Check in at hotel in Rome\nDay 4-8: Check in at hotel in Oslo\nDay 8-10: Check in at hotel in Bonn",
    "verb-9": "Day 1-4: Overnight in Rome\nDay 4-8: Overnight in Oslo\nDay 8-10: Overnight in Bonn",
    "verb-11": "Day 1-4: You will be in Rome\nDay 4-8: You will be in Oslo\nDay 8-10: You will be in Bonn",
    "verb-13": "Day 1-4: Hiking and food in Rome\nDay 4-8: Hiking and food in Oslo\nDay 8-10: Hiking and food in Bonn",
    "sentence-3": "Rome: days 1, 2, 3, 4; Oslo: days 4, 5, 6, 7, 8; Bonn: days 8, 9, 10.",
    "sentence-9": "1-4: Rome, 4-8: Oslo, 8-10: Bonn",
    "sentence-10": "1-4 Rome\n4-8 Oslo\n8-10 Bonn",
    "sentence-11": "D1-D4: Rome\nD4-D8: Oslo\nD8-D10: Bonn",
    "sentence-12": "Day 1..4: Rome\nDay 4..8: Oslo\nDay 8..10: Bonn",
    "sentence-14": "Days 1, 2, 3, 4: Rome\nDays 4, 5, 6, 7, 8: Oslo\nDays 8, 9, 10: Bonn",
    "sentence-15": "Rome 4 days (Day 1-4)\nOslo 5 days (Day 4-8)\nBonn 3 days (Day 8-10)",
    "sentence-18": "Tag 1-4: Rome\nTag 4-8: Oslo\nTag 8-10: Bonn",
    "sentence-19": "\u7b2c1-4\u5929\uff1aRome\n\u7b2c4-8\u5929\uff1aOslo\n\u7b2c8-10\u5929\uff1aBonn",
    "sentence-20": "Jour 1-4 : Rome\nJour 4-8 : Oslo\nJour 8-10 : Bonn",
    "sentence-21": "D\xedas 1-4: Rome\nD\xedas 4-8: Oslo\nD\xedas 8-10: Bonn",
    "daily-1": "Day 1: Arrive in Rome.\nDays 2-3: Rome\nDay 4: Fly from Rome to Oslo.\nDays 5-7: Oslo\nDay 8: Fly from Oslo to Bonn.\nDays 9-10: Bonn",
    "daily-3": "**Day 1:** Arrive in Rome\n**Day 2:** Rome\n**Day 3:** Rome\n**Day 4:** Morning in Rome, fly to Oslo\n**Day 5:** Oslo\n**Day 6:** Oslo\n**Day 7:** Oslo\n**Day 8:** Morning in Oslo, fly to Bonn\n**Day 9:** Bonn\n**Day 10:** Bonn",
    "daily-4": "Day 1: Rome\nDay 2: Rome\nDay 3: Rome\nDay 4: Fly from Rome to Oslo\nDay 5: Oslo\nDay 6: Oslo\nDay 7: Oslo\nDay 8: Fly from Oslo to Bonn\nDay 9: Bonn\nDay 10: Bonn",
    "daily-5": "Day 1: Rome\nDay 2: Rome\nDay 3: Rome\nDay 4: Travel from Rome to Oslo\nDay 5: Oslo\nDay 6: Oslo\nDay 7: Oslo\nDay 8: Travel from Oslo to Bonn\nDay 9: Bonn\nDay 10: Bonn",
    "daily-6": "| Day | City |\n|---|---|\n| 1 | Rome |\n| 2 | Rome |\n| 3 | Rome |\n| 4 | Rome / Oslo |\n| 5 | Oslo |\n| 6 | Oslo |\n| 7 | Oslo |\n| 8 | Oslo / Bonn |\n| 9 | Bonn |\n| 10 | Bonn |",
    "daily-7": "Day 1: Rome\nDay 2: Rome\nDay 3: Rome\nDay 4: Rome (fly to Oslo)\nDay 5: Oslo\nDay 6: Oslo\nDay 7: Oslo\nDay 8: Oslo (fly to Bonn)\nDay 9: Bonn\nDay 10: Bonn",
    "daily-8": '[{"day": 1, "city": "Rome"},{"day": 2, "city": "Rome"},{"day": 3, "city": "Rome"},{"day": 4, "city": "Rome"},{"day": 4, "city": "Oslo"},{"day": 5, "city": "Oslo"},{"day": 6, "city": "Oslo"},{"day": 7, "city": "Oslo"},{"day": 8, "city": "Oslo"},{"day": 8, "city": "Bonn"},{"day": 9, "city": "Bonn"},{"day": 10, "city": "Bonn"}]',
    "daily-9": "Day 1: Rome\nDay 2: Rome\nDay 3: Rome\nDay 4 (morning): Rome\nDay 4 (afternoon): Oslo\nDay 5: Oslo\nDay 6: Oslo\nDay 7: Oslo\nDay 8 (morning): Oslo\nDay 8 (afternoon): Bonn\nDay 9: Bonn\nDay 10: Bonn",
    "sign-1": "## Day 1-4\n### Rome\n## Day 4-8\n### Oslo\n## Day 8-10\n### Bonn",
    "sign-3": "**\U0001f4cd Rome** \u2014 Days 1\u20134\n**\U0001f4cd Oslo** \u2014 Days 4\u20138\n**\U0001f4cd Bonn** \u2014 Days 8\u201310",
    "sign-5": "\u27a1\ufe0f Rome (Day 1-4)\n\u27a1\ufe0f Oslo (Day 4-8)\n\u27a1\ufe0f Bonn (Day 8-10)",
    "sign-11": "Day 1-4; Rome\nDay 4-8; Oslo\nDay 8-10; Bonn",
    "sign-12": "[Day 1-4] Rome\n[Day 4-8] Oslo\n[Day 8-10] Bonn",
    "sign-14": "Rome = Day 1-4\nOslo = Day 4-8\nBonn = Day 8-10",
    "sign-15": "Rome -> Day 1-4\nOslo -> Day 4-8\nBonn -> Day 8-10",
    "sign-16": "Rome; Day 1-4\nOslo; Day 4-8\nBonn; Day 8-10",
    "sign-17": "Rome / Day 1-4\nOslo / Day 4-8\nBonn / Day 8-10",
    "sign-18": "Rome Day 1-4\nOslo Day 4-8\nBonn Day 8-10",
    "sign-21": "Rome \u2013 4 days \u2013 Day 1\u20134\nOslo \u2013 5 days \u2013 Day 4\u20138\nBonn \u2013 3 days \u2013 Day 8\u201310",
}
NO_PLANS = [
    "Rome 4 days\nOslo 5 days\nBonn 3 days",
    "The trip is from day 1 to day 10 and visits Rome, Oslo and Bonn.",
    "Option 1: Rome first (days 1-4). Does that work? Then Bonn has to be",
    "Constraints:\n- Rome: 4 days\n- Oslo: meeting between day 4 and day 8",
    "Rome must be visited during days 1-4 (wedding).\nOslo: workshop days 4-8.",
    "| City | Days needed |\n|---|---|\n| Rome | 4 |\n| Oslo | 5 |\n| Bonn | 3 |",
    '{"cities": {"Rome": 4, "Oslo": 5, "Bonn": 3}}',
    "| From | To |\n|---|---|\n| Rome | Oslo |\n| Oslo | Bonn |",
    "I would need Rome on days 1-4 and",
    "Days 1-10 are the whole trip in Europe.",
    "Wedding in Rome: days 1-4\nShow in Oslo: days 4-8",
    "- Rome: wedding between day 1 and day 4\n- Oslo: show from day 4 to day 8",
    "Version 1.2-3 of Rome, page 4-8 of Oslo",
    "Rome's population 1-4 million; Oslo's 4-8",
    "1-4: Rome, 4-8: Oslo",
    "1-4: Rome, 4-8: Oslo, 8-9: Bonn",
    "1-4: Rome, 5-8: Oslo, 10-10: Bonn",
    "1-4: Rome, 4-8: Rome, 8-10: Bonn",
    "1-4: Rome or Oslo, 4-8: Oslo, 8-10: Bonn",
    "Is 1-4 Rome" + " and so on" * 20 + " 4-8 Oslo 8-10 Bonn",
]
# fmt: on


@pytest.mark.parametrize("text", PLANS.values(), ids=PLANS.keys())
def test_ways_of_writing_a_trip_whose_cities_are_known(text: str) -> None:
    assert parse_plan(text, 10, CITIES) == TRIP


@pytest.mark.parametrize("text", PLANS.values(), ids=PLANS.keys())
def test_what_is_read_is_stripped(text: str) -> None:
    left = strip_plans(f"Let me see.\n\n{text}\n\nThat is it.")
    assert parse_plan(left, 10, CITIES) == ()
    assert left.startswith("Let me see.")
    assert strip_plans(left) == left


@pytest.mark.parametrize("text", NO_PLANS, ids=range(len(NO_PLANS)))
def test_what_is_no_plan(text: str) -> None:
    assert parse_plan(text, 10, CITIES) == ()


BOMBS = (
    "1-4 Rome 4-8 Oslo 8-10 Bonn ", "1-4: ", "1, 2, 3, ", "1,4,", "Rome\n1-4\n", "4-8 ", "1 ",
    "1-1 1-2 2-3 3-4 ", "\"end\": 4, ", "1,   ", "1-2 Rome 2-3 Oslo 3-4 Bonn. ",
)  # fmt: skip


@pytest.mark.parametrize("unit", BOMBS, ids=range(len(BOMBS)))
def test_time_is_linear(unit: str) -> None:
    assert grows_linearly(lambda text: parse_plan(text, 10, CITIES), repeated(unit))
    assert grows_linearly(strip_plans, repeated(unit))
