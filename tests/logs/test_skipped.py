"""Samples without a curve are counted, and files without runs refused."""

from __future__ import annotations

import json
import math
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task, task_with
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalError, EvalSample, EvalSampleLimit, ProvenanceData, read_eval_log
from inspect_ai.model import get_model
from inspect_ai.scorer import exact
from inspect_ai.solver import generate

from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.tasks import gpqa
from anytime.logs.inspect_ai.log_file import InspectLog
from anytime.logs.inspect_ai.reading import InspectRun
from anytime.logs.opening import open_runs
from anytime.results.curves import curves, iter_rows
from anytime.results.summary import summaries
from anytime.rows import rows_of
from anytime.solvers.budget import budget
from tests.inspect_runs import says, scripted
from tests.small_runs import (
    BUDGETS,
    WAVERING,
    Logs,
    edit,
    results_of,
    run_inspect,
    run_lm_eval,
)


def copied(logs: Logs, folder: Path) -> Path:
    """The run of lm-eval in a folder of its own."""
    shutil.copytree(logs["lm_eval"].parent, folder)
    (samples,) = folder.glob("samples_*.jsonl")
    return samples


@pytest.mark.parametrize("log_format", ["eval", "json"])
def test_samples_of_inspect_without_a_curve_are_counted(tmp_path: Path, log_format: str) -> None:
    def spoil(log: Any, samples: list[Any]) -> None:
        failed, stopped, limited, invalid, unsolved, gone, *_ = samples
        failed.error = EvalError(message="down", traceback="", traceback_ansi="")
        stopped.limit = EvalSampleLimit(type="token", limit=10)
        stopped.store["anytime"] = {}
        limited.limit = EvalSampleLimit(type="time", limit=10)  # when all was known
        invalid.invalidation = ProvenanceData(author="me")
        del unsolved.store["anytime"]
        unsolved.events = []  # where those of a sample that was recovered would stand
        log.invalidated = True  # as `invalidate_samples` says so, too
        samples.remove(gone)
        log.status = "cancelled"

    path = edit(run_inspect(tmp_path, log_format=log_format), spoil)
    (run,) = open_runs(path)
    rows = list(rows_of(run))
    assert len(rows) == 10 * len(BUDGETS)
    assert run.skipped == {
        "ended with an error": 1,
        "stopped by its token limit": 1,
        "marked as invalid": 1,
        "without checkpoints": 1,
        "missing in the log": 1,
    }
    (one,) = summaries(open_runs(path))
    assert (one.traces, one.skipped) == (10, dict(run.skipped))


def test_what_really_failed_and_was_stopped_is_counted_as_the_host_does(tmp_path: Path) -> None:
    calls = 0

    def script(messages: Any, config: Any) -> Any:
        nonlocal calls
        if len(messages) > 1:
            return says("Answer: A", 3, total_tokens=4)
        calls += 1
        if calls == 2:
            raise RuntimeError("the service is down")
        length = 50 * calls
        return says("word " * length + "Answer: B", length, total_tokens=length)

    (log,) = inspect_eval(
        gpqa("builtin", budgets=BUDGETS),
        scripted(script),
        log_dir=str(tmp_path),
        display="none",
        limit=3,
        epochs=2,
        max_samples=1,
        fail_on_error=False,
        token_limit=240,
    )
    (run,) = open_runs(log.location.removeprefix("file://"))
    (one,) = summaries([run])
    assert run.skipped == {"ended with an error": 1, "stopped by its token limit": 2}
    assert (one.problems, one.traces) == (2, 3)
    assert log.results
    table = {m.name: m.value for score in log.results.scores for m in score.metrics.values()}
    assert one.summary.anytime_index == table["anytime_index"]
    assert one.unparsed == table["unparsed"]
    assert tuple(one.summary.interval) == (
        table["anytime_index_low"],
        table["anytime_index_high"],
    )


def test_the_head_of_a_sample_says_what_all_of_it_does(tmp_path: Path) -> None:
    """Guards the shortcut through Inspect's file format: fields, their order, their names."""
    path = run_inspect(tmp_path)
    whole = {(s.id, s.epoch): s for s in read_eval_log(str(path)).samples or []}
    assert whole
    places = []
    for sample in InspectLog(path).samples():
        same = whole[sample.id, sample.epoch].model_dump()
        places.append((sample.id, sample.epoch))
        assert sample.metadata == same["metadata"]
        assert sample.store == same["store"]
        assert sample.output is None
        assert (sample.scores or {})["curve"]["value"] == same["scores"]["curve"]["value"]
    assert places == InspectLog(path).expected
    for sample in InspectLog(path).some(places):
        assert sample.output
        assert sample.output["choices"][0]["message"]["id"]
    with zipfile.ZipFile(path) as archive:
        data = archive.read(f"samples/{places[0][0]}_epoch_{places[0][1]}.json")
    for mark in (b',"events":[', b'],"model_usage":{', b',"scores":{'):
        assert data.count(mark) == 1  # or else all of every sample is parsed, slowly
    order = list(EvalSample.model_fields)
    assert order.index("store") < order.index("events") < order.index("model_usage")
    behind = order[order.index("model_usage") :]
    assert {"error", "limit", "invalidation"} <= set(behind)


