"""The solver `anytime/leap`: principles learned from mistakes in the prompt."""

from __future__ import annotations

from inspect_ai.solver import Solver, solver

from anytime.hosts.inspect_ai.solving import DEFAULT, Budgets, solving
from anytime.methods.base import Level, Recipe
from anytime.methods.source import Source
from anytime.settings import Mode

__all__ = ["leap"]


@solver
def leap(
    budgets: Budgets = DEFAULT,
    mode: Mode | None = None,
    continuation: str | None = None,
    tokenizer: str | None = None,
    answer_tokens: int | None = None,
    frame: str | None = None,
    k: int | None = None,
    width: int | None = None,
    branch: int | None = None,
    thought: int | None = None,
    waits: int | None = None,
    stop: str | None = None,
    pool: str = "",
    domain: str = "",
    dataset: str = "",
    traces: int | None = None,
    problems: int = 8,
    principles: Level = "high",
    **unknown: object,
) -> Solver:
    """LEAP: principles that the model draws from its own mistakes on dev problems come first.

    See `anytime.methods.leap` and arXiv 2402.05403.

    Args:
        budgets: As in `anytime/budget`, as are all up to `stop`.
        mode: `interrupt` or `contract`.
        continuation: How a cut trace is handed back.
        tokenizer: What to cut traces with.
        answer_tokens: Cap on a forced answer.
        frame: Tags of your model's own around its reasoning.
        k: Traces that share a budget, in modes `vote` and `check`.
        width: States that go on from a level, in mode `tree`.
        branch: Thoughts that are proposed from each of them.
        thought: Cap on a thought, in tokens.
        waits: How often a trace goes on, in mode `extend`.
        stop: A rule that stops a trace, such as `stable:2`.
        pool: A finished run of either harness to take mistakes from, a folder with one, or a pool
            file. Without one, dev problems are solved, once for the run, and kept on disk.
        domain: Whose dev split to solve; default: the task's own.
        dataset: Of that domain; default: the task's own.
        traces: Traces per dev problem; default 15, as in the paper.
        problems: Dev problems.
        principles: `low` (one by one) or `high` (merged into at most 8).
        unknown: Refused.
    """
    return solving(
        leap,
        unknown,
        Recipe("leap", traces=traces, problems=problems, principles=principles),
        Source("", pool, domain, dataset),
        budgets=budgets,
        mode=mode,
        continuation=continuation,
        tokenizer=tokenizer,
        answer_tokens=answer_tokens,
        frame=frame,
        k=k,
        width=width,
        branch=branch,
        thought=thought,
        waits=waits,
        stop=stop,
    )
