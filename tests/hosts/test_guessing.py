"""A four-choice guesser in both harnesses: 30 problems, one trace each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval

from anytime.cli import main
from anytime.hosts.inspect_ai.tasks import gpqa
from anytime.hosts.lm_eval.models import Guesser
from anytime.hosts.lm_eval.table import NOISE, arranged
from tests.inspect_runs import inspect_metrics
from tests.lm_eval_runs import evaluate, numbers

BUDGETS = "4,8,16,32,64,128,256"


def check(block: dict[str, Any]) -> None:
    """The interval holds 0.25, the formula as it stands is above it, and drift may be noise."""
    assert block["anytime_index_low"] <= 0.25 <= block["anytime_index_high"]
    assert block["anytime_index"] < block["anytime_index_plugin"]
    assert block["drift_low"] == 0 < block["drift_high"]


def test_its_interval_holds_a_quarter_and_its_drift_is_called_noise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (log,) = inspect_eval(
        gpqa("builtin", budgets=BUDGETS),
        model="anytime/guesser",
        logprobs=True,  # exact cuts, as lm-eval makes
        limit=30,
        log_dir=str(tmp_path),
        display="none",
    )
    told = inspect_metrics(log)
    check(told)
    task = "anytime_gpqa_builtin"
    found = numbers(evaluate(task, Guesser(), {"budgets": BUDGETS}, limit=30), task)
    check(found)
    for name in ("anytime_index", "anytime_index_low", "anytime_index_high", "drift_high"):
        assert found[name] == told[name], name
    main(["summary", log.location])
    said = capsys.readouterr().out
    assert "Drift of this run is within noise: its interval begins at 0." in said


def test_lm_evals_table_calls_a_drift_that_is_seen_noise() -> None:
    task = "anytime_gpqa_builtin"
    results = evaluate(task, Guesser(), limit=30)
    found = numbers(results, task)
    assert found["drift_low"] == 0 < found["drift"]
    shown, note = arranged(results, "results")
    assert NOISE.format(f"{task} (drift)") in note
    assert "drift_low,none" in shown["results"][task]
