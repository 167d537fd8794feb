"""One trace store over HTTP: runs that fail, are killed, or run beside each other."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from anytime.models import load_model
from tests.lm_eval_runs import evaluate, numbers
from tests.serving import Body, Fault, Server, serving

TASK = "anytime_trip_builtin"
KNOBS = {"budgets": "64,128,256", "traces": 3, "mode": "contract"}
PROBLEMS = 5
REQUESTS = PROBLEMS * 3 * 3
CONNECTIONS = 3


def options(server: Server) -> dict[str, Any]:
    arguments = {
        "model": "planner",
        "base_url": f"{server.url}/chat/completions",
        "tokenizer_backend": None,
        "num_concurrent": CONNECTIONS,
        "max_retries": 1,
    }
    return {
        "model_args": arguments,
        "limit": PROBLEMS,
        "apply_chat_template": True,
        "gen_kwargs": "do_sample=True,temperature=1",
    }


RUN = """
import json, sys
from tests.lm_eval_runs import evaluate, numbers
task, knobs, options = json.loads(sys.argv[1])
results = evaluate(task, "local-chat-completions", knobs, **options)
print("TABLE", json.dumps(numbers(results, task)))
"""


def started(server: Server, store: Path) -> subprocess.Popen[str]:
    given = json.dumps([TASK, {**KNOBS, "trace_store": str(store)}, options(server)])
    command = [sys.executable, "-c", RUN, given]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    )


def table_of(run: subprocess.Popen[str]) -> dict[str, float]:
    out, err = run.communicate(timeout=600)
    assert run.returncode == 0, err
    (line,) = [line for line in out.splitlines() if line.startswith("TABLE ")]
    return dict(json.loads(line.removeprefix("TABLE ")))


def in_this_process(server: Server, **more: Any) -> dict[str, float]:
    knobs = {**KNOBS, **more}
    results = evaluate(TASK, "local-chat-completions", knobs, **options(server))
    return numbers(results, TASK)


@pytest.fixture(scope="module")
def expected() -> dict[str, float]:
    with serving(load_model("planner", {})) as server:
        table = in_this_process(server)
        assert sum(server.answered().values()) == REQUESTS
        return table


def test_a_run_that_fails_keeps_every_answer_that_came(
    expected: dict[str, float], tmp_path: Path
) -> None:
    failing = set[str]()

    def tenth(body: Body, tries: int) -> Fault | None:
        key = json.dumps(body, sort_keys=True)
        if len(failing) < 4 and sum(key.encode()) % 10 == 0:
            failing.add(key)
        return "500" if key in failing else None

    store = tmp_path / "store"
    with serving(load_model("planner", {}), faults=tenth) as server:
        with pytest.raises(Exception, match="500"):  # the client's own
            in_this_process(server, trace_store=str(store))
        answered = sum(server.answered().values())
        assert failing
        assert answered
        server.faults = lambda body, tries: None
        again = in_this_process(server, trace_store=str(store))
        total = sum(server.answered().values())
    assert again == pytest.approx(expected, nan_ok=True, abs=0)
    # What was in flight when the client gave up is asked again, and nothing else.
    assert REQUESTS <= total <= REQUESTS + CONNECTIONS


@pytest.mark.slow
@pytest.mark.parametrize("after", [5, 23])
def test_a_killed_run_loses_what_was_in_flight_alone(
    after: int, expected: dict[str, float], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    with serving(load_model("planner", {})) as server:
        enough = threading.Event()

        def watching(body: Body, tries: int) -> Fault | None:
            if sum(server.answered().values()) >= after:
                enough.set()
            return None

        server.faults = watching
        run = started(server, store)
        assert enough.wait(240)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        before = len(server.exchanges)
        again = in_this_process(server, trace_store=str(store))
        total = len(server.exchanges)
    assert again == pytest.approx(expected, nan_ok=True, abs=0)
    assert total <= REQUESTS + CONNECTIONS, f"{before} were asked before the kill"
    assert max(Counter(json.dumps(e.body, sort_keys=True) for e in server.exchanges).values()) <= 2


@pytest.mark.slow
@pytest.mark.parametrize("runs", [2, 4])
def test_runs_beside_each_other_ask_nothing_twice(
    runs: int, expected: dict[str, float], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    with serving(load_model("planner", {})) as server:
        beside = [started(server, store) for _ in range(runs)]
        tables = [table_of(run) for run in beside]
        assert set(server.answered().values()) == {1}
        assert len(server.exchanges) == REQUESTS
    assert tables == [pytest.approx(expected, nan_ok=True, abs=0)] * runs
