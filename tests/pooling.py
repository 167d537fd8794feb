"""Pools and pairs by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from anytime import BudgetGrid, Domain, Problem
from anytime.preferences.pairs import Pair, Side, content_hash
from anytime.preferences.pool import Point, PoolCost, PoolInfo, PoolTrace, Scored, TraceId

GRID = BudgetGrid([8, 16])

INFO = PoolInfo(
    source="a.log",
    domain="aime",
    dataset="builtin",
    revision="seed 0",
    split="dev",
    model="some/model",
    budgets=GRID,
)


def problem(name: str, prompt: str = "", gold: str = "42") -> Problem:
    return Problem(id=name, prompt=prompt or f"How many are there of {name}?", gold=gold)


def trace(
    of: Problem,
    draw: int,
    quality: Sequence[float],
    answers: Sequence[str] = (),
    *,
    reasoning: str = "",
    text: str = "",
    tokens: int = 10,
) -> PoolTrace:
    """A trace whose last point is its end, and whose others lie evenly before it."""
    text = text or f"Draw {draw} looks at {of.id} first, then counts, then counts again."
    answers = answers or [f"answer {q}" for q in quality]
    length = len(reasoning + text)
    ends = [length * (place + 1) // len(quality) for place in range(len(quality) - 1)] + [None]
    points = tuple(Point(q, a, e) for q, a, e in zip(quality, answers, ends, strict=True))
    return PoolTrace(of, draw, reasoning, text, points, tokens)


@dataclass
class ListPool:
    """Traces in a list."""

    kept: Sequence[PoolTrace]
    info: PoolInfo = INFO

    def scored(self) -> Iterator[Scored]:
        for one in self.kept:
            yield one.scored

    def traces(self, wanted: Collection[TraceId] | None = None) -> Iterator[PoolTrace]:
        for one in sorted(self.kept, key=lambda one: one.problem.id):
            if wanted is None or (one.problem.id, one.draw) in wanted:
                yield one


def pair(
    domain: Domain,
    statement: str,
    budget: int = 8,
    *,
    name: str = "some-problem",
    good: str = "Count them one by one.",
    bad: str = "Guess.",
    gap: float = 1.0,
) -> Pair:
    return Pair(
        domain=domain.name,
        dataset="builtin",
        revision="seed 0",
        model="some/model",
        judge="metric",
        problem=name,
        content=content_hash(domain, statement),
        statement=statement,
        budget=budget,
        chosen=Side(good, gap, 1),
        rejected=Side(bad, 0.0, 2),
        pool=PoolCost(problems=3, traces=6, tokens=600),
    )
