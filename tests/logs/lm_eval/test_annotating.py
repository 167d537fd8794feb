"""`anytime annotate` for finished runs of lm-eval's own tasks, which knew nothing of budgets."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from lm_eval.utils import make_table

from anytime.budgets import BudgetGrid
from anytime.logs.lm_eval import log_scorers as regrading
from anytime.models.pieces import split_pieces
from anytime.plugins import get_domain
from anytime.results import frame, open_runs, summaries
from tests.lm_eval_logs import (
    BUDGETS,
    DATE,
    LIMIT,
    TASKS,
    annotated,
    beginning,
    by_hand,
    lines_of,
    plain_run,
    refusal,
    samples_of,
    table,
    told_of,
)
from tests.lm_eval_tasks import manager, replaying, run

pytestmark = pytest.mark.usefixtures("few_tasks")


@pytest.mark.parametrize("task", TASKS)
def test_every_budget_is_what_lm_eval_says_of_the_beginnings(
    plain_log: Path, tmp_path: Path, task: str
) -> None:
    one = annotated(samples_of(plain_log, task), tmp_path / "out")
    assert one.outcome is not None
    assert (one.outcome.samples, one.outcome.regraded, one.outcome.estimated) == (LIMIT, 0, 0)
    assert not one.outcome.skipped
    results, samples = one.outputs
    found, before = table(results, task), table(plain_log, task)
    assert {name: found[name] for name in before} == before
    logged = lines_of(samples_of(plain_log, task))
    seen = set()
    for place, budget in enumerate(BUDGETS):
        prefixes = {
            line["arguments"]["gen_args_0"]["arg_0"]: [beginning(line["resps"][0][0], budget)]
            for line in logged
        }
        theirs = run(replaying(prefixes), [task], manager(task), limit=LIMIT)
        filters = [name.partition(",")[2] for name in before if name.startswith("exact_match,")]
        for name in filters:
            value = theirs["results"][task][f"exact_match,{name}"]
            stderr = theirs["results"][task][f"exact_match_stderr,{name}"]
            assert found[f"exact_match@{budget},{name}"] == value
            assert found[f"exact_match@{budget}_stderr,{name}"] == pytest.approx(stderr)
            seen.add(value)
        each = {(line["doc_id"], line["filter"]): line for line in theirs["samples"][task]}
        for line in lines_of(samples):
            for name, (verdict,) in line.get("anytime", {}).get("verdicts", {}).items():
                of_budget = each[line["doc_id"], name]["exact_match"]
                assert verdict["at"][place]["exact_match"] == of_budget
    assert len(seen) > 1


def test_lines_are_lm_evals_own_and_the_first_of_a_document_tells_all(
    plain_log: Path, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in plain_log.parent.iterdir()}
    one = annotated(plain_log, tmp_path / "out")
    assert {path: path.read_bytes() for path in plain_log.parent.iterdir()} == before
    assert [path.name for path in one.outputs] == [
        plain_log.name,
        *(path.name for path in sorted(plain_log.parent.glob("samples_*"))),
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        path.name for path in plain_log.parent.iterdir()
    )
    for task, filters in {
        "gsm8k": ("strict-match", "flexible-extract"),
        "aime24": ("none",),
    }.items():
        old = lines_of(samples_of(plain_log, task))
        new = lines_of(samples_of(one.outputs[0], task))
        assert [{k: v for k, v in line.items() if k != "anytime"} for line in new] == old
        assert [line["filter"] for line in new if "anytime" in line] == [filters[0]] * LIMIT
        for line in new[:LIMIT]:
            assert tuple(line["anytime"]["verdicts"]) == filters
            (record,) = line["anytime"]["records"]
            assert record["mode"] == "intrace"
            assert record["tokens"] == len(split_pieces(line["resps"][0][0]))


def test_the_summary_and_the_rows_are_the_table(plain_log: Path, tmp_path: Path) -> None:
    (results, *_) = annotated(plain_log, tmp_path / "out").outputs
    runs = open_runs(results)
    assert [one.info.task for one in runs] == sorted(TASKS)
    assert {one.info.source for one in runs} == {"annotated"}
    found = {(one.key.task, one.key.scorer): one for one in summaries(runs)}
    assert set(found) == {
        ("aime24", "exact_match,none"),
        *(("gsm8k", f"exact_match,{name}") for name in ("strict-match", "flexible-extract")),
        *((TASKS[2], f"exact_match,{name}") for name in ("strict-match", "flexible-extract")),
    }
    for (task, scorer), one in found.items():
        numbers, name = table(results, task), scorer.partition(",")[2]
        assert (one.problems, one.traces) == (LIMIT, LIMIT)
        for value in ("anytime_index", "anytime_index_low", "final", "average", "overthinking"):
            assert one.to_json()[value] == pytest.approx(numbers[f"{value},{name}"], abs=1e-12)
        for budget, quality in one.quality.items():
            assert quality == pytest.approx(numbers[f"exact_match@{budget},{name}"])
    rows = frame(results)
    assert set(rows["mode"]) == {"intrace"}
    assert set(rows["cut"].dropna()) == {"tokenizer"}
    assert set(rows[rows["task"] == "aime24"]["problem"]) == {f"x-{n}" for n in range(10, 16)}


def test_lm_eval_prints_the_table(plain_log: Path, tmp_path: Path) -> None:
    (results, *_) = annotated(plain_log, tmp_path / "out").outputs
    shown = make_table(json.loads(results.read_text()))
    for name in ("exact_match@8", "exact_match@96", "anytime_index", "leaked_reasoning_tokens"):
        assert f"|{name}" in shown
    assert "|↓" in shown
    bare = tmp_path / "bare"
    bare.mkdir()
    shutil.copy(samples_of(plain_log, "aime24"), bare)
    (results, _) = annotated(next(bare.iterdir()), tmp_path / "out2").outputs
    assert "|exact_match@24 " in make_table(json.loads(results.read_text()))


def test_one_task_of_several_leaves_the_others_as_they_were(
    plain_log: Path, tmp_path: Path
) -> None:
    one = annotated(samples_of(plain_log, "aime24"), tmp_path / "out")
    before, after = json.loads(plain_log.read_text()), json.loads(one.outputs[0].read_text())
    assert len(one.outputs) == len(list((tmp_path / "out").iterdir())) == 2
    for task in TASKS:
        assert (after["results"][task] == before["results"][task]) is (task != "aime24")
        assert (after["configs"][task] == before["configs"][task]) is (task != "aime24")
    assert [run.info.task for run in open_runs(one.outputs[0])] == ["aime24"]


def test_a_task_that_cannot_be_annotated_does_not_keep_the_others_from_it(
    plain_log: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "in"
    shutil.copytree(plain_log.parent, copy)
    results = json.loads((copy / plain_log.name).read_text())
    results["configs"]["aime24"]["output_type"] = "multiple_choice"
    (copy / plain_log.name).write_text(json.dumps(results))
    refused, made = told_of(copy / plain_log.name, tmp_path / "out")
    assert "answers are ranked, not written" in refused.refused
    assert made.outcome is not None
    assert made.outcome.samples == 2 * LIMIT
    assert "exact_match@8,none" not in table(made.outputs[0], "aime24")


# --- what a log may hold


def quality(path: Path) -> dict[str, list[float]]:
    return {str(id_): list(rows["quality"]) for id_, rows in frame(path).groupby("problem")}


THINKING = "<think>\nMaybe \\boxed{0} it is so.\n</think>\n\nIt is \\boxed{1}."


def test_reasoning_in_tags_is_cut_as_reasoning(tmp_path: Path) -> None:
    unopened = THINKING.removeprefix("<think>\n")
    path = by_hand(tmp_path / "in", THINKING, THINKING, unopened, "\\boxed{3}")
    one = annotated(path, tmp_path / "out", budgets=BudgetGrid([8, 64]))
    # Within the reasoning the first answer stands; at the end the visible text alone is read.
    assert quality(one.outputs[1]) == {"x-0": [1, 0], "x-1": [0, 1], "x-2": [0, 0], "x-3": [1, 1]}
    (run,) = open_runs(one.outputs[1])
    texts = dict(run.texts({("x-1", 1), ("x-2", 1)}))
    assert texts["x-1", 1] == texts["x-2", 1] == "Maybe \\boxed{0} it is so.It is \\boxed{1}."


def test_a_trace_as_long_as_its_cap_was_cut_off(tmp_path: Path) -> None:
    text = "<think>\n" + "so \\boxed{0} " * 4 + "</think>"
    capped = len(split_pieces(text))
    for cap, ended in {capped: False, capped + 1: True}.items():
        arguments = {"gen_args_0": {"arg_0": "Find.", "arg_1": {"max_gen_toks": cap}}}
        path = by_hand(tmp_path / f"in{cap}", text, arguments=arguments)
        one = annotated(path, tmp_path / f"out{cap}")
        (line,) = lines_of(one.outputs[1])
        (record,) = line["anytime"]["records"]
        assert record["finish"] == ("stop" if ended else "length")
        # An ended trace is its visible text; one that was cut off all that it holds.
        assert quality(one.outputs[1])["x-0"][-1] == (0 if ended else 1)
        assert [point.get("cut") for point in record["checkpoints"]][-1] == (
            None if ended else "tokenizer"
        )


def test_without_a_tokenizer_cuts_are_estimated(tmp_path: Path) -> None:
    path = by_hand(tmp_path / "in", "so " * 50 + "\\boxed{0}", "", "short")
    one = annotated(path, tmp_path / "out", tokenizer=None, budgets=None)
    assert one.outcome is not None
    assert (one.outcome.samples, one.outcome.empty, one.outcome.estimated) == (3, 1, 1)
    rows = frame(one.outputs[1])
    assert set(rows["cut"].dropna()) == {"estimated"}
    assert rows["budget"].max() == 64
    assert quality(one.outputs[1])["x-0"] == [0, 0, 0, 0, 0, 0, 1]


def test_several_filters_and_repeats_are_what_the_task_makes_of_them(
    generated: None, tmp_path: Path
) -> None:
    task = "gsm8k_cot_self_consistency"
    path = plain_run(tmp_path / "in", task, limit=2)
    one = annotated(path, tmp_path / "out")
    assert one.outcome is not None
    assert (one.outcome.samples, one.outcome.regraded) == (2, 0)
    found = table(one.outputs[0], task)
    prefixes = {
        line["arguments"]["gen_args_0"]["arg_0"]: [beginning(t, 8) for t in line["resps"][0]]
        for line in lines_of(one.outputs[1])
    }
    theirs = table_of(run(replaying(prefixes), [task], manager(task), limit=2), task)
    for name in ("score-first", "maj@64", "maj@8"):
        assert found[f"exact_match@8,{name}"] == theirs[f"exact_match,{name}"]
    line = lines_of(one.outputs[1])[0]
    assert len(line["anytime"]["records"]) == 64
    assert {len(verdicts) for verdicts in line["anytime"]["verdicts"].values()} == {1}
    assert {(s.problems, s.traces) for s in summaries(open_runs(one.outputs[0]))} == {(2, 2)}


def table_of(results: Mapping[str, Any], task: str) -> dict[str, Any]:
    return dict(results["results"][task])


def test_responses_a_task_takes_one_of_are_traces_of_their_own(tmp_path: Path) -> None:
    path = by_hand(tmp_path / "in", ["\\boxed{0}", "no"], ["no", "no"])
    own = annotated(path, tmp_path / "own", budgets=BudgetGrid([32, 64]))
    assert own.outcome is not None
    assert own.outcome.samples == 2  # lm-eval itself would look at the first of them
    assert quality(own.outputs[1])["x-0"] == [1, 1]
    by_domain = annotated(path, tmp_path / "domain", domain=get_domain("aime"))
    assert by_domain.outcome is not None
    assert by_domain.outcome.samples == 4
    assert table(by_domain.outputs[0], "aime24")["q@96,aime"] == 0.25


# --- who grades


def test_a_domain_grades_and_tells_what_it_could_read(plain_log: Path, tmp_path: Path) -> None:
    path = by_hand(tmp_path / "in", "so \\boxed{0} or \\boxed{5}", "nothing", "\\boxed{2}")
    budgets = BudgetGrid([7, 64])
    one = annotated(path, tmp_path / "out", domain=get_domain("aime"), budgets=budgets)
    (summary,) = summaries(open_runs(one.outputs[0]))
    assert (summary.key.scorer, summary.problems) == ("aime", 3)
    assert summary.unparsed == pytest.approx(1 / 3)
    found = table(one.outputs[0], "aime24")
    assert found["unparsed,aime"] == pytest.approx(1 / 3)
    assert found["exact_match,none"] == pytest.approx(2 / 3)  # of the lines: that of the log
    assert found["q,aime"] == pytest.approx(1 / 3)
    assert one.outcome is not None
    assert one.outcome.regraded == 1
    rows = frame(one.outputs[1])
    assert set(rows["scorer"]) == {"aime"}
    assert set(rows[rows["problem"] == "x-0"]["answer"]) == {"0", "5"}
    assert "needs the options of a problem" in refusal(
        path, tmp_path / "no", domain=get_domain("gpqa")
    )


def test_another_task_can_grade(tmp_path: Path) -> None:
    name = f"samples_mine_{DATE}.jsonl"
    path = by_hand(tmp_path / "in", "\\boxed{0}", "\\boxed{5}", name=name)
    sentence = refusal(path, tmp_path / "no")
    assert "mine names no task of lm-eval" in sentence
    for words in ("--task", "--include-path", "--domain"):
        assert words in sentence
    one = annotated(path, tmp_path / "out", task="aime24")
    assert table(one.outputs[0], "mine")["exact_match@96,none"] == 0.5
    assert "gsm8k cannot be made for its documents" in refusal(path, tmp_path / "no", task="gsm8k")
    assert "is it gsm8k?" in refusal(path, tmp_path / "no", task="gsm8")


def test_documents_are_not_processed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """gpqa's own `process_docs` shuffles the options and needs columns of the dataset."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "code.py").write_text(
        "def twice(docs):\n    return docs.map(lambda doc: {'gold': doc['gold'] * 2})\n"
    )
    (folder / "own.yaml").write_text(
        "task: own\ndataset_path: nowhere\ntest_split: test\nfewshot_split: train\n"
        "process_docs: !function code.twice\ndoc_to_text: '{{q}}'\ndoc_to_target: '{{gold}}'\n"
        "metric_list:\n  - {metric: exact_match, aggregation: mean, higher_is_better: true}\n"
    )
    known = manager("aime24", also=folder)
    monkeypatch.setattr(regrading, "index_of", lambda path: known)
    doc = {"q": "?", "gold": "abab"}
    path = by_hand(tmp_path / "in", "abab", name=f"samples_own_{DATE}.jsonl", doc=doc)
    one = annotated(path, tmp_path / "out", include_path=folder)
    assert table(one.outputs[0], "own")["exact_match@96,none"] == 1


def test_source_texts_in_a_results_file_are_never_run(tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    source = f"open({str(trap)!r}, 'w')\ndef process_results(doc, results):\n    return {{}}\n"
    path = by_hand(tmp_path / "in", "\\boxed{0}", name=f"samples_trap_{DATE}.jsonl")
    config = {"task": "trap", "process_results": source, "doc_to_target": source, "repeats": 1}
    beside = {"configs": {"trap": config}, "results": {"trap": {}}}
    (path.parent / f"results_{DATE}.json").write_text(json.dumps(beside))
    assert "trap names no task of lm-eval" in refusal(path, tmp_path / "no")
    annotated(path, tmp_path / "out", task="aime24")
    assert not trap.exists()


def test_code_that_a_model_wrote_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "code.yaml").write_text(
        "task: code\ndataset_path: nowhere\ntest_split: test\nunsafe_code: true\n"
        "doc_to_text: a\ndoc_to_target: a\n"
    )
    known = manager("aime24", also=own)
    monkeypatch.setattr(regrading, "index_of", lambda path: known)
    path = by_hand(tmp_path / "in", "x", name=f"samples_code_{DATE}.jsonl")
    assert "running the code that the model wrote" in refusal(path, tmp_path / "no")
