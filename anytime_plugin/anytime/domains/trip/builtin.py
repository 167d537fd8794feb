"""Stand-in problems: generated trips in NaturalPlan's grammar, each with exactly one valid plan."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import TypeVar

from anytime.domains.base import DEV_SHARE, Problem, Split, split_problems
from anytime.domains.trip.grammar import Event, TripTask
from anytime.domains.trip.plan import Stay, format_plan

__all__ = ["generate", "solutions"]

CITY_COUNTS = range(3, 11)
PER_COUNT = 6

# Single words, for the official evaluator reads `\w+` as a city.
# fmt: off
CITIES = (
    "Amsterdam", "Athens", "Barcelona", "Bergen", "Berlin", "Bologna", "Bordeaux", "Bristol",
    "Brussels", "Bucharest", "Budapest", "Cologne", "Copenhagen", "Dublin", "Edinburgh",
    "Florence", "Geneva", "Genoa", "Gothenburg", "Graz", "Hamburg", "Helsinki", "Innsbruck",
    "Krakow", "Leipzig", "Lisbon", "Ljubljana", "Lyon", "Madrid", "Malaga", "Marseille", "Milan",
    "Munich", "Naples", "Oslo", "Palermo", "Porto", "Prague", "Riga", "Rome", "Rotterdam",
    "Salzburg", "Seville", "Sofia", "Stockholm", "Tallinn", "Turin", "Valencia", "Venice",
    "Vienna", "Vilnius", "Warsaw", "Zagreb", "Zurich",
)
# fmt: on
# Stays of 2 to 5 days are most of the official ones.
STAY_DAYS = (2, 2, 3, 3, 4, 4, 5, 5, 6, 7)

STAY_FORMS = (
    "You would like to visit {city} for {days} days.",
    "You want to spend {days} days in {city}.",
    "You plan to stay in {city} for {days} days.",
)
EVENT_FORMS = (
    "You are going to attend a wedding in {city} between day {first} and day {last}.",
    "You have to attend a workshop in {city} between day {first} and day {last}.",
    "You want to meet a friend in {city} between day {first} and day {last}.",
    "You plan to visit relatives in {city} between day {first} and day {last}.",
    "You would like to meet your friends at {city} between day {first} and day {last} "
    "to tour together.",
    "From day {first} to day {last}, there is a annual show you want to attend in {city}.",
    "During day {first} and day {last}, you have to attend a conference in {city}.",
)
ONE_WAY_SHARE = 0.08
DISTRACTOR_SHARE = 0.55

T = TypeVar("T")


def generate(seed: int, per_count: int = PER_COUNT) -> tuple[Problem, ...]:
    """Problems in the official grammar with 3 to 10 cities, the same in every process.

    City counts take turns, so that the first eight problems, and the first eight of either split,
    have all of them. As in the official data, stays sum to D + K - 1 and an event's window equals
    its stay. The order of the flights, unlike there, says nothing about the route.

    Args:
        seed: Determines every problem.
        per_count: Problems for each number of cities.
    """
    return tuple(
        _problem(seed, cities, index) for index in range(per_count) for cities in CITY_COUNTS
    )


def _problem(seed: int, cities: int, index: int) -> Problem:
    key = f"builtin-trip-{seed}-{cities:02d}-{index}"
    # Seeded by text and drawn by random() alone: the parts of `random` that never change between
    # Python versions. Nothing below depends on the order of a set.
    rng = Random(key)
    split: Split = "dev" if index % DEV_SHARE == DEV_SHARE - 1 else "test"
    while True:
        problem = _state(rng, key, _route(rng, cities))
        if problem is not None and split_problems((problem,), split):
            return problem


def _route(rng: Random, cities: int) -> tuple[Stay, ...]:
    plan: list[Stay] = []
    first = 1
    for city in _shuffled(rng, CITIES)[:cities]:
        last = first + _pick(rng, STAY_DAYS) - 1
        plan.append(Stay(city, first, last))
        first = last
    return tuple(plan)


def _state(rng: Random, key: str, plan: tuple[Stay, ...]) -> Problem | None:
    """State a problem whose only valid plan is `plan`, with as few events as that takes."""
    stays = {stay.city: stay.last - stay.first + 1 for stay in _shuffled(rng, plan)}
    legs = {(a.city, b.city) for a, b in pairwise(plan)}
    listing: list[str] = []
    flights: set[tuple[str, str]] = set()
    names = list(stays)
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            a, b = (one, other) if rng.random() < 0.5 else (other, one)
            one_way, distracts = rng.random() < ONE_WAY_SHARE, rng.random() < DISTRACTOR_SHARE
            if one_way and (b, a) in legs:
                a, b = b, a
            if not distracts and (a, b) not in legs and (b, a) not in legs:
                continue
            listing.append(f"from {a} to {b}" if one_way else f"{a} and {b}")
            flights.update([(a, b)] if one_way else [(a, b), (b, a)])

    order = _shuffled(rng, plan)
    for needed in range(1, len(plan)):
        events = tuple(Event(*stay) for stay in order[:needed])
        days = plan[-1].last
        task = TripTask(days, stays, events, frozenset(flights))
        if len(solutions(task)) == 1:
            prompt = _prompt(rng, task, _shuffled(rng, listing))
            facts = {
                "cities": [stay.city for stay in plan],
                "durations": [stays[stay.city] for stay in plan],
            }
            return Problem(key, prompt, format_plan(plan), facts)
    return None


def _prompt(rng: Random, task: TripTask, listing: Sequence[str]) -> str:
    sentences = [
        f"You plan to visit {len(task.stays)} European cities for {task.days} days in total.",
        "You only take direct flights to commute between cities.",
    ]
    for city, days in task.stays.items():
        sentences.append(_pick(rng, STAY_FORMS).format(city=city, days=days))
        for event in task.events:
            if event.city == city:
                sentences.append(_pick(rng, EVENT_FORMS).format(**event._asdict()))
    return (
        f"{' '.join(sentences)}\n\nHere are the cities that have direct flights:\n"
        f"{', '.join(listing)}.\n\nFind a trip plan of visiting the cities for {task.days} days "
        "by taking direct flights to commute between them."
    )


def solutions(task: TripTask, limit: int = 2) -> list[tuple[Stay, ...]]:
    """Valid plans of a task, at most `limit` of them, by exhaustive search.

    What is left to do depends only on the cities visited and the last of them, so a dead end is
    searched once: at most K * 2^K steps before the first plan.
    """
    cities = tuple(task.stays)
    if sum(task.stays.values()) != task.days + len(cities) - 1:
        return []
    earliest = dict.fromkeys(cities, 1)
    latest = dict.fromkeys(cities, task.days)
    for city, first, last in task.events:
        earliest[city] = max(earliest[city], last - task.stays[city] + 1)
        latest[city] = min(latest[city], first)

    found: list[tuple[Stay, ...]] = []
    dead: set[tuple[frozenset[str], str]] = set()

    def extend(plan: tuple[Stay, ...], left: frozenset[str]) -> bool:
        if not left:
            found.append(plan)
            return True
        here, first = (plan[-1].city, plan[-1].last) if plan else ("", 1)
        if (left, here) in dead or any(latest[city] < first for city in left):
            return False
        alive = False
        for city in cities:
            if (
                city in left
                and earliest[city] <= first
                and (not plan or (here, city) in task.flights)
            ):
                stay = Stay(city, first, first + task.stays[city] - 1)
                alive = extend((*plan, stay), left - {city}) or alive
                if len(found) >= limit:
                    return True
        if not alive:
            dead.add((left, here))
        return alive

    extend((), frozenset(cities))
    return found


def _pick(rng: Random, choices: Sequence[T]) -> T:
    return choices[int(rng.random() * len(choices))]


def _shuffled(rng: Random, items: Sequence[T]) -> list[T]:
    mixed = list(items)
    for last in range(len(mixed) - 1, 0, -1):
        other = int(rng.random() * (last + 1))
        mixed[last], mixed[other] = mixed[other], mixed[last]
    return mixed
