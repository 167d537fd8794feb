"""Where quality was lost again: problems by the area their traces lost, and the text around it.

A trace falls where its quality is below what it was at an earlier budget. A guesser does so too:
a fall is where to look, not what was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np

from anytime.results.curves import RunCurve
from anytime.rows import Row
from anytime.runs import FinishedRun, GradedTrace, TraceId
from anytime.settings import Scale
from anytime.statistics.curve import FloatArray
from anytime.statistics.index import budget_weights

__all__ = ["Fall", "Piece", "Step", "excerpt", "falls_of", "steepest", "with_texts"]

LONGEST = 600
"""Characters shown of the text between two cuts."""

AROUND = 160
"""Characters shown before the first of the two cuts, and after the second."""

LONGEST_ANSWER = 300
"""Characters shown of an answer."""


class Piece(NamedTuple):
    """A part of an excerpt.

    Attributes:
        kind: Text of the trace; a `cut` at a budget; a `gap` of so many characters; or its `end`.
        text: The text, the budget or the number.
    """

    kind: Literal["text", "cut", "gap", "end"]
    text: str


class Step(NamedTuple):
    """The steepest fall of a trace from one budget to the next.

    Attributes:
        draw: Which of the problem's traces it is.
        loss: The area between the trace and its own best so far, as the index weighs budgets.
        budgets: Before and after.
        quality: At both.
        answers: At both, as extracted; None where nothing could be.
        ends: Where both cuts lie in the trace's text; None for its end.
    """

    draw: int
    loss: float
    budgets: tuple[int, int]
    quality: tuple[float, float]
    answers: tuple[str | None, str | None]
    ends: tuple[int | None, int | None]


class Fall(NamedTuple):
    """A problem at which quality was lost.

    Attributes:
        problem: Its id.
        loss: The area between traces and their own best so far, mean over traces.
        fell: How many of its traces fell.
        traces: How many it has.
        curve: Mean quality by budget, shape (T,).
        step: The steepest one, of the trace that lost most.
        excerpt: The text around it; empty where there is none.
    """

    problem: str
    loss: float
    fell: int
    traces: int
    curve: FloatArray
    step: Step
    excerpt: tuple[Piece, ...] = ()


def steepest(trace: GradedTrace, rows: Sequence[Row], scale: Scale) -> Step | None:
    """The step to show of a trace; None where it did not fall."""
    quality = np.array([row.quality for row in rows])
    weights = _weights(tuple(row.budget for row in rows), scale)
    loss = float((np.maximum.accumulate(quality) - quality) @ weights)
    if loss <= 0:
        return None
    place = int(np.argmin(np.diff(quality)))
    pair = slice(place, place + 2)
    before, after = rows[pair]
    first, last = trace.elicited.checkpoints[pair]
    return Step(
        trace.draw,
        loss,
        (before.budget, after.budget),
        (before.quality, after.quality),
        (_shortened(before.answer), _shortened(after.answer)),
        (first.end, last.end),
    )


@lru_cache
def _weights(budgets: tuple[int, ...], scale: Scale) -> FloatArray:
    return budget_weights(budgets, scale)


def _shortened(answer: str | None) -> str | None:
    if answer is None or len(answer) <= LONGEST_ANSWER:
        return answer
    return answer[:LONGEST_ANSWER].rstrip() + " …"


def falls_of(run: RunCurve, steps: Mapping[str, Step], at_most: int, scale: Scale) -> list[Fall]:
    """The problems that lost most, worst first.

    Args:
        run: The curve.
        steps: By problem, the step of its trace that lost most.
        at_most: How many.
        scale: Distance between budgets.
    """
    below = np.maximum.accumulate(run.quality, axis=2) - run.quality
    losses = below @ budget_weights(run.budgets, scale)
    loss = np.nanmean(losses, axis=1)
    curves = run.curve.by_problem
    worst = sorted(np.flatnonzero(loss > 0), key=lambda row: (-loss[row], run.problems[row]))
    return [
        Fall(
            run.problems[row],
            float(loss[row]),
            int(np.count_nonzero(losses[row] > 0)),
            int(np.count_nonzero(~np.isnan(losses[row]))),
            curves[row],
            steps[run.problems[row]],
        )
        for row in worst[:at_most]
    ]


def with_texts(run: FinishedRun, falls: Sequence[Fall]) -> list[Fall]:
    """The same, with the text around each step where the log has it."""
    if not falls:
        return []
    wanted = [(fall.problem, fall.step.draw) for fall in falls]
    steps: dict[TraceId, Step] = {
        place: fall.step for place, fall in zip(wanted, falls, strict=True)
    }
    found = {place: tuple(excerpt(text, steps[place])) for place, text in run.texts(wanted)}
    return [
        fall._replace(excerpt=found.get(place, ()))
        for place, fall in zip(wanted, falls, strict=True)
    ]


def excerpt(text: str, step: Step) -> Iterable[Piece]:
    """The text from before the first cut to after the second, with both marked.

    Of a longer text between them the part is shown where the new answer stands last, or its end.
    """
    begin, end = (len(text) if place is None else min(place, len(text)) for place in step.ends)
    yield from _tail(text[:begin])
    yield Piece("cut", f"{step.budgets[0]}")
    yield from _middle(text[begin:end], step.answers[1])
    if end == len(text):
        yield Piece("end", "")
        return
    yield Piece("cut", f"{step.budgets[1]}")
    yield Piece("text", text[end : end + AROUND])
    if (left := len(text) - end - AROUND) > 0:
        yield Piece("gap", f"{left}")


def _tail(before: str) -> Iterable[Piece]:
    left = len(before) - AROUND
    if left > 0:
        # From the beginning of a word, unless that is far.
        blank = before.find(" ", left, left + AROUND // 4)
        left = blank + 1 if blank > 0 else left
        yield Piece("gap", f"{left}")
    if before:
        yield Piece("text", before[max(0, left) :])


def _middle(between: str, answer: str | None) -> Iterable[Piece]:
    stop = len(between)
    if stop > LONGEST and answer and (last := _last_mention(between, answer)) is not None:
        stop = min(stop, max(LONGEST, last + LONGEST // 3))
    start = max(0, stop - LONGEST)
    if start:
        yield Piece("gap", f"{start}")
    yield Piece("text", between[start:stop])
    if (left := len(between) - stop) > 0:
        yield Piece("gap", f"{left}")


def _last_mention(text: str, answer: str) -> int | None:
    found = None
    for found in re.finditer(rf"(?<!\w){re.escape(answer)}(?!\w)", text):  # noqa: B007
        pass
    return found.start() if found else None
