"""`--jobs`: the samples of a log annotated by several processes."""

from __future__ import annotations

import dataclasses
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import inspect_ai
import pytest
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import pattern
from inspect_ai.solver import generate

from anytime.cli import main
from anytime.domains.aime import AIME
from anytime.domains.base import Grade, Problem
from anytime.hosts.inspect_ai.tasks import aime
from anytime.logs.inspect_ai import annotated_members
from tests.inspect_annotating import outcome

TRACES = 5


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples = [Sample(id=s.id, input=s.input, target=s.target) for s in aime("builtin").dataset]
    folder = tmp_path_factory.mktemp("plain")
    inspect_ai.eval(
        Task(dataset=samples, solver=generate(), scorer=pattern(r"\\boxed\{(\d+)\}")),
        model="anytime/simulated",
        model_args={"accuracy": 0.8, "solve_tokens": 60, "drift": 0.3},
        epochs=TRACES,
        log_dir=str(folder),
        display="none",
    )
    (path,) = folder.glob("*.eval")
    with zipfile.ZipFile(path) as archive:
        assert sum(n.startswith("samples/") for n in archive.namelist()) > annotated_members.AT_ONCE
    return path


def members(path: Path) -> list[tuple[str, bytes]]:
    """All of an archive, but for the new id of its run."""
    with zipfile.ZipFile(path) as archive:
        return [
            (name, re.sub(rb'"eval_id": "\w+"', b"", archive.read(name)))
            for name in archive.namelist()
        ]


@pytest.mark.slow
def test_several_processes_write_what_one_writes(log: Path, tmp_path: Path) -> None:
    told, seen = [], []

    def counting(path: Path) -> Any:
        def watch(items: Iterator[Any]) -> Iterator[Any]:
            count = 0
            for item in items:
                count += 1
                yield item
            seen.append(count)

        return watch

    for jobs in (1, 3):
        folder = tmp_path / str(jobs)
        told.append(outcome(log, folder, budgets=[16, 64, 256], jobs=jobs, watch=counting))
    one, three = (each.outcome for each in told)
    assert one is not None
    assert three is not None
    assert dataclasses.replace(one, files=[]) == dataclasses.replace(three, files=[])
    assert seen == [one.samples, one.samples]
    assert members(one.files[0]) == members(three.files[0])


def _ends_its_process(problem: Problem, text: str) -> Grade:
    os._exit(1)


@pytest.mark.slow
def test_a_process_that_is_ended_is_one_sentence_and_leaves_nothing(
    log: Path, tmp_path: Path
) -> None:
    fatal = dataclasses.replace(AIME, grade=_ends_its_process)
    told = outcome(log, tmp_path / "out", domain=fatal, jobs=2)
    assert told.outcome is None
    assert "was ended before it was done" in told.refused
    assert "--jobs 1" in told.refused
    assert list((tmp_path / "out").iterdir()) == []


def test_a_domain_that_is_known_here_alone_is_graded_here(log: Path, tmp_path: Path) -> None:
    asked: list[str] = []

    def grade(problem: Problem, text: str) -> Grade:
        asked.append(problem.id)
        return AIME.grade(problem, text)

    here = dataclasses.replace(AIME, grade=grade)
    told = outcome(log, tmp_path / "out", domain=here, jobs=2)
    assert told.outcome is not None
    assert asked


def test_as_many_as_are_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = {0, 1, 2, 3}
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: cores, raising=False)
    processes = annotated_members._processes
    assert [processes(n, None) for n in (0, 999, 2000, 3500, 10_000)] == [1, 1, 2, 3, 4]
    assert [processes(n, 3) for n in (0, 1, 33, 10_000)] == [1, 1, 2, 3]


def test_large_samples_are_given_one_by_one() -> None:
    big = annotated_members.BYTES_AT_ONCE
    sizes = [("a", 1), ("b", big), ("c", big + 1), ("d", 1), ("e", 1)]
    assert list(annotated_members._tasks(sizes)) == [["a"], ["b"], ["c"], ["d", "e"]]
    assert list(annotated_members._tasks([])) == []


@pytest.mark.parametrize("given", ["0", "-1", "two"])
def test_what_is_no_number_of_processes(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["annotate", "x.eval", "-o", "out", "--jobs", given])
    assert "is no number of processes: 1 or more" in capsys.readouterr().err