def test_a_field_called_events_does_not_mislead(tmp_path: Path) -> None:
    def add(log: Any, samples: list[Any]) -> None:
        for sample in samples:
            sample.metadata |= {"a": 1, "events": [{"error": {}}], "scores": {}, "b": 2}
            sample.output.metadata = {"a": 1, "scores": {"curve": {}}, "events": [], "store": {}}

    path = run_inspect(tmp_path)
    expected = list(iter_rows(path))
    assert list(iter_rows(edit(path, add))) == expected


def test_answers_graded_otherwise_are_counted(tmp_path: Path, logs: Logs) -> None:
    def praise(log: Any, samples: list[Any]) -> None:
        worst = next(s for s in samples if s.scores["curve"].value["q@32"] < 1)
        worst.scores["curve"].value["q@32"] = 1.0

    (run,) = open_runs(edit(run_inspect(tmp_path / "inspect"), praise))
    assert len(list(rows_of(run))) == 15 * len(BUDGETS)
    assert run.regraded == 1

    samples = copied(logs, tmp_path / "lm")
    first, *rest = map(json.loads, samples.read_text().splitlines())
    first["q@64"] += 0.1
    samples.write_text("".join(json.dumps(line) + "\n" for line in (first, *rest)))
    (run,) = open_runs(samples)
    assert len(list(rows_of(run))) == 15 * len(BUDGETS)
    assert run.regraded == 1


def test_missing_traces_and_padding_of_lm_eval(logs: Logs, tmp_path: Path) -> None:
    samples = copied(logs, tmp_path / "out")
    first, second, *rest = map(json.loads, samples.read_text().splitlines())
    first["resps"][0].pop()
    second["resps"][0].append(second["resps"][0][0])
    samples.write_text("".join(json.dumps(line) + "\n" for line in (first, second, *rest)))
    (run,) = open_runs(samples)
    assert len(list(rows_of(run))) == 14 * len(BUDGETS)
    assert run.skipped == {"missing in the file": 1}


def test_a_task_of_others_has_what_its_scorer_said(tmp_path: Path) -> None:
    task = Task([Sample(id=7, input="2+2?", target="4")], scorer=exact(), name="sums")
    model = get_model("anytime/guesser")
    solved = task_with(task, solver=budget([8, 16]))
    (log,) = inspect_eval(solved, model, log_dir=str(tmp_path), display="none", epochs=2)
    rows = list(iter_rows(log.location.removeprefix("file://")))
    assert [(row.problem, row.trace, row.budget) for row in rows] == [
        ("7", 1, 8),
        ("7", 1, 16),
        ("7", 2, 8),
        ("7", 2, 16),
    ]
    assert {row.domain for row in rows} == {None}
    assert {(row.scorer, row.parsed) for row in rows} == {("exact", None)}
    # What `exact` takes for the answer is the whole text.
    assert all(row.answer and row.answer.startswith("My time is up.") for row in rows)
    assert len(curves(rows)) == 1


def refused(*paths: Path) -> str:
    with pytest.raises(AnytimeError) as caught:
        list(iter_rows(paths))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_log_without_a_curve_is_refused_with_the_reasons(tmp_path: Path) -> None:
    def stop(log: Any, samples: list[Any]) -> None:
        for sample in samples:
            sample.store["anytime"] = {}

    told = refused(edit(run_inspect(tmp_path), stop))
    assert told.endswith("holds no answers at budgets (15 without checkpoints)")
    model = get_model("anytime/simulated", **WAVERING)
    plain = task_with(gpqa("builtin"), solver=generate())
    (log,) = inspect_eval(plain, model, log_dir=str(tmp_path), display="none", limit=2)
    told = refused(Path(log.location.removeprefix("file://")))
    assert told.endswith("holds no answers at budgets (2 without checkpoints)")


def test_logs_of_other_tasks_are_refused(tmp_path: Path, logs: Logs) -> None:
    task = Task([Sample(input="2+2?", target="4")], solver=generate(), scorer=exact(), name="sums")
    model = get_model("anytime/guesser")
    (log,) = inspect_eval(task, model, log_dir=str(tmp_path), display="none")
    told = refused(Path(log.location.removeprefix("file://")))
    assert "is a log of sums, which was not run at several budgets: add what stands in" in told
    samples = copied(logs, tmp_path / "out")
    results = json.loads(results_of(samples).read_text())
    (config,) = results["configs"].values()
    config["metadata"] = {"version": 1.0}
    results_of(samples).write_text(json.dumps(results))
    assert "which is no task of anytime" in refused(samples)


