"""What methods ask the simulated reasoner beside its problems: insights, and its judgement.

A simulation like the rest of it: its insights are canned, for a simulator has none, and as a judge
it is told which answer is right, which the model under test is not.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from anytime.methods.leap import LEARN, MERGE
from anytime.models.conversation import chance
from anytime.models.solutions import Solution
from anytime.preferences.judge import ANSWER, COMPARE, FIRST, PROBLEM, SCORE, SECOND
from anytime.programs.check import CHOOSE

__all__ = ["INSIGHTS", "Judged", "asks_for_insights", "judged", "promise", "verdict"]

INSIGHTS = (
    "- State the best answer so far as soon as there is one.\n"
    "- Check an answer against everything that is given before going on from it."
)
"""Canned: nothing is learned, and every mistake teaches the same."""


def asks_for_insights(asked: str) -> bool:
    """Whether LEAP asks for insights or to merge some."""
    return LEARN in asked or MERGE in asked


class Judged(NamedTuple):
    """A problem, with one answer to score, two to compare, or several to choose from."""

    statement: str
    answers: tuple[str, ...]
    choose: bool = False


_HEADING = re.compile(r"\n\n## Answer \d+\n\n")


def judged(asked: str) -> Judged | None:
    """What a text asks to judge; None where it asks something else."""
    if not asked.startswith(f"{PROBLEM}\n\n"):
        return None
    asked = asked.removeprefix(f"{PROBLEM}\n\n")
    shown, chooses, _ = asked.rpartition(f"\n\n{CHOOSE}")
    if chooses:
        parts = _HEADING.split(shown)
        return Judged(parts[0], tuple(parts[1:]), choose=True)
    shown, compares, _ = asked.rpartition(f"\n\n{COMPARE}")
    if compares:
        statement, _, answers = shown.partition(f"\n\n{FIRST}\n\n")
        first, _, second = answers.partition(f"\n\n{SECOND}\n\n")
        return Judged(statement, (first, second))
    shown, scores, _ = asked.rpartition(f"\n\n{SCORE}")
    if scores:
        statement, _, answer = shown.partition(f"\n\n{ANSWER}\n\n")
        return Judged(statement, (answer,))
    return None


def verdict(case: Judged, solution: Solution, accuracy: float, seed: int) -> str:
    """The judgement, right with probability `accuracy`; of equally good answers the first."""
    rights = [_is_right(answer, solution) for answer in case.answers]
    draw = chance("judge", *case[:2], seed)
    errs = draw.random() >= accuracy
    if case.choose:
        best = rights.index(True) if any(rights) else 0
        others = [place for place in range(len(rights)) if place != best]
        return f"Best: {1 + (draw.choice(others) if errs else best)}"
    if len(rights) == 1:
        return f"Score: {100 if rights[0] != errs else 0}"
    better = 2 if rights == [False, True] else 1
    return f"Better: {3 - better if errs and rights[0] != rights[1] else better}"


def promise(question: str, state: str, solution: Solution, accuracy: float, seed: int) -> str:
    """How promising a state of a tree is: right ones are, with probability `accuracy` each."""
    stated = _STATED.findall(state)
    candidates = sorted({solution.right, *solution.wrong})
    right = bool(stated) and candidates[int(stated[-1]) % len(candidates)] == solution.right
    draw = chance("promise", question, state, seed)
    errs = draw.random() >= accuracy
    high, low, unknown = draw.randint(80, 100), draw.randint(0, 20), draw.randint(40, 60)
    if not stated:
        return str(unknown)
    return str(high if right != errs else low)


_STATED = re.compile(r"\(candidate (\d+)\)")


def _is_right(answer: str, solution: Solution) -> bool:
    """Whether the right answer is the one stated last: a whole trace may have stated several."""
    places = {
        (place + len(candidate), len(candidate)): candidate
        for candidate in (solution.right, *solution.wrong)
        if (place := answer.rfind(candidate)) >= 0
    }
    return bool(places) and places[max(places)] == solution.right
