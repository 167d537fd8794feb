"""The solver `anytime/leap`: principles learned from mistakes in the prompt."""

from __future__ import annotations

from inspect_ai.solver import Solver, solver

from anytime.hosts.inspect_ai.learning import Source
from anytime.hosts.inspect_ai.solving import DEFAULT, Budgets, solving
from anytime.methods.leap import Level
from anytime.methods.prompting import Recipe
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
        pool: A finished run to take mistakes from: an Inspect log or a pool file. Without one, dev
            problems are solved, once for the run, and kept on disk.
        domain: Whose dev split to solve; default: the task's own.
        dataset: Of that domain; default: the task's own.
        traces: Traces per dev problem; default 15, as in the paper.
        problems: Dev problems.
        principles: `low` (one by one) or `high` (merged into at most 8).
        unknown: Refused, before a misspelt option runs the default at full price.
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
    )
