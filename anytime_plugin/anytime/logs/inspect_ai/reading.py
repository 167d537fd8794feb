"""Finished Inspect logs as runs: their answers are graded again."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from anytime.cutting.frames import separated
from anytime.domains.base import Grade, grading_once
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.archive import sample_member
from anytime.hosts.inspect_ai.records import (
    ANNOTATED,
    CURVE,
    KEY,
    WRAP,
    Record,
    domain_of,
    entry_of,
    is_record,
)
from anytime.hosts.inspect_ai.verdicts import numbers_of, third_party_grade
from anytime.logs.asked_with import asked_with
from anytime.logs.inspect_ai.log_file import InspectLog, LoggedSample, reading
from anytime.programs.vote import grade_of
from anytime.runs import GradedTrace, RunInfo, TraceId, unanswered
from anytime.settings import MODE_OPTIONS, IndexOptions

__all__ = ["InspectRun"]

_OURS = ("anytime/curve", "curve")
"""Scorers that grade for others."""

_OPTIONS: dict[str, Any] = IndexOptions()._asdict()


class InspectRun:
    """A finished run of any task that was solved by one of our solvers.

    Args:
        path: The log, `.eval` or `.json`.

    Attributes:
        info: Where it is from.
        skipped: Samples without a curve, by reason.
        regraded: Samples graded otherwise than in the log.

    Raises:
        AnytimeError: It cannot be read, or has no checkpoints.
    """

    info: RunInfo

    def __init__(self, path: Path) -> None:
        """Read the header and one sample."""
        self._log = InspectLog(path)
        self.skipped: Counter[str] = Counter()
        self.regraded = 0
        first = next(self._log.samples(), None)
        if first is None:
            raise AnytimeError(f"{path} holds no samples: its run had none, or did not log them")
        with reading(path):
            run = self._log.head["eval"]
            told = run.get("metadata") or {}
            ours = entry_of(first.metadata) or _task_entry(told)
            if ours is None and not is_record(first.store.get(KEY)) and ANNOTATED not in told:
                raise AnytimeError(
                    f"{path} is a log of {run['task']}, which was not run at several budgets: add "
                    f"what stands in its traces with anytime annotate, or run the task by "
                    f"anytime/wrap"
                )
            self.info = _info(self._log.head, path, ours)

    def traces(self) -> Iterator[GradedTrace]:
        """All traces, a problem's own one after another."""
        left = Counter(sample_member(*place) for place in self._log.expected)
        entry, grade = None, None
        for sample in self._log.samples():
            left.pop(sample_member(sample.id, sample.epoch), None)
            record = sample.record()
            if sample.failed or record is None or record.elicited.failed:
                self.skipped[_reason(sample)] += 1
                continue
            if entry is None or entry != sample.metadata.get(KEY):
                entry, known = sample.metadata.get(KEY), domain_of(sample.metadata)
                grade = grading_once(*known) if known else None
            by_scorer = self._graded(record, grade)
            if not by_scorer:
                self.skipped["not scored"] += 1
                continue
            self.regraded += _differs(sample, record, next(iter(by_scorer.values())))
            for scorer, grades in by_scorer.items():
                yield GradedTrace(
                    str(sample.id), sample.epoch, record.elicited, record.method, grades, scorer
                )
        if left:
            self.skipped["missing in the log"] += len(left)

    def _graded(
        self, record: Record, grade: Callable[[str], Grade] | None
    ) -> dict[str, Sequence[Grade]]:
        """The grades of each scorer, without those that gave none."""
        if record.grades:
            return dict(record.grades)
        if grade is not None:
            points = record.elicited.checkpoints
            return {self.info.scorers[0]: [grade_of(point, grade) for point in points]}
        verdicts: dict[str, list[Grade]] = {}
        for place, said in enumerate(record.scores):
            for number, (scorer, verdict) in enumerate(zip(self.info.scorers, said, strict=False)):
                answer = record.answers[place][number] if record.answers else ""
                for name, value in numbers_of(scorer, verdict).items():
                    if not (isinstance(value, float) and math.isnan(value)):
                        known = third_party_grade(value)
                        known = replace(known, answer=answer or known.answer)
                        verdicts.setdefault(name, []).append(known)
        return {name: each for name, each in verdicts.items() if len(each) == len(record.scores)}

    def texts(self, wanted: Collection[TraceId]) -> Iterator[tuple[TraceId, str]]:
        """The texts of some traces, without those of contract runs, which are no one text."""
        from inspect_ai.model import ModelOutput

        from anytime.hosts.inspect_ai.driver import reply_from

        places = {(str(id_), epoch): (id_, epoch) for id_, epoch in self._log.expected}
        known = [places[trace] for trace in wanted if trace in places]
        for sample in self._log.some(known):
            record = sample.record()
            if record is None or not record.elicited.one_trace or sample.output is None:
                continue
            with reading(self._log.path):
                trace = separated(
                    reply_from(ModelOutput.model_validate(sample.output)), record.elicited.frame
                )
            yield (str(sample.id), sample.epoch), trace.reasoning + trace.text


