"""Rows, and what is recomputed from them, against what the hosts themselves report."""

from __future__ import annotations

import csv
import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from inspect_ai.log import read_eval_log

from anytime.errors import AnytimeError
from anytime.logs.opening import open_runs
from anytime.logs.tables import read_rows
from anytime.plugins import get_domain
from anytime.results.curves import (
    WRITERS,
    curves,
    iter_rows,
    write_csv,
    write_jsonl,
    write_parquet,
)
from anytime.results.loading import frame
from anytime.results.summary import summaries, summary_of
from anytime.rows import columns
from tests.small_runs import BUDGETS, Logs, results_of, run_inspect, run_lm_eval

HARNESSES = ("inspect_ai", "lm_eval")


def inspect_table(path: Path) -> dict[str, float]:
    log = read_eval_log(str(path), header_only=True)
    assert log.results
    scores = {score.name: score.metrics for score in log.results.scores}
    table = {name: metric.value for name, metric in scores["curve"].items()}
    return table | {name: found["mean"].value for name, found in scores.items() if "@" in name}


def lm_eval_table(path: Path) -> dict[str, float]:
    (table,) = json.loads(results_of(path).read_text())["results"].values()
    return {
        name.removesuffix(",none"): value
        for name, value in table.items()
        if name.endswith(",none") and not name.endswith("_stderr,none")
    }


def check(path: Path, table: dict[str, float]) -> None:
    """The summary is the host's table to the last digit that floats have."""
    (one,) = summaries(open_runs(path))
    told = one.to_json()
    quality = told.pop("quality")
    for name in (
        "anytime_index",
        "anytime_index_low",
        "anytime_index_high",
        "anytime_index_plugin",
        "anytime_index_raw",
        "final",
        "average",
        "drift",
        "drift_low",
        "drift_high",
        "overthinking",
        "unparsed",
    ):
        assert told[name] == pytest.approx(table[name], rel=1e-12, abs=1e-12), name
    assert list(quality) == list(map(str, BUDGETS))
    for budget, value in quality.items():
        assert value == pytest.approx(table[f"q@{budget}"], rel=1e-12, abs=1e-12)
    assert (one.problems, one.traces, one.skipped) == (5, 15, {})
    assert 0 < told["unparsed"] < 1
    assert told["anytime_index_low"] < told["anytime_index"] <= told["anytime_index_high"]


@pytest.mark.quick("trip")
@pytest.mark.parametrize("domain", ["trip", "aime", "gpqa"])
def test_the_summary_is_the_hosts_own_table(tmp_path: Path, domain: str) -> None:
    path = run_inspect(tmp_path / "inspect", domain)
    check(path, inspect_table(path))
    path = run_lm_eval(tmp_path / "lm_eval", domain)
    check(path, lm_eval_table(path))


@pytest.mark.quick("{'estimator': 'plugin'}")
@pytest.mark.parametrize(
    "knobs",
    [
        {"envelope": "problem", "scale": "log2", "seed": 7},
        {"envelope": "trace", "estimator": "plugin"},
        {"q_max": "achieved", "seed": 3},
        {"estimator": "plugin"},
    ],
    ids=str,
)
def test_the_summary_keeps_to_the_knobs_of_the_run(tmp_path: Path, knobs: dict[str, Any]) -> None:
    path = run_inspect(tmp_path / "inspect", **knobs)
    check(path, inspect_table(path))
    path = run_lm_eval(tmp_path / "lm_eval", **knobs)
    check(path, lm_eval_table(path))


@pytest.mark.parametrize("log_format", ["eval", "json"])
def test_rows_say_what_the_log_of_inspect_says(tmp_path: Path, log_format: str) -> None:
    path = run_inspect(tmp_path, log_format=log_format)
    log = read_eval_log(str(path))
    rows = list(iter_rows(path))
    assert len(rows) == 5 * 3 * len(BUDGETS)
    assert log.samples
    samples = {(sample.id, sample.epoch): sample for sample in log.samples}
    domain = get_domain("trip")
    for row in rows:
        sample = samples[row.problem, row.trace]
        assert sample.scores is not None
        value: Any = sample.scores["curve"].value
        assert row.quality == value[f"q@{row.budget}"]
        assert dict(row.metrics) == {name: value[f"{name}@{row.budget}"] for name in domain.metrics}
        kept = next(c for c in sample.store["anytime"]["checkpoints"] if c["budget"] == row.budget)
        for name in ("tokens", "forced", "answer_tokens", "finish", "seconds"):
            assert getattr(row, name) == kept.get(name), name
        assert (row.cut, row.continuation) == (kept.get("cut"), kept.get("continuation"))
        assert row.trace_tokens == sample.store["anytime"]["tokens"]
    run = log.eval
    told = {(row.harness, row.log, row.run, row.task, row.model) for row in rows}
    assert told == {("inspect_ai", str(path), run.eval_id, "anytime/trip", "anytime/simulated")}
    told_too = {(r.domain, r.dataset, r.revision, r.split, r.scorer, r.mode) for r in rows}
    assert told_too == {("trip", "builtin", "seed 0", "test", "trip", "interrupt")}
    assert {(row.method, row.added_tokens) for row in rows} == {("cot", None)}
    assert {row.source for row in rows} == {"elicited"}
    assert list(dict.fromkeys(row.problem for row in rows)) == run.dataset.sample_ids


