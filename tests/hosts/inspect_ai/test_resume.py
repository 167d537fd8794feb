"""Killed in the middle and continued with `inspect eval-retry`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from inspect_ai.log import EvalSample

from anytime.hosts.inspect_ai.tasks import trip
from tests.inspect_runs import Run, logs_in, metrics, model_events, samples, values

PROBLEMS, EPOCHS, IN_FLIGHT = 6, 2, 2

# The real command, but the planner takes its time and every call leaves a line.
SLOW_INSPECT = """
import json, os, runpy
from pathlib import Path
import anyio
from anytime.hosts.inspect_ai.models import AnytimeAPI

generate = AnytimeAPI.generate

async def slow(self, input, tools, tool_choice, config):
    with Path(os.environ["CALLS"]).open("a") as calls:
        calls.write(json.dumps([input[0].text, config.seed, config.max_tokens]) + "\\n")
    await anyio.sleep(float(os.environ["SECONDS"]))
    return await generate(self, input, tools, tool_choice, config)

AnytimeAPI.generate = slow
runpy.run_module("inspect_ai", run_name="__main__", alter_sys=True)
"""

BUDGETS = (64, 128, 256, 512)
RUN: list[object] = ["eval", "anytime/trip", "-T", "dataset=builtin"]
RUN += ["-T", f"budgets={','.join(map(str, BUDGETS))}"]
RUN += ["--model", "anytime/planner", "--limit", PROBLEMS, "--epochs", EPOCHS]
RUN += ["--max-samples", IN_FLIGHT]

Call = tuple[str, int, int]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    # Where Inspect keeps what is not yet in the log.
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (tmp_path / "slow_inspect.py").write_text(SLOW_INSPECT)
    return tmp_path


def start(folder: Path, *words: object, seconds: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(folder / "slow_inspect.py"), *map(str, words)],
        cwd=folder,
        env={**os.environ, "CALLS": str(folder / "calls"), "SECONDS": str(seconds)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def calls(folder: Path) -> list[Call]:
    file = folder / "calls"
    lines = file.read_text().splitlines() if file.exists() else []
    return [(prompt, seed, cap) for prompt, seed, cap in map(json.loads, lines)]


def asked(sample: EvalSample) -> list[Call]:
    return [
        (event.input[0].text, event.config.seed or 0, event.config.max_tokens or 0)
        for event in model_events(sample)
    ]


@pytest.mark.parametrize(
    "blow",
    [
        pytest.param(signal.SIGKILL, id="kill", marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, id="interrupt", marks=pytest.mark.slow),
    ],
)
def test_a_run_stopped_in_the_middle_is_continued_to_the_same_result(
    run: Run, folder: Path, blow: signal.Signals
) -> None:
    task = trip("builtin", budgets=list(BUDGETS))
    expected = run(task, "anytime/planner", limit=PROBLEMS, epochs=EPOCHS)
    needed = Counter(call for sample in samples(expected) for call in asked(sample))

    broken = start(folder, *RUN, "--log-dir", folder / "stopped", seconds=0.3)
    wait_for(lambda: len(calls(folder)) > sum(needed.values()) // 2, broken)
    broken.send_signal(blow)
    broken.communicate(timeout=60)
    (partial,) = logs_in(folder / "stopped")
    assert partial.status in ("started", "cancelled")
    before = calls(folder)
    started = {call[:2] for call in before}
    assert len(started) < PROBLEMS * EPOCHS

    (log_file,) = (folder / "stopped").glob("*.eval")
    again = start(folder, "eval-retry", log_file, "--log-dir", folder / "retried", seconds=0)
    said, _ = again.communicate(timeout=120)
    assert again.returncode == 0, said
    (result,) = logs_in(folder / "retried")
    assert result.status == "success"
    assert len(samples(result)) == PROBLEMS * EPOCHS
    assert values(result) == values(expected)
    assert metrics(result) == metrics(expected)
    after = calls(folder)[len(before) :]
    rerun = {call[:2] for call in after}
    assert {call[:2] for call in needed} - started <= rerun
    # Of those that had been started only the ones in flight are run again, and those whole.
    assert len(rerun & started) <= IN_FLIGHT
    assert Counter(after) == {call: n for call, n in needed.items() if call[:2] in rerun}


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)
