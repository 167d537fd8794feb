"""Finished runs of lm-eval, written anew with the answers that stand in their traces.

One annotation is one run: its results file with its samples files. Samples are gone through line by
line and judged in batches, so memory grows with the numbers and not with the texts. All that is
said of a document stands in its first line; the lines of further filters are copied.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

from anytime.budgets import BudgetGrid
from anytime.cutting.calibration import estimate
from anytime.cutting.ends import ended
from anytime.cutting.tokens import Tokenizer
from anytime.errors import AnytimeError
from anytime.harnesses import Annotated, Watch
from anytime.hosts.lm_eval.driver import finish_of
from anytime.hosts.lm_eval.records import ANNOTATED, document_name, to_record
from anytime.hosts.lm_eval.task_metrics import Verdict, Written, judge
from anytime.logs.lm_eval.annotated_results import Found, Row, add_task, settings_of
from anytime.logs.lm_eval.log_file import TORN, PlainRun, PlainSample
from anytime.logs.lm_eval.log_scorers import Grader
from anytime.packed import unpacked
from anytime.programs.intrace import Standing, in_trace, trace_tokens
from anytime.programs.traced import readable
from anytime.protocol import Reply
from anytime.settings import IndexOptions
from anytime.statistics.traces import answer_tokens, leaked_reasoning
from anytime.writing import whole_file

__all__ = ["Answers", "InTrace", "LmEvalAnnotation", "Part", "reply_of", "shape"]

BATCH = 256
"""So many documents are judged at a time."""

Stand = Callable[[PlainSample], Sequence[Standing]]
"""What stands in each trace of a sample at every budget. Raises AnytimeError where none can be
cut."""


class Part(NamedTuple):
    """One task of a run, and who grades its answers."""

    run: PlainRun
    grader: Grader


class Answers(Protocol):
    """Where the answers at budgets come from."""

    mode: str

    def settings(self, part: Part) -> Mapping[str, Any]:
        """Those of a live run that are known: `continuation`, `answer_tokens`, `cue`."""

    def prepare(self, part: Part, budgets: BudgetGrid, tokenizer: Tokenizer | None) -> Stand:
        """Get ready for the samples of a task."""


class InTrace:
    """Nobody is asked: the answers are what stands in the traces."""

    mode = "intrace"

    def settings(self, part: Part) -> Mapping[str, Any]:
        """None."""
        return {}

    def prepare(self, part: Part, budgets: BudgetGrid, tokenizer: Tokenizer | None) -> Stand:
        """Nothing to get ready."""

        def stand(sample: PlainSample) -> list[Standing]:
            replies = [reply_of(sample, text, tokenizer) for text in sample.texts]
            frame = part.grader.frame
            return [
                in_trace(reply, budgets, tokenizer, frame=frame, cap=sample.cap)
                for reply in replies
            ]

        return stand


def reply_of(sample: PlainSample, text: str, tokenizer: Tokenizer | None) -> Reply:
    """A logged response as a trace; one as long as its cap, if that is known, was cut off there.

    Without a tokenizer its length is a guess: the end of one that may be at its cap is untold.
    """
    whole = sample.as_written(text)
    if sample.cap is None:
        return Reply(whole)
    if tokenizer is None:
        full = ended("other", estimate(text), sample.cap, guessed=True) == "length"
        return Reply(whole, finish="other" if full else "stop")
    return Reply(whole, finish=finish_of(len(tokenizer.ends(text)), sample.cap, tokenizer))


def shape(part: Part) -> tuple[int, int]:
    """Traces of a document, and responses that make one: those a task's filters see together."""
    responses = part.run.responses
    repeats = part.grader.repeats or responses
    if responses % repeats:
        repeats = responses
    return responses // repeats, repeats