def test_rows_say_what_the_samples_of_lm_eval_say(logs: Logs) -> None:
    path = logs["lm_eval"]
    rows = list(iter_rows(path))
    for line in map(json.loads, path.read_text().splitlines()):
        own = [row for row in rows if row.problem == line["doc"]["id"]]
        assert [row.trace for row in own] == [1] * 4 + [2] * 4 + [3] * 4
        for budget in BUDGETS:
            mean = np.mean([row.quality for row in own if row.budget == budget])
            assert mean == pytest.approx(line[f"q@{budget}"], abs=1e-12)
        leaked = np.mean([row.leaked_reasoning_tokens for row in own])
        assert leaked == line["leaked_reasoning_tokens"]
    assert {row.run for row in rows} == {path.stem.rpartition("_")[2]}
    assert {row[3:6] for row in rows} == {("anytime_trip_builtin", "trip", "builtin")}


def test_contract_runs_and_unscored_ones_are_framed(tmp_path: Path) -> None:
    contract = list(iter_rows(run_inspect(tmp_path / "contract", mode="contract")))
    assert {(row.mode, row.forced, row.cut) for row in contract} == {("contract", False, None)}
    contract = list(iter_rows(run_lm_eval(tmp_path / "lm", mode="contract")))
    assert {(row.mode, row.forced, row.continuation) for row in contract} == {
        ("contract", False, None)
    }


def test_both_harnesses_have_one_schema(logs: Logs, tmp_path: Path) -> None:
    tables = {}
    for harness, log in logs.items():
        tables[harness] = frame(log)
        write_jsonl(tmp_path / f"{harness}.jsonl", iter_rows(log))
        write_csv(tmp_path / f"{harness}.csv", iter_rows(log))
    one, other = tables.values()
    assert list(one.dtypes.items()) == list(other.dtypes.items())
    assert list(one.columns) == list(columns())
    assert one["budget"].dtype == pd.Int64Dtype()
    assert one["parsed"].dtype == pd.BooleanDtype()
    assert one["metric_em"].notna().all()
    for suffix in ("jsonl", "csv"):
        files = [tmp_path / f"{harness}.{suffix}" for harness in HARNESSES]
        if suffix == "csv":
            headers = [next(csv.reader(file.open())) for file in files]
        else:
            headers = [list(json.loads(file.open().readline())) for file in files]
        assert headers[0] == headers[1] == list(columns())


