"""Runs of the Inspect host: in this process, by the real command line, and on scripted models."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalLog, EvalSample, read_eval_log
from inspect_ai.model import (
    ChatMessage,
    GenerateConfig,
    Model,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    get_model,
    modelapi,
)
from inspect_ai.tool import ToolChoice, ToolInfo

from anytime.hosts.inspect_ai.models import AnytimeAPI

Script = Callable[[list[ChatMessage], GenerateConfig], ModelOutput | Awaitable[ModelOutput]]
Run = Callable[..., EvalLog]
Cli = Callable[..., subprocess.CompletedProcess[str]]

NO_NETWORK = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HF_HUB_OFFLINE": "1",
    "NO_PROXY": "127.0.0.1",
}


@modelapi(name="scripted")
class ScriptedAPI(ModelAPI):
    """A provider of no special powers that answers by a function: `script(messages, config)`."""

    def __init__(self, model_name: str, *args: Any, script: Script, **options: Any) -> None:
        super().__init__(model_name, *args, **options)
        self.script = script

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        output = self.script(input, config)
        return await output if isawaitable(output) else output


def scripted(script: Script) -> Model:
    return get_model("scripted/model", script=script, memoize=False)


def says(text: str, tokens: int | None = None, stop: Any = "stop", **usage: Any) -> ModelOutput:
    """An output of so many tokens, by default one for each word; 0 or less reports no usage."""
    output = ModelOutput.from_content("scripted", text, stop_reason=stop)
    count = len(text.split()) if tokens is None else tokens
    if count >= 0:
        output.usage = ModelUsage(input_tokens=1, output_tokens=count, **usage)
    return output


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Caches and logs of every test are its own, and nothing is asked of the network."""
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "inspect-cache"))
    monkeypatch.setenv("ANYTIME_CACHE_DIR", str(tmp_path / "anytime-cache"))
    monkeypatch.setenv("INSPECT_LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("INSPECT_DISPLAY", "plain")
    # Inspect keeps the display of the first run of a process, which may have had none.
    monkeypatch.setattr("inspect_ai._display.core.active._active_display", None)
    for name, value in NO_NETWORK.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a task in this process; keywords are those of `inspect_ai.eval`."""

    def start(task: Task | str, model: str | Model, **options: Any) -> EvalLog:
        (log,) = inspect_eval(
            task, model=model, log_dir=str(tmp_path / "logs"), display="none", **options
        )
        return read_eval_log(log.location, resolve_attachments=True)

    return start


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The command `inspect` as users type it, run in a folder of its own."""
    return lambda *words, **options: inspect_command(words, tmp_path, **options)


def inspect_command(
    words: Sequence[object], folder: Path, **options: Any
) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("inspect")), *map(str, words)]
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=600,
        **options,
    )


def logs_in(folder: Path) -> list[EvalLog]:
    """The logs in a folder, oldest first."""
    return [
        read_eval_log(str(file), resolve_attachments=True) for file in sorted(folder.glob("*.eval"))
    ]


def samples(log: EvalLog) -> list[EvalSample]:
    assert log.samples
    return log.samples


def model_events(sample: EvalSample) -> list[ModelEvent]:
    return [event for event in sample.events if isinstance(event, ModelEvent)]


def values(log: EvalLog) -> dict[tuple[str | int, int], dict[str, float]]:
    """What the scorer `curve` gave each sample, by id and epoch."""
    found: dict[tuple[str | int, int], dict[str, float]] = {}
    for sample in samples(log):
        assert sample.scores is not None
        value = sample.scores["curve"].value
        assert isinstance(value, dict)
        found[sample.id, sample.epoch] = value  # type: ignore[assignment]
    return found


def metrics(log: EvalLog) -> dict[str, dict[str, float]]:
    """All metrics of a log by the name of their score."""
    assert log.results is not None
    return {
        score.name: {name: metric.value for name, metric in score.metrics.items()}
        for score in log.results.scores
    }


def table(log: EvalLog, budgets: Sequence[int], name: str = "q") -> np.ndarray[Any, Any]:
    """Scores of shape (problems, traces, budgets)."""
    found = values(log)
    ids = sorted({str(id_) for id_, _ in found})
    epochs = sorted({epoch for _, epoch in found})
    rows = {(str(id_), epoch): value for (id_, epoch), value in found.items()}
    return np.array([[[rows[i, e][f"{name}@{b}"] for b in budgets] for e in epochs] for i in ids])


def inspect_metrics(log: EvalLog) -> dict[str, float]:
    assert log.results is not None
    (block,) = [s.metrics for s in log.results.scores if "anytime_index" in s.metrics]
    return {name: metric.value for name, metric in block.items()}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The first words of every call to a built-in model."""
    seen: list[str] = []
    generate = AnytimeAPI.generate

    async def counting(self: Any, input: Any, *rest: Any, **options: Any) -> ModelOutput:
        seen.append(input[0].text)
        return await generate(self, input, *rest, **options)

    monkeypatch.setattr(AnytimeAPI, "generate", counting)
    return seen