class LmEvalAnnotation:
    """A run that is to be annotated.

    Args:
        part: The first of its tasks; more are added with `add`.
        answers: Where the answers at budgets come from.

    Attributes:
        path: Its results file; the samples where it has none.
    """

    def __init__(self, part: Part, answers: Answers | None = None) -> None:
        """Begin with one task."""
        self._parts = [part]
        self._answers = answers or InTrace()
        self.path = part.run.results if part.run.known else part.run.path

    def add(self, part: Part) -> None:
        """Take in another task of the same run."""
        self._parts.append(part)

    def outputs(self, folder: Path) -> list[Path]:
        """What `write` writes there: results and samples of the same names."""
        results = self._parts[0].run.results
        return [
            folder / results.name,
            *(folder / unpacked(part.run.path).name for part in self._parts),
        ]

    def longest(self, tokenizer: Tokenizer | None, watch: Watch) -> int:
        """Tokens of the longest trace that can be read; 0 where there is none."""
        found = 0
        for part in self._parts:
            seen: set[str] = set()
            for sample in watch(part.run.samples()):
                if (name := str(sample.doc_id)) in seen:
                    continue
                seen.add(name)
                for text in sample.texts:
                    try:
                        reply = readable(Reply(sample.as_written(text)))
                    except AnytimeError:
                        continue
                    found = max(found, trace_tokens(reply, tokenizer))
        return found

    def write(
        self,
        folder: Path,
        budgets: BudgetGrid,
        tokenizer: Tokenizer | None,
        options: IndexOptions,
        watch: Watch,
    ) -> Annotated:
        """Write the annotated results and samples, all or nothing.

        Args:
            folder: Where.
            budgets: Where traces are cut.
            tokenizer: What with.
            options: How the index is computed.
            watch: Shows how far it is: wraps the samples.

        Raises:
            AnytimeError: A line is damaged, or no sample of a task has a curve, with the reasons.
        """
        outcome = Annotated()
        results: dict[str, Any] = dict(self._parts[0].run.known) or {"config": {"model": "unknown"}}
        to_results, *to_samples = self.outputs(folder)
        with ExitStack() as stack:
            # Entered first, so that it appears last: a results file promises its samples.
            partial_results = stack.enter_context(whole_file(to_results))
            for part, output in zip(self._parts, to_samples, strict=True):
                partial = stack.enter_context(whole_file(output))
                stand = self._answers.prepare(part, budgets, tokenizer)
                with partial.open("wb") as file:
                    judging = _Judging(part, stand, file, outcome)
                    judging.go(watch(part.run.samples()))
                if not judging.rows:
                    raise _none_left(part, outcome)
                traces, repeats = shape(part)
                settings = settings_of(
                    budgets, options, traces=traces, **self._answers.settings(part)
                )
                found = Found(
                    part.run,
                    part.grader,
                    self._answers.mode,
                    repeats,
                    judging.rows,
                    {} if part.run.known else judging.logged,
                )
                add_task(results, found, settings)
            text = json.dumps(results, indent=2, ensure_ascii=False)
            partial_results.write_text(text, encoding="utf-8", errors="backslashreplace")
        outcome.files = self.outputs(folder)
        return outcome


def _none_left(part: Part, outcome: Annotated) -> AnytimeError:
    reasons = ", ".join(f"{count} {reason}" for reason, count in outcome.skipped.items())
    return AnytimeError(
        f"{part.run.path} holds no trace that can be cut and graded ({reasons}): is "
        f"{part.grader.name} the right one to grade it? --task and --domain name another"
    )


@dataclass
class _Judging:
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

    def go(self, samples: Iterable[PlainSample]) -> None:
        """Judge them in batches and write their lines, in their order."""
        waiting: list[PlainSample] = []
        first: dict[str, PlainSample] = {}
        for sample in samples:
            if sample.unfit == TORN:
                self.outcome.skipped[TORN] += 1
                continue
            waiting.append(sample)
            name = str(sample.doc_id)
            if name not in self._seen and name not in first:
                first[name] = sample
            if len(waiting) == BATCH:
                self._flush(waiting, first)
                waiting, first = [], {}
        self._flush(waiting, first)
        self.outcome.regraded += len(self._differing)

    def _flush(self, waiting: Sequence[PlainSample], first: Mapping[str, PlainSample]) -> None:
        said = dict(zip(first, self._judged(list(first.values())), strict=True))
        for name, added in said.items():
            self._seen[name] = {} if isinstance(added, str) else _slim(added[1])
            if self._seen[name]:
                self.rows.append(self._seen[name])
        for sample in waiting:
            self._compare(sample)
            name = str(sample.doc_id)
            line = sample.raw
            if first.get(name) is sample:
                told = json.dumps(_told(said[name])).encode()
                line = line[:-1] + b', "' + ANNOTATED.encode() + b'": ' + told + b"}"
            self.file.write(line + b"\n")

    def _judged(
        self, samples: Sequence[PlainSample]
    ) -> Iterator[tuple[Sequence[Standing], dict[str, list[Verdict]]] | str]:
        """What each sample's line is given, or why it is given nothing."""
        standings: list[Sequence[Standing] | str] = [self._standing(sample) for sample in samples]
        able = [
            (sample, each)
            for sample, each in zip(samples, standings, strict=True)
            if not isinstance(each, str)
        ]
        verdicts = iter(_verdicts(self.part, able))
        for each in standings:
            if isinstance(each, str):
                found: Any = each
            else:
                verdict = next(verdicts)
                found = verdict if isinstance(verdict, str) else (each, verdict)
            if isinstance(found, str):
                self.outcome.skipped[found] += 1
            else:
                self._count(found[0])
            yield found

    def _standing(self, sample: PlainSample) -> Sequence[Standing] | str:
        if sample.unfit:
            return sample.unfit
        try:
            return self.stand(sample)
        except AnytimeError as error:
            return str(error)

    def _count(self, standings: Sequence[Standing]) -> None:
        traces, repeats = shape(self.part)
        self.outcome.samples += traces
        for start in range(0, traces * repeats, repeats):
            together = standings[start : start + repeats]
            self.outcome.empty += all(_is_empty(each) for each in together)
            self.outcome.estimated += any(
                point.cut == "estimated" for each in together for point in each.elicited.checkpoints
            )

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


def _told(said: tuple[Sequence[Standing], Mapping[str, Sequence[Verdict]]] | str) -> dict[str, Any]:
    if isinstance(said, str):
        return {"skipped": said}
    standings, verdicts = said
    return {
        "records": [to_record(each.elicited) for each in standings],
        "verdicts": {
            name: [json.loads(str(verdict)) for verdict in of_filter]
            for name, of_filter in verdicts.items()
        },
    }


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
