from __future__ import annotations

import pytest

from anytime.domains.trip.grammar import Event, TripTask, parse_prompt
from anytime.errors import AnytimeError

PROMPT = (
    "You plan to visit 7 European cities for 22 days in total. You only take direct flights to "
    "commute between cities. You would like to visit Rome for 4 days. You are going to attend a "
    "wedding in Rome between day 1 and day 4. You want to spend 4 days in Oslo. You have to attend "
    "a workshop in Oslo between day 4 and day 7. You plan to stay in Riga for 4 days. You want to "
    "meet a friend in Riga between day 7 and day 10. You would like to visit Bern for 4 days. You "
    "plan to visit relatives in Bern between day 10 and day 13. You want to spend 4 days in Graz. "
    "You would like to meet your friends at Graz between day 13 and day 16 to tour together. You "
    "plan to stay in Split for 4 days. From day 16 to day 19, there is a annual show you want to "
    "attend in Split. You plan to stay in Lyon for 4 days. During day 19 and day 22, you have to "
    "attend a conference in Lyon.\n\n"
    "Here are the cities that have direct flights:\n"
    "Rome and Oslo, from Oslo to Riga, Rome and Paris.\n\n"
    "Find a trip plan of visiting the cities for 22 days by taking direct flights to commute "
    "between them."
)
CITIES = ["Rome", "Oslo", "Riga", "Bern", "Graz", "Split", "Lyon"]


def test_every_form_of_sentence_is_read() -> None:
    assert parse_prompt(PROMPT) == TripTask(
        days=22,
        stays=dict.fromkeys(CITIES, 4),
        events=tuple(Event(city, 1 + 3 * n, 4 + 3 * n) for n, city in enumerate(CITIES)),
        flights=frozenset([("Rome", "Oslo"), ("Oslo", "Rome"), ("Oslo", "Riga")]),
    )


def test_stays_keep_the_order_of_the_prompt() -> None:
    assert list(parse_prompt(PROMPT).stays) == CITIES


def test_the_last_task_of_a_few_shot_prompt_is_read() -> None:
    example = PROMPT.replace("Rome", "Nice")
    shots = f"You are an expert.\n\nTASK: {example}\nSOLUTION: ...\n\nTASK: {PROMPT}\nSOLUTION:"
    assert parse_prompt(shots) == parse_prompt(PROMPT)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "You want to spend 4 days in Oslo",
            "You adore Oslo",
            "trip prompt not understood at: 'You adore Oslo'",
        ),
        ("Rome and Oslo", "Rome or Oslo", "trip prompt not understood at: 'Rome or Oslo'"),
        (
            "7 European",
            "seven European",
            "trip prompt not understood at: "
            "'You plan to visit seven European cities for 22 days in total'",
        ),
        ("7 European", "8 European", "trip prompt announces 8 cities and states 7"),
        ("days in Oslo", "days in Rome", "trip prompt states two stays in Rome"),
        ("wedding in Rome", "wedding in Paris", "trip prompt has an event in Paris and no stay"),
        ("Here are", "These are", "trip prompt has no line 'Here are the cities"),
        ("4 days in Oslo", f"{'4' * 5000} days in Oslo", "trip prompt not understood at"),
    ],
    ids=["stay", "flight", "total", "count", "twice", "event", "header", "huge-number"],
)
def test_what_is_not_understood_is_named(old: str, new: str, message: str) -> None:
    with pytest.raises(AnytimeError) as error:
        parse_prompt(PROMPT.replace(old, new))
    assert str(error.value).startswith(message)


def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(AnytimeError, match="no line"):
        parse_prompt("")
