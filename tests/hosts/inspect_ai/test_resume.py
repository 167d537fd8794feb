"""Killed in the middle and continued with `inspect eval-retry`."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest
from inspect_ai.log import EvalSample

from anytime.hosts.inspect_ai.tasks import trip
from tests.inspect_runs import Run, logs_in, metrics, model_events, samples, values
from tests.slow_inspect import Call, calls, start, wait_for

PROBLEMS, EPOCHS, IN_FLIGHT = 6, 2, 2


BUDGETS = (64, 128, 256, 512)
RUN: list[object] = ["eval", "anytime/trip", "-T", "dataset=builtin"]
RUN += ["-T", f"budgets={','.join(map(str, BUDGETS))}"]
RUN += ["--model", "anytime/planner", "--limit", PROBLEMS, "--epochs", EPOCHS]
RUN += ["--max-samples", IN_FLIGHT]


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
    broken.communicate(timeout=600)
    (partial,) = logs_in(folder / "stopped")
    assert partial.status in ("started", "cancelled")
    before = calls(folder)
    started = {call[:2] for call in before}
    assert len(started) < PROBLEMS * EPOCHS

    (log_file,) = (folder / "stopped").glob("*.eval")
    again = start(folder, "eval-retry", log_file, "--log-dir", folder / "retried", seconds=0)
    said, _ = again.communicate(timeout=600)
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
