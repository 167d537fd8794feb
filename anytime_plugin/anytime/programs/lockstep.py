"""Programs that advance in lockstep: the requests of a round make one batch.

A large run holds thousands of programs, and a round's requests are most of what it holds. So they
are handed over one by one, each forgotten as it goes, and replies are taken the same way: a host
that answers the first requests of a round before it takes the others never has all of them. A
program goes on only when its next requests are wanted.
"""

from __future__ import annotations

from collections import deque
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
"""Answers one round: the replies, in the order of its requests. It takes all of them first, or goes
on taking them while its replies are taken."""


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
    heard: dict[int, list[Reply] | None] = dict.fromkeys(range(len(programs)))

    def batches() -> Iterator[tuple[int, Sequence[Request]]]:
        """Let the programs go on, each when its requests are wanted."""
        for number in list(heard):
            step = advance(programs[number], heard.pop(number))
            if isinstance(step, Done):
                results[number] = step.result
            else:
                yield number, step

    while True:
        pending = batches()
        first = list(islice(pending, 1))
        if not first:
            return [results[number] for number in range(len(programs))]
        replies: dict[int, list[Reply]] = {}
        owners: deque[int] = deque()
        for reply in (yield _handed_over(first, pending, replies, owners)):
            replies[owners.popleft()].append(reply)
        if owners:
            raise ValueError(f"{len(owners)} requests of a round have no reply")
        heard.update(replies)


def _handed_over(
    first: list[tuple[int, Sequence[Request]]],
    others: Iterator[tuple[int, Sequence[Request]]],
    replies: dict[int, list[Reply]],
    owners: deque[int],
) -> Round:
    """The requests of a round, one by one; makes room for their replies."""
    # Popped, so that nothing here holds a batch that has been handed over.
    while first or (first := list(islice(others, 1))):
        number, batch = first.pop()
        replies[number] = []
        for request in batch:
            owners.append(number)
            yield number, request
        del batch
