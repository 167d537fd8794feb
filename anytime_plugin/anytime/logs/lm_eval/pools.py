"""A finished lm-eval run as a pool: its `samples_*.jsonl`, read line by line, and its results."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from anytime.domains.base import grading_once
from anytime.errors import AnytimeError
from anytime.logs.lm_eval.log_header import samples_files
from anytime.logs.lm_eval.reading import Logged, SamplesFile
from anytime.methods.base import PLAIN
from anytime.plugins import get_domain
from anytime.preferences.pool import PoolInfo, PoolTrace, Scored, TraceId, pool_trace
from anytime.protocol import Reply

__all__ = ["LmEvalPool"]


class LmEvalPool:
    """The samples of one of our tasks, run with `--log_samples` in interrupt mode.

    lm-eval logs the qualities of a problem averaged over its traces, so answers are graded again.

    Args:
        path: The file `samples_*.jsonl`, whose `results_*.json` must lie beside it; that results
            file; or a directory with one such pair anywhere in it.

    Attributes:
        info: Where it is from.

    Raises:
        AnytimeError: It cannot be read, or is no run that pairs can be selected from.
    """

    info: PoolInfo

    def __init__(self, path: Path) -> None:
        """Read the results file."""
        self._file = file = SamplesFile(_samples_file(path))
        if (mode := file.metadata["mode"]) != "interrupt":
            raise AnytimeError(
                f"{file.path} is a run with mode={mode}, which has no trace that is cut at every "
                f"budget: a pool needs mode=interrupt"
            )
        if (used := file.metadata.get("method", PLAIN)) != PLAIN:
            raise AnytimeError(
                f"{file.path} is a run of the method {used}, whose traces were written after what "
                f"it puts into the prompt: a pool needs a plain run (method=cot)"
            )
        self._domain = get_domain(file.domain)
        self._places: dict[str, int] = {}
        self.info = PoolInfo(
            source=str(file.path),
            domain=file.domain,
            dataset=file.dataset,
            revision=file.revision,
            split=file.split,
            model=file.model,
            budgets=file.budgets,
        )

    def scored(self) -> Iterator[Scored]:
        """The numbers of every trace, in the file's order."""
        places: dict[str, int] = {}
        for place, line in self._file.lines():
            name = line.problem.id
            if name in places:
                raise AnytimeError(f"{self._file.path} holds problem {name} twice")
            places[name] = place
            for trace in self._graded(line):
                yield trace.scored
        self._places = places

    def traces(self, wanted: Collection[TraceId] | None = None) -> Iterator[PoolTrace]:
        """Whole traces, one by one: those wanted, or all, a problem's own one after another."""
        if wanted is None:
            for _, line in self._file.lines():
                yield from self._graded(line)
            return
        draws: dict[str, set[int]] = {}
        for problem, draw in wanted:
            draws.setdefault(problem, set()).add(draw)
        # Once all lines were read it is known where each problem stands.
        known = sorted(self._places[name] for name in draws if name in self._places)
        for _, line in self._file.lines(known if self._places else None):
            if line.problem.id in draws:
                yield from self._graded(line, draws[line.problem.id])

    def _graded(self, line: Logged, draws: Collection[int] | None = None) -> Iterator[PoolTrace]:
        grade = grading_once(self._domain, line.problem)
        domain = replace(self._domain, grade=lambda _, answer: grade(answer))
        for draw, response, elicited, _ in self._file.elicited(line, draws):
            if elicited.failed:
                continue
            whole = replace(elicited, trace=Reply(response[0]))
            yield pool_trace(domain, line.problem, draw, whole)


def _samples_file(path: Path) -> Path:
    found = samples_files(path)
    if len(found) > 1:
        raise AnytimeError(
            f"{path} has samples of {len(found)} tasks or runs: name one of them, such as "
            f"{found[0]}"
        )
    return found[0]
