"""Finished Inspect logs, read sample by sample and graded again from their answers.

Inspect's own readers parse and validate all of a sample, and most of it is the transcript, which
nobody looks at here. So `.eval` archives are opened directly, and of each sample what comes before
the transcript is parsed: several times faster. Names of members and fields are Inspect's file
format; `tests/results/test_skipped.py` tells when it moves.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.model import ModelOutput

from anytime.domains.base import Grade
from anytime.elicitation import separated
from anytime.errors import AnytimeError
from anytime.grading import grading_once
from anytime.hosts.inspect_ai.driver import reply_from
from anytime.hosts.inspect_ai.records import CURVE, KEY, Record, domain_of, record_in
from anytime.hosts.inspect_ai.scoring import foreign_grade
from anytime.runs import GradedTrace, RunInfo, TraceId

__all__ = ["InspectLog", "InspectRun", "LoggedSample", "Place", "reading"]

Place = tuple[str | int, int]
"""A sample's id and epoch."""

_TRANSCRIPT = b',"events":['
"""Where the bulk of a sample begins. Quotation marks within a JSON text are escaped, so this stands
at a key; where it is a key of something else, what comes before it is no JSON object."""

_RESULTS = b',"scores":{'
"""Where messages and output, the other bulk of a sample, end."""

_BEHIND = b'],"model_usage":{'
"""What follows the transcript, or stands within it."""

_TROUBLE = (b'"error":{', b'"limit":{', b'"invalidation":{')
"""Where what comes after the transcript has to be looked at too."""

_OURS = ("anytime/curve", "curve")
"""Scorers that grade for others."""

_OPTIONS: dict[str, Any] = {"envelope": "mean", "scale": "linear", "q_max": 1.0, "seed": 0}


class LoggedSample(NamedTuple):
    """What is looked at of a sample.

    Attributes:
        id: Of the sample.
        epoch: Which of its traces it is.
        metadata: The problem stands there.
        store: The checkpoints stand there.
        output: The model's output, as JSON values; None where it was passed over.
        scores: As JSON values by scorer; None where it was not scored.
        failed: Why its run has no result, in words; None where it has one.
        limit: The kind of limit it was stopped by, if any.
    """

    id: str | int
    epoch: int
    metadata: Mapping[str, Any]
    store: Mapping[str, Any]
    output: Mapping[str, Any] | None
    scores: Mapping[str, Any] | None
    failed: str | None
    limit: str | None

    def record(self) -> Record | None:
        """The checkpoints; None where `anytime/budget` did not finish."""
        return record_in(self.store.get(KEY))


class InspectLog:
    """A log that samples are read from, one at a time.

    A `.json` log, which is one JSON object, is read as a whole and takes its own size and more; an
    `.eval` log does not.

    Args:
        path: The log, whatever its name.

    Attributes:
        path: The log.
        format: What it is.
        header: All but the samples.

    Raises:
        AnytimeError: It cannot be read, or is no log.
    """

    def __init__(self, path: Path) -> None:
        """Read the header."""
        self.path = path
        self.format = _format(path)
        with reading(path):
            self.header: EvalLog = read_eval_log(str(path), header_only=True, format=self.format)

    @property
    def expected(self) -> list[Place]:
        """The samples its run set out to do, a problem's own one after another."""
        epochs = self.header.eval.config.epochs or 1
        ids = self.header.eval.dataset.sample_ids or []
        return [(id_, epoch) for id_ in ids for epoch in range(1, epochs + 1)]

    def samples(self) -> Iterator[LoggedSample]:
        """All samples: those expected in their order, then what else there is.

        Outputs are passed over where that saves time.
        """
        with reading(self.path):
            if self.format == "json":
                held = {(raw["id"], raw["epoch"]): raw for raw in self._whole()}
                for place in dict.fromkeys([*self.expected, *held]):
                    if place in held:
                        yield _sample(held.pop(place))
                return
            with zipfile.ZipFile(self.path) as archive:
                names = dict.fromkeys(name for name in archive.namelist() if _is_sample(name))
                for place in self.expected:
                    if (name := _name(place)) in names:
                        del names[name]
                        yield _sample(_parsed(archive.read(name), place))
                for name in names:
                    yield _sample(_parsed(archive.read(name)))

    def some(self, places: Collection[Place]) -> Iterator[LoggedSample]:
        """Samples by their places, in that order.

        Raises:
            AnytimeError: One of them is missing, or damaged.
        """
        with reading(self.path):
            if self.format == "json":
                held = {(raw["id"], raw["epoch"]): raw for raw in self._whole()}
                for place in places:
                    yield _sample(held[place])
                return
            with zipfile.ZipFile(self.path) as archive:
                for place in places:
                    yield _sample(_parsed(archive.read(_name(place))))

    def _whole(self) -> list[dict[str, Any]]:
        raw: list[dict[str, Any]] = json.loads(self.path.read_bytes()).get("samples") or []
        return raw


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
        header = self._log.header
        ours = first.metadata.get(KEY) or (header.eval.metadata or {}).get(KEY)
        if ours is None and KEY not in first.store:
            raise AnytimeError(
                f"{path} is a log of {header.eval.task}, which was not run at several budgets: run "
                f"one of anytime's tasks, or the task itself with --solver anytime/budget"
            )
        self.info = _info(header, path, ours)

    def traces(self) -> Iterator[GradedTrace]:
        """All traces, a problem's own one after another."""
        left = Counter(map(_name, self._log.expected))
        entry, grade = None, None
        for sample in self._log.samples():
            left.pop(_name((sample.id, sample.epoch)), None)
            record = sample.record()
            if sample.failed or record is None:
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
            return dict(zip(self.info.scorers, zip(*record.grades, strict=True), strict=False))
        if grade is not None:
            points = record.elicited.checkpoints
            return {self.info.scorers[0]: [grade(point.answer) for point in points]}
        return {
            scorer: [foreign_grade(verdict) for verdict in verdicts]
            for scorer, verdicts in zip(
                self.info.scorers, zip(*record.scores, strict=True), strict=False
            )
            if not any(isinstance(verdict, float) and math.isnan(verdict) for verdict in verdicts)
        }

    def texts(self, wanted: Collection[TraceId]) -> Iterator[tuple[TraceId, str]]:
        """The texts of some traces, without those of contract runs, which are no one text."""
        places = {(str(id_), epoch): (id_, epoch) for id_, epoch in self._log.expected}
        known = [places[trace] for trace in wanted if trace in places]
        for sample in self._log.some(known):
            record = sample.record()
            if record is None or record.elicited.mode == "contract" or sample.output is None:
                continue
            with reading(self._log.path):
                trace = separated(reply_from(ModelOutput.model_validate(sample.output)))
            yield (str(sample.id), sample.epoch), trace.reasoning + trace.text


