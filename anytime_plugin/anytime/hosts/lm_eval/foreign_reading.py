"""Finished lm-eval runs of tasks of others, `anytime:NAME`: what their own metrics said."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from anytime.domains.base import Grade
from anytime.elicitation import separated
from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.header import Header, read_header
from anytime.hosts.lm_eval.reading import LmEvalRun
from anytime.hosts.lm_eval.responses import WRAP, Response, read_response, scorer_name
from anytime.protocol import Reply
from anytime.runs import FinishedRun, GradedTrace, RunInfo, TraceId

__all__ = ["ForeignRun", "finished_run"]

_IDS = ("id", "ID")
"""Fields by which a document may name itself."""


def finished_run(path: Path) -> FinishedRun:
    """The run that a samples file of lm-eval is from, of a task of ours or of others.

    Raises:
        AnytimeError: It cannot be read, or was not run at several budgets.
    """
    header = read_header(path)
    return ForeignRun(path, header) if WRAP in header.metadata else LmEvalRun(path)


class _Line(NamedTuple):
    """One document behind one filter."""

    problem: str
    filter: str
    responses: Sequence[Response]
    verdicts: Sequence[Mapping[str, Any]]


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
        skipped: Traces that are missing.
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
            index = {name: told[name] for name in ("envelope", "scale", "q_max", "seed")}
        except (KeyError, TypeError, ValueError):
            raise AnytimeError(f"{header.results} is damaged: its {WRAP} is incomplete") from None
        if not scorers:
            raise AnytimeError(
                f"{path} has no curve: {header.task} was run with --predict_only, or has no metric "
                f"that is a quality in [0, 1]"
            )
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
            scorers=scorers,
            source=told.get("source", "elicited"),
            **index,
            **header.began,
        )

    def traces(self) -> Iterator[GradedTrace]:
        """All traces, filter after filter as lm-eval writes them."""
        for line in self._lines():
            metrics = [
                (metric, scorer)
                for scorer in self.info.scorers
                if scorer == scorer_name(metric := scorer.rpartition(",")[0], line.filter)
            ]
            if len(line.verdicts) < self._traces and line.filter == self._first:
                self.skipped["missing in the file"] += self._traces - len(line.verdicts)
            for draw, verdict in enumerate(line.verdicts, 1):
                elicited, method = self._read(line, draw)
                for metric, scorer in metrics:
                    if metric not in verdict["at"][0]:
                        continue  # of documents of another kind
                    grades = [
                        Grade(float(at[metric]), parsed=None, answer=answer)
                        for at, answer in zip(verdict["at"], verdict["answers"], strict=True)
                    ]
                    yield GradedTrace(line.problem, draw, elicited, method, grades, scorer)

    @property
    def _first(self) -> str:
        """The filter whose lines come first."""
        return self.info.scorers[0].rpartition(",")[2]

    def texts(self, wanted: Collection[TraceId]) -> Iterator[tuple[TraceId, str]]:
        """The texts of some traces, without those of contract runs, which are no one text."""
        left = set(wanted)
        for line in self._lines():
            for draw in range(1, len(line.verdicts) + 1):
                if (line.problem, draw) not in left:
                    continue
                left.discard((line.problem, draw))
                elicited, _ = self._read(line, draw)
                if elicited.mode != "contract":
                    text, _ = line.responses[(draw - 1) * self._repeats]
                    trace = separated(Reply(text))
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
            with self._path.open("rb") as file:
                for number, raw in enumerate(file, 1):
                    if not raw.strip():
                        continue
                    line, doc_id = _read_line(raw, f"{self._path}, line {number}")
                    if (line.problem, line.filter) in seen:  # its data name two documents alike
                        line = line._replace(problem=f"{line.problem} (document {doc_id})")
                    seen.add((line.problem, line.filter))
                    yield line
        except OSError as error:
            raise AnytimeError(f"{self._path} cannot be read: {error.strerror}") from None


def _read_line(raw: bytes, where: str) -> tuple[_Line, Any]:
    try:
        record = json.loads(raw)
        doc = record["doc"] if isinstance(record["doc"], dict) else {}
        own = next((doc[name] for name in _IDS if doc.get(name) is not None), record["doc_id"])
        (responses,), (verdicts,) = record["resps"], record["filtered_resps"]
        return _Line(
            problem=str(own),
            filter=record["filter"],
            responses=[(text, written) for text, written in responses],
            verdicts=[json.loads(verdict) for verdict in verdicts],
        ), record["doc_id"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise AnytimeError(
            f"{where} is damaged: it is no sample of a task that was run as anytime:NAME"
        ) from None
