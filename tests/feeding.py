"""Runs programs by feeding replies, as a host would, and keeps what they asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from anytime import Program, Reply, Request

T = TypeVar("T")


def feed(program: Program[T], answer: Callable[[Request], Reply]) -> tuple[T, list[list[Request]]]:
    """The program's result and its batches of requests."""
    batches: list[list[Request]] = []
    try:
        batch = list(next(program))
    except StopIteration as stop:  # it had nothing to ask
        return stop.value, batches
    while True:
        batches.append(batch)
        try:
            batch = list(program.send([answer(request) for request in batch]))
        except StopIteration as stop:
            return stop.value, batches
