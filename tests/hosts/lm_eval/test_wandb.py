"""What Weights & Biases is given of a run: a curve and a table, and no text in place of numbers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
from lm_eval.loggers import WandbLogger

from anytime.hosts.lm_eval import discovery, private
from anytime.hosts.lm_eval.wandb_curves import (
    curves_of,
    log_curves,
    numbers_alone,
    plain_name,
    plain_samples,
)

ROWS = {
    "alias": "anytime_trip",
    "q@1024,none": 0.75,
    "q@1024_stderr,none": 0.125,
    "q@128,none": 0.25,
    "q@128_stderr,none": "N/A",
    "em@128,none": 0.0,
    "em@1024,none": 0.5,
    "answer_tokens@128,none": 9.0,
    "answer_tokens@1024,none": float("nan"),
    "answer_tokens@128_stderr,none": "N/A",
    "anytime_index,none": 0.5,
    "final,none": 0.75,
    "anytime_index_stderr,none": "N/A",
}
OTHERS = {"acc,none": 0.5, "acc_stderr,none": "N/A", "alias": "mine"}
RESULTS = {"results": {"anytime_trip": ROWS, "mine": OTHERS}, "versions": {}}
WRAPPED = {
    f"{metric}@{budget},{behind}": budget / 100
    for metric in ("exact_match", "chars")
    for behind in ("strict", "flexible")
    for budget in (8, 64)
} | {f"exact_match_anytime_index,{behind}": 0.5 for behind in ("strict", "flexible")}


class Heard:
    """Stands where W&B's run does, and hears what is logged."""

    def __init__(self) -> None:
        self.logged: list[tuple[dict[str, Any], int | None]] = []

    def log(self, values: dict[str, Any], step: int | None = None) -> None:
        self.logged.append((values, step))


def test_budgets_are_in_order_and_nothing_stands_for_what_is_not_known() -> None:
    found = curves_of(ROWS)
    assert found.budgets == [128, 1024]
    assert found.metrics == {
        "quality": [(0.25, None), (0.75, 0.125)],
        "em": [(0.0, None), (0.5, None)],
        "answer_tokens": [(9.0, None), (None, None)],
    }
    assert found.indexed == ["quality"]
    assert curves_of(OTHERS).budgets == []


def test_metrics_of_other_tasks_keep_their_names_and_filters() -> None:
    found = curves_of(WRAPPED)
    assert found.indexed == ["exact_match, strict", "exact_match, flexible"]
    assert found.metrics["chars, strict"] == [(0.08, None), (0.64, None)]


def test_an_index_that_names_no_metric_is_of_the_one_that_is_final() -> None:
    rows = {
        f"{metric}@{b},none": value
        for metric, value in (("chars", 9), ("f1", 0.25))
        for b in (8, 64)
    }
    rows |= {"anytime_index,none": 0.25, "final,none": 0.25}
    assert curves_of(rows).indexed == ["f1"]
    assert curves_of(rows | {"final,none": float("nan")}).indexed == []


class Object:
    def __str__(self) -> str:
        return "as it is filed"


def test_samples_have_names_and_values_that_w_and_b_takes() -> None:
    told = "log_samples_as: lm-eval logs samples in another way"
    found: list[Any] = []
    logger = object.__new__(WandbLogger)
    logger.post_init({"results": {"anytime:mine": {}}, "configs": {"anytime:mine": 1}})
    logger.task_configs = logger.results["configs"]

    def own(self: Any, samples: Any) -> None:
        found.append((self.task_names, self.task_configs, samples))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WandbLogger, "log_eval_samples", own)
        private.log_samples_as(plain_name, plain_samples)
        logger.log_eval_samples({"anytime:mine": [{"doc_id": 0, "filtered_resps": [[Object()]]}]})
    sample = {"doc_id": 0, "filtered_resps": [["as it is filed"]]}
    assert found == [(["anytime-mine"], {"anytime-mine": 1}, {"anytime-mine": [sample]})], told
    assert logger.task_names == ["anytime:mine"], "as they were"


def test_text_in_place_of_numbers_goes_from_our_tasks_alone() -> None:
    shown = numbers_alone(RESULTS)
    assert "N/A" not in shown["results"]["anytime_trip"].values()
    assert shown["results"]["mine"] == OTHERS
    assert RESULTS["results"]["anytime_trip"] is ROWS
    assert ROWS["anytime_index_stderr,none"] == "N/A", "what is filed stays"


def test_a_table_and_a_chart_of_each_curve() -> None:
    pytest.importorskip("wandb")
    run = Heard()
    log_curves(run, {"results": {"anytime_trip": ROWS, "theirs": WRAPPED, "mine": OTHERS}}, 7)
    ((logged, step),) = run.logged
    assert step == 7
    table = logged["anytime_trip/quality_by_budget"]
    assert table.columns == ["budget", "quality", "quality stderr", "em", "answer_tokens"]
    assert table.data == [[128, 0.25, None, 0.0, 9.0], [1024, 0.75, 0.125, 0.5, None]]
    assert set(logged) - {"anytime_trip/quality_by_budget", "theirs/quality_by_budget"} == {
        "anytime_trip/curve",
        "theirs/curve of exact_match, strict",
        "theirs/curve of exact_match, flexible",
    }


