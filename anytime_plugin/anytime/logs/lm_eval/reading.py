"""Finished lm-eval runs: `samples_*.jsonl`, read line by line, and the results beside them."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from anytime.budgets import BudgetGrid
from anytime.cutting.frames import separated
from anytime.domains.base import Problem, grading_once
from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.records import Response, read_response
from anytime.hosts.lm_eval.settings import index_recorded
from anytime.logs.lm_eval.log_header import read_header
from anytime.packed import opened
from anytime.plugins import get_domain
from anytime.programs.checkpoints import Elicited
from anytime.programs.vote import grade_of
from anytime.protocol import Reply
from anytime.runs import GradedTrace, RunInfo, TraceId, unanswered

__all__ = ["LmEvalRun", "Logged", "SamplesFile"]

_COPY = b', "filtered_resps": '
"""Where a line begins to repeat its responses, which is half of it. Quotation marks within a JSON
text are escaped, so this stands at a key and nowhere else."""

_BEHIND = b', "filter": '
"""The key behind that copy: the last of its name in a line, as what follows are numbers."""


class Logged(NamedTuple):
    """The responses to one problem.

    Attributes:
        problem: The problem.
        responses: One per trace; padding between ranks can leave more than were asked for.
        values: What else the line holds, as far as it was read.
    """

    problem: Problem
    responses: list[Response]
    values: Mapping[str, Any]


class SamplesFile:
    """The samples of one of our tasks, with what its results file tells of the run.

    Args:
        path: The file `samples_*.jsonl`, whose `results_*.json` must lie beside it.

    Attributes:
        path: The file.
        results: The file beside it.
        task: Name of the task.
        date: What names the run.
        domain: Name of the domain.
        metadata: The task's settings.
        began: When and how the run was made, as in `RunInfo`.
        model: Who was asked.
        traces: How many each problem has.
        budgets: Where they were cut.

    Raises:
        AnytimeError: It cannot be read, or is of no task of ours.
    """

    def __init__(self, path: Path) -> None:
        """Read the results file."""
        self.path = path
        header = read_header(path)
        self.task, self.date, self.results = header.task, header.date, header.results
        config, metadata = header.config, header.metadata
        if not {"budgets", "mode", "revision", "traces"} <= set(metadata):
            raise AnytimeError(
                f"{path} holds samples of {self.task}, which is no task of anytime: those are "
                f"tasks such as anytime_trip"
            )
        self.metadata: Mapping[str, Any] = metadata
        self.began = header.began
        self.model = header.model
        try:
            self.domain: str = config["dataset_path"]
            self.dataset: str = metadata["dataset"]
            self.revision: str = metadata["revision"]
            self.split: str = metadata["split"]
            self.traces: int = metadata["traces"]
            self.budgets = BudgetGrid(metadata["budgets"])
        except (KeyError, TypeError) as error:
            raise AnytimeError(f"{self.results} is damaged: {error}") from None

    def lines(
        self, places: Collection[int] | None = None, *, whole: bool = False
    ) -> Iterator[tuple[int, Logged]]:
        """Lines with where they begin.

        Args:
            places: Those that begin there; None for all.
            whole: Read what stands behind the responses too: lm-eval's values.
        """
        try:
            with opened(self.path) as file:
                if places is not None:
                    for place in places:
                        file.seek(place)
                        where = f"{self.path}, byte {place}"
                        yield place, _read_line(file.readline(), where, whole)
                    return
                place = 0
                for number, line in enumerate(file, 1):
                    if line.strip():
                        yield place, _read_line(line, f"{self.path}, line {number}", whole)
                    place += len(line)
        except OSError as error:
            raise AnytimeError(f"{self.path} cannot be read: {error.strerror}") from None

    def elicited(
        self, line: Logged, draws: Collection[int] | None = None
    ) -> Iterator[tuple[int, Response, Elicited, Mapping[str, Any]]]:
        """The traces of a problem: those wanted, or all.

        Raises:
            AnytimeError: One is damaged, or of another run.
        """
        for draw, response in enumerate(line.responses[: self.traces], 1):
            if draws is not None and draw not in draws:
                continue
            try:
                elicited, method = read_response(response)
            except (ValueError, KeyError, TypeError, AttributeError):
                raise AnytimeError(
                    f"{self.path} is damaged: trace {draw} of problem {line.problem.id} has no "
                    f"checkpoints that can be read"
                ) from None
            if tuple(point.budget for point in elicited.checkpoints) != self.budgets:
                raise AnytimeError(
                    f"{self.path} is not of the run in its results file: trace {draw} of problem "
                    f"{line.problem.id} was cut at other budgets"
                )
            yield draw, response, elicited, method


class LmEvalRun:
    """A finished run of one of our tasks, with `--log_samples`.

    Args:
        path: Its file `samples_*.jsonl`.

    Attributes:
        info: Where it is from.
        skipped: Traces that are missing.
        regraded: Problems graded otherwise than in the file.

    Raises:
        AnytimeError: It cannot be read, or is of no task of ours.
    """

    info: RunInfo

    def __init__(self, path: Path) -> None:
        """Read the results file."""
        self._file = SamplesFile(path)
        self.skipped: Counter[str] = Counter()
        self.regraded = 0
        file = self._file
        self.info = RunInfo(
            harness="lm_eval",
            log=str(path),
            run=file.date,
            task=file.task,
            domain=file.domain,
            dataset=file.dataset,
            revision=file.revision,
            split=file.split,
            model=file.model,
            scorers=(file.domain,),
            **index_recorded(file.metadata),
            **file.began,
        )

    def traces(self) -> Iterator[GradedTrace]:
        """All traces, a problem's own one after another."""
        domain = get_domain(self._file.domain)
        names: set[str] = set()
        for _, line in self._file.lines(whole=True):
            if line.problem.id in names:
                raise AnytimeError(f"{self._file.path} holds problem {line.problem.id} twice")
            names.add(line.problem.id)
            grade = grading_once(domain, line.problem)
            curves = []
            failed = 0
            for draw, _, elicited, method in self._file.elicited(line):
                if elicited.failed:
                    self.skipped[unanswered(elicited.failed)] += 1
                    failed += 1
                    continue
                grades = [grade_of(point, grade) for point in elicited.checkpoints]
                curves.append([one.quality for one in grades])
                yield GradedTrace(
                    line.problem.id, draw, elicited, method, grades, self._file.domain
                )
            if (missing := self._file.traces - len(curves) - failed) > 0:
                self.skipped["missing in the file"] += missing
            self.regraded += self._differs(line, curves)

    def texts(self, wanted: Collection[TraceId]) -> Iterator[tuple[TraceId, str]]:
        """The texts of some traces, without those of contract runs, which are no one text."""
        draws: dict[str, set[int]] = {}
        for problem, draw in wanted:
            draws.setdefault(problem, set()).add(draw)
        for _, line in self._file.lines():
            name = line.problem.id
            for draw, response, elicited, _ in self._file.elicited(line, draws.get(name, ())):
                if elicited.one_trace:
                    trace = separated(Reply(response[0]), elicited.frame)
                    yield (name, draw), trace.reasoning + trace.text

    def _differs(self, line: Logged, curves: Sequence[Sequence[float]]) -> bool:
        if not curves:
            return False
        return any(
            isinstance(logged := line.values.get(f"q@{budget}"), int | float)
            and not math.isclose(logged, quality, abs_tol=1e-9)
            for budget, quality in zip(self._file.budgets, np.mean(curves, axis=0), strict=True)
        )


def _read_line(line: bytes, where: str, whole: bool) -> Logged:
    try:
        head, copy, rest = line.partition(_COPY)
        record = json.loads(head + b"}" if copy else line)
        doc = record["doc"]
        problem = Problem(doc["id"], doc["prompt"], doc["gold"], doc["facts"])
        (responses,) = record["resps"]
        if whole and copy and (behind := rest.rfind(_BEHIND)) > 0:
            record = json.loads(b"{" + rest[behind + 2 :])
        return Logged(problem, [(text, written) for text, written in responses], record)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise AnytimeError(f"{where} is damaged: it is no sample of a task of anytime") from None
