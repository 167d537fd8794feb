"""What a finished run comes to, recomputed from its rows: the numbers of the hosts' own tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

import numpy as np

from anytime.errors import AnytimeError
from anytime.programs.doubts import Doubts
from anytime.results.curves import RunCurve, RunKey, curves
from anytime.results.spent import Spent
from anytime.rows import rows_of
from anytime.runs import UNANSWERED, FinishedRun, GradedTrace, RunInfo
from anytime.settings import Envelope, Estimator, IndexOptions, Population, QMax, Scale
from anytime.statistics.curve import FloatArray
from anytime.statistics.index import Interval
from anytime.statistics.measures import Input, measured, measures_of
from anytime.statistics.missing import RIGHT, Missing, missing_at
from anytime.statistics.summary import Summary, summarize
from anytime.statistics.thinking import Course, thinking_of

__all__ = [
    "Column",
    "RunSummary",
    "columns_shown",
    "course_of",
    "doubts_told",
    "notes_on",
    "summaries",
    "summary_of",
    "with_doubts",
]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The numbers of one run.

    Attributes:
        key: What it is of.
        problems: How many have a curve.
        traces: How many there are, over all problems.
        quality: Q_t by budget.
        measures: The measures of the curve by name (`anytime.statistics.measures`); None where
            nothing can be said: of the interval of a single problem, or because it is unknown.
        summary: The index and what is always reported beside it, each with its interval.
        skipped: Samples without a curve, by reason.
        population: What the intervals generalise to.
        answer_tokens: Mean tokens of a forced answer by budget, of the budgets that have some.
        cuts: Checkpoints by how their cut was found.
        doubts: What these numbers must not be believed without, in sentences.
        info: Where the run is from; None where it is a bare curve.
        spent: What its traces took; None likewise.
        missing: Why quality is missing at each budget.
        thinking: When traces were right, and what came after (`anytime.statistics.thinking`).
    """

    key: RunKey
    problems: int
    traces: int
    quality: Mapping[int, float]
    measures: Mapping[str, float | None]
    summary: Summary
    skipped: Mapping[str, int]
    population: Population = "problems"
    answer_tokens: Mapping[int, float] = field(default_factory=dict)
    cuts: Mapping[str, int] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    info: RunInfo | None = None
    spent: Spent | None = None
    missing: Missing | None = None
    thinking: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def unparsed(self) -> float | None:
        """Share of checkpoints without an extractable answer; None where it is unknown."""
        return self.measures["unparsed"]

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return self.key._asdict() | {
            "problems": self.problems,
            "traces": self.traces,
            **self.measures,
            "quality": {str(budget): value for budget, value in self.quality.items()},
            "intervals": {
                name: None if math.isnan(interval.low) else list(interval)
                for name, interval in self.intervals.items()
            },
            "population": self.population,
            "skipped": dict(self.skipped),
            "answer_tokens": {str(budget): value for budget, value in self.answer_tokens.items()},
            "cuts": dict(self.cuts),
            "doubts": list(self.doubts),
            "settings": dict(self.info.settings) if self.info else {},
            "spent": self.spent.to_json() if self.spent else {},
            "missing": self._missing_json(),
            "thinking": dict(self.thinking),
        }

    def _missing_json(self) -> dict[str, Any]:
        found = self.missing
        if found is None:
            return {}
        return {
            "shares": {
                name: {
                    str(budget): float(share)
                    for budget, share in zip(self.quality, shares, strict=True)
                }
                for name, shares in found.shares.items()
            },
            "failed_traces": sum(self.failed.values()),
            "unknown_whether_ended": found.unknown,
            "traces_at_least": found.traces,
            "solved": found.solved,
            "solved_intervals": {
                name: None if math.isnan(interval.low) else list(interval)
                for name, interval in found.intervals.items()
            },
        }

    @property
    def failed(self) -> dict[str, int]:
        """Traces without an answer of the model, which are in no state, by reason."""
        return {
            reason: count for reason, count in self.skipped.items() if reason.startswith(UNANSWERED)
        }

    @property
    def intervals(self) -> Mapping[str, Interval]:
        """95 % intervals by the name of the number; NaN where nothing can be said."""
        by_budget = zip(self.quality, self.summary.by_budget, strict=True)
        return {
            "anytime_index": self.summary.interval,
            "anytime_index_raw": self.summary.raw_interval,
            "final": self.summary.final_interval,
            "drift": self.summary.drift_interval,
            **{f"q@{budget}": interval for budget, interval in by_budget},
        }


def summaries(
    runs: Iterable[FinishedRun],
    *,
    envelope: Envelope | None = None,
    scale: Scale | None = None,
    q_max: QMax | None = None,
    estimator: Estimator | None = None,
    population: Population | None = None,
) -> list[RunSummary]:
    """Sum up runs with the options of the index each was run with, or those that are named.

    Raises:
        AnytimeError: One has nothing at budgets, or mixes budgets; an unknown option.
    """
    named: dict[str, Any] = {
        "envelope": envelope,
        "scale": scale,
        "q_max": q_max,
        "estimator": estimator,
        "population": population,
    }
    given = {name: value for name, value in named.items() if value is not None}
    found = []
    for run in runs:
        kept = Kept()

        for key, curve in curves(rows_of(run, kept.look)).items():
            one = summary_of(key, curve, run.info.options._replace(**given), run.skipped)
            found.append(kept.beside(one, run.info))
    return found


