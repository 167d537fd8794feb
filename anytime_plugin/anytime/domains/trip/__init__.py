"""NaturalPlan Trip: plan a tour of European cities by direct flights, in a given number of days.

Zheng et al. (2024), "NATURAL PLAN: Benchmarking LLMs on Natural Language Planning". Quality is the
constraint satisfaction rate of the plan; `em` is the benchmark's own all-or-nothing exact match
and `valid` whether every constraint is satisfied, by the golden plan or another.
"""

from __future__ import annotations

from collections.abc import Sequence

from anytime.domains.base import Cue, Domain, Grade, Problem
from anytime.domains.trip.grammar import parse_prompt
from anytime.domains.trip.loading import from_log, load, validate
from anytime.domains.trip.plan import Stay, end_of_plan, parse_itinerary
from anytime.domains.trip.scoring import count_constraints, count_satisfied, exact_match
from anytime.domains.trip.stripping import strip_plans

__all__ = ["TRIP", "ask", "check", "cue", "grade", "load", "validate"]

SHOWN_STAYS = 20

_FORMAT = """\
Here is the trip plan for visiting the {cities} European cities for {days} days:

**Day 1-a:** Arriving in CityA and visit CityA for N days.
**Day a:** Fly from CityA to CityB.
**Day a-b:** Visit CityB for N days.
**Day b:** Fly from CityB to CityC.
(and so on, until)
**Day c-{days}:** Visit CityK for N days."""

_RULES = (
    "Visit every city exactly once. The day of a flight counts in both cities: if you stay in one "
    "city on days 1-a, you fly to the next on day a and stay there from day a on."
)


def ask(problem: Problem) -> str:
    """The problem with instructions: reason step by step, then answer in the official format."""
    return (
        f"{problem.prompt}\n\nReason step by step. {_RULES} Then give the complete trip plan, in "
        f"exactly this format, its first line included:\n\n{_format(problem)}"
    )


def cue(problem: Problem) -> Cue:
    """The cue for a forced answer.

    Its beginning echoes the header, for the official evaluator stops at the last day of a plan
    only if it has read the number of days there.
    """
    header = _format(problem).partition("\n")[0]
    return Cue(
        ask=(
            "Your time is up: stop reasoning. Give your best complete trip plan now, without any "
            "further reasoning, even if you are not sure of it, in exactly this format, its first "
            f"line included. {_RULES}\n\n{_format(problem)}"
        ),
        begin=f"{header}\n\n**Day 1-",
    )


def _format(problem: Problem) -> str:
    task = parse_prompt(problem.prompt)
    return _FORMAT.format(cities=len(task.stays), days=task.days)


def grade(problem: Problem, text: str) -> Grade:
    """Grade the last complete plan in a text; exact match reads the text by its own rules."""
    task = parse_prompt(problem.prompt)
    plan, flights = parse_itinerary(text, task.days, task.stays)
    satisfied, total = count_satisfied(task, plan, flights), count_constraints(task)
    match = exact_match(problem.facts["cities"], problem.facts["durations"], text)
    return Grade(
        quality=satisfied / total,
        parsed=bool(plan),
        answer=_readable(plan),
        metrics={"em": float(match), "valid": float(satisfied == total)},
    )


def check(problem: Problem, text: str) -> float:
    """The share of constraints that the last plan in a text satisfies: they stand in the prompt."""
    task = parse_prompt(problem.prompt)
    plan, flights = parse_itinerary(text, task.days, task.stays)
    return count_satisfied(task, plan, flights) / count_constraints(task)


def _readable(plan: Sequence[Stay]) -> str:
    shown = [f"{city} {first}-{last}" for city, first, last in plan[:SHOWN_STAYS]]
    return " > ".join([*shown, "..."] if len(plan) > SHOWN_STAYS else shown)


TRIP = Domain(
    name="trip",
    budgets="geom:128:4096:6",
    answer_tokens=1024,
    load=load,
    ask=ask,
    cue=cue,
    grade=grade,
    metrics=("em", "valid"),
    strip=strip_plans,
    datasets=("official", "builtin"),
    stop=("\nTASK:", "\nSOLUTION:"),
    end_of_answer=end_of_plan,
    from_log=from_log,
    check=check,
)