def test_every_run_has_the_columns_of_every_domain(tmp_path: Path) -> None:
    table = frame(run_inspect(tmp_path, "gpqa"))
    assert list(table.columns) == list(columns())
    assert table["metric_em"].isna().all() == ("em" not in get_domain("gpqa").metrics)


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_files_give_the_rows_back(logs: Logs, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"rows{suffix}"
    rows = list(iter_rows(logs.values()))
    assert WRITERS[suffix](path, iter(rows)) == len(rows)
    assert list(read_rows(path)) == rows
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_csv_is_the_frame(logs: Logs, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    write_csv(path, iter_rows(logs.values()))
    table = frame(logs.values())
    read = pd.read_csv(path, dtype=dict(table.dtypes))
    pd.testing.assert_frame_equal(read, table)


def test_odd_text_is_written(logs: Logs, tmp_path: Path) -> None:
    row = next(iter_rows(logs["lm_eval"]))._replace(answer='\ud800, \u2028 \n "so"')
    clean = '?, \u2028 \n "so"'
    for suffix, expected in ((".jsonl", row.answer), (".parquet", clean)):
        path = tmp_path / f"rows{suffix}"
        WRITERS[suffix](path, [row])
        assert next(read_rows(path)).answer == expected
    write_csv(tmp_path / "rows.csv", [row])
    with (tmp_path / "rows.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["answer"] == clean


def test_many_batches_are_written(logs: Logs, tmp_path: Path) -> None:
    row = next(iter_rows(logs["lm_eval"]))
    rows = [row._replace(trace=trace) for trace in range(20_000)]
    assert write_parquet(tmp_path / "rows.parquet", iter(rows)) == 20_000
    assert [one.trace for one in read_rows(tmp_path / "rows.parquet")] == list(range(20_000))


def test_a_failure_leaves_nothing(logs: Logs, tmp_path: Path) -> None:
    def broken() -> Any:
        yield next(iter_rows(logs["lm_eval"]))
        raise AnytimeError("no more")

    for suffix, write in WRITERS.items():
        with pytest.raises(AnytimeError, match="no more"):
            write(tmp_path / f"rows{suffix}", broken())
        with pytest.raises(AnytimeError, match="cannot be written"):
            write(tmp_path / "nowhere" / f"rows{suffix}", [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.jsonl", b"Dear diary\n"),
        ("rows.jsonl", b'{"harness": "lm_eval"}\n'),
        ("rows.jsonl", b"[1]\n"),
        ("rows.jsonl", b"\xff\xfe"),
        ("rows.parquet", b"PAR1 and so on"),
        ("rows.parquet", b""),
        ("rows.parquet", None),
        ("rows.csv", b""),
    ],
)
def test_what_is_no_file_of_rows_is_refused(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(AnytimeError, match=r"rows\.\w+ (is no table|cannot be read|holds no rows)"):
        list(read_rows(tmp_path / name))


@pytest.mark.parametrize("harness", HARNESSES)
def test_the_order_of_rows_makes_no_difference(logs: Logs, harness: str) -> None:
    rows = list(iter_rows(logs[harness]))
    ((key, expected),) = curves(rows).items()
    random.Random(0).shuffle(rows)
    ((_, shuffled),) = curves(rows).items()
    assert shuffled.budgets == expected.budgets == tuple(BUDGETS)
    assert shuffled.problems == expected.problems
    assert shuffled.quality.shape == (5, 3, 4)
    np.testing.assert_array_equal(shuffled.quality, expected.quality)
    np.testing.assert_array_equal(shuffled.unparsed, expected.unparsed)
    assert summary_of(key, shuffled) == summary_of(key, expected)
    (whole,) = summaries(open_runs(logs[harness]))
    assert summary_of(key, expected).summary == whole.summary


def test_curves_name_the_quality_of_every_trace(logs: Logs) -> None:
    rows = list(iter_rows(logs.values()))
    found = curves(rows)
    assert [key.harness for key in found] == list(HARNESSES)
    for row in rows:
        curve = next(c for key, c in found.items() if key.harness == row.harness)
        place = curve.problems.index(row.problem), row.trace - 1, BUDGETS.index(row.budget)
        assert curve.quality[place] == row.quality
        assert curve.unparsed[place] == (not row.parsed)


def test_missing_traces_are_no_zeros(logs: Logs) -> None:
    rows = list(iter_rows(logs["inspect_ai"]))
    gone = rows[0].problem, rows[0].trace
    kept = [row for row in rows if (row.problem, row.trace) != gone]
    ((key, run),) = curves(kept).items()
    assert np.isnan(run.quality).sum() == len(BUDGETS)
    one = summary_of(key, run)
    assert one.traces == 14
    means = [
        np.mean([row.quality for row in kept if (row.problem, row.budget) == (problem, 256)])
        for problem in run.problems
    ]
    assert one.summary.final == pytest.approx(np.mean(means))


def test_torn_curves_are_refused(logs: Logs) -> None:
    first, *rest = iter_rows(logs["lm_eval"])
    with pytest.raises(AnytimeError, match=r"mixes budgets: .* has 32,64,128,256, others 64,128"):
        curves(rest)
    with pytest.raises(AnytimeError, match=r"two rows of .* trace 1, budget 32"):
        curves([first, *rest, first])
    ((key, run),) = curves([first._replace(quality=1.5), *rest]).items()
    with pytest.raises(AnytimeError, match="is outside"):
        summary_of(key, run)


def test_a_single_problem_has_no_interval(logs: Logs) -> None:
    rows = list(iter_rows(logs["lm_eval"]))
    own = [row for row in rows if row.problem == rows[0].problem]
    ((key, run),) = curves(own).items()
    told = summary_of(key, run).to_json()
    assert told["anytime_index_low"] is told["anytime_index_high"] is None
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def test_rows_of_a_scorer_that_does_not_tell_have_no_share_of_unparsed(logs: Logs) -> None:
    rows = [row._replace(parsed=None) for row in iter_rows(logs["lm_eval"])]
    ((key, run),) = curves(rows).items()
    assert summary_of(key, run).unparsed is None


def test_the_documented_columns_are_the_columns() -> None:
    text = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    documented = re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.MULTILINE)
    names = {str: "text", int: "whole", float: "number", bool: "truth"}
    expected = [(name, names[kind]) for name, kind in columns().items()]
    metrics = [(name, kind) for name, kind in expected if name.startswith("metric_")]
    assert documented == [*(pair for pair in expected if pair not in metrics), *metrics]
