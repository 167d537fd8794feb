"""Reading long texts beside Inspect's event loop, and each answer of a sample once.

Every sample of a run shares one loop: while a text is read there, no answer of any other sample is
taken from its connection. What takes milliseconds goes to a thread, which hands the interpreter
over every few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import anyio.to_thread
from inspect_ai.solver import TaskState

from anytime.domains.base import Domain, Grade, Problem
from anytime.programs.checkpoints import Checkpoint
from anytime.programs.vote import grade_of

__all__ = ["LONG", "aside", "forget", "graded", "graded_points"]

T = TypeVar("T")

LONG = 1 << 12
"""Characters of answers, or tokens with their texts, from which they are read in a thread: some
7 ms of work, where grading is slowest."""


async def aside(long: bool, function: Callable[[], T]) -> T:
    """Call a function; in a thread where it has much to read."""
    return await anyio.to_thread.run_sync(function) if long else function()


class _Graded(NamedTuple):
    """The answers of a running sample that have been graded, and of which problem they are."""

    domain: Domain
    problem: Problem
    grades: dict[str, Grade]


_running: dict[str, _Graded] = {}
"""By the sample's uuid, which its copies for each checkpoint have as well."""


async def graded(
    state: TaskState, domain: Domain, problem: Problem, answers: Sequence[str], *, keep: bool
) -> list[Grade]:
    """Grade answers of a sample; none that was graded while it ran is read again.

    Args:
        state: The sample.
        domain: Of its problem.
        problem: Its problem.
        answers: What is graded.
        keep: Whether the sample will be scored again, as it is after its checkpoints; `forget` ends
            that.
    """
    known = _running.get(state.uuid)
    if known is None or known.domain is not domain or known.problem != problem:
        known = _Graded(domain, problem, {})
        if keep:
            _running[state.uuid] = known
    for answer in dict.fromkeys(answers):
        if answer not in known.grades:

            def read(answer: str = answer) -> Grade:
                return domain.grade(problem, answer)

            known.grades[answer] = await aside(len(answer) >= LONG, read)
    return [known.grades[answer] for answer in answers]


async def graded_points(
    state: TaskState, domain: Domain, problem: Problem, points: Sequence[Checkpoint], *, keep: bool
) -> list[Grade]:
    """Grade the checkpoints of a sample; arguments as in `graded`."""
    texts = [text for point in points for text in (point.among or (point.answer,))]
    known = dict(zip(texts, await graded(state, domain, problem, texts, keep=keep), strict=True))
    return [grade_of(point, known.__getitem__) for point in points]


def forget(uuid: str | None) -> None:
    """Forget the grades of a sample that ended."""
    _running.pop(uuid or "", None)
