"""What a comparison of two runs came to: its numbers, and what they can show in sentences.

The same sentences stand in a terminal, on a page and in a notebook.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.harmless import for_terminal
from anytime.settings import Population
from anytime.statistics.bounded import Interval
from anytime.statistics.shown import html_list, html_table, html_text, limits_told, text_table

__all__ = ["Comparison", "Difference", "numbers_told", "p_told", "sentences_on", "verdict"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One number of two runs, and what their difference is worth.

    Attributes:
        a: The number of the first run.
        b: The number of the second.
        difference: a - b.
        interval: Paired interval of the difference.
        p: Two-sided p-value: of sign flips over problems; over traces that of the interval.
        p_holm: The same, adjusted for all claims of its family.
        detectable: Minimum detectable effect: the true difference that this many problems (over
            traces: so many traces of them), as different as these, would show in 80 of 100 such
            comparisons; NaN where all are alike, so that nothing tells how they vary.

    Example:
        >>> a, b = (Run(n, [8, 16], {"x": [0, q], "y": [q, q]}) for n, q in [("a", 1), ("b", 0)])
        >>> final: Difference = compare(a, b).final
        >>> final.a, final.b, final.difference
        (1.0, 0.0, 1.0)
    """

    a: float
    b: float
    difference: float
    interval: Interval
    p: float
    p_holm: float
    detectable: float


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """Run a minus run b.

    Attributes:
        a: Name of the first run.
        b: Name of the second.
        budgets: At which both were run.
        index: Difference of the Anytime Index.
        average: Difference of the unweighted mean over budgets.
        by_budget: Difference of mean quality at each budget.
        planned: The budget that was named beforehand; its p-value is adjusted for no other.
        problems: How many problems were compared.
        traces: How many traces of a and of b were.
        left_out: How many problems of a and of b the other lacks; (0, 0) unless `common_only`.
        tested: How many traces of each run the p-values are of: fewer than there are where a
            problem has more of one run than of the other; None over traces, where they are of all.
        identical: The two runs have the same quality everywhere.
        confidence: Of all intervals; 1 - confidence is the level that `detectable` refers to.
        population: What intervals and p-values generalise to.
        notes: What these numbers must not be believed without, in sentences: what else differs
            between the runs, and what was doubtful about either.

    Example:
        >>> a, b = (Run(n, [8, 16], {"x": [0, q], "y": [q, q]}) for n, q in [("a", 1), ("b", 0)])
        >>> seen: Comparison = compare(a, b)
        >>> seen.index.difference, seen.identical
        (0.75, False)
    """

    a: str
    b: str
    budgets: BudgetGrid
    index: Difference
    average: Difference
    by_budget: tuple[Difference, ...]
    planned: int | None
    problems: int
    traces: tuple[int, int]
    left_out: tuple[int, int]
    tested: int | None
    identical: bool
    confidence: float
    population: Population
    notes: tuple[str, ...] = ()

    @property
    def final(self) -> Difference:
        """Difference at the largest budget; one of the per-budget claims."""
        return self.by_budget[-1]

    @property
    def detectable(self) -> float:
        """The minimum detectable effect of the index."""
        return self.index.detectable

    @property
    def uneven(self) -> bool:
        """Whether p-values leave out traces, as some problem has more of them in one run."""
        return self.tested is not None and self.tested < max(self.traces)

    def __repr__(self) -> str:
        """The decision, the numbers it is from, and what they must not be believed without."""
        parts = [verdict(self), text_table(*_table(self)), *sentences_on(self), *self.notes]
        return "\n".join(for_terminal(part) for part in parts)

    def _repr_html_(self) -> str:
        told = html_list([*sentences_on(self), *self.notes])
        return f"<p><b>{html_text(verdict(self))}</b></p>{html_table(*_table(self))}{told}"


def _table(one: Comparison) -> tuple[list[str], list[list[str]]]:
    """Heads and rows, one for each number."""
    heads = ["", one.a, one.b, "difference", f"{one.confidence:.0%}", "p", "p (Holm)"]
    return heads, numbers_told(one)


def numbers_told(one: Comparison) -> list[list[str]]:
    """A row for each number: its name, both values, the difference, its limits, both p-values."""
    rows = [
        ("anytime_index", one.index),
        *((f"q@{b}", d) for b, d in zip(one.budgets, one.by_budget, strict=True)),
        ("average", one.average),
    ]
    return [
        [
            name,
            f"{d.a:.3f}",
            f"{d.b:.3f}",
            f"{d.difference:+.3f}",
            limits_told(d.interval, "+"),
            p_told(d.p),
            p_told(d.p_holm),
        ]
        for name, d in rows
    ]


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
    return [*told, *_at_odds(one, claims), *_not_enough(one, claims), *_power(one, claims)]


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


def _not_enough(one: Comparison, claims: Sequence[tuple[str, Difference]]) -> list[str]:
    """Where the interval leaves 0 out and the p-value beside it claims no difference."""
    level = 1 - one.confidence
    odd = [
        (what, d)
        for what, d in claims
        if d.p_holm > level and (d.interval.low > 0 or d.interval.high < 0)
    ]
    return [
        f"The interval {what} leaves 0 out, and its p-value (Holm: {p_told(d.p_holm)}) is above "
        f"{level:.2g}: the interval is of this number alone, and the p-value "
        + (
            "is adjusted for all that are claimed beside it; the claim goes by the p-value."
            if d.p <= level
            else "is of another test; the claim goes by the p-value."
        )
        for what, d in odd
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


def verdict(one: Comparison) -> str:
    """The decision in one sentence: at the planned budget, else of the index.

    Args:
        one: The comparison, as `anytime.compare` makes it.

    Raises:
        AnytimeError: It is none.

    Example:
        >>> a, b = (Run(n, [8, 16], {"x": [0, q], "y": [q, q]}) for n, q in [("a", 1), ("b", 0)])
        >>> verdict(compare(a, b)).startswith("Over all budgets a is better than b by 0.750")
        True
    """
    if not isinstance(one, Comparison):
        raise AnytimeError(
            f"a verdict is on one comparison, which {type(one).__name__} is none of: write "
            f"verdict(compare(run, baseline))"
        )
    if one.identical:
        return IDENTICAL
    d = one.index if one.planned is None else one.by_budget[one.budgets.index(one.planned)]
    what = "Over all budgets" if one.planned is None else f"At {one.planned:,} tokens"
    number = "index" if one.planned is None else "quality"
    low, high = d.interval
    limits = limits_told(d.interval, "+")
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
