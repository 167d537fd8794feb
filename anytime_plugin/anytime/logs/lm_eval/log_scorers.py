"""Who grades the beginnings of logged traces: an lm-eval task without its data, or a domain.

A log holds what its task made of each document, so the task is built on a logged document in place
of its dataset: nothing is downloaded, and nothing is processed twice. The task itself comes from
lm-eval's index. The source texts of functions that a results file holds are never run.
"""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from anytime.cutting.frames import answer_of
from anytime.domains.base import Domain, Grade, Problem
from anytime.errors import AnytimeError
from anytime.harnesses import GradedBy
from anytime.hosts.lm_eval.api import ConfigurableTask, TaskManager, mean
from anytime.hosts.lm_eval.base_task import AtEveryBudget
from anytime.hosts.lm_eval.private import TakesInstances, configuration_of
from anytime.hosts.lm_eval.records import PARSED, QUALITY
from anytime.hosts.lm_eval.task_lookup import PREFIX, RANKED
from anytime.logs.lm_eval.log_file import PlainRun, PlainSample
from anytime.protocol import Reply

__all__ = ["Grader", "grader", "index_of", "problem_of"]

_HINT = (
    "name --task and the lm-eval task whose grading is to be used, --include-path and the folder "
    "of its YAML, or --domain (aime, gpqa, trip)"
)


@dataclass(frozen=True, slots=True)
class Grader:
    """Who grades a log's answers.

    Attributes:
        task: What `judging.judge` takes.
        name: Of the task or the domain.
        repeats: How many responses its filters see together; None for all of a document.
        domain: The domain, where one grades.
        document: What the task takes for a sample's document.
        frame: The user's own pair of tags around reasoning.
    """

    task: Any
    name: str
    repeats: int | None
    domain: Domain | None
    document: Callable[[PlainSample], Any]
    frame: str | None = None

    @property
    def curved(self) -> Mapping[str, bool]:
        """Metrics that may have an index, and whether higher is better."""
        return {QUALITY: True} if self.domain else self.task.higher_is_better()


def grader(run: PlainRun, graded_by: GradedBy) -> Grader:
    """Find who grades a log: the domain that is named, the task that is named, or the log's own.

    `GradedBy.trust` changes nothing: the functions that a results file holds are never run.

    Raises:
        AnytimeError: The task is unknown or cannot be made, or its answers are not to be graded
            here.
    """
    domain, task, include_path, _, frame = graded_by
    if domain is not None:
        own_task = _DomainTask(domain, frame)
        return Grader(own_task, domain.name, 1, domain, partial(problem_of, domain), frame)
    name = task or run.header.task
    try:
        made = _without_data(name, index_of(include_path), run.first.fields["doc"])
    except AnytimeError as error:
        raise AnytimeError(f"{run.path} cannot be annotated: {error}") from None
    own = task is None or task == run.header.task
    repeats = None if own else int(made.config.repeats or 1)
    return Grader(made, name, repeats, None, lambda sample: sample.fields["doc"], frame)


@functools.lru_cache(maxsize=1)
def index_of(include_path: Path | None) -> Any:
    """What knows the tasks of lm-eval, and those of a folder: indexing all takes seconds."""
    if include_path is not None and not include_path.is_dir():
        raise AnytimeError(f"--include-path {include_path} is no folder: name one with task YAML")
    return TaskManager(include_path=None if include_path is None else str(include_path))


def _without_data(name: str, known: Any, doc: Any) -> Any:
    """A task of lm-eval's that has no document but one.

    Raises:
        AnytimeError: It is unknown, cannot be made, or must not run here.
    """
    entry = known.task_index.get(name)
    if entry is None or entry.kind.name not in ("TASK", "PY_TASK"):
        near = difflib.get_close_matches(name, known.all_subtasks, n=1)
        what = "names no task of lm-eval" if entry is None else "names a group of tasks, not one"
        near_miss = f" (is it {near[0]}?)" if near else ""
        raise AnytimeError(f"{name} {what}{near_miss}: {_HINT}")
    try:
        config = _configuration(known, entry)
        kind = config.pop("class", ConfigurableTask)
        ours = issubclass(kind, AtEveryBudget)
        made = None if ours else _built(kind, config, doc)
    except Exception as error:  # whatever the YAML, its functions and what they import raise
        raise AnytimeError(
            f"the task {name} cannot be made for its documents ({type(error).__name__}: {error}): "
            f"{_HINT}"
        ) from None
    if made is None:
        raise AnytimeError(f"{name} is a task of anytime's own, which --domain stands for: {_HINT}")
    if made.OUTPUT_TYPE not in ("generate_until", None):
        raise AnytimeError(f"of the task {name} {RANKED} ({made.OUTPUT_TYPE})")
    if getattr(made, "UNSAFE_CODE", False):
        raise AnytimeError(
            f"{name} grades by running the code that the model wrote, at every budget, which "
            f"anytime annotate does not do: lm_eval --tasks {PREFIX}{name} "
            f"--confirm_run_unsafe_code runs it live"
        )
    return made


