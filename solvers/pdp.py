"""The solver `anytime/pdp`: contrasts between good and bad reasoning in the prompt."""

from __future__ import annotations

from inspect_ai.solver import Solver, solver

from anytime.hosts.inspect_ai.solving import DEFAULT, Budgets, solving
from anytime.methods.base import Recipe, Shown
from anytime.methods.source import Source
from anytime.settings import Mode

__all__ = ["pdp"]


@solver
def pdp(
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
    """Preference Data Prompting: pairs of good and bad reasoning cut at one budget come first.

    See `anytime.methods.pdp`, docs/pdp.md and arXiv 2601.11038.

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
        pairs: File of `anytime pairs build`.
        pool: A finished run of either harness to select pairs from, a folder with one, or a pool
            file. With neither, a pool is sampled from the dev split, once for the run, and kept on
            disk.
        domain: Whose dev split to sample from; default: the task's own.
        dataset: Of that domain; default: the task's own.
        traces: Traces per problem of a sampled pool; default 64, as in the paper.
        problems: Dev problems of a sampled pool.
        per_budget: Pairs per budget, each of another problem.
        min_gap: Smallest difference in quality of a pair.
        judge: Who scores the pool: `metric`, or `self`: the model under test, without gold.
        show: Pairs in a prompt: `all`, or the one `matched` to the budget of a contract run.
        pair_tokens: Tokens the pairs may add; whole pairs go, from the largest budget down.
        unknown: Refused.
    """
    return solving(
        pdp,
        unknown,
        Recipe(
            "pdp",
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
