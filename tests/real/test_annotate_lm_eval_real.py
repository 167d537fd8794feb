"""`anytime annotate` on real logs of lm-eval: renamed files, chats, empty answers, no results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lm_eval.utils import make_table

from anytime.budgets import BudgetGrid
from anytime.logs.annotation import Told, annotate
from anytime.logs.lm_eval import log_scorers as regrading
from anytime.plugins import get_domain
from anytime.results import frame, open_runs, summaries
from tests.lm_eval_tasks import manager

AIME24 = "logs/lm_eval/results_aime24_gpt-oss-20b.json"
AIME25 = "logs/lm_eval/samples_aime25_empty-responses.jsonl"


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Indexing all tasks of lm-eval takes seconds."""
    known = manager("aime24")  # its folder holds all years
    monkeypatch.setattr(regrading, "index_of", lambda folder: known)


def annotated(path: Path, folder: Path, **options: Any) -> tuple[BudgetGrid, Told]:
    grid, told = annotate([path], folder, **options)
    (one,) = told
    assert one.outcome is not None, one.refused
    return grid, one


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("by", ["aime", "aime24"])
def test_gpt_oss_on_aime_2024(data: Path, tmp_path: Path, by: str) -> None:
    options = {"domain": get_domain(by)} if by == "aime" else {"task": by}
    grid, one = annotated(data / AIME24, tmp_path / "out", **options)
    outcome, (results, samples) = one.outcome, one.outputs
    assert outcome is not None
    assert (outcome.samples, outcome.empty, outcome.regraded) == (30, 7, 3)
    assert outcome.estimated == 23
    assert not outcome.skipped
    assert grid[-1] == 2048
    known = json.loads(results.read_text("utf-8"))
    row = known["results"]["aime24_chat"]
    assert row["exact_match,none"] == 18 / 30  # the log's own word
    # The log's task read answers by code of its own, which only the results file holds.
    lines = lines_of(samples)
    metric = "q" if by == "aime" else "exact_match"
    whole = [line["anytime"]["verdicts"][by if by == "aime" else "none"][0] for line in lines]
    differ = [
        line["doc_id"]
        for line, verdict in zip(lines, whole, strict=True)
        if verdict["whole"][metric] != line["exact_match"]
    ]
    assert differ == ([15, 19, 24] if by == "aime" else [18, 20, 24])
    right = sum(verdict["whole"][metric] for verdict in whole)
    assert right == (19 if by == "aime" else 15)
    (summary,) = summaries(open_runs(results))
    assert summary.quality[2048] == pytest.approx(right / 30)
    # What stands in the beginning of a trace can only be found once it was written.
    curve = list(summary.quality.values())
    assert curve == sorted(curve)
    assert curve[0] == 0
    assert "|exact_match" in make_table(known)


def test_a_run_of_empty_answers_without_a_results_file(data: Path, tmp_path: Path) -> None:
    _, one = annotated(data / AIME25, tmp_path / "out", task="aime25")
    assert one.outcome is not None
    assert (one.outcome.samples, one.outcome.empty, one.outcome.regraded) == (30, 17, 0)
    results, samples = one.outputs
    assert results.name == "results_aime25_empty-responses.json"
    old, new = lines_of(data / AIME25), lines_of(samples)
    assert [{k: v for k, v in line.items() if k != "anytime"} for line in new] == old
    known = json.loads(results.read_text("utf-8"))
    assert "|exact_match@2048" in make_table(known)
    assert known["configs"]["aime25_empty-responses"]["generation_kwargs"]["top_p"] == 0.95
    (summary,) = summaries(open_runs(tmp_path / "out"))
    assert (summary.problems, summary.traces) == (30, 30)
    rows = frame(samples)
    assert set(rows["tokens"][rows["trace_tokens"] == 0]) == {0}


def test_unknown_names_say_what_to_type(data: Path, tmp_path: Path) -> None:
    grid, told = annotate([data / "logs/lm_eval"], tmp_path / "out")
    refused = [one.refused for one in told]
    assert len(refused) == 2
    assert "aime24_chat names no task of lm-eval (is it aime24?): name --task" in refused[0]
    assert "aime25_empty-responses names no task of lm-eval" in refused[1]
    assert not (tmp_path / "out").exists()
    assert grid
