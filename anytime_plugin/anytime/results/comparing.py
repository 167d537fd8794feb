"""What a comparison can show, in sentences: the same in a terminal and on a page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anytime.statistics.comparison import Comparison, Difference

__all__ = ["differing_told", "p_told", "sentences_on", "verdict_on"]

IDENTICAL = "The two runs have the same quality everywhere: there is nothing to compare."

_TAKEN = {
    "problems": "The problems are taken as a sample of such problems (population=problems).",
    "traces": "These problems are taken as all there are, and other traces of them are asked about "
    "(population=traces).",
}


def p_told(p: float) -> str:
    """A p-value as tables show it: never as 0, which none is."""
    return f"{p:.4f}" if p >= 0.0001 else "<0.0001"


def sentences_on(one: Comparison) -> list[str]:
    """What the numbers are of, and what they can show."""
    left = f"; {sum(one.left_out)} problems left out" if any(one.left_out) else ""
    told = [
        f"{one.problems} problems, {one.traces[0]} and {one.traces[1]} traces{left}. "
        f"{_TAKEN[one.population]}"
    ]
    if one.uneven:
        told.append(
            f"The p-values are of {one.tested} traces of either run, drawn by the seed: more of "
            f"one run alone would make false claims, and as many of both would show smaller "
            f"differences."
        )
    if one.identical:
        return told
    claims = [("of the index", one.index)]
    if one.planned is not None:
        planned = one.by_budget[one.budgets.index(one.planned)]
        claims.append((f"at {one.planned} tokens", planned))
    return [*told, *_at_odds(one, claims), *_power(one, claims)]


def _at_odds(one: Comparison, claims: Sequence[tuple[str, Difference]]) -> list[str]:
    """Where a p-value claims a difference and the interval beside it leaves 0 open."""
    odd = [
        what
        for what, d in claims
        if d.p_holm <= 1 - one.confidence and d.interval.low <= 0 <= d.interval.high
    ]
    if one.population != "problems" or not odd:
        return []
    return [
        f"The interval {' and '.join(odd)} holds 0 beside a small p-value: it allows for problems "
        f"unlike these {one.problems}, and the p-value asks whether luck alone made these "
        f"differences."
    ]


def _power(one: Comparison, claims: Sequence[tuple[str, Difference]]) -> list[str]:
    """What so many can show: all claims in one sentence, those not known in another."""
    known = [(what, d.detectable) for what, d in claims if not math.isnan(d.detectable)]
    unknown = [what for what, d in claims if math.isnan(d.detectable)]
    over_problems = one.population == "problems"
    these = f"{one.problems} problems"
    many = these if over_problems else f"So many traces of these {these}"
    alike = f"the {these}" if over_problems else f"all traces of each of the {these}"
    told = []
    if known:
        differences = ", and ".join(f"{what} of {least:.3f} or more" for what, least in known)
        told.append(
            f"{many} would show a true difference {differences} in 80 of 100 such "
            f"comparisons (power 80 %)."
        )
    if unknown:
        told.append(
            f"What true difference {' and '.join(unknown)} they would show is not known: {alike} "
            f"came out alike there."
        )
    return told


def verdict_on(one: Comparison) -> str:
    """The decision in one sentence: at the planned budget, else of the index."""
    if one.identical:
        return IDENTICAL
    d = one.index if one.planned is None else one.by_budget[one.budgets.index(one.planned)]
    what = "Over all budgets" if one.planned is None else f"At {one.planned:,} tokens"
    number = "index" if one.planned is None else "quality"
    low, high = d.interval
    limits = f"{low:+.3f} to {high:+.3f}"
    if abs(d.difference) < 0.0005:
        said = f"{what} {one.a} and {one.b} are level ({number}, {one.confidence:.0%}: {limits})"
    else:
        better = "better" if d.difference > 0 else "worse"
        said = (
            f"{what} {one.a} is {better} than {one.b} by {abs(d.difference):.3f} "
            f"({number} {d.a:.3f} and {d.b:.3f}; {one.confidence:.0%}: {limits})"
        )
    if d.p_holm <= 1 - one.confidence:
        luck = f"luck alone gives so much in {_often(d.p_holm)} of comparisons"
        if low <= 0 <= high:
            return f"{said}: {luck}, yet problems unlike these may not show it."
        return f"{said}: shown, as {luck}."
    if math.isnan(d.detectable):
        return f"{said}: not shown."
    return (
        f"{said}: not shown; a true difference of {d.detectable:.3f} would have been, "
        f"8 times of 10."
    )


def _often(p: float) -> str:
    return f"{p:.2%}" if p >= 0.0001 else "less than 0.01%"


def differing_told(differ: Mapping[str, Sequence[str]]) -> str:
    """What differs between runs beside what they are called by, in a sentence; empty for nothing.

    Args:
        differ: Of `anytime.results.labels.also_differ`.
    """
    if not differ:
        return ""
    parts = [
        f"{name} ({', '.join(value or 'not set' for value in values)})"
        for name, values in differ.items()
    ]
    return f"The runs differ in {', '.join(parts)} too: what is seen may come from that."
