"""Finished runs, read once each, as what a report shows of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from anytime.programs.doubts import Doubts
from anytime.report.falls import Fall, Step, falls_of, steepest, with_texts
from anytime.report.spending import Spending, Tally, spending_of, tally
from anytime.results.curves import RunCurve, RunKey, curves
from anytime.results.labels import Named, given_labels, labels, with_given
from anytime.results.spent import Spent
from anytime.results.summary import RunSummary, course_of, summary_of, with_doubts
from anytime.rows import Row, rows_of_trace, without_answers
from anytime.runs import FinishedRun, RunInfo
from anytime.statistics.bands import Band, curve_band
from anytime.statistics.thinking import Course, thinking_of

__all__ = ["RunDigest", "digests", "labelled"]

PROBLEMS_SHOWN = 10
"""Problems of a run that are shown with what was lost at them."""


@dataclass(frozen=True, slots=True, eq=False)
class RunDigest:
    """What a report shows of one curve; a run that several scorers graded has one for each.

    Attributes:
        info: Where the run is from.
        key: What the curve is of.
        run: The curve.
        summary: The index, and what is reported beside it.
        band: Simultaneous 95 % intervals of the curve.
        spending: What the checkpoints took.
        falls: The problems at which quality was lost, worst first.
        fallen: How many such problems there are.
        cuts: How cuts were found, by checkpoints.
        continuations: How cut traces were handed back, by checkpoints.
        added_tokens: What the method put into the prompt, mean over traces; None for `cot`.
        pool_tokens: What it took to learn them; None for `cot`.
        regraded: Samples graded otherwise than in the log.
        label: What it is called in the report.
    """

    info: RunInfo
    key: RunKey
    run: RunCurve
    summary: RunSummary
    band: Band
    spending: Spending
    falls: tuple[Fall, ...]
    fallen: int
    cuts: Counter[str]
    continuations: Counter[str]
    added_tokens: float | None
    pool_tokens: int | None
    regraded: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept of a curve while its run is read, beside the curve."""

    tally: Tally
    steps: dict[str, Step]
    doubts: Doubts
    spent: Spent
    courses: list[Course]


def digests(
    runs: Iterable[FinishedRun],
    problems_shown: int = PROBLEMS_SHOWN,
    given: Sequence[str] = (),
) -> list[RunDigest]:
    """Read runs, each once.

    Args:
        runs: The runs; their texts are asked for the few traces that are shown.
        problems_shown: How many problems of each are shown with what was lost at them.
        given: Labels of the user's, as in `labelled`.

    Raises:
        AnytimeError: One has nothing at budgets, mixes budgets, or is damaged.
    """
    found = [one for run in runs for one in _of_run(run, problems_shown)]
    return labelled(found, given)


def _of_run(run: FinishedRun, problems_shown: int) -> Iterator[RunDigest]:
    kept: dict[RunKey, _Kept] = {}
    found = curves(_rows(run, kept))
    for key, curve in found.items():
        yield _digest(run, key, curve, kept[key], problems_shown)


def _rows(run: FinishedRun, kept: dict[RunKey, _Kept]) -> Iterator[Row]:
    """All rows of a run; what a curve does not need of them is kept as they go by."""
    nothing = True
    for trace in run.traces():
        nothing = False
        rows = list(rows_of_trace(run.info, trace))
        key = RunKey.of(rows[0])
        beside = kept.setdefault(key, _Kept(Tally(), {}, Doubts(), Spent(), []))
        tally(beside.tally, rows)
        beside.doubts.add(trace.elicited)
        beside.spent.add(trace.elicited)
        if trace.elicited.one_trace:
            beside.courses.append(course_of(trace))
        step, known = steepest(trace, rows, run.info.scale), beside.steps.get(trace.problem)
        if step and (known is None or step.loss > known.loss):
            beside.steps[trace.problem] = step
        yield from rows
    if nothing:
        raise without_answers(run)


def _digest(
    run: FinishedRun, key: RunKey, curve: RunCurve, kept: _Kept, problems_shown: int
) -> RunDigest:
    info = run.info
    summary = with_doubts(summary_of(key, curve, info.options, run.skipped), kept.doubts)
    thinking = thinking_of(kept.courses, curve.budgets)
    summary = replace(summary, info=info, spent=kept.spent, thinking=thinking)
    falls = falls_of(curve, kept.steps, problems_shown, info.scale)
    added = kept.tally.added_tokens
    return RunDigest(
        info=info,
        key=key,
        run=curve,
        summary=summary,
        band=curve_band(curve.curve, seed=info.seed),
        spending=spending_of(kept.tally, curve.problems, key.mode == "contract"),
        falls=tuple(with_texts(run, falls)),
        fallen=len(kept.steps),
        cuts=kept.tally.cuts,
        continuations=kept.tally.continuations,
        added_tokens=sum(added) / len(added) if added else None,
        pool_tokens=kept.tally.pool_tokens,
        regraded=run.regraded,
    )


def labelled(found: Iterable[RunDigest], given: Sequence[str] = ()) -> list[RunDigest]:
    """Number runs and call each by its model, its method, and what else tells it from the others.

    Args:
        found: The runs.
        given: Labels of the user's, each `RUN=LABEL` (`anytime.results.labels.given_labels`).

    Raises:
        AnytimeError: A label is of no run, or there twice.
    """
    listed = list(found)
    runs = [Named(one.info, one.key) for one in listed]
    named = with_given(labels(runs, always=("model", "method", "mode")), given_labels(runs, given))
    return [
        replace(one, label=f"{number} {name}")
        for number, (one, name) in enumerate(zip(listed, named, strict=True), 1)
    ]
