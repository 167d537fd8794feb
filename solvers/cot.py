"""The solver `anytime/cot`: the problem as it is, the baseline of all methods."""

from __future__ import annotations

from inspect_ai.solver import Solver, solver

from anytime.hosts.inspect_ai.solving import DEFAULT, Budgets, solving
from anytime.methods.base import Recipe
from anytime.settings import Mode

__all__ = ["cot"]


@solver
def cot(
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
    **unknown: object,
) -> Solver:
    """Ask the problem as it is: what `pdp`, `pdp_plus` and `leap` are compared with.

    The same as `anytime/budget`, under the name the methods' curves are labelled with.

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
        unknown: Refused.
    """
    return solving(
        cot,
        unknown,
        Recipe("cot"),
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
