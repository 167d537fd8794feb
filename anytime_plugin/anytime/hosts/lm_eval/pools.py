"""A finished lm-eval run as a pool: its `samples_*.jsonl`, read line by line, and its results."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from anytime.budgets import BudgetGrid
from anytime.domains.base import Domain, Grade, Problem
from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.responses import Response, elicited_from
from anytime.plugins import get_domain
from anytime.preferences.pool import PoolInfo, PoolTrace, Scored, TraceId, pool_trace
from anytime.protocol import Reply

__all__ = ["LmEvalPool"]

_SAMPLES = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT.+)\.jsonl")
_RESULTS = re.compile(r"results_(?P<date>\d{4}-\d\d-\d\dT.+)\.json")

_COPY = b', "filtered_resps": '
"""Where a line begins to repeat its responses, which is half of it. Quotation marks within a JSON
text are escaped, so this stands at a key and nowhere else."""

_NAMES = ("peft", "delta", "pretrained", "model", "path", "engine")
"""The model arguments that name a model, in lm-eval's own order."""


class _Line(NamedTuple):
    """The responses to one problem."""

    problem: Problem
    responses: list[Response]


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
        self._path = _samples_file(path)
        name, date = _named(self._path)
        beside = self._path.with_name(f"results_{date}.json")
        results = _read_results(beside, self._path)
        self._traces, self.info = _read_info(results, name, beside, self._path)
        self._domain = get_domain(self.info.domain)
        self._places: dict[str, int] = {}

    def scored(self) -> Iterator[Scored]:
        """The numbers of every trace, in the file's order."""
        places: dict[str, int] = {}
        for place, line in self._lines():
            name = line.problem.id
            if name in places:
                raise AnytimeError(f"{self._path} holds problem {name} twice")
            places[name] = place
            for trace in self._graded(line):
                yield trace.scored
        self._places = places

    def traces(self, wanted: Collection[TraceId] | None = None) -> Iterator[PoolTrace]:
        """Whole traces, one by one: those wanted, or all, a problem's own one after another."""
        if wanted is None:
            for _, line in self._lines():
                yield from self._graded(line)
            return
        draws: dict[str, set[int]] = {}
        for problem, draw in wanted:
            draws.setdefault(problem, set()).add(draw)
        # Once all lines were read it is known where each problem stands.
        known = sorted(self._places[name] for name in draws if name in self._places)
        for _, line in self._lines(known if self._places else None):
            if line.problem.id in draws:
                yield from self._graded(line, draws[line.problem.id])

    def _graded(self, line: _Line, draws: Collection[int] | None = None) -> Iterator[PoolTrace]:
        domain = _grading_once(self._domain)
        for draw, response in enumerate(line.responses[: self._traces], 1):
            if draws is None or draw in draws:
                try:
                    elicited = replace(elicited_from(response), trace=Reply(response[0]))
                except (ValueError, KeyError, TypeError, AttributeError):
                    raise AnytimeError(
                        f"{self._path} is damaged: trace {draw} of problem {line.problem.id} has "
                        f"no checkpoints that can be read"
                    ) from None
                if tuple(point.budget for point in elicited.checkpoints) != self.info.budgets:
                    raise AnytimeError(
                        f"{self._path} is not of the run in its results file: trace {draw} of "
                        f"problem {line.problem.id} was cut at other budgets"
                    )
                yield pool_trace(domain, line.problem, draw, elicited)

    def _lines(self, places: Collection[int] | None = None) -> Iterator[tuple[int, _Line]]:
        """Lines with where they begin: those at the places given, or all."""
        try:
            with self._path.open("rb") as file:
                if places is not None:
                    for place in places:
                        file.seek(place)
                        yield place, _read_line(file.readline(), f"{self._path}, byte {place}")
                    return
                place = 0
                for number, line in enumerate(file, 1):
                    if line.strip():
                        yield place, _read_line(line, f"{self._path}, line {number}")
                    place += len(line)
        except OSError as error:
            raise AnytimeError(f"{self._path} cannot be read: {error.strerror}") from None


