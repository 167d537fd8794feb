"""What all solvers of ours do with a sample: prompt, program, checkpoints, scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, Unpack

import anyio.lowlevel
from inspect_ai.model import ChatMessage, Model, ModelOutput, get_model
from inspect_ai.scorer import Score, score
from inspect_ai.solver import Generate, Solver, TaskState

from anytime.budgets import parse_budgets
from anytime.cutting.tokens import Tokenizer, counter, load_tokenizer
from anytime.domains.base import Cue, Domain, Problem
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.driver import drive, is_sampled, requester
from anytime.hosts.inspect_ai.errors import one_sentence, refuse_unknown
from anytime.hosts.inspect_ai.evaluated import evaluated_beside
from anytime.hosts.inspect_ai.material import Materials, identity_of, sampling_settings
from anytime.hosts.inspect_ai.private import has_no_scorer
from anytime.hosts.inspect_ai.providers import host_tokenizer, resolve_continuation
from anytime.hosts.inspect_ai.records import (
    Record,
    checkpoint_view,
    domain_of,
    mark_started,
    run_of,
    write_record,
)
from anytime.hosts.inspect_ai.replies import whole_of_slices
from anytime.hosts.inspect_ai.scoring import refuse_failed
from anytime.hosts.inspect_ai.telling import tell_at_end
from anytime.methods.base import Recipe
from anytime.methods.learning import Sampling
from anytime.methods.prompting import Prompted, prompted
from anytime.methods.source import Source, check_recipe, completed
from anytime.programs.answers import answer_checker, answer_reader, answer_rules
from anytime.programs.checkpoints import Elicited
from anytime.programs.elicit import GENERIC_CUE, Asked, check_strategy, elicit, hands_back
from anytime.protocol import Message
from anytime.settings import (
    MODE_OPTIONS,
    Budgets,
    Continuation,
    Named,
    RunSettings,
    check_named,
    run_settings,
)

__all__ = [
    "DEFAULT",
    "Budgets",
    "continuation_used",
    "conversation",
    "cue_of",
    "named_settings",
    "run_of_sample",
    "solving",
]

_OF_TASK = ("budgets", "mode", "continuation", "tokenizer", "frame", *MODE_OPTIONS, "stop")
"""Settings that a task of ours gives its samples."""


DEFAULT: Budgets = "default"
"""The grid of the task, or of its domain; not None, which is what `-S budgets=` with nothing behind
it gives."""


def solving(
    of: Callable[..., Solver],
    unknown: Mapping[str, object],
    recipe: Recipe,
    source: Source | None = None,
    **named: Unpack[Named],
) -> Solver:
    """The solver behind every one of ours.

    Args:
        of: The solver as the user knows it.
        unknown: Options it does not have.
        recipe: How the first prompt is made.
        source: Where a method learns from.
        named: As the user wrote them; what is not named is the task's, or its domain's.

    Raises:
        PrerequisiteError: Anything is wrong that can be known now.
    """
    with one_sentence():
        refuse_unknown(unknown, of)
        given = named_settings(named)
        mode, tokenizer = given.get("mode"), given.get("tokenizer")
        check_recipe(recipe, mode or ("contract" if recipe.show == "matched" else "interrupt"))
        cutters = {tokenizer: None if tokenizer is None else load_tokenizer(tokenizer)}
        materials = Materials(recipe, source or Source())

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        model = get_model()
        mark_started(state.store)
        tell_at_end()
        with one_sentence():
            known = domain_of(state.metadata)
            run = run_of_sample(given, state.metadata)
            check_recipe(recipe, run.mode)
            check_strategy(run.mode, on_domain=known is not None, sampled=is_sampled(model))
            if run.tokenizer not in cutters:
                cutters[run.tokenizer] = load_tokenizer(str(run.tokenizer))
            cutter = cutters[run.tokenizer] or host_tokenizer(model)
            made = await _prompted(state, model, materials, run, cutter, given.get("answer_tokens"))
            used = continuation_used(run, model, cutter)
            program = elicit(
                Asked(
                    made.messages,
                    run,
                    cue_of(known),
                    continuation=used,
                    tokenizer=cutter,
                    rules=answer_rules(known[0] if known else None),
                    read=answer_reader(*known) if known else None,
                    checker=answer_checker(*known) if known else None,
                    draw=state.epoch,
                )
            )
            by_ids = used == "token_ids"
            ask = requester(model, epoch=state.epoch, token_ids=by_ids, tokenizer=cutter)
            elicited, outputs = await drive(program, ask)
        # The sample's completion is what the model itself said: the trace, or the largest run.
        state.output = outputs[-1]
        if elicited.mode in ("stop", "extend", "tree") and elicited.trace is not None:
            state.output = whole_of_slices(state.output, elicited.trace)
        prompt = list(state.messages)
        state.messages.append(state.output.message)
        write_record(state.store, elicited, [], made.record)  # kept, whatever a scorer does now
        refuse_failed(state, Record(elicited, [], made.record))
        scores = await _score_checkpoints(state, prompt, elicited)
        if known is None:  # a domain of ours grades again from the answers
            write_record(state.store, elicited, scores, made.record)
        return state

    return solve


def named_settings(named: Named) -> Named:
    """What a user named of a run, read and checked.

    Raises:
        AnytimeError: A value is none, or two do not go together.
    """
    given = named.copy()
    if (budgets := given.pop("budgets", DEFAULT)) != DEFAULT:
        given["budgets"] = parse_budgets(budgets or [])
    check_named(given)
    return given


def run_of_sample(given: Named, metadata: Mapping[str, Any]) -> RunSettings:
    """The solver's own settings; where it has none the task's, else those of the sample's domain.

    Raises:
        AnytimeError: Two do not go together.
    """
    known = domain_of(metadata)
    task = {name: run_of(metadata).get(name) for name in _OF_TASK}
    own = {name: value for name, value in given.items() if value is not None}
    return run_settings({**task, **own}, known[0] if known else None)


def continuation_used(
    run: RunSettings, model: Model, tokenizer: Tokenizer | None
) -> Continuation | None:
    """How a cut trace is handed back to this model; None in a mode that hands none back."""
    return (
        resolve_continuation(run.continuation, model, tokenizer) if hands_back(run.mode) else None
    )


def cue_of(known: tuple[Domain, Problem] | None) -> Cue:
    """How a problem's answer is asked for: in its domain's words, or in those for any task."""
    return known[0].cue(known[1]) if known else GENERIC_CUE


async def _prompted(
    state: TaskState,
    model: Model,
    materials: Materials,
    run: RunSettings,
    cutter: Tokenizer | None,
    answer_tokens: int | None,
) -> Prompted:
    messages, known = conversation(state), domain_of(state.metadata)
    if known is None and len(state.choices):
        raise AnytimeError(
            "this task's options are shown and read by its own solver (multiple_choice), which "
            "ours replace: put the options into the prompt and score with match() or pattern()"
        )
    sampling = Sampling(
        budgets=run.budgets,
        # A contract run hands nothing back, but the pool it learns from does.
        continuation=resolve_continuation(
            run.continuation if hands_back(run.mode) else "auto", model, cutter
        ),
        answer_tokens=answer_tokens,
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
        await materials.material(model, source, sampling, evaluated_beside(state.metadata)),
        messages,
        known[0].content(known[1].prompt) if known else state.input_text,
        budgets=sampling.budgets,
        count=counter(cutter),
        domain=domain.name if domain else "",
    )


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
            if not has_no_scorer(error):
                raise
            return []  # no scorer, or --no-score: the checkpoints alone, to be scored later
        await anyio.lowlevel.checkpoint()  # other samples wait for the loop
    return scores
