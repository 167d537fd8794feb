"""Model calls that belong to the run and not to the sample that happens to make them."""

from __future__ import annotations

import contextvars
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from inspect_ai.model import GenerateConfig, Model
from inspect_ai.util import suspend_token_limit, suspend_turn_limit, suspend_working_limit

from anytime.hosts.inspect_ai.private import settings_of_run, start_other_books

__all__ = ["apart", "settings_in_effect"]

T = TypeVar("T")


async def apart(work: Callable[[], Awaitable[T]]) -> T:
    """Do work whose model calls are not written into the current sample, nor held to its limits.

    Their tokens still count in the statistics of the run. Limits on the sample's clock time and on
    its cost go on.
    """
    outcome: list[T] = []
    failure: list[Exception] = []

    async def run() -> None:
        try:
            with suspend_token_limit(), suspend_turn_limit(), suspend_working_limit():
                outcome.append(await work())
        except Exception as error:  # out of the group as it is, not as part of an ExceptionGroup
            failure.append(error)

    async with anyio.create_task_group() as group:

        def start() -> None:
            start_other_books()
            group.start_soon(run)

        contextvars.copy_context().run(start)
    if failure:
        raise failure[0]
    return outcome[0]


def settings_in_effect(model: Model) -> GenerateConfig:
    """The generation settings of the model under test: its own, and those of task and run."""
    return model.config.merge(settings_of_run())
