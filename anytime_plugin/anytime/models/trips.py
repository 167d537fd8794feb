"""Trips as the built-in models see them: read from a prompt, laid out in the order of a route."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from anytime.domains.trip.grammar import TripTask, parse_prompt
from anytime.domains.trip.plan import Stay
from anytime.models.conversation import questions
from anytime.protocol import Message

__all__ = ["Plan", "add_cities", "read_task"]

Plan = tuple[Stay, ...]

_STATEMENT = re.compile(r"You plan to visit \d+ European cities for \d+ days in total")


def read_task(messages: Sequence[Message]) -> TripTask | None:
    """The last trip stated in the newest question that states one.

    Few-shot examples state trips too, in front of the one that is asked for.

    Raises:
        AnytimeError: The statement is not in the official grammar.
    """
    for text in questions(messages):
        if starts := [found.start() for found in _STATEMENT.finditer(text)]:
            return parse_prompt(text[starts[-1] :])
    return None


def add_cities(task: TripTask, plan: Plan, cities: Iterable[str]) -> Plan:
    """Stay in further cities for as long as the task says, leaving each on the day of arrival."""
    for city in cities:
        first = plan[-1].last if plan else 1
        plan = (*plan, Stay(city, first, first + task.stays[city] - 1))
    return plan
