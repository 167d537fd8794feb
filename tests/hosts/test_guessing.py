"""A four-choice guesser in both harnesses: 30 problems, one trace each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval as inspect_eval

from anytime.cli import main
from anytime.hosts.inspect_ai.tasks import gpqa
from anytime.hosts.lm_eval.models import Guesser
from anytime.programs.doubts import NOISE
from tests.inspect_runs import inspect_command, inspect_metrics, logs_in
from tests.lm_eval_runs import command, evaluate, numbers

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


FALLING = "2,4,8,16,32"
"""At these budgets the guesser happens to be best at the smallest."""


@pytest.mark.quick(f"{FALLING}-True")
@pytest.mark.parametrize(("budgets", "seen"), [(FALLING, True), (BUDGETS, False)])
def test_the_table_of_inspect_says_which_drift_is_noise(
    budgets: str, seen: bool, tmp_path: Path
) -> None:
    words = ["eval", "anytime/gpqa", "-T", "dataset=builtin", "-T", f"budgets={budgets}"]
    words += ["--model", "anytime/guesser", "--logprobs", "--limit", "30", "--display", "plain"]
    done = inspect_command(words, tmp_path)
    assert done.returncode == 0, done.stderr
    (log,) = logs_in(tmp_path / "logs")
    found = inspect_metrics(log)
    assert (found["drift_low"] == 0 < found["drift"]) == seen
    said = " ".join((done.stdout + done.stderr).split())
    assert ("within noise" in said) == seen
    assert (NOISE.format("anytime/gpqa (curve)")[:40] in said) == seen
    assert "drift_high" in said


@pytest.mark.quick(f"{FALLING}-True")
@pytest.mark.parametrize(("budgets", "seen"), [(FALLING, True), (BUDGETS, False)])
def test_the_table_of_lm_eval_says_which_drift_is_noise(
    budgets: str, seen: bool, tmp_path: Path
) -> None:
    task = "anytime_gpqa_builtin"
    words = ["lm_eval", "--model", "anytime-guesser", "--tasks", task, "--limit", "30"]
    done = command([*words, "--metadata", json.dumps({"budgets": budgets})], tmp_path)
    assert done.returncode == 0, done.stderr
    rows = {
        cells[5].strip(): float(cells[7])
        for line in done.stdout.splitlines()
        if len(cells := line.split("|")) > 7 and cells[5].strip() not in ("Metric", "-" * 20)
    }
    assert (rows["drift"] > 0) == seen
    assert rows["drift_high"] > 0
    assert (rows.get("drift_low") == 0) == seen
    assert (NOISE.format(f"{task} (drift)") in done.stdout) == seen
    curve = [f"q@{budget}" for budget in budgets.split(",")]
    assert list(rows)[: len(curve)] == curve
    assert len(rows) <= len(curve) + 12  # the index block, and what is not 0
