"""Finished runs of tasks of others, read back: what the table said, trace by trace."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lm_eval.loggers import EvaluationTracker

from anytime.errors import AnytimeError
from anytime.logs.opening import open_runs
from anytime.results import curves, iter_rows
from anytime.results.summary import summaries
from anytime.statistics.comparison import Run, compare
from tests.lm_eval_tasks import Speaking, erratic, loader, manager, run

SAMPLED = "do_sample=true,temperature=1"


def logged(folder: Path, task: str, *, limit: int = 6, **metadata: Any) -> tuple[Path, Any]:
    """Run with `--log_samples --output_path`; the samples file and the table."""
    tracker = EvaluationTracker(output_path=str(folder))
    known = manager(task, **metadata)
    results = run(
        Speaking(erratic),
        [task],
        known,
        limit=limit,
        gen_kwargs=SAMPLED,
        evaluation_tracker=tracker,
    )
    kept = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=kept)
    tracker.save_results_samples(task, kept[task])
    (file,) = folder.rglob("samples_*.jsonl")
    return file, results["results"][task]


@pytest.fixture(scope="module")
def gsm8k(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("gsm8k")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasets.load_dataset", loader(folder))
        patch.setattr("lm_eval.evaluator.add_env_info", lambda results: None)
        return logged(folder / "out", "anytime:gsm8k", traces=3, envelope="trace", scale="log2")


def test_the_summary_is_the_table(gsm8k: Any) -> None:
    file, table = gsm8k
    (opened,) = open_runs(file)
    assert opened.info.scorers == ("exact_match,strict-match", "exact_match,flexible-extract")
    assert (opened.info.task, opened.info.domain) == ("anytime:gsm8k", None)
    assert (opened.info.dataset, opened.info.split) == ("openai/gsm8k/main", "test")
    found = {one.key.scorer: one for one in summaries([opened])}
    assert set(found) == set(opened.info.scorers)
    for scorer, one in found.items():
        filter_name = scorer.partition(",")[2]
        assert (one.problems, one.traces, one.unparsed) == (6, 18, None)
        for name in (
            "anytime_index",
            "anytime_index_low",
            "anytime_index_raw",
            "final",
            "drift",
            "average",
            "overthinking",
        ):
            assert one.to_json()[name] == pytest.approx(table[f"{name},{filter_name}"], abs=1e-12)
        for budget, quality in one.quality.items():
            assert quality == pytest.approx(table[f"exact_match@{budget},{filter_name}"])
    assert table["anytime_index,strict-match"] != table["anytime_index,flexible-extract"]


def test_rows_tell_each_trace_and_what_was_read_of_it(gsm8k: Any) -> None:
    file, _ = gsm8k
    rows = [row for row in iter_rows(file) if row.scorer == "exact_match,strict-match"]
    assert len(rows) == 6 * 3 * 3
    assert {row.problem for row in rows} == set("012345")
    assert {row.trace for row in rows} == {1, 2, 3}
    assert {row.quality for row in rows} == {0.0, 1.0}
    right = [row for row in rows if row.quality]
    assert all(row.answer and row.answer.isdigit() for row in right)
    assert all(row.tokens is not None and row.parsed is None for row in rows)
    assert {row.forced for row in rows} == {True, False}
    records = {}
    for line in map(json.loads, file.read_text().splitlines()):
        for draw, (_, record) in enumerate(line["resps"][0], 1):
            records[str(line["doc_id"]), draw] = json.loads(record)["tokens"]
    assert all(row.trace_tokens == records[row.problem, row.trace] for row in rows)
    assert len(set(records.values())) > 3


def test_texts_are_those_the_cuts_count_in(gsm8k: Any) -> None:
    (opened,) = open_runs(gsm8k[0])
    cut = {
        (trace.problem, trace.draw): point.end
        for trace in opened.traces()
        for point in trace.elicited.checkpoints[:1]
        if point.forced
    }
    wanted = set(list(cut)[:4])
    texts = dict(opened.texts(wanted))
    assert set(texts) == wanted
    for trace, text in texts.items():
        assert 0 < (cut[trace] or 0) < len(text)


def test_a_documents_own_id_names_the_problem_and_runs_can_be_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("datasets.load_dataset", loader(tmp_path))
    files = [logged(tmp_path / str(k), "anytime:aime24", traces=k)[0] for k in (1, 2)]
    one, two = (next(iter(curves(iter_rows(file)).values())) for file in files)
    assert one.problems == two.problems == tuple(f"x-{number}" for number in range(10, 16))
    assert one.quality.shape == (6, 1, 3)
    assert two.quality.shape == (6, 2, 3)
    runs = [
        Run(name, run.budgets, dict(zip(run.problems, run.quality, strict=True)))
        for name, run in (("one", one), ("two", two))
    ]
    found = compare(*runs)
    assert found.index.a == pytest.approx(found.index.b + found.index.difference)


def test_repeats_are_one_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.load_dataset", loader(tmp_path))
    task = "anytime:gsm8k_cot_self_consistency"
    file, table = logged(tmp_path / "out", task, limit=2, traces=2)
    found = {one.key.scorer: one for one in summaries(open_runs(file))}
    assert list(found) == [f"exact_match,{name}" for name in ("score-first", "maj@64", "maj@8")]
    for scorer, one in found.items():
        assert (one.problems, one.traces) == (2, 4)
        assert one.quality[8] == pytest.approx(table[f"exact_match@8,{scorer.partition(',')[2]}"])


Change = Callable[[list[dict[str, Any]], dict[str, Any]], None]


def _alike(lines: list[dict[str, Any]], results: dict[str, Any]) -> None:
    for line in lines:
        line["doc"]["id"] = "same"


def test_documents_named_alike_stay_apart(gsm8k: Any, tmp_path: Path) -> None:
    rows = list(iter_rows(_changed(gsm8k[0], tmp_path, _alike)))
    assert {row.problem for row in rows} == {"same", *(f"same (document {n})" for n in range(1, 6))}


def _wrap(results: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = results["configs"]["anytime:gsm8k"]["metadata"]["anytime_wrap"]
    return found


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda lines, results: _wrap(results).update(scorers=[]),
            "has no curve: .* --predict_only",
        ),
        (lambda lines, results: _wrap(results).pop("traces"), "is damaged: its anytime_wrap"),
        (lambda lines, results: _wrap(results).update(budgets=[1, 2, 3]), "cut at other budgets"),
        (lambda lines, results: lines[2].pop("resps"), "line 3 is damaged"),
        (
            lambda lines, results: lines[0]["resps"][0][0].__setitem__(1, "{"),
            "trace 1 of problem 0",
        ),
    ],
)
def test_what_is_damaged_is_said_in_a_sentence(
    gsm8k: Any, tmp_path: Path, change: Change, sentence: str
) -> None:
    file = _changed(gsm8k[0], tmp_path, change)
    with pytest.raises(AnytimeError, match=sentence):
        list(iter_rows(file))


def _changed(samples: Path, folder: Path, change: Change) -> Path:
    (beside,) = samples.parent.glob("results_*.json")
    results = json.loads(beside.read_text())
    lines = [json.loads(line) for line in samples.read_text().splitlines()]
    change(lines, results)
    (folder / beside.name).write_text(json.dumps(results))
    file = folder / samples.name
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file
