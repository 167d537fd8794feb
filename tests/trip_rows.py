"""Trips in the official schema, with examples before them as NaturalPlan has them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from anytime.domains.base import Problem
from anytime.domains.trip.builtin import generate

SHOWN = generate(7)[:5]


def five_shot(problem: Problem, shown: Sequence[Problem] = SHOWN) -> str:
    """A prompt put together as NaturalPlan puts its own together."""
    solved = [f"TASK: {example.prompt}\nSOLUTION: {example.gold}" for example in shown]
    instruction = "You are an expert at planning trips. Here are a few example tasks and solutions:"
    return "\n\n".join([instruction, *solved, f"TASK: {problem.prompt}\nSOLUTION:"])


def row(problem: Problem, **fields: Any) -> dict[str, Any]:
    """A problem in the official schema, with fields of the test's own."""
    return {
        "num_cities": str(len(problem.facts["cities"])),
        "cities": "**".join(problem.facts["cities"]),
        "durations": "**".join(map(str, problem.facts["durations"])),
        "prompt_0shot": problem.prompt,
        "golden_plan": problem.gold,
        **fields,
    }
