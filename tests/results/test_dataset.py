"""Rows of many runs as a Parquet dataset, and the queries of docs/scale.md."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.dataset
import pytest

from anytime.cli import main
from anytime.errors import AnytimeError
from anytime.logs.opening import open_runs
from anytime.results.dataset import check_dataset, write_dataset
from anytime.rows import Row, rows_of
from tests.finished import Finished, info
from tests.small_runs import Logs
from tests.small_runs import apart as apart  # a fixture
from tests.small_runs import logs as logs  # a fixture

DOCS = Path(__file__).parents[2] / "docs" / "scale.md"


def made(seed: int, **about: Any) -> Finished:
    rng = np.random.default_rng(seed)
    quality = {f"p{k}": rng.random((rng.integers(1, 4), 3)).round(3).tolist() for k in range(5)}
    return Finished(info(**about), quality)


def runs() -> list[Finished]:
    return [
        made(0, run="abc", log="logs/a.eval", model="openai/a"),
        made(1, run="2026-01-02T03-04-05.678", log="out/samples_x.jsonl", model="openai/b"),
        made(2, run="17", log="s3://bucket/logs/b.eval", model="openai/b"),
    ]


def rows(found: Any) -> list[Row]:
    return sorted(row for run in found for row in rows_of(run))


def test_a_run_a_partition_and_back(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    count = write_dataset(folder, runs())
    assert count == len(rows(runs()))
    assert sorted(part.name for part in folder.iterdir()) == [
        "run=17",
        "run=2026-01-02T03-04-05.678",
        "run=abc",
    ]
    assert rows(open_runs(folder)) == rows(runs())
    assert rows(open_runs(folder / "run=17")) == rows(runs()[2:])


def test_one_run_of_two_logs_is_two_files_and_stays(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    twice = [made(0, log="logs/a.eval"), made(0, log="annotated/a.eval")]
    write_dataset(folder, twice)
    assert len(list(folder.rglob("*.parquet"))) == 2
    write_dataset(folder, [made(3, log="annotated/a.eval")])
    assert rows(open_runs(folder)) == rows([twice[0], made(3, log="annotated/a.eval")])


@pytest.mark.parametrize("run", ["", "a/b", "a=b", "ä b", "run=x", ".", "x" * 300])
def test_any_name_of_a_run(run: str, tmp_path: Path) -> None:
    if len(run) > 200:
        with pytest.raises(AnytimeError, match="cannot be"):
            write_dataset(tmp_path / "rows", [made(0, run=run)])
        return
    write_dataset(tmp_path / "rows", [made(0, run=run)])
    assert {row.run for row in rows(open_runs(tmp_path / "rows"))} == {run}


def test_columns_have_one_type_whatever_the_runs_are_of(tmp_path: Path, logs: Logs) -> None:
    folder = tmp_path / "rows"
    write_dataset(folder, [*open_runs(logs.values()), *runs()])
    read = pyarrow.dataset.dataset(folder, partitioning="hive")
    schemas = {part.physical_schema for part in read.get_fragments()}
    assert len(schemas) == 1
    repeated = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    assert read.schema.field("model").type == repeated
    assert read.schema.field("answer").type == pyarrow.string()
    assert read.count_rows() == len(rows(open_runs(logs.values()))) + len(rows(runs()))


def test_what_would_stop_the_writing_is_told_before(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AnytimeError, match="is a file: name a directory"):
        check_dataset(tmp_path / "file", force=True)
    with pytest.raises(AnytimeError, match="is not empty"):
        check_dataset(tmp_path, force=False)
    check_dataset(tmp_path, force=True)
    check_dataset(tmp_path / "new", force=False)


def test_the_command_writes_and_others_read(
    tmp_path: Path, logs: Logs, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [str(log) for log in logs.values()]
    folder = str(tmp_path / "rows")
    main(["results", *named, "-o", f"{folder}/"])
    assert "rows of 2 runs written to" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["results", *named, "-o", folder])
    assert "is not empty" in capsys.readouterr().err
    main(["results", *named, "-o", folder, "--force"])
    with pytest.raises(SystemExit):
        main(["results", *named, "-o", f"{folder}.xlsx"])
    assert "a directory for a dataset" in capsys.readouterr().err
    main(["summary", "--json", *named])
    wanted = json.loads(capsys.readouterr().out)
    main(["summary", "--json", folder])
    found = json.loads(capsys.readouterr().out)
    assert {one["anytime_index"] for one in found} == {one["anytime_index"] for one in wanted}
    main(["report", folder, "-o", str(tmp_path / "page.html")])
    assert (tmp_path / "page.html").exists()


# The queries of docs/scale.md


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)


@pytest.fixture
def dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_dataset(Path("rows"), runs())
    return tmp_path / "rows"


def curve_of(found: Finished) -> dict[int, float]:
    problems = [np.mean(traces, axis=0) for traces in found.quality.values()]
    return dict(zip(found.budgets, np.mean(problems, axis=0).tolist(), strict=True))


def by_model() -> dict[tuple[str, int], float]:
    """Problems of two runs of one model count alike, however many traces they have."""
    values: dict[tuple[str, int], list[float]] = {}
    for run in runs():
        for traces in run.quality.values():
            for budget, quality in zip(run.budgets, np.mean(traces, axis=0), strict=True):
                values.setdefault((run.info.model, budget), []).append(quality)
    return {key: float(np.mean(each)) for key, each in values.items()}


def check(table: list[Mapping[str, Any]]) -> None:
    found = {(row["model"], row["budget"]): row["quality"] for row in table}
    assert found == pytest.approx(by_model())
    assert sum(row["traces"] for row in table) == len(rows(runs()))


def test_the_query_in_sql(dataset: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    (query,) = blocks("sql")
    check(duckdb.sql(query).df().to_dict("records"))


def test_the_query_in_polars(dataset: Path) -> None:
    pytest.importorskip("polars")
    code, _ = blocks("python")
    names: dict[str, Any] = {}
    exec(code, names)
    check(names["curve"].to_dicts())


@pytest.mark.slow
def test_the_job_of_ray(dataset: Path) -> None:
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        _, code = blocks("python")
        names: dict[str, Any] = {}
        exec(code, names)
    finally:
        ray.shutdown()
    found = {(row["run"], row["budget"]): row["mean(mean(quality))"] for row in names["curve"]}
    wanted = {
        (run.info.run, budget): quality
        for run in runs()
        for budget, quality in curve_of(run).items()
    }
    assert {(str(run), budget): q for (run, budget), q in found.items()} == pytest.approx(wanted)
