"""Pools in memory, on AIME's built-in problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import strategies as st

from anytime.budgets import BudgetGrid
from anytime.plugins import get_domain
from anytime.preferences.pool import PoolTrace
from tests.pooling import INFO, ListPool, trace

PROBLEMS = get_domain("aime").load("builtin", "all", 0).problems


def pool_of(traces: Sequence[PoolTrace], budgets: Sequence[int] = (16, 64)) -> ListPool:
    return ListPool(traces, replace(INFO, budgets=BudgetGrid(budgets)))


@st.composite
def memory_pools(draw: st.DrawFn) -> ListPool:
    """Pools with few distinct qualities and texts, so that both are often equal."""
    budgets = draw(st.sampled_from([(0, 16, 64), (16, 64), (16, 32, 64, 128)]))
    quality = st.sampled_from([0.0, 1 / 3, 0.5, 0.8, 1.0])
    traces = []
    for problem in PROBLEMS[: draw(st.integers(1, 4))]:
        for number in range(1, draw(st.integers(1, 5)) + 1):
            traces.append(
                trace(
                    problem,
                    number,
                    [draw(quality) for _ in budgets],
                    text=draw(st.sampled_from(["", "So be it. " * 9, "One, two, three."])),
                    reasoning=draw(st.sampled_from(["", "Let me think about it for a while."])),
                )
            )
    return pool_of(draw(st.permutations(traces)), budgets)
