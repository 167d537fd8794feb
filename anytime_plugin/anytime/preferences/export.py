"""Preference data for training: every pair of a pool, not only those worth a place in a prompt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from anytime.domains.base import Domain
from anytime.preferences.pool import Pool, PoolTrace, Scored, TraceId, cut_text

__all__ = ["trl_rows"]


class _Contrast(NamedTuple):
    """Two traces of one problem at one budget, with their qualities there."""

    better: float
    worse: float
    chosen: PoolTrace
    rejected: PoolTrace

    @property
    def gap(self) -> float:
        return self.better - self.worse


def trl_rows(
    pool: Pool, domain: Domain, *, min_gap: float = 0.0, most: int | None = None
) -> Iterator[dict[str, Any]]:
    """Rows as TRL's `DPOTrainer` takes them, in its conversational preference format.

    A row is a pair: two traces of one problem, cut at one budget, of different quality. The prompt
    is that of the method `cot`; each completion is what the trace had said when it was cut,
    followed by the answer obtained there where the answer was forced, so that it is whole. Two
    texts that make a row at one budget make none at a larger one.

    The pool is read twice: once for the numbers, once for the texts. No more texts are held than
    those of problems whose traces have not all come yet.

    Args:
        pool: The pool.
        domain: Its domain.
        min_gap: Smaller gaps are left out; a gap of 0 always is.
        most: So many pairs per problem and budget, those with the largest gaps; of equal gaps the
            higher chosen quality, then the traces drawn first. Default: all, which for 64 traces
            may be 1024 per problem and budget and more.

    Yields:
        `prompt`, `chosen`, `rejected` as lists of messages; `budget`, `gap`, `chosen_quality`,
        `rejected_quality`, `domain`, `problem`, `model`, `dataset`, `revision`.
    """
    wanted = _wanted(pool, min_gap)
    missing: dict[str, int] = {}
    for problem, _ in wanted:
        missing[problem] = missing.get(problem, 0) + 1
    waiting: dict[str, list[PoolTrace]] = {}
    for trace in pool.traces(wanted):
        name = trace.problem.id
        waiting.setdefault(name, []).append(trace)
        missing[name] -= 1
        if missing[name] == 0:
            yield from _rows(pool, domain, waiting.pop(name), min_gap, most)
    for traces in waiting.values():  # of samples that turned out to have none
        yield from _rows(pool, domain, traces, min_gap, most)


def _wanted(pool: Pool, min_gap: float) -> set[TraceId]:
    """The traces that are in any pair."""
    problems: dict[str, list[Scored]] = {}
    for scored in pool.scored():
        problems.setdefault(scored.problem, []).append(scored)
    places = [place for place, budget in enumerate(pool.info.budgets) if budget > 0]
    wanted: set[TraceId] = set()
    for name, traces in problems.items():
        for place in places:
            quality = [trace.quality[place] for trace in traces]
            best, worst = max(quality), min(quality)
            wanted |= {
                (name, trace.draw)
                for trace, own in zip(traces, quality, strict=True)
                if _counts(best - own, min_gap) or _counts(own - worst, min_gap)
            }
    return wanted


def _counts(gap: float, min_gap: float) -> bool:
    return gap > 0 and gap >= min_gap


def _rows(
    pool: Pool, domain: Domain, traces: Sequence[PoolTrace], min_gap: float, most: int | None
) -> Iterator[dict[str, Any]]:
    info = pool.info
    prompt = [{"role": "user", "content": domain.ask(traces[0].problem)}]
    traces = sorted(traces, key=lambda trace: trace.draw)
    made: set[tuple[str, str]] = set()
    for place, budget in enumerate(info.budgets):
        if budget == 0:
            continue
        texts = {trace.draw: _completion(trace, place) for trace in traces}
        count = 0
        for contrast in _contrasts(traces, place, min_gap):
            chosen, rejected = texts[contrast.chosen.draw], texts[contrast.rejected.draw]
            if not chosen or not rejected or chosen == rejected or (chosen, rejected) in made:
                continue
            made.add((chosen, rejected))
            yield {
                "prompt": prompt,
                "chosen": [{"role": "assistant", "content": chosen}],
                "rejected": [{"role": "assistant", "content": rejected}],
                "budget": budget,
                "gap": contrast.gap,
                "chosen_quality": contrast.better,
                "rejected_quality": contrast.worse,
                "domain": info.domain,
                "problem": contrast.chosen.problem.id,
                "model": info.model,
                "dataset": info.dataset,
                "revision": info.revision,
            }
            count += 1
            if count == most:
                break


def _contrasts(traces: Sequence[PoolTrace], place: int, min_gap: float) -> list[_Contrast]:
    """The pairs at one budget, largest gap first."""
    rated = [(float(trace.points[place].quality), trace) for trace in traces]
    found = []
    for (quality, trace), (other, rival) in combinations(rated, 2):
        if _counts(abs(quality - other), min_gap):
            if quality > other:
                found.append(_Contrast(quality, other, trace, rival))
            else:
                found.append(_Contrast(other, quality, rival, trace))
    found.sort(key=lambda c: (-c.gap, -c.better, c.chosen.draw, c.rejected.draw))
    return found


def _completion(trace: PoolTrace, place: int) -> str:
    point = trace.points[place]
    said = cut_text(trace, place)
    if point.end is None:
        return said
    return "\n\n".join(part for part in (said, point.answer) if part.strip())
