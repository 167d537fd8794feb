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
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from inspect_ai import Task, task, task_with
from inspect_ai.model import GenerateConfig, ModelOutput, get_model
from inspect_ai.scorer import Score, Scorer, Target, score, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import registry_info, subtask

from anytime.budgets import BudgetGrid, parse_budgets
from anytime.elicitation import GENERIC_CUE, Checkpoint, Elicited, Mode, contract, interrupt
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.driver import drive, requester
from anytime.hosts.inspect_ai.errors import one_sentence, refuse_unknown
from anytime.hosts.inspect_ai.finding import find_task
from anytime.hosts.inspect_ai.providers import host_tokenizer, resolve_continuation
from anytime.hosts.inspect_ai.records import (
    CURVE,
    checkpoint_of,
    checkpoint_view,
    mark_started,
    read_record,
    write_record,
)
from anytime.hosts.inspect_ai.scoring import curve_metrics, score_curve
from anytime.hosts.inspect_ai.solving import (
    FOREIGN_ANSWER_TOKENS,
    FOREIGN_BUDGETS,
    Budgets,
    Run,
    checked_run,
    conversation,
)
from anytime.index import Curve, Envelope, QMax, Scale, anytime_index, budget_weights
from anytime.tokens import Tokenizer, load_tokenizer

__all__ = ["check_wrappable", "wrap", "wrapped"]


_TWICE = (
    "this task's solver asks the model more than once per sample, so there is no one trace to cut"
)
_TOOLS = "this task's model uses tools, and a trace with tool calls cannot be cut"
_NEVER = "this task's solver did not ask the model through generate()"
_AGENT = (
    "this task's solver is an agent, which asks the model as often as it likes: only tasks that "
    "ask once have one trace to cut"
)
_UNLIKE = (
    "this task's solver does not make the same prompt twice (does it shuffle?), so its reading of "
    "the other answers would be another's"
)

