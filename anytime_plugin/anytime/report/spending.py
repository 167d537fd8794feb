"""What the checkpoints of a run really took: tokens, how answers ended, seconds and dollars."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

import numpy as np

from anytime.protocol import Finish
from anytime.results.curves import over_at
from anytime.results.spent import calls_of, is_shared
from anytime.rows import Row
from anytime.statistics.curve import FloatArray

__all__ = ["Spending", "Tally", "spending_of", "tally"]

_FINISHES = {name: float(number) for number, name in enumerate(get_args(Finish))}


class _Numbers(NamedTuple):
    """Numbers of one checkpoint; NaN where unknown."""

    tokens: float
    ended: float
    forced: float
    answer_tokens: float
    leaked: float
    seconds: float
    cost: float
    finish: float


@dataclass
class Tally:
    """What is kept of a curve's checkpoints while its run is read.

    Attributes:
        numbers: By problem and trace, an array of shape (T, numbers of a checkpoint).
        cuts: How cuts were found, by checkpoints.
        continuations: How cut traces were handed back, by checkpoints.
        seconds: Of all calls that are known, each once.
        cost: Of them, in dollars.
        calls: How many calls are known.
        unknown: Traces whose own call is not in the log: they did not end by themselves.
        added_tokens: What the method put into the prompt, one number per trace; none for `cot`.
        pool_tokens: What it took to learn them.
    """

    numbers: dict[tuple[str, int], FloatArray] = field(default_factory=dict)
    cuts: Counter[str] = field(default_factory=Counter)
    continuations: Counter[str] = field(default_factory=Counter)
    seconds: float = math.nan
    cost: float = math.nan
    calls: int = 0
    unknown: int = 0
    added_tokens: list[float] = field(default_factory=list)
    pool_tokens: int | None = None


def tally(kept: Tally, rows: Sequence[Row]) -> None:
    """Add the checkpoints of one trace, in the order of budgets."""
    first = rows[0]
    kept.numbers[first.problem, first.trace] = np.array([_numbers(row) for row in rows])
    kept.cuts.update(row.cut for row in rows if row.cut)
    kept.continuations.update(row.continuation for row in rows if row.continuation)
    if first.added_tokens is not None:
        kept.added_tokens.append(first.added_tokens)
    kept.pool_tokens = kept.pool_tokens if first.pool_tokens is None else first.pool_tokens
    for call in calls_of(first.mode, rows):
        kept.calls += 1
        kept.seconds = _plus(kept.seconds, call.seconds)
        kept.cost = _plus(kept.cost, call.cost)
    kept.unknown += not is_shared(first.mode) and all(
        row.forced or row.cut is not None for row in rows
    )


def _numbers(row: Row) -> _Numbers:
    return _Numbers(
        tokens=_told(row.tokens),
        ended=over_at(row),
        forced=float(row.forced),
        answer_tokens=_told(row.answer_tokens),
        leaked=float(row.leaked_reasoning_tokens),
        seconds=_told(row.seconds),
        cost=_told(row.cost),
        finish=_FINISHES.get(row.finish, math.nan),
    )


def _told(value: float | None) -> float:
    return math.nan if value is None else float(value)


def _plus(total: float, value: float | None) -> float:
    if value is None:
        return total
    return value if math.isnan(total) else total + value


@dataclass(frozen=True, slots=True)
class Spending:
    """What checkpoints took, by budget; arrays of shape (T,), NaN where unknown.

    Attributes:
        tokens: Trace tokens really spent, mean over problems of the mean over traces.
        ended: Share of traces that were over, weighted likewise.
        forced: How many answers were forced.
        answer_tokens: Generated per forced answer.
        leaked: Reasoning tokens sneaked into a forced answer.
        seconds: Wall time per forced answer, or per run in contract mode.
        finishes: By reason, the share of answers that ended for it.
        total_seconds: Of all calls in the log, each once.
        total_cost: Of them, in dollars.
        calls: How many they are.
        unknown: Traces whose own call is not among them.
    """

    tokens: FloatArray
    ended: FloatArray
    forced: FloatArray
    answer_tokens: FloatArray
    leaked: FloatArray
    seconds: FloatArray
    finishes: Mapping[str, FloatArray]
    total_seconds: float
    total_cost: float
    calls: int
    unknown: int


def spending_of(kept: Tally, problems: Sequence[str], contract: bool) -> Spending:
    """Sum up a curve's checkpoints."""
    stacked = np.array(list(kept.numbers.values()))  # traces x budgets x numbers
    of: dict[str, FloatArray] = dict(zip(_Numbers._fields, np.moveaxis(stacked, 2, 0), strict=True))
    place = {problem: row for row, problem in enumerate(problems)}
    owners = np.array([place[problem] for problem, _ in kept.numbers])
    shares = np.bincount(owners)[owners]
    weights = 1 / (shares * len(problems))  # of each trace in a mean over problems
    forced: FloatArray = of["forced"]
    per_answer = np.ones_like(forced) if contract else forced
    return Spending(
        tokens=weights @ of["tokens"],
        ended=weights @ of["ended"],
        forced=forced.sum(axis=0),
        answer_tokens=_per(of["answer_tokens"], forced),
        leaked=_per(of["leaked"], forced),
        seconds=_per(of["seconds"], per_answer),
        finishes={
            name: (of["finish"] == number).mean(axis=0)
            for name, number in _FINISHES.items()
            if (of["finish"] == number).any()
        },
        total_seconds=kept.seconds,
        total_cost=kept.cost,
        calls=kept.calls,
        unknown=kept.unknown,
    )


def _per(values: FloatArray, forced: FloatArray) -> FloatArray:
    """Mean over forced answers at each budget; NaN where there is none, or one is not told."""
    count = forced.sum(axis=0)
    total = np.where(forced > 0, values, 0).sum(axis=0)
    mean: FloatArray = np.full(len(count), math.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean
