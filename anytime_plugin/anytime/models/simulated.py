"""A SIMULATOR of a reasoner with a known performance profile, for every domain.

It reasons about nothing: it is told the right answer and states it, among filler, at tokens drawn
from its `Profile`. It exists so that measurements can be checked against `expected_quality`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from anytime.errors import AnytimeError
from anytime.models.conversation import (
    Respond,
    answer_text,
    chance,
    handed_back,
    told_budget,
    user_texts,
)
from anytime.models.filler import filler
from anytime.models.pieces import make_reply, split_pieces
from anytime.models.profile import STATEMENT_TOKENS, Course, Profile, draw_course
from anytime.protocol import Message, Reply

__all__ = ["UNPARSED", "Solution", "Solutions", "load_simulated"]

UNPARSED = "I cannot say yet."

_STATEMENT = re.compile(r"Current answer:.* \(candidate (\d+)\)")


@dataclass(frozen=True, slots=True)
class Solution:
    """What the simulator is told about a problem.

    Attributes:
        right: A right answer in the domain's answer format, such as "Answer: C".
        wrong: Wrong answers in the same format, at least one.
    """

    right: str
    wrong: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a problem that cannot be answered wrongly."""
        if not self.wrong or self.right in self.wrong:
            raise ValueError("a solution needs wrong answers, all of them unlike the right one")


Solutions = Callable[[str], Solution | None]
"""The solution of the problem that a user's text states; None where it states none."""


def load_simulated(
    profile: Profile, solutions: Solutions, leak: int = 0, reasoning: bool = False
) -> Respond:
    """The simulator as a model.

    Told a budget (contract mode) it stops in time to write the answer it has by then.

    Args:
        profile: How well it does.
        solutions: Looks up the solution; asked with each of the user's texts, newest first.
        leak: Reasoning tokens it sneaks into every forced answer.
        reasoning: Show the trace as reasoning and only the final answer as text.
    """

    def respond(messages: Sequence[Message], max_tokens: int, seed: int) -> Reply:
        prompt, solution = _find(messages, solutions)
        cut = handed_back(messages)
        if cut is not None:
            draw = chance("answer", prompt, cut, seed)
            answer = _answer_from(cut, solution, profile, draw)
            if draw.random() < profile.unparsed:
                answer = UNPARSED
            leaked = "".join(filler(draw, leak))
            return make_reply(messages, max_tokens, answer_text(messages, answer), leaked)

        draw = chance("trace", prompt, seed)
        course = draw_course(profile, draw)
        trace = _trace(course, solution, max_tokens, draw)
        if told_budget(messages):
            room = max(len(_closing(answer)) for answer in _candidates(solution))
            trace = trace[: max(0, max_tokens - room)]
            course = course._replace(ends=len(trace))
        closing: list[str] = []
        if course.ends is not None and course.ends == len(trace):
            closing = _closing(_answer_from("".join(trace), solution, profile, draw))
        if reasoning:
            thought, said = trace + closing[:2], closing[2:]
            return make_reply(messages, max_tokens, "".join(said), "".join(thought))
        return make_reply(messages, max_tokens, "".join(trace + closing))

    return respond


def _find(messages: Sequence[Message], solutions: Solutions) -> tuple[str, Solution]:
    for text in user_texts(messages):
        solution = solutions(text)
        if solution is not None:
            return text, solution
    raise AnytimeError(
        "simulated knows only problems of the built-in domains loaded in this run, and the prompt "
        "holds none of them"
    )


def _candidates(solution: Solution) -> list[str]:
    """Right and wrong answers in an order that does not tell which is right."""
    return sorted({solution.right, *solution.wrong})


def _trace(course: Course, solution: Solution, max_tokens: int, draw: random.Random) -> list[str]:
    """Filler in which each statement is complete at exactly the token the course names.

    It goes on to where the course ends, or else to one token more than `max_tokens`.
    """
    end = max_tokens + 1 if course.ends is None else min(course.ends, max_tokens + 1)
    trace: list[str] = []
    for token, answer in (
        (course.solved, solution.right),
        (course.drifted, draw.choice(solution.wrong)),
    ):
        if token is not None and token <= end:
            statement = _statement(answer, solution)
            trace += _thinking(draw, token - len(statement) - len(trace), bool(trace))
            trace += statement
    return trace + _thinking(draw, end - len(trace), bool(trace))


def _thinking(draw: random.Random, tokens: int, on_new_line: bool) -> list[str]:
    if on_new_line and tokens > 0:
        return ["\n", *filler(draw, tokens - 1)]
    return filler(draw, tokens)


def _statement(answer: str, solution: Solution) -> list[str]:
    """Name a candidate, and show it too where it is short enough for the room there is."""
    number = _candidates(solution).index(answer)
    shown = split_pieces(f"\nCurrent answer: {answer} (candidate {number})")
    if len(shown) <= STATEMENT_TOKENS and "\n" not in answer:
        return shown
    return split_pieces(f"\nCurrent answer: that one (candidate {number})")


def _closing(answer: str) -> list[str]:
    return split_pieces(f"\n\n{answer}")


def _answer_from(text: str, solution: Solution, profile: Profile, draw: random.Random) -> str:
    """The answer stated last in a text, whole statements only; a guess where there is none."""
    stated = _STATEMENT.findall(text)
    if stated:
        return _candidates(solution)[int(stated[-1])]
    return solution.right if draw.random() < profile.guess else draw.choice(solution.wrong)
