"""The lines of a finished run of lm-eval with what stands in their traces, judged in batches."""

from __future__ import annotations

import dataclasses
import json
import math
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple

from anytime.errors import AnytimeError
from anytime.harnesses import Annotated, Watch
from anytime.hosts.lm_eval.records import ANNOTATED, document_name, to_record
from anytime.hosts.lm_eval.task_metrics import Verdict, Written, judge
from anytime.logs.lm_eval.annotated_results import Row
from anytime.logs.lm_eval.log_file import TORN, PlainRun, PlainSample
from anytime.logs.lm_eval.log_scorers import Grader
from anytime.programs.intrace import Standing
from anytime.programs.traced import readable
from anytime.statistics.traces import answer_tokens, leaked_reasoning
from anytime.workers import shared

__all__ = ["Judging", "Part", "Stand", "shape"]

BATCH = 64
"""So many lines are judged at a time."""

Stand = Callable[[PlainSample], Sequence[Standing]]
"""What stands in each trace of a sample at every budget. Raises AnytimeError where none can be
cut."""


class Part(NamedTuple):
    """One task of a run, and who grades its answers."""

    run: PlainRun
    grader: Grader


def shape(part: Part) -> tuple[int, int]:
    """Traces of a document, and responses that make one: those a task's filters see together."""
    responses = part.run.responses
    repeats = part.grader.repeats or responses
    if responses % repeats:
        repeats = responses
    return responses // repeats, repeats


class _Batch(NamedTuple):
    """Lines, and the first one of each document that begins among them, by its name."""

    lines: list[PlainSample]
    first: dict[str, PlainSample]


class _Judged(NamedTuple):
    """What became of a document.

    Attributes:
        told: What its first line is given.
        verdicts: Without the answers, which stand in the file by then; empty where it has none.
        skipped: Why it has none.
        traces: How many it has.
        empty: How many of them are.
        estimated: How many were cut by an estimate of their tokens.
    """

    told: bytes
    verdicts: Row
    skipped: str = ""
    traces: int = 0
    empty: int = 0
    estimated: int = 0

    def count_in(self, outcome: Annotated) -> None:
        """Add it to the counts of its log."""
        if self.skipped:
            outcome.skipped[self.skipped] += 1
        outcome.samples += self.traces
        outcome.empty += self.empty
        outcome.estimated += self.estimated


@dataclass
class Judging:
    """Goes through the samples of one task.

    Attributes:
        part: The task.
        stand: What stands in each trace at every budget.
        file: Where annotated lines go.
        outcome: Counts.
        rows: What was said of each document, without its texts.
        logged: The numbers that stand in the log.
    """

    part: Part
    stand: Stand
    file: IO[bytes]
    outcome: Annotated
    rows: list[Row] = field(default_factory=list)
    logged: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    _seen: dict[str, Row] = field(default_factory=dict)
    _differing: set[str] = field(default_factory=set)

    def go(self, samples: Iterable[PlainSample], jobs: int, watch: Watch) -> None:
        """Judge them in batches and write their lines, in their order."""
        batches: deque[_Batch] = deque()  # those that are read and not yet written

        def firsts() -> Iterator[list[PlainSample]]:
            for batch in self._batches(samples):
                batches.append(batch)
                yield list(batch.first.values())

        def written() -> Iterator[PlainSample]:
            what = str(self.part.run.path)
            with shared(self._judged, firsts(), jobs, what) as all_judged:
                for judged in all_judged:
                    batch = batches.popleft()
                    self._write(batch, judged)
                    yield from batch.lines
                self.outcome.lost += all_judged.lost

        for _ in watch(written()):
            pass
        self.outcome.regraded += len(self._differing)

    def _batches(self, samples: Iterable[PlainSample]) -> Iterator[_Batch]:
        begun: set[str] = set()
        batch = _Batch([], {})
        for sample in samples:
            if sample.unfit == TORN:
                self.outcome.skipped[TORN] += 1
                continue
            batch.lines.append(sample)
            name = str(sample.doc_id)
            if name not in begun:
                begun.add(name)
                batch.first[name] = sample
            if len(batch.lines) == BATCH:
                yield batch
                batch = _Batch([], {})
        yield batch

    def _write(self, batch: _Batch, judged: Sequence[_Judged]) -> None:
        said = dict(zip(batch.first, judged, strict=True))
        for name, one in said.items():
            self._seen[name] = one.verdicts
            if one.verdicts:
                self.rows.append(one.verdicts)
            one.count_in(self.outcome)
        for sample in batch.lines:
            self._compare(sample)
            name = str(sample.doc_id)
            line = sample.raw
            if batch.first.get(name) is sample:
                line = line[:-1] + b', "' + ANNOTATED.encode() + b'": ' + said[name].told + b"}"
            self.file.write(line + b"\n")

    def _judged(self, samples: Sequence[PlainSample]) -> list[_Judged]:
        """What each sample's line is given, or why it is given nothing."""
        standings: list[Sequence[Standing] | str] = [self._standing(sample) for sample in samples]
        able = [
            (sample, each)
            for sample, each in zip(samples, standings, strict=True)
            if not isinstance(each, str)
        ]
        verdicts = iter(_verdicts(self.part, able))
        judged = []
        for each in standings:
            verdict = each if isinstance(each, str) else next(verdicts)
            if isinstance(verdict, str):
                judged.append(_Judged(_dumped({"skipped": verdict}), {}, verdict))
            else:
                assert not isinstance(each, str)
                judged.append(self._told(each, verdict))
        return judged

    def _told(
        self, standings: Sequence[Standing], verdicts: Mapping[str, Sequence[Verdict]]
    ) -> _Judged:
        told = {
            "records": [to_record(each.elicited) for each in standings],
            "verdicts": {
                name: [json.loads(str(verdict)) for verdict in of_filter]
                for name, of_filter in verdicts.items()
            },
        }
        traces, repeats = shape(self.part)
        starts = range(0, traces * repeats, repeats)
        together = [standings[start : start + repeats] for start in starts]
        return _Judged(
            told=_dumped(told),
            verdicts=_slim(verdicts),
            traces=traces,
            empty=sum(all(map(_is_empty, each)) for each in together),
            estimated=sum(any(map(_is_estimated, each)) for each in together),
        )

    def _standing(self, sample: PlainSample) -> Sequence[Standing] | str:
        if sample.unfit:
            return sample.unfit
        try:
            return self.stand(sample)
        except AnytimeError as error:
            return str(error)

    def _compare(self, sample: PlainSample) -> None:
        """Whether a line was given another value than the whole trace is given now."""
        numbers = {
            name: value for name, v in sample.values.items() if (value := _number(v)) is not None
        }
        for metric, value in numbers.items():
            self.logged[metric, sample.filter].append(value)
        name = str(sample.doc_id)
        verdicts = self._seen.get(name)
        if not verdicts or not numbers:
            return
        now = verdicts.get(sample.filter)
        if now is None and len(numbers) == 1:  # of another task or a domain, which has one quality
            others = next(iter(verdicts.values()))
            metric = next(iter(others[0].whole))
            ours = {next(iter(numbers)): _averaged(others, metric)}
        elif now is not None:
            ours = {metric: _averaged(now, metric) for metric in numbers}
        else:
            return
        if any(
            value is not None and not math.isclose(value, numbers[metric], abs_tol=1e-9)
            for metric, value in ours.items()
        ):
            self._differing.add(name)