_REFUSED = {
    "inspect_ai/basic_agent_loop": _AGENT,
    "inspect_ai/bridge": _AGENT,
    "inspect_ai/human_agent": _AGENT,
    "inspect_ai/self_critique": _TWICE,
    "inspect_ai/use_tools": _TOOLS,
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
    if any(getattr(part, "__module__", "").startswith("inspect_ai.agent") for part in parts):
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


Answer = Callable[[TaskState, Mapping[str, Any]], Awaitable[ModelOutput]]


class _Once:
    """Stands where the solver asks the model, which it may do once."""

    def __init__(self, answer: Answer, prompt: Sequence[str] | None = None) -> None:
        """Answer in the model's place.

        Args:
            answer: Gives the answer.
            prompt: What the solver asked another time, which it must ask again.
        """
        self._answer, self._expected = answer, prompt
        self.prompt: Sequence[str] | None = None

    async def __call__(
        self, state: TaskState, tool_calls: Any = "loop", **options: Any
    ) -> TaskState:
        if self.prompt is not None:
            raise AnytimeError(_TWICE)
        if state.tools:
            raise AnytimeError(_TOOLS)
        self.prompt = [message.content for message in conversation(state)]
        if self._expected is not None and self.prompt != self._expected:
            raise AnytimeError(_UNLIKE)
        state.output = await self._answer(state, options)
        state.messages.append(state.output.message)
        return state


async def _rehearse(inner: Solver, state: TaskState) -> Sequence[str] | None:
    """Let the solver ask nobody, to learn before anything is paid for whether it asks once.

    Returns:
        The prompt; None where that could not be learnt.
    """

    async def nothing(state: TaskState, options: Mapping[str, Any]) -> ModelOutput:
        return ModelOutput.from_content(str(state.model), "")

    generate = _Once(nothing)
    try:
        await _apart("rehearsal", inner, state, generate)
    except AnytimeError:
        raise
    except Exception:  # it may not know what to do with no answer; the run itself will tell
        return generate.prompt
    if generate.prompt is None:
        raise AnytimeError(_NEVER)
    return generate.prompt


async def _apart(
    name: str,
    inner: Solver,
    state: TaskState,
    generate: Generate,
    then: Callable[[TaskState], Awaitable[None]] | None = None,
) -> None:
    """Run the solver on a copy of the sample, which the host shall not take for the sample."""
    copied = deepcopy(state)

    @subtask(name=name, store=copied.store)
    async def solve() -> str:
        solved = await inner(copied, generate)
        if then is not None:
            await then(solved)
        return str(solved.output.completion)

    await solve()


async def _elicit(
    state: TaskState,
    options: Mapping[str, Any],
    run: Run,
    grid: BudgetGrid,
    tokenizer: Tokenizer | None,
) -> tuple[Elicited, ModelOutput]:
    model = get_model()
    messages = conversation(state)
    used = None
    if run.mode == "contract":
        program = contract(messages, grid)
    else:
        used = resolve_continuation(run.continuation or "auto", model)
        program = interrupt(
            messages,
            grid,
            cue=GENERIC_CUE,
            continuation=used,
            answer_tokens=run.answer_tokens or FOREIGN_ANSWER_TOKENS,
            tokenizer=tokenizer or host_tokenizer(model),
        )
    # Of the solver's own settings all but max_tokens, which the budgets replace.
    config = GenerateConfig(**{**options, "max_tokens": None})
    ask = requester(model, epoch=state.epoch, token_ids=used == "token_ids", config=config)
    elicited, outputs = await drive(program, ask)
    return elicited, outputs[-1]


class Curved(NamedTuple):
    """How the index of each scorer is computed."""

    envelope: Envelope
    scale: Scale
    q_max: QMax
    seed: int


@solver
def at_every_budget(
    inner: Solver, run: Run, grid: BudgetGrid, tokenizer: Tokenizer | None, scorers: int
) -> Solver:
    """The task's own solver, asked at every budget.

    Args:
        inner: The task's solver.
        run: How traces are sampled, cut and handed back.
        grid: The budgets.
        tokenizer: What to cut with.
        scorers: How many scorers are the task's own; curves follow them.
    """
    rehearsed = False

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        nonlocal rehearsed
        untouched = deepcopy(state)
        mark_started(state.store)
        found: list[Elicited] = []

        async def ask(state: TaskState, options: Mapping[str, Any]) -> ModelOutput:
            elicited, output = await _elicit(state, options, run, grid, tokenizer)
            found.append(elicited)
            return output

        with one_sentence():
            expected = None if rehearsed else await _rehearse(inner, untouched)
            rehearsed = True
            once = _Once(ask, expected)
            state = await inner(state, once)
            if not found:
                raise AnytimeError(_NEVER)
            write_record(state.store, found[0], [], {})
            scores = await _score_checkpoints(inner, untouched, once.prompt, found[0], scorers)
            write_record(state.store, found[0], scores, {})
        return state

    return solve


async def _score_checkpoints(
    inner: Solver,
    untouched: TaskState,
    prompt: Sequence[str] | None,
    elicited: Elicited,
    scorers: int,
) -> list[list[Score]]:
    """Let the task's solver read each checkpoint's answer, and its scorers what came of it."""
    found: list[list[Score]] = []
    for checkpoint in elicited.checkpoints:

        async def answer(
            state: TaskState, options: Mapping[str, Any], checkpoint: Checkpoint = checkpoint
        ) -> ModelOutput:
            return ModelOutput.from_content(str(state.model), checkpoint.answer)

        async def grade(seen: TaskState, checkpoint: Checkpoint = checkpoint) -> None:
            seen.metadata = checkpoint_view(seen.metadata, checkpoint)
            scores = await score(seen)
            if len(scores) < scorers:  # one of them gave none, and it is not said which
                if scorers > 1:
                    raise AnytimeError(
                        "one of this task's scorers gave an answer no score, so their curves "
                        "cannot be told apart"
                    )
                scores = [Score(value=math.nan)]
            found.append(scores)

        replay = _Once(answer, prompt)
        try:
            await _apart(f"{checkpoint.budget} tokens", inner, untouched, replay, grade)
        except RuntimeError as error:
            if "a task with a scorer" not in str(error):
                raise
            return []  # --no-score: the checkpoints alone
    return found


def wrapped(
    inner: Task,
    run: Run,
    grid: BudgetGrid,
    tokenizer: Tokenizer | None,
    curved: Curved,
    metadata: Mapping[str, Any],
) -> Task:
    """The task at every budget, with a curve beside each of its scorers.

    Args:
        inner: The task.
        run: How traces are sampled, cut and handed back.
        grid: The budgets.
        tokenizer: What to cut with.
        curved: How the index is computed.
        metadata: Added to the task's.
    """
    own = list(inner.scorer or [])
    names = [str(registry_info(one).name).rpartition("/")[2] for one in own]
    curves = [_curve_of(place, name, curved) for place, name in enumerate(names)]
    # Without the marks of the file it is from: a log that bears them is retried with that file.
    copied = Task()
    vars(copied).update({k: v for k, v in vars(inner).items() if not k.startswith("__")})
    return task_with(
        copied,
        solver=at_every_budget(inner.solver, run, grid, tokenizer, len(own)),
        scorer=[*own, *curves],
        # Its scorers took them over when it was made; here they would be the curves' too.
        metrics=None,
        metadata={**(inner.metadata or {}), **metadata},
    )


def _curve_of(place: int, name: str, curved: Curved) -> Scorer:
    metrics = curve_metrics(curved.envelope, curved.scale, curved.q_max, curved.seed)

    @scorer(metrics=metrics, name=f"{name}{CURVE}")
    def curve() -> Scorer:
        async def grade(state: TaskState, target: Target) -> Score | None:
            if checkpoint_of(state.metadata) is not None:  # the task's own scorers look at these
                return None
            record = read_record(state.store)
            if record is None or not record.scores:
                reason = "not scored: stopped before its checkpoints were known"
                return Score(value=math.nan, explanation=reason)
            of_this = [[scores[place]] for scores in record.scores]
            with one_sentence():
                best = curved.envelope == "trace"
                return score_curve(None, record._replace(scores=of_this), best=best)

        return grade

    return curve()


@task
def wrap(
    task: str = "",
    arguments: str | Mapping[str, Any] = "{}",
    budgets: Budgets = FOREIGN_BUDGETS,
    mode: Mode = "interrupt",
    continuation: str = "auto",
    tokenizer: str | None = None,
    answer_tokens: int | None = None,
    envelope: Envelope = "mean",
    scale: Scale = "linear",
    q_max: QMax = 1.0,
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
        envelope: Where the index takes "best so far": `mean`, `none`, `problem`, `trace`.
        scale: `linear` or `log2` distance between budgets in the index.
        q_max: Quality that counts as 1 in the index, or `achieved`.
        seed: Of the interval's bootstrap.
        unknown: Refused: a misspelt option shall not run the default at full price.
    """
    with one_sentence():
        refuse_unknown(unknown, wrap)
        grid = parse_budgets(budgets or [])
        budget_weights(grid, scale)
        run = checked_run(grid, mode, continuation, tokenizer, answer_tokens)
        anytime_index(Curve([1, 2], [[1, 1]]), envelope=envelope, q_max=q_max)
        if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
            raise AnytimeError(f"seed {seed!r} is not a whole number from 0 on")
        inner = find_task(str(task), _arguments(arguments))
        check_wrappable(inner)
        cutter = None if tokenizer is None else load_tokenizer(tokenizer)
    return wrapped(
        inner,
        run,
        grid,
        cutter,
        Curved(envelope, scale, q_max, seed),
        {"anytime_wrap": {"task": task, "budgets": list(grid), "mode": mode, "envelope": envelope}},
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
