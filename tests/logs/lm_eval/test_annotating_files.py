"""`anytime annotate` on lm-eval's files: their names, damage, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from anytime.errors import AnytimeError
from anytime.results import open_runs, summaries
from tests.lm_eval_logs import (
    DATE,
    annotated,
    by_hand,
    lines_of,
    refusal,
    samples_of,
    table,
    told_of,
)

pytestmark = pytest.mark.usefixtures("few_tasks")


@pytest.mark.parametrize(
    ("results", "samples", "task"),
    [
        ("results_run7.json", "samples_run7.jsonl", "aime24"),
        ("results_run7.json", "samples_aime24_run7.jsonl", "aime24"),
        ("results_aime24_small.json", "samples_aime24_small.jsonl", "aime24"),
        (f"results_{DATE}.json", f"samples_aime24_{DATE}.jsonl", "aime24"),
    ],
)
def test_files_that_somebody_renamed_are_found(
    tmp_path: Path, results: str, samples: str, task: str
) -> None:
    folder = tmp_path / "in"
    path = by_hand(folder, "\\boxed{0}", "5", name=samples)
    config = {"task": task, "repeats": 1, "output_type": "generate_until"}
    known = {"configs": {task: config}, "results": {task: {"exact_match,none": 0.5}}}
    (folder / results).write_text(json.dumps(known))
    for given in (folder / results, path, folder):
        out = tmp_path / given.name / "out"
        out.parent.mkdir(exist_ok=True)
        one = annotated(given, out)
        assert [file.name for file in one.outputs] == [results, samples]
        for read in (out / results, out / samples, out):
            (summary,) = summaries(open_runs(read))
            assert summary.key.task == task
            assert summary.quality[96] == 0.5


def test_names_of_several_tasks_are_told_apart_or_refused(plain_log: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(plain_log, folder / "results_mine.json")
    shutil.copy(samples_of(plain_log, "aime24"), folder / "samples_aime24_mine.jsonl")
    shutil.copy(samples_of(plain_log, "gsm8k"), folder / "samples_mine.jsonl")
    refused, made = sorted(told_of(folder, tmp_path / "out"), key=lambda one: bool(one.outcome))
    assert "is of 3 tasks" in refused.refused
    assert made.outcome is not None
    assert "exact_match@8,none" in table(made.outputs[0], "aime24")


def _change(path: Path, **fields: Any) -> None:
    lines = [line | fields for line in lines_of(path)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def _ranked(path: Path) -> None:
    loglikelihood = {"gen_args_0": {"arg_0": "Find.", "arg_1": " seven"}}
    _change(path, arguments=loglikelihood, resps=[[["-1.5", "False"]]])


def _beside(path: Path, **config: Any) -> None:
    known = {"configs": {"aime24": {"repeats": 1, **config}}, "results": {}}
    path.with_name(f"results_{DATE}.json").write_text(json.dumps(known))


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lambda path: path.write_text(""), "holds no samples"),
        (lambda path: path.write_text("{}\n"), "line 1 is damaged: it is no sample of lm-eval"),
        (lambda path: path.write_text("\n\n{\n"), "line 3 is damaged: it is no JSON"),
        (lambda path: path.with_name(f"results_{DATE}.json").write_text("{"), "is no JSON object"),
        (lambda path: path.with_name(f"results_{DATE}.json").write_text("{}"), "no results file"),
        (lambda path: _beside(path, metadata=[1]), "the metadata of aime24 are no object"),
        (
            lambda path: path.with_name(f"results_{DATE}.json").write_text(
                '{"configs": {}, "results": {"aime24": 1}}'
            ),
            "its results are not those of tasks",
        ),
        (_ranked, "answers are ranked, not written"),
        (lambda path: _beside(path, output_type="loglikelihood"), "answers are ranked"),
        (lambda path: _beside(path, metadata={"anytime_wrap": {}}), "already: anytime summary"),
        (lambda path: _change(path, anytime={}), "already: anytime summary"),
        (lambda path: _change(path, resps=[[["x", '{"checkpoints": []}']]]), "already: anytime"),
        (lambda path: _change(path, resps=None), "2 without a response"),
        (lambda path: _change(path, resps=[[None]]), "2 without a response"),
        (lambda path: _change(path, resps=[[["a", "b"]]]), "2 whose responses are no texts"),
        (lambda path: _change(path, resps=[["a"], ["b"]]), "2 that asked the model several times"),
        (lambda path: _beside(path, repeats=3), "2 with 1 of 3 responses"),
        (lambda path: _change(path, doc=[]), "aime24 cannot be made for its documents"),
    ],
)
def test_what_cannot_be_annotated_is_refused_in_a_sentence(
    tmp_path: Path, harm: Callable[[Path], Any], sentence: str
) -> None:
    path = by_hand(tmp_path / "in", "\\boxed{0}", "\\boxed{5}")
    harm(path)
    assert sentence in refusal(path, tmp_path / "out")


def test_a_sample_that_cannot_be_read_is_left_out_and_told(tmp_path: Path) -> None:
    path = by_hand(tmp_path / "in", "\\boxed{0}", [None], "\\boxed{2}")
    whole = path.read_text()
    other = json.dumps(lines_of(path)[0] | {"doc_id": 3, "doc": {"of": "another kind"}})
    path.write_text(f"{whole}{other}\n{whole[:50]}")
    one = annotated(path, tmp_path / "out")
    assert one.outcome is not None
    assert one.outcome.samples == 2
    unlike = "which aime24 cannot grade (StopIteration: )"
    assert dict(one.outcome.skipped) == {
        "without a response": 1,
        unlike: 1,
        "torn by a kill in the last line": 1,
    }
    (run,) = open_runs(one.outputs[1])
    assert len(list(run.traces())) == 2
    assert dict(run.skipped) == {"without a response": 1, unlike: 1}


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    path = by_hand(tmp_path / "in", *["\\boxed{0}"] * 300)
    path.write_text(path.read_text() + "{\n")
    assert "line 301 is damaged" in refusal(path, tmp_path / "out")


def test_annotated_files_are_not_annotated_again_nor_written_over(
    plain_log: Path, tmp_path: Path
) -> None:
    one = annotated(samples_of(plain_log, "aime24"), tmp_path / "out")
    for path in one.outputs:
        assert "anytime summary" in told_of(path, tmp_path / "again")[0].refused
    with pytest.raises(AnytimeError, match="is there already"):
        told_of(plain_log, tmp_path / "out")
    with pytest.raises(AnytimeError, match="is the log itself"):
        told_of(plain_log, plain_log.parent, replace=True)
