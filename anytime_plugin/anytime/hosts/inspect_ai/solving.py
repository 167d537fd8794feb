"""What all solvers of ours do with a sample: prompt, program, checkpoints, scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from inspect_ai.model import ChatMessage, Model, ModelOutput, get_model
from inspect_ai.scorer import Score, score
from inspect_ai.solver import Generate, Solver, TaskState

from anytime.budgets import BudgetGrid, parse_budgets
from anytime.cutting.tokens import Tokenizer, counter, load_tokenizer
from anytime.domains.base import Cue, Domain, Problem
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.driver import drive, requester
from anytime.hosts.inspect_ai.errors import one_sentence, refuse_unknown
from anytime.hosts.inspect_ai.material import Materials, identity_of, sampling_settings
from anytime.hosts.inspect_ai.providers import host_tokenizer, resolve_continuation
from anytime.hosts.inspect_ai.records import (
    checkpoint_view,
    domain_of,
    mark_started,
    run_of,
    write_record,
)
from anytime.methods.base import Recipe
from anytime.methods.learning import Sampling, Source, check_recipe, completed
from anytime.methods.prompting import Prompted, prompted
from anytime.programs.checkpoints import Elicited
from anytime.programs.contract import contract
from anytime.programs.elicit import GENERIC_CUE
from anytime.programs.interrupt import interrupt
from anytime.protocol import Message, Program
from anytime.settings import (
    CONTINUATIONS,
    FOREIGN_ANSWER_TOKENS,
    FOREIGN_BUDGETS,
    MODES,
    Continuation,
    Mode,
)

__all__ = [
    "DEFAULT",
    "Budgets",
    "Run",
    "checked_run",
    "conversation",
    "solving",
]

Budgets = str | int | Sequence[int | str]
DEFAULT: Budgets = "default"
"""The grid of the task, or of its domain; not None, which is what `-S budgets=` with nothing behind
it gives."""


@dataclass(frozen=True, slots=True)
class Run:
    """How traces are sampled, cut and handed back; None takes what the task was told.

    Attributes:
        budgets: The grid.
        mode: `interrupt` or `contract`.
        continuation: How a cut trace is handed back.
        tokenizer: Name of what to cut with.
        answer_tokens: Cap on a forced answer.
    """

    budgets: BudgetGrid | None
    mode: Mode | None
    continuation: str | None
    tokenizer: str | None
    answer_tokens: int | None


def solving(
    of: Callable[..., Solver],
    unknown: Mapping[str, object],
    recipe: Recipe,
    source: Source | None = None,
    *,
    budgets: Budgets = DEFAULT,
    mode: Mode | None = None,
    continuation: str | None = None,
    tokenizer: str | None = None,
    answer_tokens: int | None = None,
) -> Solver:
    """The solver behind every one of ours.

    Args:
        of: The solver as the user knows it.
        unknown: Options it does not have.
        recipe: How the first prompt is made.
        source: Where a method learns from.
        budgets: As the user wrote them, as are all others.
        mode: See `Run`.
        continuation: See `Run`.
        tokenizer: See `Run`.
        answer_tokens: See `Run`.

    Raises:
        PrerequisiteError: Anything is wrong that can be known now.
    """
    with one_sentence():
        refuse_unknown(unknown, of)
        grid = None if budgets == DEFAULT else parse_budgets(budgets or [])
        given = checked_run(grid, mode, continuation, tokenizer, answer_tokens)
        check_recipe(recipe, mode or ("contract" if recipe.show == "matched" else "interrupt"))
        cutters = {tokenizer: None if tokenizer is None else load_tokenizer(tokenizer)}
        materials = Materials(recipe, source or Source())

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        model = get_model()
        mark_started(state.store)
        with one_sentence():
            run = _completed(given, run_of(state.metadata))
            check_recipe(recipe, run.mode or "interrupt")
            if run.tokenizer not in cutters:
                cutters[run.tokenizer] = load_tokenizer(str(run.tokenizer))
            cutter = cutters[run.tokenizer] or host_tokenizer(model)
            known = domain_of(state.metadata)
            made = await _prompted(state, model, materials, run, cutter, known)
            program, used = _program(made, model, run, cutter, known)
            ask = requester(model, epoch=state.epoch, token_ids=used == "token_ids")
            elicited, outputs = await drive(program, ask)
        # The sample's completion is what the model itself said: the trace, or the largest run.
        state.output = outputs[-1]
        prompt = list(state.messages)
        state.messages.append(state.output.message)
        write_record(state.store, elicited, [], made.record)  # kept, whatever a scorer does now
        scores = await _score_checkpoints(state, prompt, elicited)
        if known is None:  # a domain of ours grades again from the answers
            write_record(state.store, elicited, scores, made.record)
        return state

    return solve


def checked_run(
    budgets: BudgetGrid | None,
    mode: Mode | None,
    continuation: str | None,
    tokenizer: str | None,
    answer_tokens: int | None,
) -> Run:
    """How to run, from what the user wrote.

    Raises:
        AnytimeError: A value that is none, or two that do not go together.
    """
    if mode is not None and mode not in MODES:
        raise AnytimeError(f"unknown mode {mode!r}: choose one of {', '.join(MODES)}")
    if continuation is not None and continuation not in CONTINUATIONS:
        raise AnytimeError(
            f"unknown continuation {continuation!r}: choose one of {', '.join(CONTINUATIONS)}"
        )
    if mode == "contract" and budgets is not None and budgets[0] == 0:
        raise AnytimeError("contract mode cannot run with budget 0: leave it out, or use interrupt")
    if answer_tokens is not None and (
        not isinstance(answer_tokens, int) or isinstance(answer_tokens, bool) or answer_tokens < 1
    ):
        raise AnytimeError(f"answer_tokens {answer_tokens!r} is not a whole number above 0")
    return Run(budgets, mode, continuation, tokenizer, answer_tokens)


def _completed(given: Run, task: Mapping[str, Any]) -> Run:
    """The solver's own settings, and the task's where it has none."""
    budgets = given.budgets
    if budgets is None and "budgets" in task:
        budgets = parse_budgets(task["budgets"])
    return Run(
        budgets,
        given.mode or task.get("mode"),
        given.continuation or task.get("continuation"),
        given.tokenizer or task.get("tokenizer"),
        given.answer_tokens,
    )


def _grid(run: Run, known: tuple[Domain, Problem] | None) -> BudgetGrid:
    return run.budgets or parse_budgets(known[0].budgets if known else FOREIGN_BUDGETS)


async def _prompted(
    state: TaskState,
    model: Model,
    materials: Materials,
    run: Run,
    cutter: Tokenizer | None,
    known: tuple[Domain, Problem] | None,
) -> Prompted:
    messages = conversation(state)
    if known is None and len(state.choices):
        raise AnytimeError(
            "this task's options are shown and read by its own solver (multiple_choice), which "
            "ours replace: put the options into the prompt and score with match() or pattern()"
        )
    sampling = Sampling(
        budgets=_grid(run, known),
        # A contract run hands nothing back, but the pool it learns from does.
        continuation=resolve_continuation(
            "auto" if run.mode == "contract" else run.continuation or "auto", model
        ),
        answer_tokens=run.answer_tokens,
        tokenizer=cutter,
        system=messages[0].content if messages and messages[0].role == "system" else "",
        model=str(model),
        identity=identity_of(model),
        settings=sampling_settings(model, run.tokenizer or ""),
    )
    domain = known[0] if known else None
    task = run_of(state.metadata)
    source = completed(materials.source, domain, task.get("dataset") or "", task.get("seed", 0))
    return prompted(
        materials.recipe,
        await materials.material(model, source, sampling),
        messages,
        known[0].content(known[1].prompt) if known else state.input_text,
        budgets=sampling.budgets,
        count=counter(cutter),
        domain=domain.name if domain else "",
    )


def _program(
    made: Prompted,
    model: Model,
    run: Run,
    cutter: Tokenizer | None,
    known: tuple[Domain, Problem] | None,
) -> tuple[Program[Elicited], Continuation | None]:
    grid = _grid(run, known)
    if run.mode == "contract":
        return contract(made.messages, grid), None
    if isinstance(made.messages, Mapping):
        raise AnytimeError("show=matched needs mode=contract")
    cue: Cue = known[0].cue(known[1]) if known else GENERIC_CUE
    allowance = known[0].answer_tokens if known else FOREIGN_ANSWER_TOKENS
    used = resolve_continuation(run.continuation or "auto", model)
    program = interrupt(
        made.messages,
        grid,
        cue=cue,
        continuation=used,
        answer_tokens=run.answer_tokens or allowance,
        tokenizer=cutter,
    )
    return program, used


def conversation(state: TaskState) -> list[Message]:
    """A sample's messages, which must be plain text."""
    messages = []
    for message in state.messages:
        if message.role == "tool" or (
            not isinstance(message.content, str)
            and any(part.type != "text" for part in message.content)
        ):
            raise AnytimeError(
                f"sample {state.sample_id} holds a {message.role} message that is not plain text: "
                f"anytime cuts and hands back text alone"
            )
        messages.append(Message(message.role, message.text))
    return messages


async def _score_checkpoints(
    state: TaskState, prompt: Sequence[ChatMessage], elicited: Elicited
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
        except RuntimeError as error:
            if "a task with a scorer" not in str(error):
                raise
            return []  # no scorer, or --no-score: the checkpoints alone, to be scored later
    return scores