def _averaged(verdicts: Sequence[Verdict], metric: str) -> float | None:
    values = [_number(verdict.whole.get(metric)) for verdict in verdicts]
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if len(known) == len(values) else None


def _number(value: Any) -> float | None:
    try:
        return None if isinstance(value, str | list | dict) else float(value)
    except (TypeError, ValueError):
        return None


def _slim(verdicts: Mapping[str, Sequence[Verdict]]) -> Row:
    """Without the answers, which stand in the file by now."""
    return {
        name: [dataclasses.replace(verdict, answers=()) for verdict in of_filter]
        for name, of_filter in verdicts.items()
    }


def _dumped(told: Mapping[str, Any]) -> bytes:
    return json.dumps(told).encode()


def _is_estimated(standing: Standing) -> bool:
    return any(point.cut == "estimated" for point in standing.elicited.checkpoints)


def _is_empty(standing: Standing) -> bool:
    trace = standing.elicited.trace
    return trace is None or not readable(trace).text.strip()


def _verdicts(
    part: Part, able: Sequence[tuple[PlainSample, Sequence[Standing]]]
) -> list[dict[str, list[Verdict]] | str]:
    """What is said of each sample; why nothing is, where grading fails on it."""
    if not able:
        return []
    try:
        docs = [part.grader.document(sample) for sample, _ in able]
        written = [_written(part, *each) for each in able]
        names = [document_name(sample.fields.get("doc"), sample.doc_id) for sample, _ in able]
        return list(judge(part.grader.task, docs, written, names))
    except AnytimeError as error:
        reason = str(error)
    except Exception as error:  # whatever the task's own functions raise
        told = f"{type(error).__name__}: {error}"[:80]
        reason = f"which {part.grader.name} cannot grade ({told})"
    if len(able) == 1:
        return [reason]
    return [_verdicts(part, [one])[0] for one in able]


def _written(part: Part, sample: PlainSample, standings: Sequence[Standing]) -> list[list[Written]]:
    """By trace and repeat; a domain sees whole traces as written, a task as lm-eval showed them."""
    traces, repeats = shape(part)
    by_domain = part.grader.domain is not None
    texts = [
        Written(
            sample.as_written(text) if by_domain else text,
            standing.texts,
            leaked_reasoning(standing.elicited.checkpoints),
            answer_tokens(standing.elicited.checkpoints),
        )
        for text, standing in zip(sample.texts, standings, strict=True)
    ]
    return [texts[start : start + repeats] for start in range(0, traces * repeats, repeats)]