def _samples_file(path: Path) -> Path:
    if path.is_dir():
        found = sorted(path.rglob("samples_*.jsonl"))
        where = str(path)
    elif results := _RESULTS.fullmatch(path.name):
        found = sorted(path.parent.glob(f"samples_*_{results['date']}.jsonl"))
        where = f"the run of {path}"
    else:
        return path
    if not found:
        raise AnytimeError(
            f"no samples_*.jsonl of {where}: run lm_eval with --log_samples and --output_path"
        )
    if len(found) > 1:
        raise AnytimeError(
            f"{where} has samples of {len(found)} tasks or runs: name one of them, such as "
            f"{found[0]}"
        )
    return found[0]


def _named(samples: Path) -> tuple[str, str]:
    name = _SAMPLES.fullmatch(samples.name)
    if name is None:
        raise AnytimeError(
            f"{samples} is not named as lm-eval names its samples, samples_TASK_DATE.jsonl: keep "
            f"the name, by which its results_DATE.json is found"
        )
    return name["task"], name["date"]


def _read_results(path: Path, samples: Path) -> Mapping[str, Any]:
    try:
        results = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise AnytimeError(
            f"{samples} has no {path.name} beside it, which tells its budgets and dataset: keep "
            f"the two files together"
        ) from None
    except OSError as error:
        raise AnytimeError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise AnytimeError(f"{path} is damaged: it is no JSON object") from None
    if not isinstance(results, dict) or not isinstance(results.get("configs"), dict):
        raise AnytimeError(f"{path} is no results file of lm-eval")
    return results


def _read_info(
    results: Mapping[str, Any], task: str, path: Path, samples: Path
) -> tuple[int, PoolInfo]:
    """How many traces each problem has, and where the pool is from."""
    config = results["configs"].get(task) or {}
    metadata = config.get("metadata") or {}
    if not {"budgets", "mode", "revision", "traces"} <= set(metadata):
        raise AnytimeError(
            f"{samples} holds samples of {task}, which is no task of anytime: pairs are built from "
            f"runs of tasks such as anytime_trip"
        )
    if metadata["mode"] != "interrupt":
        raise AnytimeError(
            f"{samples} is a run with mode={metadata['mode']}, which has no trace that is cut at "
            f"every budget: a pool needs mode=interrupt"
        )
    try:
        return metadata["traces"], PoolInfo(
            source=str(samples),
            domain=config["dataset_path"],
            dataset=metadata["dataset"],
            revision=metadata["revision"],
            split=metadata["split"],
            model=_model(results.get("config") or {}),
            budgets=BudgetGrid(metadata["budgets"]),
        )
    except (KeyError, TypeError) as error:
        raise AnytimeError(f"{path} is damaged: {error}") from None


def _model(config: Mapping[str, Any]) -> str:
    """Who was asked: `hf/gpt2`, or the kind of model alone where it has no name."""
    kind = str(config.get("model"))
    given = config.get("model_args") or {}
    if isinstance(given, str):
        given = dict(part.split("=", 1) for part in given.split(",") if "=" in part)
    names = [given[name] for name in _NAMES if given.get(name)]
    return f"{kind}/{names[0]}" if names else kind


def _read_line(line: bytes, where: str) -> _Line:
    try:
        head, copy, _ = line.partition(_COPY)
        record = json.loads(head + b"}" if copy else line)
        doc = record["doc"]
        problem = Problem(doc["id"], doc["prompt"], doc["gold"], doc["facts"])
        (responses,) = record["resps"]
        return _Line(problem, [(text, written) for text, written in responses])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise AnytimeError(f"{where} is damaged: it is no sample of a task of anytime") from None


def _grading_once(domain: Domain) -> Domain:
    """The domain, remembering its grades: answers of one problem recur at many budgets."""
    known: dict[str, Grade] = {}

    def grade(problem: Problem, answer: str) -> Grade:
        if answer not in known:
            known[answer] = domain.grade(problem, answer)
        return known[answer]

    return replace(domain, grade=grade)
