"""What a method shows, learned with the model under test once for a run of Inspect AI.

The program is `anytime.methods.learning`; here are the locks, concurrency and display of Inspect.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Hashable
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, field
from typing import Any

import anyio
from filelock import AsyncFileLock
from inspect_ai.model import Model
from inspect_ai.util import LimitExceededError, display_counter

from anytime.cutting.tokens import Tokenizer
from anytime.domains.base import Problem
from anytime.errors import AnytimeError, UnansweredError
from anytime.hosts.inspect_ai.aside import aside
from anytime.hosts.inspect_ai.driver import drive, requester
from anytime.hosts.inspect_ai.outside_sample import apart, settings_in_effect
from anytime.methods.base import Material, Recipe
from anytime.methods.learning import Lock, MissingTraces, Sampling, Step, learning
from anytime.methods.overlap import Evaluated
from anytime.methods.source import Source, Spelling, check_source
from anytime.places import is_remote, place
from anytime.plugins import get_method
from anytime.programs.checkpoints import Elicited
from anytime.programs.lockstep import Done, advance

__all__ = ["Materials", "identity_of", "sampling_settings"]

SPELLING = Spelling(assigned="=")


@dataclass
class Materials:
    """Provides a method's material; builds it for the first sample that asks, others wait.

    Raises:
        AnytimeError: What the user named cannot be read.
    """

    recipe: Recipe
    source: Source
    _known: dict[Hashable, Material] = field(default_factory=dict)
    _failures: list[tuple[Hashable, Exception]] = field(default_factory=list)
    _lock: anyio.Lock = field(default_factory=anyio.Lock)

    def __post_init__(self) -> None:
        """Read what the user named, before anything is asked."""
        check_source(self.recipe, self.source, SPELLING)

    async def material(
        self, model: Model, source: Source, sampling: Sampling, evaluated: Evaluated
    ) -> Material:
        """What the method shows.

        Args:
            model: The model under test.
            source: Where it learns, completed with what the run gives.
            sampling: How the run asks its model.
            evaluated: The problems of the run.

        Raises:
            AnytimeError: There is nothing to learn from, or nothing to show to one of them.
        """
        if get_method(self.recipe.method).learn is None:
            return Material()
        key = (sampling.identity, str(sampling.settings), source, sampling.budgets, evaluated)

        async def learn() -> Material:
            return await _learn(self.recipe, source, sampling, evaluated, model)

        if key not in self._known:
            await apart(lambda: self._learn_once(key, learn))
        return self._known[key]

    async def _learn_once(self, key: Hashable, learn: Callable[[], Awaitable[Material]]) -> None:
        before = len(self._failures)
        async with self._lock:
            if key in self._known:
                return
            for failed, error in self._failures[before:]:
                if failed == key:  # while this one waited; who comes later tries again
                    raise error
            try:
                self._known[key] = await learn()
            except LimitExceededError:  # of one sample: the next one goes on from there
                raise
            except Exception as error:
                self._failures.append((key, error))
                raise


async def _learn(
    recipe: Recipe, source: Source, sampling: Sampling, evaluated: Evaluated, model: Model
) -> Material:
    outcome: Material | None = None
    async with AsyncExitStack() as held:
        with closing(learning(recipe, source, sampling, evaluated)) as program:
            while True:
                # To read pools and to choose among their traces takes long. One at a remote place
                # is read by Inspect with connections that belong to its loop, not to a thread.
                here = not (source.pool and is_remote(place(source.pool)))
                step = await aside(here, functools.partial(advance, program, outcome))
                if isinstance(step, Done):
                    return step.result
                outcome = await _take(step, model, held, sampling.tokenizer)


async def _take(
    step: Step, model: Model, held: AsyncExitStack, tokenizer: Tokenizer | None
) -> Material | None:
    if isinstance(step, Lock):
        await held.enter_async_context(AsyncFileLock(step.path))
        return None
    if isinstance(step, MissingTraces):
        await _sample(step, model, tokenizer)
        return None
    ask = requester(model, epoch=1, token_ids=False, draw="learning")
    material, _ = await drive(step, ask, reads_much=True)
    return material


async def _sample(step: MissingTraces, model: Model, tokenizer: Tokenizer | None) -> None:
    """Sample what is missing; every finished trace is on disk before the next one counts."""
    missing = step.missing()
    failures: list[Exception] = []
    # As many traces at once as there are connections: were all begun at once, the first would wait
    # for their forced answers until the last had been sampled, and a kill would lose them all.
    connections = settings_in_effect(model).max_connections or model.api.max_connections()
    under_way = anyio.CapacityLimiter(connections)
    keeping = anyio.Lock()

    async def keep(problem: Problem, draw: int, elicited: Elicited) -> None:
        # A trace that is here is paid for: it is kept even if others cannot be.
        with anyio.CancelScope(shield=True):
            async with keeping:
                await aside(True, lambda: step.keep(problem, draw, elicited))

    async def sample(place: int) -> None:
        async with under_way:
            await sample_one(*missing[place])

    async def sample_one(problem: Problem, draw: int) -> None:
        token_ids = step.study.continuation == "token_ids"
        ask = requester(
            model,
            epoch=draw,
            token_ids=token_ids,
            draw=f"pool {draw}",
            tokenizer=tokenizer,
        )
        try:
            elicited, _ = await drive(step.program(problem), ask)
            try:
                await keep(problem, draw, elicited)
            except UnansweredError:  # no fault of the file: the others' texts are worth keeping
                raise
            except AnytimeError as error:  # what cannot be kept is not to be paid for
                failures.insert(0, error)
                group.cancel_scope.cancel()
        except LimitExceededError as error:  # of cost, say, which more calls only add to
            failures.insert(0, error)
            group.cancel_scope.cancel()
        except Exception as error:  # the others' texts are paid for: raised when they are kept
            failures.append(error)
        done, total = step.progress
        display_counter("anytime pool", f"{done}/{total}")

    async with anyio.create_task_group() as group:
        for place in range(len(missing)):
            group.start_soon(sample, place)
    if failures:
        raise failures[0]


def identity_of(model: Model) -> str:
    """What tells this model from others: its name, and its arguments but for keys."""
    args = {key: value for key, value in model.model_args.items() if "key" not in key}
    return f"{model} {sorted(args.items())}"


_CARRYING_OUT = (
    "max_retries",
    "timeout",
    "attempt_timeout",
    "stream_idle_timeout",
    "max_connections",
    "adaptive_connections",
    "cache",
    "batch",
)
"""Settings that tell how a call is carried out, and not what comes back."""


def sampling_settings(model: Model, cutter: str) -> dict[str, Any]:
    """What changes a trace beside model and prompt.

    Args:
        model: The model under test.
        cutter: Names the tokenizer that the user named; empty for none.
    """
    config = settings_in_effect(model).model_dump(exclude_none=True)
    for name in _CARRYING_OUT:
        config.pop(name, None)
    return {"config": config, "cutter": cutter}
