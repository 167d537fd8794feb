"""Finished lm-eval runs of tasks of others: what their own metrics said at every budget.

They were run as `anytime:NAME`, or annotated afterwards (`anytime annotate`). The two differ in
where a line keeps our part, see `_read_line`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from anytime.cutting.frames import separated
from anytime.domains.base import Grade
from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.records import (
    ANNOTATED,
    PARSED,
    WRAP,
    Response,
    as_written,
    document_name,
    read_response,
    scorer_name,
)
from anytime.hosts.lm_eval.settings import index_recorded
from anytime.logs.lm_eval.log_file import prompt_of, texts_of
from anytime.logs.lm_eval.log_header import Header, read_header
from anytime.logs.lm_eval.reading import LmEvalRun
from anytime.packed import opened
from anytime.protocol import Reply
from anytime.runs import FinishedRun, GradedTrace, RunInfo, TraceId, unanswered

__all__ = ["ForeignRun", "finished_run"]


def finished_run(path: Path) -> FinishedRun:
    """The run that a samples file of lm-eval is from, of a task of ours or of others.

    Raises:
        AnytimeError: It cannot be read, or was not run at several budgets.
    """
    header = read_header(path)
    return ForeignRun(path, header) if WRAP in header.metadata else LmEvalRun(path)


class _Line(NamedTuple):
    """One document, behind one filter or behind all.

    Attributes:
        problem: Its name.
        filter: The filter the line is of.
        responses: One per repeat.
        verdicts: One per trace, by filter.
        skipped: Why an annotated sample has no curve; empty where it has.
    """

    problem: str
    filter: str
    responses: Sequence[Response]
    verdicts: Mapping[str, Sequence[Mapping[str, Any]]]
    skipped: str = ""


class ForeignRun:
    """A finished run of a task of others, with `--log_samples`.

    Its scorers are the task's metrics behind its filters, as lm-eval names them in its results:
    `exact_match,strict-match`. Of a task with `repeats` R, a trace is R of them taken together;
    tokens and cuts are those of the first.

    Args:
        path: Its file `samples_*.jsonl`.
        header: What its results file tells.

    Attributes:
        info: Where it is from.
        skipped: Traces that are missing, and samples that could not be annotated.
        regraded: None ever: the task's own word stands.

    Raises:
        AnytimeError: None of its metrics has an index.
    """

    info: RunInfo

    def __init__(self, path: Path, header: Header) -> None:
        """Take over what the results file tells."""
        self._path = path
        self.skipped: Counter[str] = Counter()
        self.regraded = 0
        config, told = header.config, header.metadata[WRAP]
        try:
            scorers = tuple(told["scorers"])
            self._traces, self._repeats = int(told["traces"]), int(told["repeats"])
            self._budgets = list(told["budgets"])
            index = index_recorded(told)
        except (KeyError, TypeError, ValueError):
            raise AnytimeError(f"{header.results} is damaged: its {WRAP} is incomplete") from None
        if not scorers:
            raise AnytimeError(
                f"{path} has no curve: {header.task} was run with --predict_only, or has no metric "
                f"that is a quality in [0, 1]"
            )
        self._annotated = told.get("source") == "annotated"
        self._domain: str | None = told.get("domain")
        self._scorers = scorers
        names = (config.get("dataset_path"), config.get("dataset_name"))
        self.info = RunInfo(
            harness="lm_eval",
            log=str(path),
            run=header.date,
            task=header.task,
            domain=None,
            dataset="/".join(str(name) for name in names if name),
            revision=None,
            split=config.get("test_split") or config.get("validation_split"),
            model=header.model,
            scorers=(self._domain,) if self._domain else scorers,
            source=told.get("source", "elicited"),
            **index,
            **header.began,
        )

    def traces(self) -> Iterator[GradedTrace]:
        """All traces, filter after filter as lm-eval writes them."""
        parts = [scorer.rpartition(",") for scorer in self._scorers]
        for line in self._lines():
            if line.skipped:
                self.skipped[line.skipped] += 1
                continue
            known = max(map(len, line.verdicts.values()), default=0)
            if known < self._traces and parts[0][2] in line.verdicts:
                self.skipped["missing in the file"] += self._traces - known
            for draw in range(1, known + 1):
                elicited, method = self._read(line, draw)
                if elicited.failed:
                    if parts[0][2] in line.verdicts:  # once, not behind every filter
                        self.skipped[unanswered(elicited.failed)] += 1
                    continue
                for metric, _, filter_name in parts:
                    if filter_name not in line.verdicts:
                        continue
                    verdict = line.verdicts[filter_name][draw - 1]
                    if metric not in verdict["at"][0]:
                        continue  # of documents of another kind
                    grades = [
                        self._grade(metric, at, answer)
                        for at, answer in zip(verdict["at"], verdict["answers"], strict=True)
                    ]
                    scorer = self._domain or scorer_name(metric, filter_name)
                    yield GradedTrace(line.problem, draw, elicited, method, grades, scorer)

    def _grade(self, metric: str, at: Mapping[str, Any], answer: str) -> Grade:
        quality = float(at[metric])
        if not self._domain:
            return Grade(quality, parsed=None, answer=answer)
        further = {name: value for name, value in at.items() if name not in (metric, PARSED)}
        return Grade(quality, parsed=bool(at[PARSED]), answer=answer, metrics=further)

    def texts(self, wanted: Collection[TraceId]) -> Iterator[tuple[TraceId, str]]:
        """The texts of some traces, without those of contract runs, which are no one text."""
        left = set(wanted)
        for line in self._lines():
            for draw in range(1, max(map(len, line.verdicts.values()), default=0) + 1):
                if (line.problem, draw) not in left:
                    continue
                left.discard((line.problem, draw))
                elicited, _ = self._read(line, draw)
                if elicited.one_trace:
                    text, _ = line.responses[(draw - 1) * self._repeats]
                    trace = separated(Reply(text), elicited.frame)
                    yield (line.problem, draw), trace.reasoning + trace.text

    def _read(self, line: _Line, draw: int) -> tuple[Any, Mapping[str, Any]]:
        try:
            elicited, method = read_response(line.responses[(draw - 1) * self._repeats])
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            raise AnytimeError(
                f"{self._path} is damaged: trace {draw} of problem {line.problem} has no "
                f"checkpoints that can be read"
            ) from None
        if [point.budget for point in elicited.checkpoints] != self._budgets:
            raise AnytimeError(
                f"{self._path} is not of the run in its results file: trace {draw} of problem "
                f"{line.problem} was cut at other budgets"
            )
        return elicited, method

    def _lines(self) -> Iterator[_Line]:
        seen: set[tuple[str, str]] = set()
        try:
            with opened(self._path) as file:
                for number, raw in enumerate(file, 1):
                    if not raw.strip():
                        continue
                    where = f"{self._path}, line {number}"
                    read = _read_line(raw, where, annotated=self._annotated)
                    if read is None:
                        continue
                    line, doc_id = read
                    if (line.problem, line.filter) in seen:  # its data name two documents alike
                        line = line._replace(problem=f"{line.problem} (document {doc_id})")
                    seen.add((line.problem, line.filter))
                    yield line
        except OSError as error:
            raise AnytimeError(f"{self._path} cannot be read: {error.strerror}") from None


def _read_line(raw: bytes, where: str, *, annotated: bool) -> tuple[_Line, Any] | None:
    """Read a line, with the number of its document; None for a further line of an annotated one.

    In a live run `resps` hold the texts with our records, and `filtered_resps` the verdicts behind
    the line's filter. Annotated lines are as lm-eval wrote them, but for our key in the first line
    of a document, which holds the records and the verdicts behind all filters.
    """
    try:
        record = json.loads(raw)
        if annotated and ANNOTATED not in record:
            return None
        doc_id = record["doc_id"]
        problem = document_name(record["doc"], doc_id)
        if annotated:
            return _annotated_line(problem, record), doc_id
        (responses,), (verdicts,) = record["resps"], record["filtered_resps"]
        return _Line(
            problem=problem,
            filter=record["filter"],
            responses=[(text, written) for text, written in responses],
            verdicts={record["filter"]: [json.loads(verdict) for verdict in verdicts]},
        ), doc_id
    except (ValueError, KeyError, TypeError, RecursionError):
        kind = "annotated sample" if annotated else "sample of a task that was run as anytime:NAME"
        raise AnytimeError(f"{where} is damaged: it is no {kind}") from None


def _annotated_line(problem: str, record: Mapping[str, Any]) -> _Line:
    ours = record[ANNOTATED]
    if "skipped" in ours:
        return _Line(problem, "", (), {}, str(ours["skipped"]))
    context = prompt_of(record)
    texts, _ = texts_of(record["resps"])
    responses = [
        (as_written(text, context), written)
        for text, written in zip(texts, ours["records"], strict=False)
    ]
    return _Line(problem, "", responses, dict(ours["verdicts"]))
