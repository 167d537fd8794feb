"""What a trip plan is worth: constraint satisfaction, validity, the official exact match."""

from __future__ import annotations

import re
from collections.abc import Sequence

from anytime.domains.trip.grammar import TripTask
from anytime.domains.trip.stays import HEADER, Flight, Stay

__all__ = [
    "count_constraints",
    "count_satisfied",
    "csr",
    "exact_match",
    "is_valid",
    "stated_flight",
]

# Equal to the first match of \d+-\d+, but a run of digits is tried once and not from each digit.
_DAY_RANGE = re.compile(r"(?<!\d)\d+-(\d+)")
_ROUTE = re.compile(r"from (\w+) to (\w+)")
_DAY = re.compile(r"Day (\d+)")


def count_constraints(task: TripTask) -> int:
    """Number of constraints a plan is measured against: 1 + K + K + E + (K - 1)."""
    return 3 * len(task.stays) + len(task.events)


def count_satisfied(task: TripTask, plan: Sequence[Stay], flights: Sequence[Flight] = ()) -> int:
    """Number of constraints of `count_constraints` that a plan satisfies; see `csr`."""
    if not plan:
        return 0
    by_city: dict[str, list[Stay]] = {}
    for stay in plan:
        by_city.setdefault(stay[0], []).append(stay)

    satisfied = 0
    for city, days in task.stays.items():
        visits = by_city.get(city)
        if visits is None:
            continue
        if len(visits) == 1:
            satisfied += 1
        for _, first, last in visits:
            if last - first + 1 == days:
                satisfied += 1
                break
    for city, begin, end in task.events:
        for _, first, last in by_city.get(city, ()):
            if first <= begin and end <= last:
                satisfied += 1
                break

    coherent = plan[0][1] == 1 and plan[-1][2] == task.days
    wrong_legs = set()
    here, arrived, until = plan[0]
    for leg, (there, first, last) in enumerate(plan[1:], start=1):
        if (here, there) not in task.flights:
            wrong_legs.add(leg)
        if until != first or arrived > until:
            coherent = False
        here, arrived, until = there, first, last
    if arrived > until:
        coherent = False
    for after, day, origin, target in flights:
        if 0 < after < len(plan):
            left, reached = plan[after - 1], plan[after]
            if origin != left[0] or target != reached[0]:
                wrong_legs.add(after)
            if day != left[2]:
                coherent = False

    needed = len(task.stays) - 1
    missing = max(0, needed - (len(plan) - 1))
    return satisfied + coherent + max(0, needed - missing - len(wrong_legs))


def csr(task: TripTask, plan: Sequence[Stay], flights: Sequence[Flight] = ()) -> float:
    """Constraint satisfaction rate of a plan, in [0, 1] (docs/methods.md, "Quality").

    The problem alone fixes the total, for K cities and E events:

    * 1: the trip starts on day 1, ends on day D, and each stay begins on the day the one before
      ends, which is the day of the flight between them where the plan states one;
    * K: each city is visited exactly once;
    * K: some stay in the city has the length wished for. A second visit breaks the constraint
      above and does not take this one away;
    * E: the event lies inside some stay in its city;
    * K - 1: each leg is a listed direct flight. The legs are those between consecutive stays; a
      leg is wrong, too, where the plan states a flight between other cities for it. A plan with
      too few legs misses the rest; in one with too many, each wrong leg costs one of the K - 1.

    A city that the task does not name satisfies nothing, and no listed flight goes there. Names
    are compared as they stand.

    Args:
        task: The parsed problem.
        plan: Its stays in order; empty scores 0.
        flights: The flights the plan states on lines of their own (`parse_itinerary`).
    """
    return count_satisfied(task, plan, flights) / count_constraints(task)


def is_valid(task: TripTask, plan: Sequence[Stay], flights: Sequence[Flight] = ()) -> bool:
    """Whether a plan satisfies every constraint; it need not be the golden one."""
    return count_satisfied(task, plan, flights) == count_constraints(task)


def exact_match(cities: Sequence[str], durations: Sequence[int], text: str) -> bool:
    """Whether the official NaturalPlan evaluator finds the golden plan in a text.

    It reads line by line: a range `\\d+-\\d+` is a visit, "Day N ... from X to Y" a flight, of
    which the last "from X to Y" of the line and the last "Day N" before it count. Stays begin and
    end on flight days, the first on day 1, the last on the end of the last visit read. It stops
    at a visit that ends on day D, but only after a header "European cities for D days". All
    golden stays must match in order; what follows them is ignored, and so is where a flight other
    than the first starts.

    Two departures, both without effect on a verdict it reaches: we stop at the first mismatch, in
    time linear in the text, and a number too long for `int`, which ends it in an error, does
    not match.

    Args:
        cities: Golden cities in order, at least two.
        durations: Golden days in each.
        text: Anything a model wrote.
    """
    if f"from {cities[0]} to {cities[1]}" not in text:
        return False
    count = len(cities)
    arrived, flights = 1, 0
    total: int | None = None
    end = ""
    try:
        for line in text.split("\n"):
            if "European cities for " in line and (header := HEADER.search(line)):
                total = int(header[1])
            if "-" in line and (visit := _DAY_RANGE.search(line)):
                end = visit[1]
                if total is not None and int(end) == total:
                    break
            if "from " in line and (flight := stated_flight(line)):
                day, origin, target = int(flight[0]), flight[1], flight[2]
                if flights == 0 and origin != cities[0]:
                    return False
                if flights < count and day - arrived + 1 != durations[flights]:
                    return False
                flights += 1
                if flights < count and target != cities[flights]:
                    return False
                arrived = day
        if not end or flights < count - 1:
            return False
        return flights >= count or int(end) - arrived + 1 == durations[count - 1]
    except ValueError:  # int() refuses a number of more than 4300 digits
        return False


def stated_flight(line: str) -> tuple[str, str, str] | None:
    """Day, from and to of `.*Day (\\d+).*from (\\w+) to (\\w+)`, searched from the right."""
    route = day = None
    at = line.rfind("from ")
    while at >= 0 and (route := _ROUTE.match(line, at)) is None:
        at = line.rfind("from ", 0, at)
    if route is None:
        return None
    on = line.rfind("Day ", 0, at)
    while on >= 0 and (day := _DAY.match(line, on, at)) is None:
        on = line.rfind("Day ", 0, on)
    return (day[1], route[1], route[2]) if day else None
