"""The command `inspect` with a planner that takes its time, to be stopped in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

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
        # A shell lets what it starts in the background ignore Ctrl-C, and the tests with it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def calls(folder: Path) -> list[Call]:
    file = folder / "calls"
    lines = file.read_text().splitlines() if file.exists() else []
    return [(prompt, seed, cap) for prompt, seed, cap in map(json.loads, lines)]


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    for _ in range(6000):
        if condition():
            return
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    raise AssertionError("it never came to that")
