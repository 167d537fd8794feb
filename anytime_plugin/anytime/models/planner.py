"""A genuine anytime planner for trips: it searches, tells its search, and can be interrupted.

It reads the prompt alone and knows no gold. It tries one city after another, depth first and in
random order, and writes down what stands against each; whenever its plan satisfies more than any
before, it writes a line "Best so far". Cut anywhere, it answers from its own text: with the plan
of the last such line that is complete.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

from anytime.domains.trip.grammar import TripTask
from anytime.domains.trip.plan import Stay, format_plan
from anytime.domains.trip.scoring import count_constraints, count_satisfied
from anytime.errors import AnytimeError
from anytime.models.conversation import Respond, answer_text, chance, handed_back, told_budget
from anytime.models.pieces import make_reply, split_pieces
from anytime.models.trips import Plan, add_cities, read_task
from anytime.protocol import Message, Reply

__all__ = ["NO_PLAN", "NO_TRIP", "load_planner"]

NO_TRIP = "I can only plan trips."
NO_PLAN = "I have no plan yet."

MOST_TRIES = 2000
"""Stays tried before the planner gives up: some 30 000 tokens of a search exponential at worst."""

# Names hold neither full stop nor comma: the grammar of the prompts separates by them.
_BEST = re.compile(r"^Best so far \(\d+ of \d+\): ([^.\n]+ \d+-\d+)\.", re.MULTILINE)
_STAY = re.compile(r"(.+) (\d+)-(\d+)")


def load_planner(reasoning: bool = False) -> Respond:
    """The planner as a model.

    Args:
        reasoning: Show the search as reasoning and only the final plan as text.
    """

    def respond(messages: Sequence[Message], max_tokens: int, seed: int) -> Reply:
        cut = handed_back(messages)
        if cut is not None:
            plan = _last_best(cut)
            answer = format_plan(plan) if plan else NO_PLAN
            return make_reply(messages, max_tokens, answer_text(messages, answer))
        try:
            task = read_task(messages)
        except AnytimeError as error:
            return make_reply(messages, max_tokens, f"I cannot read this trip: {error}")
        if task is None:
            return make_reply(messages, max_tokens, NO_TRIP)
        search, closing = _trace(task, max_tokens, seed, told_budget(messages))
        if reasoning:
            return make_reply(messages, max_tokens, closing, search)
        return make_reply(messages, max_tokens, search + closing)

    return respond


def _trace(task: TripTask, max_tokens: int, seed: int, contract: bool) -> tuple[str, str]:
    """The told search and the final plan, somewhat beyond `max_tokens` at most.

    Under a contract the search stops as long as there is room to write a whole plan.
    """
    content = (task.days, *task.stays.items(), *task.events, *sorted(task.flights))
    told: list[str] = []
    tokens = 0
    closing = _closing(task, ())
    room = len(split_pieces(closing))
    for line, better in _search(task, chance("planner", *content, seed)):
        tokens += len(split_pieces(line))
        next_closing = _closing(task, better) if better else closing
        room = len(split_pieces(next_closing)) if better else room
        if contract and tokens + room > max_tokens:
            break
        told.append(line)
        closing = next_closing
        if tokens > max_tokens:
            break
    return "".join(told), closing


def _closing(task: TripTask, plan: Plan) -> str:
    """The final plan; it visits the cities the search has not come to in the prompt's order."""
    return f"\n{format_plan(_completed(task, plan))}"


def _completed(task: TripTask, plan: Plan) -> Plan:
    visited = {stay.city for stay in plan}
    return add_cities(task, plan, (city for city in task.stays if city not in visited))


def _search(task: TripTask, draw: random.Random) -> Iterator[tuple[str, Plan]]:
    """Tell the search line by line, with the new best plan where a line states one."""
    total = count_constraints(task)
    most = 0
    best: Plan = ()
    tries = 0
    # One iterator of untried cities for each stay of the plan, and one for the stay after it.
    plan: Plan = ()
    untried = [_shuffled(task, plan, draw)]
    yield f"I plan {len(task.stays)} cities in {task.days} days, one after another.\n", ()
    while untried and tries < MOST_TRIES:
        city = next(untried[-1], None)
        if city is None:
            untried.pop()
            if plan:
                yield f"Nothing more to try after {plan[-1].city}, so back.\n", ()
                plan = plan[:-1]
            continue
        tries += 1
        longer = add_cities(task, plan, [city])
        stay = longer[-1]
        obstacle = _obstacle(task, plan, stay)
        yield f"Try {city} {stay.first}-{stay.last}: {obstacle or 'fits'}.\n", ()
        if obstacle:
            continue
        plan = longer
        satisfied = count_satisfied(task, plan)
        if satisfied > most:
            most, best = satisfied, plan
            yield _best_line(plan, satisfied, total), plan
        if len(plan) == len(task.stays):
            break
        untried.append(_shuffled(task, plan, draw))
    if len(best) < len(task.stays):
        yield "I find no trip that keeps every wish, so the other cities come last.\n", ()
        best = _completed(task, best)
        yield _best_line(best, count_satisfied(task, best), total), best


def _shuffled(task: TripTask, plan: Plan, draw: random.Random) -> Iterator[str]:
    visited = {stay.city for stay in plan}
    left = [city for city in task.stays if city not in visited]
    draw.shuffle(left)
    return iter(left)


def _obstacle(task: TripTask, plan: Plan, stay: Stay) -> str:
    """What stands against going on with a stay; empty when nothing does."""
    if plan and (plan[-1].city, stay.city) not in task.flights:
        return f"no flight from {plan[-1].city}"
    if stay.last > task.days:
        return f"only {task.days} days"
    visited = {visit.city for visit in plan}
    for event in task.events:
        if event.city == stay.city:
            if not stay.first <= event.first <= event.last <= stay.last:
                return f"misses {event.first}-{event.last} there"
        elif event.city not in visited and event.first < stay.last:
            return f"too late for {event.city} {event.first}-{event.last}"
    return ""


def _best_line(plan: Plan, satisfied: int, total: int) -> str:
    stays = ", ".join(f"{stay.city} {stay.first}-{stay.last}" for stay in plan)
    return f"Best so far ({satisfied} of {total}): {stays}.\n"


def _last_best(text: str) -> Plan:
    """The plan of the last complete "Best so far" line; the final plan is always in one, too."""
    lines = _BEST.findall(text)
    if not lines:
        return ()
    stays = [_STAY.fullmatch(stay) for stay in lines[-1].split(", ")]
    return tuple(Stay(stay[1], int(stay[2]), int(stay[3])) for stay in stays if stay)
