"""Any Inspect task at every budget: its own dataset, prompt, solver, scorers and epochs.

The task's solver shapes the prompt and reads the answer, as ever. Where it asks the model, one
trace is sampled and answered from at every budget. For each checkpoint the solver runs again on a
copy of the sample, with that checkpoint's answer in place of the model's, so that whatever it does
with an answer (`multiple_choice` marks the chosen option) is done to each; then the task's scorers
see it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from inspect_ai import Task, task, task_with
from inspect_ai.scorer import Score, Scorer, Target, scorer
from inspect_ai.solver import Solver, TaskState
from inspect_ai.util import registry_info

from anytime.budgets import parse_budgets
from anytime.cutting.tokens import Tokenizer, load_tokenizer
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.errors import one_sentence, refuse_unknown
from anytime.hosts.inspect_ai.private import asks_by_itself, fields_without_file
from anytime.hosts.inspect_ai.records import (
    CURVE,
    WRAP,
    checkpoint_of,
    read_record,
)
from anytime.hosts.inspect_ai.recovered import recall
from anytime.hosts.inspect_ai.scoring import curve_metrics, score_curve
from anytime.hosts.inspect_ai.solver_replay import TOOLS, TWICE, Sampled, at_every_budget
from anytime.hosts.inspect_ai.task_lookup import find_task
from anytime.programs.elicit import check_strategy
from anytime.settings import (
    GENERIC_BUDGETS,
    MODES,
    Budgets,
    Envelope,
    Estimator,
    IndexOptions,
    Mode,
    Named,
    QMax,
    Scale,
    check_choice,
    check_named,
    check_options,
)

__all__ = ["check_wrappable", "wrap", "wrapped"]


_AGENT = (
    "this task's solver is an agent, which asks the model as often as it likes: only tasks that "
    "ask once have one trace to cut"
)
_REFUSED = {
    "inspect_ai/basic_agent_loop": _AGENT,
    "inspect_ai/bridge": _AGENT,
    "inspect_ai/human_agent": _AGENT,
    "inspect_ai/self_critique": TWICE,
    "inspect_ai/use_tools": TOOLS,
}


def check_wrappable(task: Task) -> None:
    """Refuse what cannot be interrupted, before anything is asked.

    Raises:
        AnytimeError: With the reason.
    """
    if task.sandbox is not None or any(sample.sandbox is not None for sample in task.dataset):
        raise AnytimeError(
            "this task runs in a sandbox: what an agent did there cannot be interrupted and "
            "answered from; only tasks that ask the model once can"
        )
    if not task.scorer:
        raise AnytimeError("this task has no scorer, so no answer can be given a quality")
    parts = task.solver if isinstance(task.solver, Sequence) else [task.solver]
    if any(asks_by_itself(part) for part in parts):
        raise AnytimeError(_AGENT)
    names = {_name(part) for part in parts}
    for name, reason in _REFUSED.items():
        if name in names:
            raise AnytimeError(reason)


def _name(part: Solver) -> str:
    try:
        return str(registry_info(part).name)
    except ValueError:  # a solver need not have one
        return ""


def wrapped(
    inner: Task,
    named: Named,
    tokenizer: Tokenizer | None,
    options: IndexOptions,
    metadata: Mapping[str, Any],
    sampled: Callable[[TaskState], Sampled] | None = None,
) -> Task:
    """The task at every budget, with a curve beside each of its scorers.

    Args:
        inner: The task.
        named: How traces are sampled, cut and handed back.
        tokenizer: What to cut with.
        options: How the index is computed.
        metadata: Added to the task's.
        sampled: Gives the trace of a sample, where it is not to be asked for.
    """
    own = list(inner.scorer or [])
    names = [str(registry_info(one).name).rpartition("/")[2] for one in own]
    curves = [_curve_of(place, name, options) for place, name in enumerate(names)]
    copied = Task()
    vars(copied).update(fields_without_file(inner))
    return task_with(
        copied,
        solver=at_every_budget(inner.solver, named, tokenizer, len(own), sampled),
        scorer=[*own, *curves],
        # Its scorers took them over when it was made; here they would be the curves' too.
        metrics=None,
        metadata={**(inner.metadata or {}), **metadata},
    )


def _curve_of(place: int, name: str, options: IndexOptions) -> Scorer:
    metrics = curve_metrics(options)

    @scorer(metrics=metrics, name=f"{name}{CURVE}")
    def curve() -> Scorer:
        async def grade(state: TaskState, target: Target) -> Score | None:
            if checkpoint_of(state.metadata) is not None:  # the task's own scorers look at these
                return None
            recall(state.store)
            record = read_record(state.store)
            if record is None or not record.scores:
                reason = "not scored: stopped before its checkpoints were known"
                return Score(value=math.nan, explanation=reason)
            of_this = [[scores[place]] for scores in record.scores]
            if any(isinstance(verdict, Mapping) for (verdict,) in of_this):
                # One key per budget leaves no place for several numbers.
                reason = f"{name} gives several numbers: anytime summary shows a curve of each"
                return Score(value=math.nan, explanation=reason)
            with one_sentence():
                best = options.envelope == "trace"
                return score_curve(None, record._replace(scores=of_this), best=best)

        return grade

    return curve()


@task
def wrap(
    task: str = "",
    arguments: str | Mapping[str, Any] = "{}",
    budgets: Budgets = GENERIC_BUDGETS,
    mode: Mode = "interrupt",
    continuation: str = "auto",
    tokenizer: str | None = None,
    answer_tokens: int | None = None,
    frame: str | None = None,
    envelope: Envelope = "mean",
    scale: Scale = "linear",
    q_max: QMax = 1.0,
    estimator: Estimator = "crossfit",
    seed: int = 0,
    **unknown: object,
) -> Task:
    """Any task that asks the model once, at every budget: its own dataset, prompt and scorers.

    The result table shows the task's own metrics, on the whole trace, and beside each of its
    scorers a curve named after it.

    Args:
        task: `PACKAGE/TASK`, such as `inspect_evals/gsm8k`, or `FILE.py@TASK`.
        arguments: Its own arguments, as JSON.
        budgets: Trace tokens: `128,256,512`, `geom:128:4096:6`, `linear:0:4000:5`.
        mode: `interrupt` (one trace, cut at every budget) or `contract` (one run per budget).
        continuation: How a cut trace is handed back: `auto`, `token_ids`, `prefill`, `reprompt`.
        tokenizer: A tokenizers file, directory or hub id to cut traces with.
        answer_tokens: Cap on a forced answer.
        frame: Tags of your model's own around its reasoning, `OPEN CLOSE`.
        envelope: Where the index takes "best so far": `mean`, `none`, `problem`, `trace`.
        scale: `linear` or `log2` distance between budgets in the index.
        q_max: Quality that counts as 1 in the index, or `achieved`.
        estimator: `crossfit` (without the bias of a maximum over noisy means) or `plugin`.
        seed: Of the index's folds.
        unknown: Refused: a misspelt option shall not run the default at full price.
    """
    with one_sentence():
        refuse_unknown(unknown, wrap)
        grid = parse_budgets(budgets or [])
        options = IndexOptions(envelope, scale, q_max, seed, estimator)
        check_options(options, grid)
        named: Named = {
            "budgets": grid,
            "mode": mode,
            "continuation": continuation,
            "tokenizer": tokenizer,
            "answer_tokens": answer_tokens,
            "frame": frame,
        }
        check_choice("mode", mode, MODES)
        check_strategy(mode, on_domain=False, sampled=True)
        check_named(named)
        inner = find_task(str(task), _arguments(arguments))
        check_wrappable(inner)
        cutter = None if tokenizer is None else load_tokenizer(tokenizer)
    return wrapped(
        inner,
        named,
        cutter,
        options,
        {WRAP: {"task": task, "budgets": list(grid), "mode": mode, "envelope": envelope}},
    )


def _arguments(given: str | Mapping[str, Any]) -> Mapping[str, Any]:
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = ""
    if not isinstance(given, Mapping):
        raise AnytimeError("arguments are the task's own, as JSON: '{\"fewshot\": 0}'")
    return given