@dataclass
class Kept:
    """What is counted of a run's traces while its rows go by, each trace once.

    Attributes:
        doubts: What its numbers must not be believed without.
        spent: What its traces took.
        scorer: The first; its traces are those of the others.
        courses: When its traces were right, by scorer.
    """

    doubts: Doubts = field(default_factory=Doubts)
    spent: Spent = field(default_factory=Spent)
    scorer: str | None = None
    courses: dict[str, list[Course]] = field(default_factory=dict)

    def look(self, trace: GradedTrace) -> None:
        """Count a trace, if it was not counted."""
        if trace.elicited.one_trace:
            self.courses.setdefault(trace.scorer, []).append(course_of(trace))
        self.scorer = self.scorer or trace.scorer
        if trace.scorer == self.scorer:
            self.doubts.add(trace.elicited)
            self.spent.add(trace.elicited)

    def beside(self, one: RunSummary, info: RunInfo) -> RunSummary:
        """The summary of the run, with all that was counted."""
        thinking = thinking_of(self.courses.get(one.key.scorer, ()), list(one.quality))
        told = with_doubts(one, self.doubts)
        return replace(told, info=info, spent=self.spent, thinking=thinking)


def course_of(trace: GradedTrace) -> Course:
    """When a trace was right."""
    points, last = trace.elicited.checkpoints, trace.grades[-1]
    settled: list[bool] = []
    for grade in reversed(trace.grades):
        same = grade.parsed is not False and grade.answer == last.answer
        settled.append(same and (not settled or settled[-1]))
    own = tuple(not point.forced and point.cut is None for point in points)
    return Course(
        trace.problem,
        tuple(grade.quality >= RIGHT for grade in trace.grades),
        own,
        tuple(reversed(settled)),
        tuple(point.tokens for point in points),
        trace.elicited.tokens,
        own[-1],
    )


def with_doubts(one: RunSummary, doubts: Doubts) -> RunSummary:
    """The summary, with what was counted of the traces it is of."""
    return replace(
        one,
        answer_tokens=doubts.answer_tokens,
        cuts=dict(doubts.cuts),
        doubts=doubts_told(doubts, one.unparsed, one.skipped),
    )


def doubts_told(
    doubts: Doubts, unparsed: float | None, skipped: Mapping[str, int]
) -> tuple[str, ...]:
    """What a finished run's numbers must not be believed without, in sentences.

    Args:
        doubts: What was counted of the traces that have a curve.
        unparsed: Share of answers that could not be read; None where it is unknown.
        skipped: Traces without a curve, by reason.
    """
    failed = {
        reason.removeprefix(UNANSWERED).strip(" ()"): count
        for reason, count in skipped.items()
        if reason.startswith(UNANSWERED)
    }
    return tuple(doubts.sentences(unparsed, failed))


def summary_of(
    key: RunKey,
    run: RunCurve,
    options: IndexOptions | None = None,
    skipped: Mapping[str, int] | None = None,
) -> RunSummary:
    """Sum up one curve.

    Args:
        key: What it is of.
        run: The curve.
        options: How the index is computed; None for the usual ones.
        skipped: Samples without a curve, by reason.

    Raises:
        AnytimeError: It is no curve, or an option is unknown.
    """
    try:
        curve = run.curve
    except AnytimeError as error:
        raise AnytimeError(f"{key.log}: {error}") from None
    with_traces = ~np.isnan(run.quality[..., 0])
    inputs: dict[Input, FloatArray] = {"quality": run.quality, "unparsed": run.unparsed}
    options = options or IndexOptions()
    found = measured(curve, options, inputs)
    return RunSummary(
        key=key,
        problems=len(run.problems),
        traces=int(with_traces.sum()),
        quality=dict(zip(run.budgets, map(float, curve.mean), strict=True)),
        measures={name: None if math.isnan(value) else value for name, value in found.items()},
        summary=summarize(curve, **options._asdict()),
        skipped=dict(skipped or {}),
        population=options.population,
        missing=missing_at(run.quality, run.unparsed, run.ended),
    )


_OVER = {
    "problems": "take the problems as a sample of such problems (population=problems)",
    "traces": "take these problems as all there are, and ask about other traces of them "
    "(population=traces)",
}


def populations_told(found: Sequence[RunSummary]) -> list[str]:
    """What the intervals of these runs generalise to."""
    over = dict.fromkeys(one.population for one in found)
    which = " of some" if len(over) > 1 else ""
    return [f"95 % intervals{which} {_OVER[population]}." for population in over]


def notes_on(found: Sequence[RunSummary]) -> list[str]:
    """What a reader of these numbers has to know, in sentences."""
    notes = populations_told(found)
    noisy = [one for one in found if one.summary.drift_is_noise]
    if noisy:
        which = "this run" if len(found) == 1 else f"{len(noisy)} of these {len(found)} runs"
        notes.append(f"Drift of {which} is within noise: its interval begins at 0.")
    return notes


class Column(NamedTuple):
    """A column of a table for people.

    Attributes:
        title: Its heading.
        kind: Of the measure.
        names: The measure; or the two limits of its interval.
    """

    title: str
    kind: str
    names: tuple[str, ...]

    def values(self, one: RunSummary) -> list[float]:
        """What a run has there; nothing where nothing can be said."""
        found = [one.measures[name] for name in self.names]
        return [value for value in found if value is not None]

    def text(self, one: RunSummary) -> str:
        """The same with three digits."""
        return "-".join(f"{value:.3f}" for value in self.values(one))


def columns_shown(*where: Literal["everywhere", "tables"]) -> list[Column]:
    """The measures that people are shown there, each with its interval behind it if it has one."""
    known = measures_of("quality", "unparsed")
    found = []
    for measure in known:
        if measure.bound_of or measure.shown not in where:
            continue
        found.append(Column(measure.title or measure.name, measure.kind, (measure.name,)))
        bounds = [one for one in known if one.bound_of == measure.name and one.shown != "files"]
        if limits := tuple(one.name for one in bounds):
            found.append(Column("95 %", "interval", limits))
    return found
