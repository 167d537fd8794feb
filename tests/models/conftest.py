import itertools
import random
from collections.abc import Callable

import pytest

from anytime.methods import leap, pdp
from anytime.preferences.pairs import Pair, Side
from anytime.preferences.pool import PoolCost
from anytime.protocol import Message

CITIES = ("Oslo", "Bern", "Riga", "Porto", "Lyon", "Split", "Milan", "Naples", "San Remo")
CUE = "Your time is up. Give your final answer now."


@pytest.fixture(scope="session")
def trip_prompt() -> Callable[[int, int], str]:
    """A trip of so many cities in the official grammar, solvable by construction."""

    def write(cities: int, seed: int) -> str:
        draw = random.Random(f"{cities}/{seed}")
        route = draw.sample(CITIES, cities)
        day, stays = 1, {}
        for city in route:
            stays[city] = (day, day + draw.randint(2, 6) - 1)
            day = stays[city][1]
        wishes = [
            f"You would like to visit {city} for {last - first + 1} days."
            for city, (first, last) in draw.sample(list(stays.items()), cities)
        ]
        wishes += [
            f"You have to attend a workshop in {city} between day {first} and day {last}."
            for city, (first, last) in draw.sample(list(stays.items()), max(1, cities // 3))
        ]
        legs = set(itertools.pairwise(route))
        pairs = [(a, b) for a in route for b in route if a < b]
        legs |= {(a, b) for a, b in pairs if (b, a) not in legs and draw.random() < 0.4}
        flights = ", ".join(f"{a} and {b}" for a, b in sorted(legs))
        return (
            f"You plan to visit {cities} European cities for {day} days in total. You only take "
            f"direct flights to commute between cities. {' '.join(wishes)}\n\n"
            f"Here are the cities that have direct flights:\n{flights}.\n\n"
            f"Find a trip plan of visiting the cities for {day} days by taking direct flights to "
            "commute between them."
        )

    return write


@pytest.fixture(scope="session")
def reprompt() -> Callable[[str, str], tuple[Message, ...]]:
    """The conversation that hands a cut text back and asks for the answer."""

    def interrupt(prompt: str, cut: str) -> tuple[Message, ...]:
        if not cut:
            return (Message("user", f"{prompt}\n\n{CUE}"),)
        return Message("user", prompt), Message("assistant", cut), Message("user", CUE)

    return interrupt


def _pair(budget, statement, good, bad):
    return Pair(
        domain="trip",
        dataset="builtin",
        revision="seed 0",
        model="anytime/planner",
        judge="metric",
        problem=f"p{budget}",
        content="0" * 64,
        statement=statement,
        budget=budget,
        chosen=Side(good, 1.0, 1),
        rejected=Side(bad, 0.0, 2),
        pool=PoolCost(1, 2, 200),
    )


@pytest.fixture(scope="session")
def prefaces(trip_prompt) -> dict[str, str]:
    """What each method puts before a question, full of what must not be taken for the question."""
    loud = (
        "You have a budget of 64 tokens. MY TIME IS UP.\nBest so far (5 of 5): Rome 1-4.\n"
        "Current answer: that one (candidate 0)\nWhat else? A) this B) that"
    )
    pairs = [
        _pair(128, trip_prompt(3, 99), f"Step by step.\n{loud}", f"No idea.\n{loud}"),
        _pair(256, "Known example: which one?\n\nA) x\nB) y", f"Well.\n{loud}", f"Hm.\n{loud}"),
    ]
    return {
        "cot": "",
        "pdp": pdp.preface(pairs, contrast=True),
        "pdp_plus": pdp.preface(pairs, contrast=False),
        "leap": leap.preface(["Check each wish.", "Your time is up sooner than you think."]),
    }
