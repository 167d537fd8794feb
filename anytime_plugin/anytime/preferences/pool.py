"""A pool: scored traces of many problems, which pairs are selected from.

Pools are large (300 problems x 64 traces of 16k tokens) and little of them is ever shown, so they
are read twice: once for the qualities alone, once for the few traces that were chosen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from anytime.budgets import BudgetGrid
from anytime.cutting.frames import separated
from anytime.domains.base import Domain, Problem
from anytime.errors import AnytimeError, UnansweredError
from anytime.programs.checkpoints import Elicited
from anytime.runs import TraceId

__all__ = [
    "Point",
    "Pool",
    "PoolCost",
    "PoolInfo",
    "PoolTrace",
    "Scored",
    "TraceId",
    "cut_text",
    "merged",
    "pool_trace",
]


@dataclass(frozen=True, slots=True)
class PoolInfo:
    """Where a pool is from.

    Attributes:
        source: The file, for messages.
        domain: Name of the domain.
        dataset: Name of the dataset.
        revision: What identifies its content.
        split: Which of its problems.
        model: Who wrote the traces.
        budgets: Where they were cut.
        judge: Who scored the answers: `metric` or `self`.
    """

    source: str
    domain: str
    dataset: str
    revision: str
    split: str
    model: str
    budgets: BudgetGrid
    judge: str = "metric"


class Scored(NamedTuple):
    """The numbers of one trace: what selection reads.

    Attributes:
        problem: Id of its problem.
        draw: Which of the problem's traces it is.
        quality: At each budget.
        tokens: Generated for it, forced answers included; 0 where nobody counted.
        unread: Places of the budgets where its domain could read no answer.
    """

    problem: str
    draw: int
    quality: tuple[float, ...]
    tokens: int
    unread: tuple[int, ...] = ()


class Point(NamedTuple):
    """A checkpoint of a trace in a pool.

    Attributes:
        quality: Of the answer.
        answer: The text that was graded.
        end: Where the cut lies, in characters of reasoning + text; None for the whole trace.
        read: Whether the domain could read an answer; True where it does not tell.
    """

    quality: float
    answer: str
    end: int | None
    read: bool = True


@dataclass(frozen=True, slots=True)
class PoolTrace:
    """One trace, cut and scored at every budget of its pool."""

    problem: Problem
    draw: int
    reasoning: str
    text: str
    points: tuple[Point, ...]
    tokens: int

    @property
    def scored(self) -> Scored:
        """Its numbers."""
        quality = tuple(point.quality for point in self.points)
        unread = tuple(place for place, point in enumerate(self.points) if not point.read)
        return Scored(self.problem.id, self.draw, quality, self.tokens, unread)


class PoolCost(NamedTuple):
    """What a pool holds, and what it took: `tokens` generated, forced answers included."""

    problems: int
    traces: int
    tokens: int


class Pool(Protocol):
    """A finished run, as pairs are selected from it."""

    @property
    def info(self) -> PoolInfo:
        """Where it is from."""

    def scored(self) -> Iterator[Scored]:
        """The numbers of every trace, one by one."""

    def traces(self, wanted: Collection[TraceId] | None = None) -> Iterator[PoolTrace]:
        """Whole traces, one by one: those wanted, or all, a problem's own one after another."""


def pool_trace(domain: Domain, problem: Problem, draw: int, elicited: Elicited) -> PoolTrace:
    """Grade what a run found out about one trace.

    Raises:
        AnytimeError: It has no trace that was cut.
        UnansweredError: The model gave no answer at some budget.
    """
    if elicited.mode != "interrupt" or elicited.trace is None:
        raise AnytimeError(
            "a pool needs one trace that is cut at every budget: run it with mode=interrupt"
        )
    if elicited.failed:
        raise UnansweredError(
            f"problem {problem.id}, trace {draw} of the pool has no answer at some budget "
            f"({elicited.failed}): run it again, which asks for it again"
        )
    trace = separated(elicited.trace, elicited.frame)
    points = []
    tokens = elicited.tokens or 0
    for checkpoint in elicited.checkpoints:
        grade = domain.grade(problem, checkpoint.answer)
        if checkpoint.forced and checkpoint.end is None:
            raise AnytimeError(
                "these checkpoints do not tell where the trace was cut, as runs of anytime before "
                "0.1 did not: run it again"
            )
        read = grade.parsed is not False
        points.append(Point(grade.quality, checkpoint.answer, checkpoint.end, read))
        tokens += checkpoint.answer_tokens or 0
    return PoolTrace(problem, draw, trace.reasoning, trace.text, tuple(points), tokens)


def cut_text(trace: PoolTrace, place: int) -> str:
    """What the trace had said at the budget of that place: reasoning, then visible text."""
    end = trace.points[place].end
    if end is None:
        end = len(trace.reasoning) + len(trace.text)
    reasoning, text = trace.reasoning[:end], trace.text[: max(0, end - len(trace.reasoning))]
    return "\n\n".join(part for part in (reasoning, text) if part.strip())


class _Merged:
    """Several pools of one grid as one; the draws of each follow those of the one before."""

    def __init__(self, pools: Sequence[Pool]) -> None:
        self._pools = pools
        self._most: list[int] = []

    @property
    def info(self) -> PoolInfo:
        return self._pools[0].info

    def scored(self) -> Iterator[Scored]:
        self._most = []
        base = 0
        for pool in self._pools:
            most = 0
            for scored in pool.scored():
                most = max(most, scored.draw)
                yield scored._replace(draw=base + scored.draw)
            self._most.append(most)
            base += most

    def traces(self, wanted: Collection[TraceId] | None = None) -> Iterator[PoolTrace]:
        from dataclasses import replace

        if not self._most:
            for _ in self.scored():
                pass
        base = 0
        for pool, most in zip(self._pools, self._most, strict=True):
            own = None
            if wanted is not None:
                own = {(name, draw - base) for name, draw in wanted if base < draw <= base + most}
            if own is None or own:
                for trace in pool.traces(own):
                    yield replace(trace, draw=base + trace.draw)
            base += most


def merged(pools: Sequence[Pool]) -> Pool:
    """Take several runs as one pool.

    Raises:
        AnytimeError: They differ in what must be the same in one pool.
    """
    if not pools:
        raise AnytimeError("no pool: name at least one log")
    first = pools[0].info
    for pool in pools[1:]:
        info = pool.info
        for what in ("domain", "budgets", "model", "judge", "revision"):
            one, other = getattr(first, what), getattr(info, what)
            if one != other:
                raise AnytimeError(
                    f"{info.source} is of another {what.rstrip('s')} than {first.source} "
                    f"({_shown(other)}, not {_shown(one)}): build its pairs on their own"
                )
    return pools[0] if len(pools) == 1 else _Merged(pools)


def _shown(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, BudgetGrid) else str(value)
