"""One trace store over HTTP: runs that fail, are killed, or run beside each other."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from anytime.models import load_model
from tests.killing import Books, wait_until
from tests.lm_eval_apart import asking, run, start, table_of
from tests.serving import Body, Fault, Server, serving

TASK = "anytime_trip_builtin"
KNOBS = {"budgets": "64,128,256", "traces": 3, "mode": "contract"}
PROBLEMS = 5
REQUESTS = PROBLEMS * 3 * 3
CONNECTIONS = 3


def options(server: Server) -> dict[str, Any]:
    return asking(server, "local-chat-completions", connections=CONNECTIONS, problems=PROBLEMS)


def begun(server: Server, store: Path) -> subprocess.Popen[str]:
    knobs = {**KNOBS, "trace_store": str(store)}
    return start(store.parent, TASK, knobs, options(server))


def in_this_process(server: Server, **more: Any) -> dict[str, float]:
    return run(TASK, {**KNOBS, **more}, options(server))


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
        books = Books(server, CONNECTIONS)
        killed = begun(server, store)
        assert wait_until(lambda: sum(server.answered().values()) >= after, killed)
        books.kill(killed)
        again = in_this_process(server, trace_store=str(store))
        assert len(books.asked) == REQUESTS
        books.check(Counter(dict.fromkeys(books.asked, 1)))
    assert again == pytest.approx(expected, nan_ok=True, abs=0)


@pytest.mark.slow
@pytest.mark.parametrize("runs", [2, 4])
def test_runs_beside_each_other_ask_nothing_twice(
    runs: int, expected: dict[str, float], tmp_path: Path
) -> None:
    store = tmp_path / "store"
    with serving(load_model("planner", {})) as server:
        beside = [begun(server, store) for _ in range(runs)]
        tables = [table_of(run) for run in beside]
        assert set(server.answered().values()) == {1}
        assert len(server.exchanges) == REQUESTS
    assert tables == [pytest.approx(expected, nan_ok=True, abs=0)] * runs