def _configuration(known: Any, entry: Any) -> dict[str, Any]:
    config = configuration_of(known, entry)
    for name in ("tag", "group", "task_list"):
        config.pop(name, None)
    return config


def _built(kind: type, config: Mapping[str, Any], doc: Any) -> Any:
    of_data = ("process_docs", "custom_dataset", "fewshot_config", "fewshot_split", "num_fewshot")
    config = {**config, **dict.fromkeys(of_data)}
    made: Any = type(f"Logged{kind.__name__}", (_Logged, kind), {"logged": _Documents([doc])})
    # A class may bring its configuration along instead.
    takes_one = "config" in inspect.signature(kind).parameters
    task = made(config=config) if takes_one else made()
    if getattr(task, "config", None) is not None:
        task.config.task = config["task"]
    return task


class _Documents(list[Any]):
    """Documents in memory; lm-eval looks at the names of their fields."""

    @property
    def features(self) -> dict[str, Any]:
        return dict.fromkeys(self[0]) if isinstance(self[0], Mapping) else {}


class _Logged:
    """Stands before a task's class among the bases: its data are what a log holds of them."""

    logged: _Documents
    dataset: Mapping[str, Any]

    def download(self, *given: Any, **options: Any) -> None:
        self.dataset = {}

    @property
    def eval_docs(self) -> _Documents:
        return self.logged

    def training_docs(self) -> _Documents:
        return self.logged

    def validation_docs(self) -> _Documents:
        return self.logged

    def test_docs(self) -> _Documents:
        return self.logged

    def fewshot_docs(self) -> list[Any]:
        return []


class _Extracted:
    """A domain's grade, which shows as the answer it was given for."""

    def __init__(self, grade: Grade) -> None:
        self.grade = grade

    def __str__(self) -> str:
        return self.grade.answer

    def __repr__(self) -> str:
        return repr(self.grade)


class _DomainTask(TakesInstances):
    """A domain as what `judging.judge` takes for a task; its documents are problems."""

    def __init__(self, domain: Domain, frame: str | None) -> None:
        self._domain = domain
        self._frame = frame

    def apply_filters(self) -> None:
        """Grade; the one filter is named after the domain."""
        for instance in self.instances:
            seen = answer_of(Reply(instance.resps[0]), self._frame)
            try:
                grade = self._domain.grade(instance.doc, seen)
            except KeyError as missing:
                raise AnytimeError(
                    f"domain {self._domain.name} needs the {missing.args[0]} of a problem, which "
                    f"the log does not hold"
                ) from None
            instance.filtered_resps[self._domain.name] = _Extracted(grade)

    def process_results(self, doc: Problem, results: Sequence[_Extracted]) -> dict[str, Any]:
        (found,) = results
        grade = found.grade
        return {QUALITY: grade.quality, **grade.metrics, PARSED: float(bool(grade.parsed))}

    def aggregation(self) -> dict[str, Any]:
        return dict.fromkeys([QUALITY, *self._domain.metrics, PARSED], mean)

    def higher_is_better(self) -> dict[str, bool]:
        return dict.fromkeys([QUALITY, *self._domain.metrics, PARSED], True)


def problem_of(domain: Domain, sample: PlainSample) -> Problem:
    """A sample as a problem of a domain: the prompt is what the model was asked.

    Raises:
        AnytimeError: It is none of this domain.
    """
    gold = str(sample.fields.get("target", "")).strip()
    asked = sample.asked
    doc = sample.fields["doc"]
    problem = Problem(str(sample.doc_id), asked, gold)
    return domain.from_log(problem, asked, doc if isinstance(doc, Mapping) else {})
