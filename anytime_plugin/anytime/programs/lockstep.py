"""Programs that advance in lockstep: the requests of a round make one batch.

A large run holds thousands of programs, and a round's requests are most of what it holds. So they
are handed over one by one, each forgotten as it goes, and replies are taken the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from anytime.protocol import Program, Reply, Request

__all__ = ["Ask", "Done", "advance", "drive", "together"]

T = TypeVar("T")
Out = TypeVar("Out")
Sent = TypeVar("Sent")

Round = Iterator[tuple[int, Request]]
"""Requests, with the number of the program each belongs to."""

Ask = Callable[[Round], Iterable[Reply]]
"""Answers one round: the replies, in the order of its requests, all of which it takes first."""


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """That a program has ended.

    Attributes:
        result: What it returned.
    """

    result: T


def advance(program: Generator[Out, Sent, T], sent: Sent | None = None) -> Out | Done[T]:
    """Let a program go on to its next batch of requests, or to its end.

    Args:
        program: The program.
        sent: The replies to the batch before; None where it has not begun.
    """
    try:
        return next(program) if sent is None else program.send(sent)
    except StopIteration as stop:
        return Done(stop.value)


def drive(programs: Sequence[Program[T]], ask: Ask) -> list[T]:
    """Run programs to their ends in lockstep; finished ones drop out of later rounds.

    Args:
        programs: The programs.
        ask: Answers one round. Requests come by program, and in a program's own order, so that
            those with a common beginning stand together.
    """
    rounds = _rounds(programs)
    step = advance(rounds)
    while not isinstance(step, Done):
        step = advance(rounds, ask(step))
    return step.result


def together(programs: Sequence[Program[T]]) -> Program[list[T]]:
    """Run programs in lockstep as one: their requests of a round make one batch, in their order."""
    rounds = _rounds(programs)
    step = advance(rounds)
    while not isinstance(step, Done):
        step = advance(rounds, (yield [request for _, request in step]))
    return step.result


def _rounds(programs: Sequence[Program[T]]) -> Generator[Round, Iterable[Reply], list[T]]:
    results: dict[int, T] = {}
    batches: dict[int, Sequence[Request]] = {}

    def go_on(number: int, replies: Sequence[Reply] | None = None) -> None:
        step = advance(programs[number], replies)
        if isinstance(step, Done):
            results[number] = step.result
        else:
            batches[number] = step

    def handed_over(numbers: Iterable[int]) -> Round:
        for number in numbers:
            for request in batches.pop(number):
                yield number, request

    for number in range(len(programs)):
        go_on(number)
    while batches:
        sizes = {number: len(batch) for number, batch in batches.items()}
        replies = iter((yield handed_over(sizes)))
        for number, size in sizes.items():
            go_on(number, list(islice(replies, size)))
    return [results[number] for number in range(len(programs))]
