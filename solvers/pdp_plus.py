"""The solver `anytime/pdp_plus`: good reasoning in the prompt."""

from __future__ import annotations

from inspect_ai.solver import Solver, solver

from anytime.hosts.inspect_ai.solving import DEFAULT, Budgets, solving
from anytime.methods.base import Recipe, Shown
from anytime.methods.source import Source
from anytime.settings import Mode

__all__ = ["pdp_plus"]


@solver
def pdp_plus(
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
    pairs: str = "",
    pool: str = "",
    domain: str = "",
    dataset: str = "",
    traces: int | None = None,
    problems: int = 8,
    per_budget: int = 1,
    min_gap: float = 0.0,
    judge: str = "metric",
    show: Shown = "all",
    pair_tokens: int | None = None,
    **unknown: object,
) -> Solver:
    """PDP+: as `anytime/pdp`, but with the good half of every pair alone.

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
        pairs: As in `anytime/pdp`, as are all the others.
        pool: A finished run to select pairs from.
        domain: Whose dev split to sample from.
        dataset: Of that domain.
        traces: Traces per problem of a sampled pool.
        problems: Dev problems of a sampled pool.
        per_budget: Pairs per budget.
        min_gap: Smallest gap in quality of a pair.
        judge: Who scores the pool.
        show: Pairs in a prompt.
        pair_tokens: Tokens the pairs may add.
        unknown: Refused.
    """
    return solving(
        pdp_plus,
        unknown,
        Recipe(
            "pdp_plus",
            traces=traces,
            problems=problems,
            per_budget=per_budget,
            min_gap=min_gap,
            judge=judge,
            show=show,
            pair_tokens=pair_tokens,
        ),
        Source(pairs, pool, domain, dataset),
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
