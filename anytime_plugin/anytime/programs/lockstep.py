"""Programs that advance in lockstep: the requests of a round make one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from anytime.protocol import Program, Reply, Request

__all__ = ["together"]

T = TypeVar("T")


def together(programs: Sequence[Program[T]]) -> Program[list[T]]:
    """Run programs in lockstep as one: their requests of a round make one batch, in their order."""
    results: dict[int, T] = {}
    batches: dict[int, Sequence[Request]] = {}

    def advance(number: int, replies: Sequence[Reply] | None) -> None:
        program = programs[number]
        try:
            batches[number] = next(program) if replies is None else program.send(replies)
        except StopIteration as stop:
            results[number] = stop.value
            batches.pop(number, None)

    for number in range(len(programs)):
        advance(number, None)
    while batches:
        going = {number: len(batch) for number, batch in batches.items()}
        replies = yield [request for batch in batches.values() for request in batch]
        place = 0
        for number, size in going.items():
            advance(number, replies[place : place + size])
            place += size
    return [results[number] for number in range(len(programs))]
