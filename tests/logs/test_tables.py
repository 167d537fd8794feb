"""Tables as runs: those of `anytime results`, and those that somebody else made."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from anytime import Curve, anytime_index
from anytime.cli import main
from anytime.errors import AnytimeError
from anytime.results import frame, iter_rows, open_runs, read_table, summaries
from anytime.results.curves import WRITERS
from tests.small_runs import Logs, run_inspect

COLUMNS = {"problem": "id", "budget": "tokens", "quality": "right"}


def theirs(tmp_path: Path, name: str = "theirs.csv", **further: list[object]) -> Path:
    table = pd.DataFrame(
        {
            "id": ["a", "a", "b", "b"],
            "tokens": [10, 20, 10, 20],
            "right": [True, False, False, False],
            **further,
        }
    )
    path = tmp_path / name
    write: Callable[[Path], object] = {
        ".csv": lambda p: table.to_csv(p, index=False),
        ".jsonl": lambda p: table.to_json(p, orient="records", lines=True),
        ".parquet": table.to_parquet,
    }[path.suffix]
    write(path)
    return path


@pytest.mark.parametrize("end", sorted(WRITERS))
@pytest.mark.parametrize("harness", ["inspect_ai", "lm_eval"])
def test_what_was_written_is_read_as_the_run_it_is_of(
    tmp_path: Path, logs: Logs, harness: str, end: str
) -> None:
    path = tmp_path / f"rows{end}"
    WRITERS[end](path, iter_rows(logs[harness]))
    (was,), (now,) = summaries(open_runs(logs[harness])), summaries(open_runs(path))
    assert now.to_json() == was.to_json()
    columns = [name for name in frame(path) if name != "source"]
    key = ["problem", "trace", "budget"]
    left, right = (frame(one).sort_values(key)[columns] for one in (path, logs[harness]))
    pd.testing.assert_frame_equal(left.reset_index(drop=True), right.reset_index(drop=True))


def test_rows_of_several_runs_are_several_runs(tmp_path: Path, logs: Logs) -> None:
    path = tmp_path / "rows.jsonl"
    WRITERS[".jsonl"](path, (row for log in logs.values() for row in iter_rows(log)))
    assert len(read_table(path)) == 2
    assert {one.key.harness for one in summaries(open_runs(path))} == {"inspect_ai", "lm_eval"}


@pytest.mark.parametrize("name", ["theirs.csv", "theirs.jsonl", "theirs.parquet"])
def test_a_table_of_somebody_else(tmp_path: Path, name: str) -> None:
    path = theirs(tmp_path, name, said=["x", "y", "", None])
    (run,) = open_runs(path, {**COLUMNS, "answer": "said"})
    traces = list(run.traces())
    assert [trace.problem for trace in traces] == ["a", "b"]
    assert [[grade.quality for grade in trace.grades] for trace in traces] == [[1, 0], [0, 0]]
    assert [grade.answer for grade in traces[0].grades] == ["x", "y"]
    assert list(run.texts([("a", 1)])) == []
    (found,) = summaries(open_runs(path, COLUMNS))
    assert found.summary.plugin == 0.5
    # Of two problems each is read where the other was best: at 20 and at 10, or at both.
    assert found.summary.anytime_index == anytime_index(Curve([10, 20], [[1, 0], [0, 0]], "ab"))
    assert found.summary.raw == 0.25
    assert found.key.source == "table"
    assert found.key.harness is None
    assert found.unparsed is None


def test_models_and_traces_of_a_table(tmp_path: Path) -> None:
    path = theirs(tmp_path, name="t.csv", who=["m", "m", "n", "n"], draw=[2, 2, 1, 1])
    runs = open_runs(path, {**COLUMNS, "model": "who", "trace": "draw"})
    assert [run.info.model for run in runs] == ["m", "n"]
    assert [next(run.traces()).draw for run in runs] == [2, 1]


def refused(path: Path, columns: dict[str, str] | None) -> str:
    with pytest.raises(AnytimeError) as error:
        summaries(open_runs(path, columns))
    return str(error.value)


def test_what_is_no_table_is_refused(tmp_path: Path, logs: Logs) -> None:
    path = theirs(tmp_path)
    assert "is no table of anytime results: if it is another's" in refused(path, None)
    assert "has no column 'score': there are 'id', 'tokens', 'right'" in refused(
        path, {**COLUMNS, "quality": "score"}
    )
    assert "columns name no quality" in refused(path, {"problem": "id", "budget": "tokens"})
    assert "a row has no 'qualty'" in refused(path, {**COLUMNS, "qualty": "right"})
    assert "columns are named and no table is" in refused(logs["lm_eval"], COLUMNS)
    path.write_text("id,tokens,right\na,10,1.5\n")
    assert "row 1 cannot be read (id='a', tokens='10', right='1.5')" in refused(path, COLUMNS)
    path.write_text("id,tokens,right\na,ten,1\n")
    assert "row 1 cannot be read" in refused(path, COLUMNS)
    path.write_text("id,tokens,right\na,10,1\nb,10\n")
    assert "is no table, or a damaged one" in refused(path, COLUMNS)
    path.write_text("id,tokens,right\n")
    assert "holds no rows" in refused(path, COLUMNS)
    path.write_text("id,tokens,right\na,10,1\na,10,0\n")
    assert "two rows of" in refused(path, COLUMNS)
    path.write_bytes(b"id,tokens,right\n\xff\xfe,10,1\n")
    assert "is no table, or a damaged one" in refused(path, COLUMNS)


def test_the_commands_take_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = theirs(tmp_path)
    columns = "problem=id,budget=tokens,quality=right"
    main(["summary", str(path), "--columns", columns, "--json", "--envelope", "none"])
    (shown,) = json.loads(capsys.readouterr().out)
    assert shown["anytime_index"] == 0.25
    with pytest.raises(SystemExit) as stopped:
        main(["summary", str(path), "--columns", "problem:id"])
    assert stopped.value.code == 2
    assert "is not written as NAME=COLUMN" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["summary", str(path), "--columns", columns, "--q-max", "much"])
    assert "--q-max much is neither a number nor achieved" in capsys.readouterr().err


def test_the_index_of_rows_is_that_of_the_run(tmp_path: Path) -> None:
    log = run_inspect(tmp_path, envelope="trace", scale="log2", estimator="plugin", seed=3)
    path = tmp_path / "rows.csv"
    WRITERS[".csv"](path, iter_rows(log))
    (was,), (now,) = summaries(open_runs(log)), summaries(open_runs(path))
    assert now.to_json() == was.to_json()
    (linear,) = summaries(open_runs(path), scale="linear")
    assert now.summary.anytime_index != linear.summary.anytime_index


def test_what_spreadsheets_write_is_read(tmp_path: Path) -> None:
    path = tmp_path / "theirs.CSV"
    path.write_bytes(b"\xef\xbb\xbfid,tokens,right\r\na,10,1\r\na,20,0\r\n")
    (found,) = summaries(open_runs(path, COLUMNS))
    assert found.summary.raw == 0.5
    path.write_text("id,tokens,right,right\na,10,1,0\na,20,1,0\n")
    assert "has two columns 'right': rename one" in refused(path, COLUMNS)
    path.write_text("id,tokens,right\na,inf,1\na,20,1\n")
    assert "row 1 cannot be read" in refused(path, COLUMNS)
    path.write_text("id,tokens,right\na,10,1\n")
    assert str(path) in refused(path, COLUMNS)
    lines = tmp_path / "theirs.jsonl"
    lines.write_text(
        '{"id": "a", "tokens": 1, "right": 1}\n\n{"id": "a", "tokens": 2, "right": 1}\n'
    )
    assert summaries(open_runs(lines, COLUMNS))[0].summary.raw == 1


def test_a_folder_holds_others_too(
    tmp_path: Path, logs: Logs, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "good.eval").write_bytes(logs["inspect_ai"].read_bytes())
    (folder / "bad.eval").write_bytes(b"PK and so on")
    main(["summary", str(folder), "--json"])
    told = capsys.readouterr()
    assert len(json.loads(told.out)) == 1
    assert "left out" in told.err
    assert "bad.eval is no log of Inspect AI" in told.err
    with pytest.raises(SystemExit) as stopped:  # one that is named is meant
        main(["summary", str(folder / "good.eval"), str(folder / "bad.eval")])
    assert stopped.value.code == 2
    (folder / "good.eval").unlink()
    with pytest.raises(SystemExit):
        main(["summary", str(folder)])
