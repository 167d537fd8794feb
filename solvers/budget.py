"""The solver `anytime/budget`: the answer a model gives at every token budget."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from inspect_ai.model import ChatMessage, Model, ModelOutput, get_model
from inspect_ai.scorer import Score, score
from inspect_ai.solver import Generate, Solver, TaskState, solver

from anytime.budgets import BudgetGrid, parse_budgets
from anytime.domains.base import Cue
from anytime.elicitation import (
    CONTINUATIONS,
    GENERIC_CUE,
    MODES,
    Continuation,
    Elicited,
    Mode,
    contract,
    interrupt,
)
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.driver import drive, requester
from anytime.hosts.inspect_ai.errors import one_sentence, refuse_unknown
from anytime.hosts.inspect_ai.providers import host_tokenizer, resolve_continuation
from anytime.hosts.inspect_ai.records import (
    checkpoint_view,
    domain_of,
    mark_started,
    write_record,
)
from anytime.protocol import Message, Program
from anytime.tokens import Tokenizer, load_tokenizer

__all__ = ["budget"]

FOREIGN_BUDGETS = "geom:128:4096:6"
"""Default for tasks that are no domain of ours."""

FOREIGN_ANSWER_TOKENS = 1024


@solver
def budget(
    budgets: str | int | Sequence[int | str] = "default",
    mode: Mode = "interrupt",
    continuation: str = "auto",
    tokenizer: str | None = None,
    answer_tokens: int | None = None,
    **unknown: object,
) -> Solver:
    """Learn the answer a model gives at every token budget, and score each with the task's scorers.

    Interrupt mode samples one trace capped at the largest budget, cuts it at every budget below its
    length and forces an answer from each cut; the trace stays the sample's completion. Works on any
    task whose prompt is in its samples and whose scorers read the completion; a system message,
    template or examples that the task's own solver adds are replaced with it. See
    `anytime.elicitation`.

    Args:
        budgets: Grid of budgets in trace tokens: `128,256,512`, `geom:128:4096:6`,
            `linear:0:4000:5` or a list. `default`: the grid of the task's domain.
        mode: `interrupt` (one trace, cut) or `contract` (one run per budget, told its budget).
        continuation: How a cut trace is handed back: `auto`, `token_ids`, `prefill`, `reprompt`.
        tokenizer: Cuts traces whose tokens the provider does not tell: a tokenizers file, a
            directory with one, or a hub id. `--logprobs` gives exact cuts where the provider
            returns token texts.
        answer_tokens: Cap on a forced answer. Default: that of the task's domain.
        unknown: Refused, before a misspelt option runs the default at full price.
    """
    with one_sentence():
        refuse_unknown(unknown, budget)
        grid = None if budgets == "default" else parse_budgets(budgets or [])
        cutter = None if tokenizer is None else load_tokenizer(tokenizer)
        _check_settings(grid, mode, continuation, answer_tokens)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        model = get_model()
        mark_started(state.store)
        with one_sentence():
            program, used = _program(state, model, grid, mode, continuation, cutter, answer_tokens)
            ask = requester(model, epoch=state.epoch, token_ids=used == "token_ids")
            elicited, outputs = await drive(program, ask)
        # The sample's completion is what the model itself said: the trace, or the largest run.
        state.output = outputs[-1]
        prompt = list(state.messages)
        state.messages.append(state.output.message)
        ours = domain_of(state.metadata) is not None
        write_record(state.store, elicited, [])  # kept, whatever a scorer does now
        scores = await _score_checkpoints(state, prompt, elicited, ours)
        if not ours:  # a domain of ours grades again from the answers
            write_record(state.store, elicited, scores)
        return state

    return solve


def _check_settings(
    grid: BudgetGrid | None, mode: str, continuation: str, answer_tokens: int | None
) -> None:
    if mode not in MODES:
        raise AnytimeError(f"unknown mode {mode!r}: choose one of {', '.join(MODES)}")
    if continuation not in CONTINUATIONS:
        raise AnytimeError(
            f"unknown continuation {continuation!r}: choose one of {', '.join(CONTINUATIONS)}"
        )
    if mode == "contract" and grid is not None and grid[0] == 0:
        raise AnytimeError("contract mode cannot run with budget 0: leave it out, or use interrupt")
    if answer_tokens is not None and (
        not isinstance(answer_tokens, int) or isinstance(answer_tokens, bool) or answer_tokens < 1
    ):
        raise AnytimeError(f"answer_tokens {answer_tokens!r} is not a whole number above 0")


def _program(
    state: TaskState,
    model: Model,
    grid: BudgetGrid | None,
    mode: Mode,
    continuation: str,
    tokenizer: Tokenizer | None,
    answer_tokens: int | None,
) -> tuple[Program[Elicited], Continuation | None]:
    messages = _conversation(state)
    known = domain_of(state.metadata)
    if known is None:
        if len(state.choices):
            raise AnytimeError(
                "this task's options are shown and read by its own solver (multiple_choice), which "
                "anytime/budget replaces: put the options into the prompt and score with match() "
                "or pattern()"
            )
        grid = grid or parse_budgets(FOREIGN_BUDGETS)
        cue: Cue = GENERIC_CUE
        allowance = FOREIGN_ANSWER_TOKENS
    else:
        domain, problem = known
        grid = grid or parse_budgets(domain.budgets)
        cue = domain.cue(problem)
        allowance = domain.answer_tokens
    if mode == "contract":
        return contract(messages, grid), None
    used = resolve_continuation(continuation, model)
    program = interrupt(
        messages,
        grid,
        cue=cue,
        continuation=used,
        answer_tokens=answer_tokens or allowance,
        tokenizer=tokenizer or host_tokenizer(model),
    )
    return program, used


def _conversation(state: TaskState) -> list[Message]:
    messages = []
    for message in state.messages:
        if message.role == "tool" or (
            not isinstance(message.content, str)
            and any(part.type != "text" for part in message.content)
        ):
            raise AnytimeError(
                f"sample {state.sample_id} holds a {message.role} message that is not plain text: "
                f"anytime/budget cuts and hands back text alone"
            )
        messages.append(Message(message.role, message.text))
    return messages


async def _score_checkpoints(
    state: TaskState, prompt: Sequence[ChatMessage], elicited: Elicited, ours: bool
) -> list[list[Score]]:
    """Let the task's own scorers see each checkpoint, as a copy of the sample that ended there."""
    scores = []
    for checkpoint in elicited.checkpoints:
        seen = copy(state)
        seen.metadata = checkpoint_view(state.metadata, checkpoint)
        seen.output = ModelOutput.from_content(str(state.model), checkpoint.answer)
        seen.messages = [*prompt, seen.output.message]
        try:
            scores.append(await score(seen))
        except RuntimeError:
            if ours or scores:
                raise
            return []  # a task without a scorer: the checkpoints alone
    return scores
