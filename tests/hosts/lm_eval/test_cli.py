"""The commands as users type them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lm_eval_runs import Cli

pytestmark = pytest.mark.slow  # lm-eval's command line takes seconds to start


def sample_records(folder: Path) -> list[dict[str, Any]]:
    (file,) = folder.rglob("samples_*.jsonl")
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_nothing_else_on_the_command_line(cli: Cli) -> None:
    done = cli(
        *("lm_eval", "--model", "anytime-simulated", "--tasks", "anytime_aime_builtin"),
        *("--limit", 4),
    )
    assert done.returncode == 0, done.stderr
    for name in ("anytime_index", "q@16384", "anytime_index_low", "anytime_index_high"):
        assert f"|{name} " in done.stdout
    assert "that are 0 throughout, and" in done.stdout
    assert "|anytime_aime_builtin|" in done.stdout


def test_a_group_rehearses_with_the_stand_ins(cli: Cli) -> None:
    done = cli(
        *("lm_eval", "--model", "anytime-simulated", "--tasks", "anytime_builtin", "--limit", 2),
        *("--metadata", '{"budgets": [64, 1024]}'),
    )
    assert done.returncode == 0, done.stderr
    for task in ("trip", "aime", "gpqa"):
        assert f"anytime_{task}_builtin" in done.stdout
    assert done.stdout.count("|anytime_index ") == 3


def test_the_records_hold_traces_and_checkpoints(cli: Cli, tmp_path: Path) -> None:
    done = cli(
        *("lm_eval", "--model", "anytime-planner", "--tasks", "anytime_trip_builtin"),
        *("--limit", 3, "--log_samples", "--output_path", "out", "--write_out"),
        *("--metadata", '{"budgets": [64, 128, 1024], "traces": 2}'),
    )
    assert done.returncode == 0, done.stderr
    records = sample_records(tmp_path / "out")
    assert len(records) == 3
    ((first, second),) = records[0]["resps"]
    trace, written = first
    assert trace.startswith("I plan")
    assert trace != second[0]
    points = json.loads(written)["checkpoints"]
    assert [point["budget"] for point in points] == [64, 128, 1024]
    assert all("answer" in point for point in points if point["forced"])
    assert records[0]["arguments"]["gen_args_0"]["arg_0"].startswith("You plan to visit")
    (results,) = (tmp_path / "out").rglob("results_*.json")
    table = json.loads(results.read_text())["results"]["anytime_trip_builtin"]
    assert table["q@1024_stderr,none"] == 0
    assert table["anytime_index_stderr,none"] == "N/A"
    config = json.loads(results.read_text())["configs"]["anytime_trip_builtin"]
    assert config["metadata"]["revision"] == "seed 0"
    assert config["metadata"]["budgets"] == [64, 128, 1024]
    assert config["metadata"]["envelope"] == "mean"
    assert config["repeats"] == 2


def test_predict_only_and_samples(cli: Cli, tmp_path: Path) -> None:
    done = cli(
        *("lm_eval", "--model", "anytime-planner", "--tasks", "anytime_trip_builtin"),
        *("--samples", '{"anytime_trip_builtin": [1, 4]}', "--predict_only"),
        *("--output_path", "out", "--metadata", '{"budgets": "64,128"}'),
    )
    assert done.returncode == 0, done.stderr
    records = sample_records(tmp_path / "out")
    assert [record["doc_id"] for record in records] == [1, 4]
    assert "q@64" not in records[0]
    assert "bypass" in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--limit", "0"], "--limit 0 leaves no problem"),
        (["--metadata", "budget=[1,2]"], "unknown name 'budget' in --metadata"),
        (["--metadata", '{"budgets": "64"}'], "one budget (64) makes no curve"),
        (["--model_args", "speed=3"], "unknown option 'speed' of model planner"),
    ],
    ids=["limit 0", "near miss", "one budget", "model option"],
)
def test_errors_are_one_sentence(cli: Cli, words: list[str], sentence: str) -> None:
    task = ("--model", "anytime-planner", "--tasks", "anytime_trip_builtin")
    done = cli("lm_eval", *task, *words)
    assert done.returncode == 1
    assert sentence in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_a_dataset_that_cannot_be_had_names_the_twin(cli: Cli) -> None:
    done = cli("lm_eval", "--model", "anytime-planner", "--tasks", "anytime_trip")
    assert done.returncode == 1
    assert "--tasks anytime_trip_builtin" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
