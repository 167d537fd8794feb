"""A new measure is one entry in the table: it is told wherever the others are."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from inspect_ai.log import read_eval_log
from lm_eval.utils import make_table

from anytime.statistics import measures, traces
from anytime.statistics.measures import Measure
from tests.small_runs import Logs, Run, results_of, run_inspect, run_lm_eval

FIRST = Measure(
    "first",
    "Mean quality of the answer at the smallest budget",
    "quality",
    of_traces=lambda quality: quality[..., 0],
    higher_is_better=False,
    shown="everywhere",
)
RANGE = Measure(
    "range",
    "Largest mean quality less the smallest",
    "quality",
    of_curve=lambda curve, options: float(np.ptp(curve.mean)),
)


@pytest.fixture
def patched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    traces._measured.cache_clear()  # of traces like these, with the measures that there were
    monkeypatch.setattr(measures, "MEASURES", (*measures.MEASURES, FIRST, RANGE))
    yield
    traces._measured.cache_clear()


@pytest.mark.usefixtures("patched")
def test_in_the_table_of_inspect(tmp_path: Path) -> None:
    log = read_eval_log(str(run_inspect(tmp_path)))
    assert log.results
    assert log.samples
    block = next(score.metrics for score in log.results.scores if score.name == "curve")
    values = [sample.scores["curve"].value for sample in log.samples if sample.scores]
    quality = np.array([[value[f"q@{b}"] for b in (32, 64, 128, 256)] for value in values])  # type: ignore[index,call-overload]
    assert block["first"].value == pytest.approx(quality[:, 0].mean())
    assert [value["first"] for value in values] == list(quality[:, 0])  # type: ignore[index,call-overload]
    assert block["range"].value == pytest.approx(np.ptp(quality.mean(axis=0)))


@pytest.mark.usefixtures("patched")
def test_in_the_table_of_lm_eval_with_its_arrow(tmp_path: Path) -> None:
    results = json.loads(results_of(run_lm_eval(tmp_path)).read_text())
    (row,) = results["results"].values()
    assert row["first,none"] == pytest.approx(row["q@32,none"])
    assert 0 <= row["range,none"] <= 1
    lines = {cells[5].strip(): cells for cells in map(_cells, make_table(results).splitlines())}
    assert [lines[name][6].strip() for name in ("first", "range", "unparsed")] == ["↓", "↑", "↓"]
    assert "first_stderr,none" in row
    assert row["range_stderr,none"] == "N/A"


def _cells(line: str) -> list[str]:
    return [*line.split("|"), *[""] * 8]


@pytest.mark.usefixtures("patched")
def test_in_summaries_exports_and_reports(run: Run, logs: Logs, tmp_path: Path) -> None:
    code, out, _ = run("summary", *logs.values(), "--json")
    assert code == 0
    told = json.loads(out)
    for one in told:
        quality = list(one["quality"].values())
        assert one["first"] == pytest.approx(quality[0])
        assert one["range"] == pytest.approx(max(quality) - min(quality))
    _, table, _ = run("summary", *logs.values())
    assert "drift overthinking unparsed first range" in " ".join(table.split())
    _, text, _ = run("export", *logs.values(), "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [float(row["first"]) for row in rows] == [one["first"] for one in told]
    _, text, _ = run("export", *logs.values(), "--format", "markdown")
    header = next(line for line in text.splitlines() if line.startswith("| task"))
    assert header.startswith("| task | model | method | index | 95 % | final | first | q@32 |")
    assert f" {told[0]['first']:.3f} |" in text
    run("export", *logs.values(), "--format", "eee", "-o", "out", "--retrieved", 1750000000)
    record = json.loads(next(tmp_path.rglob("*.json")).read_text())
    metric = {
        one["metric_config"]["metric_name"]: one["metric_config"]
        for one in record["evaluation_results"]
    }["first"]
    assert metric["lower_is_better"]
    assert metric["evaluation_description"] == FIRST.about
    run("report", *logs.values(), "-o", "report.html")
    assert '<th scope="col">first</th>' in (tmp_path / "report.html").read_text()
