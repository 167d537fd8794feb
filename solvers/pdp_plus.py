"""The solver `anytime/pdp_plus`: good reasoning in the prompt."""

from __future__ import annotations

from inspect_ai.solver import Solver, solver

from anytime.hosts.inspect_ai.learning import Source
from anytime.hosts.inspect_ai.solving import DEFAULT, Budgets, solving
from anytime.methods.prompting import Recipe, Shown
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
        budgets: Grid of budgets in trace tokens: `128,256,512`, `geom:128:4096:6`,
            `linear:0:4000:5` or a list. `default`: the task's own, or its domain's.
        mode: `interrupt` (one trace, cut) or `contract` (one run per budget, told its budget).
            Default: the task's own, or interrupt.
        continuation: How a cut trace is handed back: `auto`, `token_ids`, `prefill`, `reprompt`.
            Default: the task's own, or auto.
        tokenizer: Cuts traces whose tokens the provider does not tell: a tokenizers file, a
            directory with one, or a hub id. `--logprobs` gives exact cuts where the provider
            returns token texts.
        answer_tokens: Cap on a forced answer. Default: that of the task's domain.
        frame: Tags of your model's own around its reasoning, `OPEN CLOSE`; the known ones count
            anyway.
        pairs: File of `anytime pairs build`.
        pool: A finished run to select pairs from: an Inspect log or a pool file. With neither, a
            pool is sampled from the dev split, once for the run, and kept on disk.
        domain: Whose dev split to sample from; default: the task's own.
        dataset: Of that domain; default: the task's own.
        traces: Traces per problem of a sampled pool; default 64, as in the paper.
        problems: Dev problems of a sampled pool.
        per_budget: Pairs per budget, each of another problem.
        min_gap: Smallest difference in quality of a pair.
        judge: Who scores the pool: `metric`, or `self`: the model under test, without gold.
        show: Pairs in a prompt: `all`, or the one `matched` to the budget of a contract run.
        pair_tokens: Tokens the pairs may add; whole pairs go, from the largest budget down.
        unknown: Refused, before a misspelt option runs the default at full price.
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
    )