def _task_entry(metadata: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Our entry in a task's metadata, which says of its problems what is common to them."""
    entry = metadata.get(KEY)
    common = {"domain", "dataset", "revision", "split"}
    return entry if isinstance(entry, Mapping) and entry.keys() >= common else None


def _info(head: Mapping[str, Any], path: Path, ours: Mapping[str, Any] | None) -> RunInfo:
    run = head["eval"]
    arguments = run.get("task_args") or {}
    options = _OPTIONS | {
        name: value for name, value in arguments.items() if name in _OPTIONS and value
    }
    for score in (head.get("results") or {}).get("scores") or []:
        if (index := score["metrics"].get("anytime_index")) is not None:
            given = index.get("params") or {}
            options |= {name: given[name] for name in _OPTIONS if name in given}
            break
    names = [scorer["name"] for scorer in run.get("scorers") or []]
    metadata = run.get("metadata") or {}
    sampling = run.get("model_generate_config") or {}
    own = [name for name in names if name not in _OURS and not name.endswith(CURVE)]
    scorers = (ours["domain"],) if ours else tuple(own or names)
    return RunInfo(
        harness="inspect_ai",
        log=str(path),
        run=run["eval_id"],
        task=metadata.get(WRAP, {}).get("task", run["task"]),
        domain=ours["domain"] if ours else None,
        dataset=ours["dataset"] if ours else (run.get("dataset") or {}).get("name") or "",
        revision=ours["revision"] if ours else None,
        split=ours["split"] if ours else None,
        model=run["model"],
        scorers=scorers,
        source="annotated" if ANNOTATED in metadata else "elicited",
        created=_in_utc(run.get("created") or None),
        version=(run.get("packages") or {}).get("inspect_ai"),
        sampling={
            name: value
            for name in ("temperature", "top_p", "top_k")
            if (value := sampling.get(name)) is not None
        },
        settings=_settings(head),
        **options,
    )


_TOLD = frozenset(
    (
        "budgets",
        "dataset",
        "method",
        "mode",
        "population",
        "split",
        "task",
        *MODE_OPTIONS,
        *_OPTIONS,
    )
)
"""What is told of a run elsewhere."""


def _settings(head: Mapping[str, Any]) -> dict[str, str]:
    """What a log says a run was asked with."""
    run, plan = head["eval"], head.get("plan") or {}
    steps = [step.get("params_passed") for step in plan.get("steps") or []]
    return asked_with(
        run.get("task_args"),
        *steps,
        run.get("solver_args_passed"),
        run.get("model_args"),
        plan.get("config"),
        run.get("model_generate_config"),
        without=_TOLD,
    )


def _in_utc(time: str | None) -> str | None:
    """As Inspect has it, which reads times of any zone."""
    return time and datetime.fromisoformat(time).astimezone(UTC).isoformat()


def _reason(sample: LoggedSample) -> str:
    record = sample.record()
    if record is not None and record.elicited.failed:
        return unanswered(record.elicited.failed)
    if sample.failed:
        return sample.failed
    if sample.limit:
        return f"stopped by its {sample.limit} limit"
    skipped = sample.store.get(KEY)
    if isinstance(skipped, Mapping) and isinstance(skipped.get("skipped"), str):
        return str(skipped["skipped"])
    return "without checkpoints"


def _differs(sample: LoggedSample, record: Record, grades: Sequence[Grade]) -> bool:
    for score in (sample.scores or {}).values():
        value = score.get("value")
        if isinstance(value, dict):
            return any(
                isinstance(logged := value.get(f"q@{point.budget}"), int | float)
                and not math.isclose(logged, grade.quality, abs_tol=1e-9)
                for point, grade in zip(record.elicited.checkpoints, grades, strict=True)
            )
    return False
