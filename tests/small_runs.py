"""Small real runs of both harnesses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import inspect_ai
import lm_eval
import pytest
from inspect_ai import Task
from inspect_ai.log import EvalLog, EvalSample, read_eval_log, write_eval_log
from inspect_ai.model import get_model
from lm_eval.loggers import EvaluationTracker

from anytime import cli
from anytime.hosts.inspect_ai.tasks import aime, gpqa, trip
from tests.lm_eval_runs import manager

BUDGETS = [32, 64, 128, 256]
TASKS: dict[str, Callable[..., Task]] = {"trip": trip, "aime": aime, "gpqa": gpqa}
WAVERING: dict[str, Any] = {
    "accuracy": 0.8,
    "solve_tokens": 60,
    "drift": 0.7,
    "guess": 0.25,
    "unparsed": 0.1,
}


_OF_EVAL = ("epochs", "log_format", "temperature", "logprobs")
"""Options of `inspect_ai.eval` that tests give."""


@pytest.fixture(autouse=True, scope="session")
def apart(tmp_path_factory: Any) -> Any:
    """Caches are the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("INSPECT_CACHE_DIR", "ANYTIME_CACHE_DIR", "LM_HARNESS_CACHE_PATH"):
            patch.setenv(name, str(tmp_path_factory.mktemp("cache")))
        # With torch installed, asking the machine for its versions takes seconds.
        patch.setattr("lm_eval.evaluator.add_env_info", lambda results: None)
        yield


def run_inspect(folder: Path, domain: str = "trip", **options: Any) -> Path:
    """Run a task; its log. Options are the task's, and those of `inspect_ai.eval`."""
    how = {name: options.pop(name) for name in _OF_EVAL if name in options}
    task = TASKS[domain]("builtin", **{"budgets": BUDGETS, **options})
    (log,) = inspect_ai.eval(
        task,
        get_model("anytime/simulated", **WAVERING),
        log_dir=str(folder),
        display="none",
        limit=5,
        **{"epochs": 3, **how},
    )
    assert log.status == "success"
    return Path(log.location.removeprefix("file://"))


def run_lm_eval(
    folder: Path, domain: str = "trip", model: Mapping[str, Any] = WAVERING, **metadata: Any
) -> Path:
    """Run a task as the command line does with --log_samples --output_path; its samples file."""
    task = f"anytime_{domain}_builtin"
    tracker = EvaluationTracker(output_path=str(folder))
    results = lm_eval.simple_evaluate(
        "anytime-simulated",
        model_args=dict(model),
        tasks=[task],
        task_manager=manager({"budgets": BUDGETS, "traces": 3, **metadata}),
        gen_kwargs="do_sample=True",
        bootstrap_iters=0,
        limit=5,
        evaluation_tracker=tracker,
    )
    assert results is not None
    kept = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=kept)
    tracker.save_results_samples(task, kept[task])
    (file,) = folder.rglob(f"samples_{task}_*.jsonl")
    return file


def edit(path: Path, change: Callable[[EvalLog, list[EvalSample]], None]) -> Path:
    """Change a log of Inspect."""
    log = read_eval_log(str(path))
    assert log.samples
    change(log, log.samples)
    write_eval_log(log, str(path))
    return path


def results_of(samples: Path) -> Path:
    (file,) = samples.parent.glob("results_*.json")
    return file


Logs = Mapping[str, Path]


@pytest.fixture(scope="session")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Logs:
    """One run of each harness, which nobody may change."""
    return _small_runs(tmp_path_factory.getbasetemp() / "small_runs")


@cache
def _small_runs(folder: Path) -> Logs:
    # Once for all folders of tests that import the fixture: to pytest each has one of its own.
    return {
        "inspect_ai": run_inspect(folder / "inspect"),
        "lm_eval": run_lm_eval(folder / "lm_eval"),
    }


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Run:
    """The command in this process: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def command(*words: object) -> tuple[int, str, str]:
        code = 0
        try:
            cli.main([*map(str, words)])
        except SystemExit as stop:
            code = int(stop.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


def sentence(told: tuple[int, str, str]) -> str:
    """The only thing that was said."""
    code, out, err = told
    assert (code, out) == (2, "")
    assert err.startswith("anytime: ")
    assert err.count("\n") == 1
    return err