def _info(header: EvalLog, path: Path, ours: Mapping[str, Any] | None) -> RunInfo:
    run = header.eval
    options = _OPTIONS | {
        name: value for name, value in run.task_args.items() if name in _OPTIONS and value
    }
    for score in header.results.scores if header.results else []:
        if (index := score.metrics.get("anytime_index")) is not None:
            options |= {name: index.params[name] for name in _OPTIONS if name in index.params}
            break
    names = [scorer.name for scorer in run.scorers or []]
    own = [name for name in names if name not in _OURS and not name.endswith(CURVE)]
    scorers = (ours["domain"],) if ours else tuple(own or names)
    return RunInfo(
        harness="inspect_ai",
        log=str(path),
        run=run.eval_id,
        task=run.task,
        domain=ours["domain"] if ours else None,
        dataset=ours["dataset"] if ours else run.dataset.name or "",
        revision=ours["revision"] if ours else None,
        split=ours["split"] if ours else None,
        model=run.model,
        scorers=scorers,
        **options,
    )


def _reason(sample: LoggedSample) -> str:
    if sample.failed:
        return sample.failed
    if sample.limit:
        return f"stopped by its {sample.limit} limit"
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


def _name(place: Place) -> str:
    return f"samples/{place[0]}_epoch_{place[1]}.json"


def _is_sample(name: str) -> bool:
    return name.startswith("samples/") and name.endswith(".json")


def _parsed(data: bytes, place: Place | None = None) -> dict[str, Any]:
    """A sample's fields, as far as they are looked at; where its place is known, without output."""
    end = data.find(_TRANSCRIPT)
    behind = max(end, data.find(_BEHIND, end))
    if end > 0 and not any(data.find(mark, behind) > 0 for mark in _TROUBLE):
        begin = data.find(_RESULTS, 0, end)
        if place is not None and begin > 0:
            found = _between(data, begin + 1, end)
            if found is not None:
                return found | {"id": place[0], "epoch": place[1]}
        found = _between(data, 1, end)
        if found is not None:
            return found
    whole: dict[str, Any] = json.loads(data)
    return whole


def _between(data: bytes, begin: int, end: int) -> dict[str, Any] | None:
    """The fields that stand there; None where the marks were keys of something else."""
    try:
        found: dict[str, Any] = json.loads(b"{%b}" % data[begin:end])
    except ValueError:
        return None
    return found if "store" in found else None


def _sample(raw: Mapping[str, Any]) -> LoggedSample:
    failed = "ended with an error" if raw.get("error") else None
    if raw.get("invalidation"):
        failed = "marked as invalid"
    return LoggedSample(
        id=raw["id"],
        epoch=raw["epoch"],
        metadata=raw.get("metadata") or {},
        store=raw.get("store") or {},
        output=raw.get("output"),
        scores=raw.get("scores"),
        failed=failed,
        limit=(raw.get("limit") or {}).get("type"),
    )


def _format(path: Path) -> Literal["eval", "json"]:
    with reading(path), path.open("rb") as file:
        return "eval" if file.read(2) == b"PK" else "json"


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say in one sentence what is wrong with a log that is read inside.

    Raises:
        AnytimeError: It cannot be read, or is none.
    """
    try:
        yield
    except AnytimeError:
        raise
    except OSError as error:
        raise AnytimeError(f"log {path} cannot be read: {error.strerror or error}") from None
    except Exception:  # whatever the parsers that Inspect calls make of what is no log
        raise AnytimeError(f"{path} is no log of Inspect AI, or a damaged one") from None