DATA = Path(__file__).parents[3] / "shared" / "data" / "logs"


@pytest.mark.skipif(not DATA.is_dir(), reason="the real logs are not here")
def test_real_logs_of_others_are_refused() -> None:
    for file in (DATA / "inspect").glob("*.eval"):
        assert "was not run at several budgets" in refused(file)
    for file in (DATA / "lm_eval").iterdir():
        assert refused(file)


def test_a_log_without_samples_is_refused(tmp_path: Path) -> None:
    model = get_model("anytime/guesser")
    (log,) = inspect_eval(
        gpqa("builtin"), model, log_dir=str(tmp_path), display="none", limit=1, log_samples=False
    )
    assert "holds no samples" in refused(Path(log.location.removeprefix("file://")))


NO_LOGS: dict[str, tuple[str, bytes | None, str]] = {
    "missing": ("a.eval", None, "there is no log"),
    "empty": ("a.eval", b"", "is no run: name a log"),
    "binary": ("a.eval", b"\x00\xff\xfe", "is no run: name a log"),
    "text": ("a.json", b"Dear diary", "is no run: name a log"),
    "other JSON": ("a.json", b'{"a": 1}', "is no run: name a log"),
    "half a zip": ("a.eval", b"PK\x03\x04 and so on", "is no log of Inspect AI, or a damaged one"),
    "half a log": ("a.json", b'{"version": 2, "eval": {', "is no log of Inspect AI, or a damaged"),
    "samples alone": ("samples_a_2026-01-01T00.jsonl", b"{}", "has no results_"),
    "samples by another name": ("a.jsonl", b'{"doc_id": 0}', "is not named as lm-eval names"),
    "results alone": ("results_2026-01-01T00.json", b"{}", "run lm_eval with --log_samples"),
    "missing results": ("results_2026-01-01T00.json", None, "there is no log"),
}


@pytest.mark.parametrize(("name", "content", "told"), NO_LOGS.values(), ids=list(NO_LOGS))
def test_what_is_no_log_is_refused(
    tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    assert told in refused(tmp_path / name)


def test_half_written_logs_are_refused(tmp_path: Path, logs: Logs) -> None:
    half = tmp_path / "half.eval"
    half.write_bytes(logs["inspect_ai"].read_bytes()[:-2000])
    assert "or a damaged one" in refused(half)
    samples = copied(logs, tmp_path / "out")
    samples.write_bytes(samples.read_bytes()[:-900])
    assert "line 5 is damaged" in refused(samples)
    samples.write_text(logs["lm_eval"].read_text() * 2)
    assert "twice" in refused(samples)
    odd = tmp_path / "odd.eval"
    with zipfile.ZipFile(logs["inspect_ai"]) as source, zipfile.ZipFile(odd, "w") as made:
        last = [n for n in source.namelist() if n.startswith("samples/")][-1]
        for name in {*source.namelist()} - {last}:
            made.writestr(name, source.read(name))
        made.writestr(last, b'{"id": 1}')
    assert "or a damaged one" in refused(odd)
    assert len(list(InspectRun(logs["inspect_ai"]).traces())) == 15


def test_directories_and_results_stand_for_their_runs(tmp_path: Path, logs: Logs) -> None:
    inspect, lm_eval = logs.values()
    whole = [run.info.log for run in open_runs(inspect.parent.parent)]
    assert whole == [str(inspect), str(lm_eval)]
    assert [run.info.log for run in open_runs(results_of(lm_eval))] == [str(lm_eval)]
    assert [run.info.log for run in open_runs(str(lm_eval))] == [str(lm_eval)]
    run_inspect(tmp_path / "json", log_format="json")
    assert len(open_runs(tmp_path)) == 1
    (tmp_path / "none").mkdir()
    assert "is a directory without a log" in refused(tmp_path / "none")
    assert "is named twice" in refused(inspect, inspect.parent)
    assert "name at least one finished run" in refused()
    both = run_lm_eval(tmp_path / "two"), run_lm_eval(tmp_path / "two", "gpqa")
    assert {run.info.task for run in open_runs(tmp_path / "two")} == {
        "anytime_trip_builtin",
        "anytime_gpqa_builtin",
    }
    assert len(both) == 2


def test_nan_of_a_foreign_scorer_is_not_scored(tmp_path: Path) -> None:
    task = Task([Sample(id=k, input="2+2?", target="4") for k in (1, 2)], scorer=exact())
    solved = task_with(task, solver=budget([8, 16]))
    model = get_model("anytime/guesser")
    (log,) = inspect_eval(solved, model, log_dir=str(tmp_path), display="none")

    def spoil(log: Any, samples: list[Any]) -> None:
        samples[0].store["anytime"]["scores"][0][0] = math.nan

    (run,) = open_runs(edit(Path(log.location.removeprefix("file://")), spoil))
    assert len(list(rows_of(run))) == 2
    assert run.skipped == {"not scored": 1}
