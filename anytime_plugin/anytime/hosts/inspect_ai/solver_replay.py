"""A task's own solver, asked at every budget.

The solver runs once as ever, but where it asks the model, one trace is sampled and answered from at
every budget. For each checkpoint it runs again on a copy of the sample, with that checkpoint's
answer in place of the model's, and the task's scorers see what came of it.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy, deepcopy
from typing import Any, NamedTuple

from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput, get_model
from inspect_ai.scorer import Score, score
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import subtask

from anytime.cutting.tokens import Tokenizer
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.driver import drive, reply_from, requester
from anytime.hosts.inspect_ai.errors import one_sentence
from anytime.hosts.inspect_ai.private import has_no_scorer
from anytime.hosts.inspect_ai.providers import host_tokenizer
from anytime.hosts.inspect_ai.records import (
    Record,
    checkpoint_view,
    domain_of,
    mark_started,
    write_record,
)
from anytime.hosts.inspect_ai.scoring import refuse_failed
from anytime.hosts.inspect_ai.solving import continuation_used, conversation, cue_of
from anytime.hosts.inspect_ai.telling import tell_at_end
from anytime.programs.answers import answer_rules
from anytime.programs.checkpoints import Checkpoint, Elicited
from anytime.programs.elicit import Asked, elicit
from anytime.settings import Named, run_settings

__all__ = ["TOOLS", "TWICE", "Sampled", "at_every_budget"]

TWICE = (
    "this task's solver asks the model more than once per sample, so there is no one trace to cut"
)
TOOLS = "this task's model uses tools, and a trace with tool calls cannot be cut"
_NEVER = "this task's solver did not ask the model through generate()"
_UNLIKE = (
    "this task's solver does not make the same prompt twice (does it shuffle?), so its reading of "
    "the other answers would be another's"
)


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
            raise AnytimeError(TWICE)
        if state.tools:
            raise AnytimeError(TOOLS)
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


class Sampled(NamedTuple):
    """A trace that is there already, what was asked for it, and who wrote it.

    `cap` is the most tokens it was allowed; None where that is unknown.
    """

    prompt: list[ChatMessage]
    output: ModelOutput
    model: str
    cap: int | None = None


async def _elicit(
    state: TaskState,
    options: Mapping[str, Any],
    named: Named,
    tokenizer: Tokenizer | None,
    sampled: Sampled | None,
) -> tuple[Elicited, ModelOutput]:
    model = get_model()
    if sampled is not None:
        state = copy(state)
        state.messages = sampled.prompt
    # Of a trace that another model wrote, this one's tokenizer knows nothing.
    own = sampled is None or sampled.model == str(model)
    known = domain_of(state.metadata)
    run = run_settings(named, known[0] if known else None)
    messages, used = conversation(state), continuation_used(run, model, tokenizer)
    program = elicit(
        Asked(
            messages,
            run,
            cue_of(known),
            continuation=used,
            tokenizer=tokenizer or (host_tokenizer(model) if own else None),
            sampled=None if sampled is None else reply_from(sampled.output),
            cap=None if sampled is None else sampled.cap,
            rules=answer_rules(known[0] if known else None),
        )
    )
    # Of the solver's own settings all but max_tokens, which the budgets replace.
    config = GenerateConfig(**{**options, "max_tokens": None})
    by_ids = used == "token_ids"
    ask = requester(model, epoch=state.epoch, token_ids=by_ids, config=config, tokenizer=tokenizer)
    elicited, outputs = await drive(program, ask)
    return elicited, outputs[-1] if sampled is None else sampled.output


@solver
def at_every_budget(
    inner: Solver,
    named: Named,
    tokenizer: Tokenizer | None,
    scorers: int,
    sampled: Callable[[TaskState], Sampled] | None = None,
) -> Solver:
    """The task's own solver, asked at every budget.

    Args:
        inner: The task's solver.
        named: How traces are sampled, cut and handed back; the rest is the sample's domain's.
        tokenizer: What to cut with.
        scorers: How many scorers are the task's own; curves follow them.
        sampled: Gives the trace of a sample, where it is not to be asked for.
    """
    rehearsed = False

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        nonlocal rehearsed
        untouched = deepcopy(state)
        mark_started(state.store)
        tell_at_end()
        found: list[Elicited] = []

        async def ask(state: TaskState, options: Mapping[str, Any]) -> ModelOutput:
            trace = None if sampled is None else sampled(state)
            elicited, output = await _elicit(state, options, named, tokenizer, trace)
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
            refuse_failed(state, Record(found[0], [], {}))
            scores = await _score_checkpoints(inner, untouched, once.prompt, found[0], scorers)
            if domain_of(state.metadata) is None:  # a domain of ours grades again from the answers
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
            if not has_no_scorer(error):
                raise
            return []  # --no-score: the checkpoints alone
    return found
