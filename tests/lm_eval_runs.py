"""Runs of the lm-eval host: in this process, and by the real command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import lm_eval
import pytest
from lm_eval.api.instance import Instance
from lm_eval.api.model import LM
from lm_eval.tasks import TaskManager

from anytime.cli import task_directory

Cli = Callable[..., subprocess.CompletedProcess[str]]

NO_NETWORK = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HF_HUB_OFFLINE": "1",
    "NO_PROXY": "127.0.0.1",
}


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Caches of every test are its own, and nothing is asked of the network."""
    monkeypatch.setenv("ANYTIME_CACHE_DIR", str(tmp_path / "anytime-cache"))
    monkeypatch.setenv("LM_HARNESS_CACHE_PATH", str(tmp_path / "lm-eval-cache"))
    monkeypatch.setenv("INSPECT_LOG_DIR", str(tmp_path / "logs"))
    for name, value in NO_NETWORK.items():
        monkeypatch.setenv(name, value)
    # With torch installed, asking the machine for its versions takes seconds.
    monkeypatch.setattr("lm_eval.evaluator.add_env_info", lambda results: None)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Generated rows in place of the downloads of lm-eval's own tasks."""
    from tests.lm_eval_tasks import loader

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasets.load_dataset", loader(tmp_path_factory.mktemp("rows")))
        yield


@pytest.fixture(scope="module")
def plain_log(tmp_path_factory: pytest.TempPathFactory, generated: None) -> Path:
    """One run of three tasks of lm-eval's, which knew nothing of budgets; its results file."""
    from tests.lm_eval_logs import TASKS, plain_run

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lm_eval.evaluator.add_env_info", lambda results: None)
        return plain_run(tmp_path_factory.mktemp("plain"), *TASKS)


@pytest.fixture
def few_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Indexing all tasks of lm-eval takes seconds; `anytime annotate` knows these."""
    from anytime.logs.lm_eval import log_scorers as regrading
    from tests.lm_eval_logs import TASKS
    from tests.lm_eval_tasks import manager as knowing

    known = knowing(*TASKS, "gsm8k_cot_self_consistency")
    monkeypatch.setattr(regrading, "index_of", lambda folder: known)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """A command as users type it, run in a folder of its own: `lm_eval`, `anytime`."""
    return lambda *words, **options: command(words, tmp_path, **options)


def command(words: Sequence[object], folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    program, *rest = map(str, words)
    return subprocess.run(
        [str(Path(sys.executable).with_name(program)), *rest],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=600,
    )


def manager(metadata: Mapping[str, Any] | None = None) -> TaskManager:
    """Knows our tasks alone: indexing lm-eval's own takes seconds."""
    return TaskManager(
        include_path=str(task_directory()), include_defaults=False, metadata=dict(metadata or {})
    )


def evaluate(
    task: str, model: Any, metadata: Mapping[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """The results of one task in this process; keywords are those of `simple_evaluate`."""
    results = lm_eval.simple_evaluate(
        model, tasks=[task], task_manager=manager(metadata), bootstrap_iters=0, **options
    )
    assert results is not None
    return dict(results)


def numbers(results: Mapping[str, Any], task: str) -> dict[str, float]:
    """The table of a task, without lm-eval's filter in the names."""
    return {
        name.removesuffix(",none"): value
        for name, value in results["results"][task].items()
        if name.endswith(",none") and "_stderr" not in name
    }


def samples(results: Mapping[str, Any], task: str) -> dict[str, dict[str, Any]]:
    """Sample records by the problem's id."""
    return {sample["doc"]["id"]: sample for sample in results["samples"][task]}


def checkpoints(sample: Mapping[str, Any], trace: int = 0) -> list[dict[str, Any]]:
    """The checkpoints of one trace as logged."""
    found: list[dict[str, Any]] = json.loads(sample["resps"][0][trace][1])["checkpoints"]
    return found


class Counting:
    """Wraps a model's `generate_until` and keeps what each call was asked."""

    def __init__(self, lm: LM) -> None:
        self.calls: list[list[Instance]] = []
        self._ask = lm.generate_until
        lm.generate_until = self  # type: ignore[method-assign, assignment]

    def __call__(self, requests: list[Instance], **options: Any) -> list[str]:
        self.calls.append(requests)
        return self._ask(requests, **options)
