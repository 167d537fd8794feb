"""The mode `vote`: several traces share every budget, and a plurality of their answers decides.

Self-consistency (Wang et al., arXiv 2203.11171) under one total budget: at budget B each of k
traces is cut at B / k, so that all tokens of reasoning count, those of traces that are outvoted
too. Where a trace had ended its own answer votes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from anytime.budgets import BudgetGrid
from anytime.cutting.tokens import cut_error
from anytime.domains.base import Grade
from anytime.programs.checkpoints import Checkpoint, Elicited
from anytime.programs.lockstep import Done, advance, together
from anytime.protocol import Program

Number = TypeVar("Number", int, float)

__all__ = ["grade_of", "share_of", "vote", "voted"]


def share_of(budgets: Sequence[int], k: int) -> BudgetGrid:
    """What each of k traces may spend at every budget; they divide it (`check_shared`)."""
    return BudgetGrid([budget // k for budget in budgets])


def vote(
    trace: Callable[[BudgetGrid], Program[Elicited]], budgets: BudgetGrid, k: int, first: int = 1
) -> Program[Elicited]:
    """Sample k traces and learn at every budget the answers that they have by their share of it.

    Requests: k, one for each trace, in one batch; then in one batch the forced answers of all of
    them. Each names its draw, as two draws of one request are two samples.

    Args:
        trace: The program of one trace on a grid, as `anytime.programs.interrupt.interrupt`.
        budgets: Of all traces together, in tokens; k divides each.
        k: Traces.
        first: The draw of the first trace; the others follow.

    Returns:
        Checkpoints whose `among` are the answers of the k traces; what they spent are sums over the
        traces, `depth` is that of the longest. A budget at which one trace failed has failed.

    Example:
        >>> from anytime.domains.base import Cue
        >>> from anytime.programs.interrupt import interrupt
        >>> from anytime.protocol import Message
        >>> cue = Cue(ask="Answer now.", begin="Answer:")
        >>> asked = (Message("user", "What is 6 * 7?"),)
        >>> def one(grid: BudgetGrid) -> Program[Elicited]:
        ...     return interrupt(asked, grid, cue=cue, continuation="reprompt", answer_tokens=5)
        >>> program = vote(one, BudgetGrid([16, 64]), k=4)
        >>> [(request.max_tokens, request.draw) for request in next(program)]
        [(16, 1), (16, 2), (16, 3), (16, 4)]
    """
    grid = share_of(budgets, k)
    traces = yield from together([_drawn(trace(grid), first + place) for place in range(k)])
    points = tuple(
        _shared(budget, [one.checkpoints[place] for one in traces])
        for place, budget in enumerate(budgets)
    )
    lengths = [one.tokens for one in traces]
    ended = all(one.finish == "stop" for one in traces)
    cut = any(one.finish == "length" for one in traces)
    head = traces[0]
    return replace(
        head,
        mode="vote",
        tokens=_sum(lengths),
        finish="length" if cut else "stop" if ended else "other",
        checkpoints=points,
        ended_by=next((one.ended_by for one in traces if one.ended_by), None),
        doubt=next((one.doubt for one in traces if one.doubt), None),
        options={"k": k},
    )


def _drawn(program: Program[Elicited], draw: int) -> Program[Elicited]:
    """A program whose requests name the draw that they belong to."""
    step = advance(program)
    while not isinstance(step, Done):
        step = advance(program, (yield [replace(request, draw=draw) for request in step]))
    return step.result


def _shared(budget: int, points: Sequence[Checkpoint]) -> Checkpoint:
    """One checkpoint of all the traces that share a budget."""
    cuts = [point.cut for point in points if point.cut is not None]
    ways = {point.continuation for point in points if point.continuation is not None}
    forced = [point for point in points if point.forced]
    spent = [point.tokens for point in points]
    seconds = [point.seconds for point in points if point.seconds is not None]
    failed = next((point.failed for point in points if point.failed), None)
    return Checkpoint(
        budget=budget,
        answer="",
        forced=bool(forced),
        tokens=_sum(spent),
        answer_tokens=_sum([point.answer_tokens for point in points]),
        leaked_reasoning_tokens=sum(point.leaked_reasoning_tokens for point in points),
        finish=next((p.finish for p in forced if p.finish == "length"), points[0].finish),
        # The one that may be furthest off, as a doubt has to be of all of them.
        cut=max(cuts, key=partial(cut_error, budget=budget)) if cuts else None,
        continuation=ways.pop() if ways else None,
        seconds=max(seconds) if len(seconds) == len(points) else None,
        cost=_sum([point.cost for point in points]),
        unframed=next((point.unframed for point in points if point.unframed), None),
        failed=failed,
        doubt=next((point.doubt for point in points if point.doubt), None),
        among=tuple(point.answer for point in points),
        depth=None if None in spent else max(count for count in spent if count is not None),
    )


def _sum(values: Sequence[Number | None]) -> Number | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def grade_of(point: Checkpoint, grade: Callable[[str], Grade]) -> Grade:
    """What the answer of a checkpoint is worth; where several share its budget, what they decide.

    Args:
        point: The checkpoint.
        grade: Grades a text.
    """
    if point.among is None:
        return grade(point.answer)
    return voted([grade(text) for text in point.among])


def voted(grades: Sequence[Grade]) -> Grade:
    """The outcome of a plurality vote among answers.

    Answers are equal where the domain reads the same (`Grade.answer`); one that cannot be read does
    not vote. A tie is worth the mean over the tied answers, which is what a fair draw would give on
    average. Where no answer can be read the quality is 0, and the outcome cannot be read either.

    Args:
        grades: Of one answer each.

    Example:
        >>> right, wrong = Grade(1.0, True, "42"), Grade(0.0, True, "41")
        >>> voted([right, wrong, right]).answer, voted([right, wrong]).quality
        ('42', 0.5)
    """
    camps: dict[str, list[Grade]] = defaultdict(list)
    for one in grades:
        if one.parsed is not False and one.answer:
            camps[one.answer].append(one)
    if not camps:
        return replace(grades[0], quality=0.0, parsed=False, answer="")
    most = max(map(len, camps.values()))
    tied = {answer: camp for answer, camp in sorted(camps.items()) if len(camp) == most}
    # Within a camp the graded texts may differ in more than the answer: each counts alike.
    winners = [one for camp in tied.values() for one in camp]
    return Grade(
        quality=sum(one.quality for one in winners) / len(winners),
        parsed=True,
        answer=" or ".join(tied),
        metrics={
            name: sum(one.metrics[name] for one in winners) / len(winners)
            for name in winners[0].metrics
        },
    )
