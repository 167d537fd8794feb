"""The worked examples NaturalPlan shows for a problem, read out of its `prompt_5shot`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from anytime.domains.base import Problem
from anytime.domains.trip.grammar import parse_prompt
from anytime.domains.trip.plan import parse_itinerary
from anytime.domains.trip.scoring import csr
from anytime.errors import AnytimeError

__all__ = ["FIVE_SHOT", "examples_of"]

FIVE_SHOT = "prompt_5shot"
"""The field they stand in: an instruction, five tasks with solutions, the row's own task."""

_TASK = re.compile(r"^TASK:", re.MULTILINE)
_SOLUTION = re.compile(r"^SOLUTION:", re.MULTILINE)


def examples_of(prompts: Mapping[str, Any], title: str, problem: Problem) -> tuple[Problem, ...]:
    """The examples in the official prompt of one problem, in its order.

    Args:
        prompts: `prompt_5shot` by the problem's id; missing, null or blank where there is none.
        title: What to call the file in an error.
        problem: One of the file's problems.

    Raises:
        AnytimeError: The prompt is not tasks with solutions before the problem itself, or a plan
            in it does not satisfy its task.
    """
    prompt = prompts.get(problem.id)
    if prompt is None or (isinstance(prompt, str) and not prompt.strip()):
        return ()
    where = f"{title}, entry {problem.id!r}, {FIVE_SHOT!r}"
    if not isinstance(prompt, str):
        raise AnytimeError(f"{where}: not text")
    _instruction, *tasks = _TASK.split(prompt)
    try:
        if not tasks or parse_prompt(tasks[-1].strip()) != parse_prompt(problem.prompt):
            raise AnytimeError("the last task is not that of 'prompt_0shot'")
        return _solved(tuple(tasks[:-1]))
    except AnytimeError as error:
        raise AnytimeError(f"{where}: {error}") from None


# All official problems with the same number of cities are shown the same five.
@lru_cache(maxsize=64)
def _solved(tasks: tuple[str, ...]) -> tuple[Problem, ...]:
    return tuple(_example(f"example {number}", text) for number, text in enumerate(tasks, start=1))


def _example(name: str, text: str) -> Problem:
    parts = [part.strip() for part in _SOLUTION.split(text)]
    if len(parts) != 2:
        raise AnytimeError(f"{name}: not a task and one solution")
    prompt, plan = parts
    try:
        task = parse_prompt(prompt)
    except AnytimeError as error:
        raise AnytimeError(f"{name}: {error}") from None
    stays, flights = parse_itinerary(plan, task.days)
    quality = csr(task, stays, flights)
    if quality < 1.0:
        raise AnytimeError(f"{name}: the plan satisfies {quality:.0%} of the constraints, not all")
    facts = {
        "cities": [stay.city for stay in stays],
        "durations": [task.stays[stay.city] for stay in stays],
    }
    return Problem(name, prompt, plan, facts)
