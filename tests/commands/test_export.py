"""`anytime export` as users type it, on real runs of both harnesses."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import parse_eval_result_entries
from inspect_ai.log import read_eval_log, write_eval_log

from anytime.logs.opening import open_runs
from anytime.results.summary import summaries
from tests.small_runs import Logs, Run, edit, run_inspect, sentence


@pytest.mark.slow
def test_csv_is_the_summary_of_both_harnesses(run: Run, logs: Logs, tmp_path: Path) -> None:
    code, out, err = run("export", *logs.values(), "--format", "csv")
    assert (code, err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(out)))
    for row, one in zip(rows, summaries(open_runs(logs.values())), strict=True):
        assert float(row["anytime_index"]) == one.summary.anytime_index
        assert float(row["q@64"]) == one.quality[64]
        assert row["dataset"] == "builtin"
    assert run("export", *logs.values(), "--format", "csv", "-o", "a.csv")[:2] == (
        0,
        "2 curves written to a.csv\n",
    )
    assert (tmp_path / "a.csv").read_text() == out


def test_a_leaderboard_is_printed(run: Run, logs: Logs) -> None:
    for place in ([], ["-o", "-"]):
        code, out, err = run("export", *logs.values(), "--format", "markdown", *place)
        assert (code, err) == (0, "")
        assert out.startswith("### trip: builtin, test\n\nbudgets 32,64,128,256 tokens; interrupt")
        assert sum(line.startswith("| anytime") for line in out.splitlines()) == 2


def test_records_of_both_harnesses(run: Run, logs: Logs, tmp_path: Path) -> None:
    words = ["export", *logs.values(), "--format", "eee", "-o", "out", "--retrieved", 1750000000]
    code, out, err = run(*words, "--organization", "Lab")
    assert (code, err) == (0, "")
    assert out.count(" with 60 lines beside it\n") == 2
    records = [json.loads(path.read_text()) for path in sorted(tmp_path.rglob("*.json"))]
    assert {one["eval_library"]["name"] for one in records} == {"inspect_ai", "lm_eval"}
    for record in records:
        # The fixtures leave out lm-eval's look at the machine, and with it the version.
        library = record["eval_library"]
        assert (library["version"] == "unknown") == (library["name"] == "lm_eval")
        assert int(record["evaluation_timestamp"]) > 1750000000
        assert record["model_info"]["id"] == "anytime/simulated"
        details = record["evaluation_results"][0]["source_data"]["additional_details"]
        assert details["note"].startswith("generated stand-ins")
    assert "is there already" in sentence(run(*words))
    code, _, err = run(*words, "--force")
    assert (code, err.count("\n")) == (0, 1)
    assert "say who it is with --organization NAME" in err
    assert str(tmp_path) not in "".join(path.read_text() for path in tmp_path.rglob("*.json*"))


def test_no_text_of_a_problem_is_exported(run: Run, tmp_path: Path) -> None:
    texts: list[str] = []

    def keep(log: Any, samples: list[Any]) -> None:
        for sample in samples:
            problem = sample.metadata["anytime"]
            texts.extend([problem["prompt"], *problem["facts"]["options"]])

    log = edit(run_inspect(tmp_path / "logs", "gpqa"), keep)
    for form, place in (("eee", "out"), ("csv", "a.csv"), ("markdown", "a.md")):
        assert run("export", log, "--format", form, "-o", place)[0] == 0
    ids = ["--dataset-id", "a/b", "--task-id", "t"]
    assert run("export", log, "--format", "hf-eval-results", "-o", "a.yaml", *ids)[0] == 0
    written = "".join(
        path.read_text() for path in tmp_path.rglob("*") if path.is_file() and path != log
    )
    assert len(written) > 10_000
    assert [text for text in texts if len(text) > 3 and text in written] == []
    assert len(texts) == 15 * 5


def test_results_for_the_hub(run: Run, logs: Logs, tmp_path: Path) -> None:
    words = ["export", logs["inspect_ai"], "--format", "hf-eval-results", "-o", "a.yaml"]
    assert "name the one that the result is of with --dataset-id" in sentence(run(*words))
    assert not (tmp_path / "a.yaml").exists()
    assert run(*words, "--dataset-id", "lab/trips", "--task-id", "short")[:2] == (
        0,
        "1 result written to a.yaml\n",
    )
    (entry,) = parse_eval_result_entries(yaml.safe_load((tmp_path / "a.yaml").read_text()))
    (one,) = summaries(open_runs(logs["inspect_ai"]))
    assert entry.value == round(100 * one.summary.final, 4)
    assert "generated stand-in problems, not the benchmark" in str(entry.notes)


def test_many_models_get_a_file_each_for_the_hub(run: Run, logs: Logs, tmp_path: Path) -> None:
    def renamed(model: str, name: str) -> Path:
        log = read_eval_log(str(logs["inspect_ai"]))
        log.eval.model = model
        log.eval.eval_id = name
        write_eval_log(log, str(tmp_path / "logs" / name))
        return tmp_path / "logs" / name

    models = ("openai/gpt-4.1", "vllm/Qwen/Qwen3-8B", "openai/azure/gpt-4.1")
    several = [renamed(model, f"{place}.eval") for place, model in enumerate(models)]
    words = ["--format", "hf-eval-results", "--dataset-id", "lab/trips", "--task-id", "short"]
    err = sentence(run("export", *several, *words, "-o", "a.yaml"))
    assert "belong to one model's repository: name a directory with -o DIRECTORY/" in err
    code, out, _ = run("export", *several[:2], *words, "-o", "hub")
    assert (code, out.count("1 result written to hub/")) == (0, 2)
    files = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("hub/**/*.yaml"))
    assert files == [
        "hub/Qwen/Qwen3-8B/.eval_results/trips.yaml",
        "hub/openai/gpt-4.1/.eval_results/trips.yaml",
    ]
    for file in files:
        (entry,) = parse_eval_result_entries(yaml.safe_load((tmp_path / file).read_text()))
        assert entry.task_id == "short"
    assert "is there already: name another place" in sentence(
        run("export", *several[:2], *words, "-o", "hub")
    )
    assert run("export", *several[:2], *words, "-o", "hub", "--force")[0] == 0


def test_what_is_wrong_is_told_before_a_log_is_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    (tmp_path / "there.yaml").write_text("mine")
    for words, told in {
        "csv -o there": "there is there already",
        "csv -o a/b": "there is no directory a",
        "csv --task-id t": "--task-id is for --format hf-eval-results: leave it out with csv",
        "markdown --organization x": "--organization is for --format every-eval-ever",
        "eee": "needs -o DIRECTORY",
        "eee -o -": "cannot be printed: name a place with -o",
        "eee -o there": "there is a file: name the directory",
        "eee -o out --retrieved -5": "name seconds since 1970",
        "hf-eval-results": "name a file that ends in .yaml",
        "hf-eval-results -o a.json": "a.json: name a file that ends in .yaml",
        "hf-eval-results -o there.yaml": "is there already",
    }.items():
        err = sentence(run("export", "no log", "--format", *words.split()))
        assert told in err
    assert "there is no log no log" in sentence(run("export", "no log", "--format", "csv"))
    assert (tmp_path / "there").read_text() == "mine"


def test_a_damaged_log_leaves_nothing(run: Run, logs: Logs, tmp_path: Path) -> None:
    for file in logs["lm_eval"].parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    samples = tmp_path / logs["lm_eval"].name
    samples.write_bytes(samples.read_bytes()[:-900])
    before = sorted(tmp_path.iterdir())
    for form, place in (("eee", "out"), ("csv", "a.csv"), ("markdown", "a.md")):
        told = sentence(run("export", logs["inspect_ai"], samples, "--format", form, "-o", place))
        assert "line 5 is damaged" in told
        assert sorted(tmp_path.iterdir()) == before
