"""The solver `anytime/budget`: the answer a model gives at every token budget."""

from __future__ import annotations

from inspect_ai.solver import Solver, solver

from anytime.hosts.inspect_ai.errors import one_sentence, refuse_unknown
from anytime.hosts.inspect_ai.solving import DEFAULT, Budgets, solving
from anytime.methods.base import OPTIONS, PLAIN, SAMPLED, SOURCES
from anytime.methods.source import recipe_and_source
from anytime.settings import Mode

__all__ = ["budget"]


@solver
def budget(
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
    method: str = PLAIN,
    **options: object,
) -> Solver:
    """Learn the answer a model gives at every token budget, and score each with the task's scorers.

    Interrupt mode samples one trace capped at the largest budget, cuts it at every budget below its
    length and forces an answer from each cut; the trace stays the sample's completion. Works on any
    task whose prompt is in its samples and whose scorers read the completion; a system message,
    template or examples that the task's own solver adds are replaced with it. See
    `anytime.programs`.

    Args:
        budgets: Grid of budgets in trace tokens: `128,256,512`, `geom:128:4096:6`,
            `linear:0:4000:5` or a list. `default`: the task's own, or its domain's.
        mode: `interrupt` (one trace, cut), `contract` (one run per budget, told its budget) or
            `vote` or `check` (`k` traces share every budget), or `extend`. Default: the task's own,
            or interrupt.
        continuation: How a cut trace is handed back: `auto`, `token_ids`, `prefill`, `reprompt`.
            Default: the task's own, or auto.
        tokenizer: Cuts traces whose tokens the provider does not tell: a tokenizers file, a
            directory with one, or a hub id. `--logprobs` gives exact cuts where the provider
            returns token texts.
        answer_tokens: Cap on a forced answer. Default: that of the task's domain.
        frame: Tags of your model's own around its reasoning, `OPEN CLOSE`; the known ones count
            anyway.
        k: Traces that share every budget, in modes `vote` and `check`: each is cut at its share,
            and a plurality of their answers decides, or who checks them. Default: the task's own.
        width: States that go on from a level, in mode `tree`.
        branch: Thoughts that are proposed from each of them.
        thought: Cap on a thought, in tokens.
        waits: How often a trace that ended early is handed back with "Wait", in mode `extend`.
        stop: A rule that stops a trace, such as `stable:2`: the trace is asked for in slices of the
            grid, and no further than the rule wants it (docs/stopping.md). Default: the
            task's own.
        method: How a problem becomes the first prompt: `cot`, or any method there is, those of
            other packages included.
        options: Those of the method, as in `anytime/pdp` and `anytime/leap`. Others are refused,
            before a misspelt one runs the default at full price.
    """
    with one_sentence():
        refuse_unknown(options, budget, (*SOURCES, *SAMPLED, *OPTIONS))
        recipe, source = recipe_and_source(method, options)
    return solving(
        budget,
        {},
        recipe,
        source,
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
