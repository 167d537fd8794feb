"""Samples that Inspect recovers from a killed run: no store, the model's last reply for output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from inspect_ai import score
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalLog, EvalSample, read_eval_log

from anytime.hosts.inspect_ai.scoring import curve
from anytime.results import iter_rows, open_runs
from anytime.rows import to_record
from anytime.runs import TraceId
from tests.small_runs import edit, run_inspect


def as_recovered(log: EvalLog, samples: list[EvalSample]) -> None:
    for sample in samples[::2]:
        sample.store = {}
        sample.output = [e for e in sample.events if isinstance(e, ModelEvent)][-1].output


def rows(path: Path) -> list[dict[str, Any]]:
    return [to_record(row) | {"log": ""} for row in iter_rows(path)]


def texts(path: Path) -> dict[TraceId, str]:
    (run,) = open_runs(path)
    return dict(run.texts({(row["problem"], row["trace"]) for row in rows(path)}))


@pytest.mark.parametrize("log_format", ["eval", "json"])
def test_checkpoints_and_traces_are_those_of_a_run_without_a_kill(
    tmp_path: Path, log_format: str
) -> None:
    whole = run_inspect(tmp_path, log_format=log_format)
    expected, wanted = rows(whole), texts(whole)
    (block,) = [s.metrics for s in read_eval_log(str(whole)).results.scores if "drift" in s.metrics]
    recovered = edit(whole, as_recovered)
    assert rows(recovered) == expected
    assert texts(recovered) == wanted
    (run,) = open_runs(recovered)
    assert list(run.traces())
    assert not run.skipped

    again = score(read_eval_log(str(recovered)), curve(), action="overwrite")
    assert again.results is not None
    (anew,) = [s.metrics for s in again.results.scores if "drift" in s.metrics]
    assert {n: m.value for n, m in anew.items()} == {n: m.value for n, m in block.items()}