def test_nothing_is_logged_where_no_task_is_ours() -> None:
    pytest.importorskip("wandb")
    run = Heard()
    log_curves(run, {"results": {"mine": OTHERS}}, None)
    assert run.logged == []


def test_curves_come_behind_lm_evals_own_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """`private.log_further`: lm-eval's logger has the results, the run and the step."""
    told = "log_further: lm-eval logs to W&B in another way"
    order: list[Any] = []
    logger = object.__new__(WandbLogger)
    assert hasattr(WandbLogger, "log_eval_result"), told
    monkeypatch.setattr(
        WandbLogger, "log_eval_result", lambda self: order.append(dict(self.results))
    )
    private.log_further(numbers_alone, lambda *given: order.append(given))
    logger.run, logger.step = "a run", 3
    logger.post_init({"results": {"anytime_trip": ROWS}})
    logger.log_eval_result()
    shown = numbers_alone({"results": {"anytime_trip": ROWS}})
    assert order[0] == shown, told
    assert order[1] == ("a run", shown, 3), told


def test_the_logger_has_what_is_read_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = pytest.importorskip("wandb")
    monkeypatch.setattr(wandb, "run", "a run")
    logger = WandbLogger({"step": 5}, {})
    assert (logger.run, logger.step) == ("a run", 5), "log_further: the logger has other fields"


def test_the_hook_has_taken_its_place() -> None:
    assert discovery.install.__module__
    assert WandbLogger.log_eval_result.__wrapped__


def test_a_run_is_filed_whatever_w_and_b_says() -> None:
    class Refusing:
        def log(self, *given: Any, **named: Any) -> None:
            raise RuntimeError("quota")

    pytest.importorskip("wandb")
    with pytest.warns(UserWarning, match=r"could not log its curves to W&B \(quota\)"):
        discovery._logged(Refusing(), {"results": {"anytime_trip": ROWS}}, None)


def test_without_wandb_lm_eval_speaks_for_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with warnings.catch_warnings(record=True) as warned, pytest.raises(Exception, match="wandb"):
        WandbLogger({"project": "x"}, {})
    assert warned == []
    assert "please install wandb" in caplog.text
    assert "anytime" not in caplog.text


OWN_TASK = """
task: my_sums
dataset_path: json
dataset_kwargs: {data_files: {test: sums.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "Q: {{q}} A:"
doc_to_target: "{{a}}"
generation_kwargs: {until: ["Q:"], do_sample: false}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""


def run_offline(folder: Path, model: str, task: str, *more: str) -> tuple[dict[str, Any], Path]:
    """Run the command with W&B in offline mode: the numbers that are filed, and W&B's folder."""
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("lm_eval"), "--model", model),
            *("--tasks", task, "--limit", "3", "--output_path", "out", "--log_samples"),
            *("--wandb_args", "project=x,mode=offline"),
            *("--metadata", '{"budgets": "64,256,1024"}', *more),
        ],
        cwd=folder,
        env={**os.environ, "ANYTIME_CACHE_DIR": str(folder / "cache")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Logging to W&B failed" not in done.stdout + done.stderr
    (results,) = (folder / "out").rglob("results_*.json")
    (run,) = (folder / "wandb").glob("offline-run-*")
    return json.loads(results.read_text())["results"][task], run


@pytest.mark.slow
def test_the_samples_of_a_wrapped_task_in_offline_mode(tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    (tmp_path / "my_sums.yaml").write_text(OWN_TASK)
    sums = [{"q": f"{n} + 1?", "a": str(n + 1)} for n in range(3)]
    (tmp_path / "sums.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in sums))
    _, run = run_offline(tmp_path, "anytime-guesser", "anytime:my_sums", "--include_path", ".")
    tables = {file.parent.name: file for file in (run / "files/media/table").rglob("*.json")}
    assert set(tables) == {"table", "evaluation", "anytime:my_sums"}
    (curve,) = (run / "files/media/table/anytime:my_sums").glob("curve_table_*")
    assert json.loads(curve.read_text())["columns"][:2] == ["budget", "exact_match"]
    assert "anytime-my_sums_eval_results" in tables["table"].name, "the samples"


@pytest.mark.slow
def test_the_command_in_offline_mode(tmp_path: Path) -> None:
    pytest.importorskip("wandb")
    rows, run = run_offline(tmp_path, "anytime-simulated", "anytime_aime_builtin")
    assert rows["anytime_index_stderr,none"] == "N/A", "lm-eval's own file is as ever"
    tables = {
        file.name.partition("_2_")[0]: json.loads(file.read_text())
        for file in (run / "files/media/table/anytime_aime_builtin").iterdir()
    }
    assert set(tables) == {"curve_table", "quality_by_budget"}
    for table in tables.values():
        cells = dict(zip(table["columns"], zip(*table["data"], strict=True), strict=True))
        assert cells["budget"] == (64, 256, 1024)
        assert list(cells["quality"]) == [rows[f"q@{b},none"] for b in (64, 256, 1024)]
        assert list(cells["quality stderr"]) == [
            rows[f"q@{b}_stderr,none"] for b in (64, 256, 1024)
        ]
    (stored,) = run.glob("run-*.wandb")
    assert b"wandb/line/v0" in stored.read_bytes(), "the chart"
    assert b'"N/A"' not in stored.read_bytes()
