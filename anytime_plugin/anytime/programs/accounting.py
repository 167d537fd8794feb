"""What a program asked for in all: its calls, and what they took."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from anytime.programs.checkpoints import Bill, Elicited
from anytime.programs.lockstep import Done, advance
from anytime.protocol import Program

__all__ = ["accounted"]


def accounted(program: Program[Elicited]) -> Program[Elicited]:
    """A program whose result has its bill: calls that no checkpoint shows are on it as well.

    Those are of branches that were thrown away, and of judgements. A number is unknown as soon as
    that of one call is.
    """
    calls: list[tuple[int | None, float | None, float | None]] = []
    step = advance(program)
    while not isinstance(step, Done):
        sent = yield step
        calls += [(reply.output_tokens, reply.seconds, reply.cost) for reply in sent]
        step = advance(program, sent)
    tokens, seconds, cost = zip(*calls, strict=True) if calls else ((), (), ())
    generated = _total(tokens)
    bill = Bill(
        calls=len(calls),
        tokens=None if generated is None else int(generated),
        seconds=_total(seconds),
        cost=_total(cost),
    )
    return replace(step.result, bill=bill)


def _total(values: Iterable[float | None]) -> float | None:
    known = []
    for value in values:
        if value is None:
            return None
        known.append(value)
    return math.fsum(known)
