"""A SIMULATOR of a reasoner with a known performance profile, for every domain.

It reasons about nothing: it is told the right answer and states it, among filler, at tokens drawn
from its `Profile`. It exists so that measurements can be checked against `expected_quality`, and
comparisons of methods against that of the profile that `learned` gives.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Sequence

from anytime.errors import AnytimeError
from anytime.models.conversation import (
    Respond,
    answer_text,
    chance,
    handed_back,
    parts,
    told_budget,
)
from anytime.models.filler import filler
from anytime.models.pieces import make_reply, split_pieces
from anytime.models.profile import STATEMENT_TOKENS, Course, Profile, draw_course
from anytime.models.side_requests import INSIGHTS, asks_for_insights, judged, promise, verdict
from anytime.models.solutions import Solution, Solutions
from anytime.models.speedups import Speedups, learned
from anytime.programs.extend import WAIT
from anytime.programs.tree import FIRST_THOUGHT, NEXT_THOUGHT, VALUE
from anytime.protocol import Message, Reply

__all__ = ["UNPARSED", "load_simulated"]

UNPARSED = "I cannot say yet."

_STATEMENT = re.compile(r"Current answer:.* \(candidate (\d+)\)")


def load_simulated(
    profile: Profile,
    solutions: Solutions,
    leak: int = 0,
    reasoning: bool = False,
    speedups: Speedups = Speedups(),  # noqa: B008 - immutable
    judge_accuracy: float = 1.0,
) -> Respond:
    """The simulator as a model.

    Told a budget (contract mode) it stops in time to write the answer it has by then. Its draws
    depend on the seed and the question, not on what a method put before that: under two methods one
    trace differs by what was learned alone.

    Args:
        profile: How well it does.
        solutions: Looks up the solution; asked with each question of the user, newest first.
        leak: Reasoning tokens it sneaks into every forced answer.
        reasoning: Show the trace as reasoning and only the final answer as text.
        speedups: What the prompt's examples and principles are worth.
        judge_accuracy: Probability that a score or comparison it is asked for is right.
    """

    def respond(messages: Sequence[Message], max_tokens: int, seed: int) -> Reply:
        asked = messages[-1].content if messages[-1].role == "user" else ""
        # Before anything else is looked for: these requests quote traces, which may say anything.
        if asks_for_insights(parts(asked).question):
            return make_reply(messages, max_tokens, INSIGHTS)
        case = judged(asked)
        if case is not None:
            _, solution = _find([case.statement], solutions)
            return make_reply(messages, max_tokens, verdict(case, solution, judge_accuracy, seed))

        texts = (m.content for m in reversed(messages) if m.role == "user")
        text, solution = _find(texts, solutions)
        question = parts(text).question
        now = learned(profile, speedups, text)
        cut = handed_back(messages)
        if VALUE in asked or NEXT_THOUGHT in asked or FIRST_THOUGHT in asked:
            state = messages[-2].content if len(messages) > 1 else ""
            state = state if len(messages) > 1 and messages[-2].role == "assistant" else ""
            if VALUE in asked:
                told = promise(question, state, solution, judge_accuracy, seed)
            else:
                draw = chance("thought", question, state, seed)
                told = _thought(state, solution, now, max_tokens, draw)
            return make_reply(messages, max_tokens, told)
        if cut is not None and cut.endswith(WAIT):
            draw = chance("wait", question, cut, seed)
            return make_reply(messages, max_tokens, *_going_on(cut, solution, now, draw, reasoning))
        if cut is not None:
            draw = chance("answer", question, cut, seed)
            answer = _answer_from(cut, solution, now, draw)
            if draw.random() < now.unparsed:
                answer = UNPARSED
            leaked = "".join(filler(draw, leak))
            return make_reply(messages, max_tokens, answer_text(messages, answer), leaked)

        draw = chance("trace", question, seed)
        course = draw_course(now, draw)
        trace = _trace(course, solution, max_tokens, draw, now)
        if told_budget(messages):
            room = max(len(_closing(answer)) for answer in _candidates(solution))
            trace = trace[: max(0, max_tokens - room)]
            course = course._replace(ends=len(trace))
        closing: list[str] = []
        if course.ends is not None and course.ends == len(trace):
            closing = _closing(_answer_from("".join(trace), solution, now, draw))
        if reasoning:
            thought, said = trace + closing[:2], closing[2:]
            return make_reply(messages, max_tokens, "".join(said), "".join(thought))
        return make_reply(messages, max_tokens, "".join(trace + closing))

    return respond


def _find(texts: Iterable[str], solutions: Solutions) -> tuple[str, Solution]:
    """The first text whose question is known, and the solution."""
    for text in texts:
        # Never the preface: it states problems that are solved there and not asked for.
        solution = solutions(parts(text).question)
        if solution is not None:
            return text, solution
    raise AnytimeError(
        "simulated knows only problems of the built-in domains loaded in this run, and the prompt "
        "holds none of them"
    )


def _candidates(solution: Solution) -> list[str]:
    """Right and wrong answers in an order that does not tell which is right."""
    return sorted({solution.right, *solution.wrong})


def _trace(
    course: Course, solution: Solution, max_tokens: int, draw: random.Random, profile: Profile
) -> list[str]:
    """Filler in which each statement is complete at exactly the token the course names.

    It goes on to where the course ends, or else to one token more than `max_tokens`.
    """
    end = max_tokens + 1 if course.ends is None else min(course.ends, max_tokens + 1)
    trace: list[str] = []
    for token, answer in (
        (course.solved, solution.right),
        (course.drifted, _wrong(solution, profile, draw)),
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
        number, known = int(stated[-1]), _candidates(solution)
        if number >= len(known):
            raise AnytimeError(
                f"the trace states candidate {number} and simulated knows {len(known)} here: wrong "
                f"answers are those to other problems, of which fewer are loaded than when the "
                f"trace was written: make the log with more of them (--limit)"
            )
        return known[number]
    return solution.right if draw.random() < profile.guess else _wrong(solution, profile, draw)


def _going_on(
    cut: str, solution: Solution, profile: Profile, draw: random.Random, reasoning: bool
) -> tuple[str, str]:
    """What a trace that had ended goes on with, as text and reasoning before it."""
    answer = _answer_from(cut, solution, profile, draw)
    right = answer == solution.right
    changes = draw.random() < (profile.breaks if right else profile.fixes)
    mean = profile.linger_tokens or profile.solve_tokens
    thought = ["\n", *filler(draw, max(1, math.ceil(draw.expovariate(1 / mean))))]
    if changes:
        answer = _wrong(solution, profile, draw) if right else solution.right
        thought += _statement(answer, solution)
    said = _closing(answer)
    if reasoning:
        return "".join(said[2:]), "".join([*thought, *said[:2]])
    return "".join([*thought, *said]), ""


def _thought(
    state: str, solution: Solution, profile: Profile, max_tokens: int, draw: random.Random
) -> str:
    """A next thought: filler, and a statement where the answer is found or given up in it.

    What happens to a trace over so many tokens happens here, each thought anew: a share `accuracy`
    of thoughts can find the answer at all.
    """
    room = max(1, max_tokens - STATEMENT_TOKENS)
    stated = _STATEMENT.findall(state)
    right = bool(stated) and _candidates(solution)[int(stated[-1])] == solution.right
    within = -math.expm1(-max_tokens / profile.solve_tokens)
    parted = -math.expm1(-max_tokens / (profile.drift_tokens or profile.solve_tokens))
    found = not stated and draw.random() < profile.accuracy * within
    lost = right and draw.random() < profile.drift * parted
    thought = filler(draw, room)
    if found or lost:
        thought += _statement(
            solution.right if found else _wrong(solution, profile, draw), solution
        )
    return "".join(thought)


def _wrong(solution: Solution, profile: Profile, draw: random.Random) -> str:
    """A wrong answer: the problem's usual one, or any."""
    # No draw is taken where none is needed: without it, traces are those of earlier versions.
    if profile.systematic and draw.random() < profile.systematic:
        return solution.wrong[0]
    return draw.choice(solution.wrong)
