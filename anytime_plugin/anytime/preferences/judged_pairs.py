"""Pairs by the model's own judgement: no gold is read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import NamedTuple

from anytime.domains.base import Domain
from anytime.errors import AnytimeError
from anytime.preferences.judge import check_readable, compare, score_answers
from anytime.preferences.pairs import SPARE, Pair, pairs_of
from anytime.preferences.pool import Pool, PoolInfo, PoolTrace, Scored, TraceId
from anytime.preferences.selection import Choice, select
from anytime.programs.lockstep import together
from anytime.protocol import Program

__all__ = ["Judged", "judged_pairs"]


class Judged(NamedTuple):
    """Pairs by the model's own judgement.

    Attributes:
        pairs: Those whose order both comparisons confirmed.
        agreement: Share of the confirmed pairs that the metric orders alike, of those it tells
            apart; None where it tells none apart.
        tokens: Generated for judging.
    """

    pairs: list[Pair]
    agreement: float | None
    tokens: int


class _Answers(NamedTuple):
    """The answers of one trace, and what the metric thinks of them."""

    texts: tuple[str, ...]
    quality: tuple[float, ...]
    tokens: int
    unread: tuple[int, ...]


class _BySelf:
    """A pool under another judge's name."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.info: PoolInfo = replace(pool.info, judge="self")

    def scored(self) -> Iterator[Scored]:
        return self._pool.scored()

    def traces(self, wanted: Collection[TraceId] | None = None) -> Iterator[PoolTrace]:
        return self._pool.traces(wanted)


def judged_pairs(
    pool: Pool,
    domain: Domain,
    *,
    per_budget: int = 1,
    min_gap: float = 0.0,
    runners_up: int = 0,
) -> Program[Judged]:
    """Score a pool's answers by the model itself and select pairs by those scores.

    Requests: one per problem and distinct answer; then two per candidate pair of answers, in both
    orders. A pair is kept where both comparisons agree with the scores.

    Raises:
        AnytimeError: The judge cannot be read, or there is no consistent pair.
    """
    statements: dict[str, str] = {}
    answers: dict[TraceId, _Answers] = {}
    distinct: dict[str, dict[str, None]] = {}
    for trace in pool.traces():
        name = trace.problem.id
        statements[name] = trace.problem.prompt
        texts = tuple(point.answer.strip() for point in trace.points)
        scored = trace.scored
        answers[name, trace.draw] = _Answers(texts, scored.quality, scored.tokens, scored.unread)
        distinct.setdefault(name, {}).update(dict.fromkeys(texts))
    verdicts = yield from together(
        [score_answers(statements[name], list(texts)) for name, texts in distinct.items()]
    )
    tokens = sum(verdict.tokens for verdict in verdicts)
    check_readable(verdicts)
    opinions = {
        (name, text): score
        for (name, texts), verdict in zip(distinct.items(), verdicts, strict=True)
        for text, score in zip(texts, verdict.scores, strict=True)
    }
    by_judge = (
        _by_opinion(trace, given, [opinions[trace[0], text] for text in given.texts])
        for trace, given in answers.items()
    )
    ranked, cost = select(
        by_judge,
        pool.info.budgets,
        ranks=per_budget,
        further=max(SPARE, runners_up),
        min_gap=min_gap,
    )
    candidates = [choice for choices in ranked for choice in choices]
    # A trace that ended early answers alike at several budgets: compared once.
    compared = {
        choice: (
            choice.problem,
            answers[choice.problem, choice.chosen].texts[choice.place],
            answers[choice.problem, choice.rejected].texts[choice.place],
        )
        for choice in candidates
    }
    asked = list(dict.fromkeys(compared.values()))
    comparisons = yield from together(
        [compare(statements[name], better, worse) for name, better, worse in asked]
    )
    tokens += sum(comparison.tokens for comparison in comparisons)
    check_readable(comparisons)
    confirmed = {
        key for key, comparison in zip(asked, comparisons, strict=True) if comparison.better == 1
    }
    consistent = {choice for choice, key in compared.items() if key in confirmed}
    if not consistent:
        raise AnytimeError(
            "the model's comparisons contradict its own scores for every pair: it cannot judge "
            "these answers; use judge=metric"
        )
    kept = [[choice for choice in choices if choice in consistent] for choices in ranked]
    pairs = pairs_of(
        _BySelf(pool), domain, kept, cost, per_budget=per_budget, runners_up=runners_up
    )
    return Judged(pairs, _agreement(consistent, answers), tokens)


def _by_opinion(trace: TraceId, given: _Answers, scores: list[float | None]) -> Scored:
    """A trace as the judge scored it; what it did not score is unread, as it is by a metric."""
    unscored = {place for place, score in enumerate(scores) if score is None}
    unread = tuple(sorted({*given.unread, *unscored}))
    return Scored(*trace, tuple(score or 0.0 for score in scores), given.tokens, unread)


def _agreement(choices: Collection[Choice], answers: dict[TraceId, _Answers]) -> float | None:
    gaps = [
        answers[c.problem, c.chosen].quality[c.place]
        - answers[c.problem, c.rejected].quality[c.place]
        for c in choices
    ]
    told_apart = [gap for gap in gaps if gap != 0]
    return sum(gap > 0 for gap in told_apart) / len(told_apart) if told_apart else None
