"""What a comparison can show, in sentences: the same in a terminal and on a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anytime.statistics.comparison import Comparison, Difference

__all__ = ["p_told", "sentences_on", "verdict_on"]

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
        return [*told, IDENTICAL]
    claims = [("of the index", one.index)]
    if one.planned is not None:
        planned = one.by_budget[one.budgets.index(one.planned)]
        claims.append((f"at {one.planned} tokens", planned))
        p = p_told(planned.p_holm)
        equals = "" if p.startswith("<") else "= "
        told.append(f"Planned at {one.planned} tokens: {planned.difference:+.3f}, p {equals}{p}.")
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
    """What the index says, without more certainty than there is."""
    if one.identical:
        return IDENTICAL
    d, level = one.index, 1 - one.confidence
    size = f"{abs(d.difference):.3f} {'higher' if d.difference > 0 else 'lower'}"
    if abs(d.difference) < 0.0005:
        size = "0.000"
    if d.p_holm <= level:
        often = f"{d.p_holm:.2%}" if d.p_holm >= 0.0001 else "less than 0.01%"
        return (
            f"The index of {one.a} is {size} than that of {one.b}; so large a "
            f"difference would come about by luck in {often} of such comparisons if the two "
            f"were alike."
        )
    there = "a true difference may be there all the same."
    if not math.isnan(d.detectable):
        there = f"a true difference of less than {d.detectable:.3f} may well be there all the same."
    return (
        f"No difference of the index was shown: {size} for {one.a}, which luck alone "
        f"gives often (p = {d.p_holm:.2f}); {there}"
    )
