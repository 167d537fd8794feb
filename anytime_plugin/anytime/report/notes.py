"""What has to be known to read a run's numbers rightly, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from anytime.cutting.tokens import cut_error
from anytime.report.digest import RunDigest

__all__ = ["notes_of"]

FEW = 100
"""With fewer problems than this the width of the interval is pointed out."""

OFTEN = 0.05
"""A share from which on unparsed answers are pointed out."""


def notes_of(one: RunDigest) -> list[str]:
    """Sentences about one curve, the gravest first."""
    return [
        *(f"{told[0].upper()}{told[1:]}." for told in one.summary.doubts),
        *_what_it_is_of(one),
        *_how_it_was_measured(one),
        *_how_sure_it_is(one),
    ]


def _what_it_is_of(one: RunDigest) -> Iterator[str]:
    info = one.info
    if info.model.startswith(("anytime/", "anytime-")):
        yield "No language model: this is one of the built-in planners, guessers and simulators."
    if info.dataset == "builtin":
        yield "The problems are built-in stand-ins in the shape of a benchmark, not the benchmark."
    if info.source == "table":
        yield (
            "Taken from a table that somebody else made: how its answers were obtained is not "
            "known here."
        )


def _how_it_was_measured(one: RunDigest) -> Iterator[str]:
    mode = one.key.mode
    if mode == "intrace":
        yield (
            "Nobody was asked at the budgets: what stood in the finished traces by then was "
            "graded. A model that is interrupted would mostly answer better."
        )
    elif mode == "contract":
        yield (
            "One run per budget, told its budget. This is not what an interrupted run would give, "
            "and is not to be compared with one."
        )
    elif one.info.source == "annotated":
        yield "The traces are from an earlier run, and were handed back to a model afterwards."
    leaked = one.spending.leaked
    if (most := np.nanmax(leaked, initial=0.0)) > 0:
        yield (
            f"The model went on reasoning when made to answer: up to {math.ceil(most)} tokens per "
            f"forced answer at a budget, where so much more than the budget was really spent."
        )
    total = one.cuts.total()
    for source, told in (
        ("calibrated", "found from token counts"),
        ("estimated", "estimated from the text alone"),
    ):
        if one.cuts[source]:
            share = one.cuts[source] / total
            many = "All cuts were" if share == 1 else f"{math.ceil(100 * share)}% of the cuts were"
            budgets = [budget for budget in one.summary.quality if budget]
            small, large = budgets[0], budgets[-1]
            off = [f"{cut_error(source, budget):.0%} at {budget}" for budget in (small, large)]
            yield f"{many} {told}: off by up to {' and '.join(off)} tokens, as measured elsewhere."
    if one.added_tokens is not None:
        learnt = "" if one.pool_tokens is None else f", learnt from {one.pool_tokens:,} tokens"
        yield f"The method put {one.added_tokens:,.0f} tokens into the prompt{learnt}."


def _these(problems: int) -> str:
    return "this problem" if problems == 1 else f"these {problems} problems"


def _how_sure_it_is(one: RunDigest) -> Iterator[str]:
    summary = one.summary
    low, high = summary.summary.interval
    if summary.population == "traces":
        if summary.problems < FEW:
            yield (
                f"{summary.traces} traces leave the index of {_these(summary.problems)} uncertain: "
                f"its interval is {high - low:.2f} wide. More traces of each would narrow it."
            )
    elif summary.problems < 2:
        yield "A single problem: there is no interval."
    elif summary.problems < FEW:
        yield (
            f"{summary.problems} problems leave the index uncertain: its interval is "
            f"{high - low:.2f} wide. anytime plan says what more problems, or more traces of each, "
            f"would make of that."
        )
    if summary.unparsed is not None and summary.unparsed >= OFTEN:
        yield (
            f"No answer could be extracted at {summary.unparsed:.0%} of the checkpoints, which "
            f"count as 0."
        )
    if summary.skipped:
        reasons = ", ".join(f"{count} {reason}" for reason, count in summary.skipped.items())
        yield f"Left out: {reasons}."
    if one.regraded:
        yield f"{one.regraded} samples are graded otherwise than in the log."
    info = one.info
    if summary.summary.drift_is_noise:
        yield "The drift is within noise: its interval begins at 0."
    usual = ("mean", "linear", 1.0, "crossfit")
    if (info.envelope, info.scale, info.q_max, info.estimator) != usual:
        yield (
            f"The index is taken with envelope {info.envelope}, scale {info.scale} and q_max "
            f"{info.q_max}, estimator {info.estimator}: compare it with others of the same kind "
            f"alone."
        )
