"""Runs of lm-eval's own tasks without us, and what `anytime annotate` makes of them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from lm_eval.loggers import EvaluationTracker

from anytime.budgets import BudgetGrid
from anytime.hosts.lm_eval.models import Pieces
from anytime.logs.annotation import Told, annotate
from anytime.models.pieces import split_pieces
from tests.lm_eval_tasks import Speaking, manager, run, solution

TASKS = ("gsm8k", "aime24", "gpqa_diamond_cot_zeroshot")
BUDGETS = (8, 24, 48, 96)
GRID = BudgetGrid(BUDGETS)
LIMIT = 6

DATE = "2026-01-02T03-04-05.678901"


def say(context: str, kwargs: Mapping[str, Any], call: int) -> str:
    """Thoughts, then right and wrong answers in every task's format, then more of both."""
    number, letter = solution(context)
    draw = random.Random(f"{context} {call if kwargs.get('do_sample') else ''}")
    said = []
    for _ in range(draw.randint(1, 3)):
        found = number + draw.choice([0, 0, 1])
        said.append("hmm " * draw.randrange(30))
        said.append(f"So {found}.\n#### {found}\nThe answer is ({letter}). \\boxed{{{found}}} ")
    return "".join(said) if draw.random() < 0.9 else ""


def plain_run(folder: Path, *tasks: str, speak: Callable[..., str] = say, **options: Any) -> Path:
    """A run of lm-eval alone, with its own files; the results file."""
    tracker = EvaluationTracker(output_path=str(folder))
    options = {"limit": LIMIT, **options}
    results = run(Speaking(speak), tasks, manager(*tasks), evaluation_tracker=tracker, **options)
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    for task in tasks:
        tracker.save_results_samples(task, samples[task])
    (file,) = folder.rglob("results_*.json")
    return file


def _refuse(*given: Any, **options: Any) -> None:
    raise AssertionError(f"a dataset was asked for: {given}")


def told_of(path: Path, folder: Path, **options: Any) -> list[Told]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("datasets.load_dataset", _refuse)
        options = {"budgets": GRID, "tokenizer": Pieces(), **options}
        _, told = annotate([path], folder, **options)
        return list(told)


def annotated(path: Path, folder: Path, **options: Any) -> Told:
    (one,) = told_of(path, folder, **options)
    assert one.outcome is not None, one.refused
    return one


def refusal(path: Path, folder: Path, **options: Any) -> str:
    (one,) = told_of(path, folder, **options)
    assert one.outcome is None
    assert not folder.exists() or not list(folder.iterdir())
    return one.refused


def samples_of(results: Path, task: str) -> Path:
    (file,) = results.parent.glob(f"samples_{task}_*.jsonl")
    return file


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def table(results: Path, task: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(results.read_text())["results"][task]
    return found


def beginning(text: str, budget: int) -> str:
    return "".join(split_pieces(text)[:budget])


def by_hand(
    folder: Path, *texts: Any, name: str = f"samples_aime24_{DATE}.jsonl", **more: Any
) -> Path:
    """A samples file of aime24 with these responses, and no results file."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    lines = []
    for number, text in enumerate(texts):
        lines.append(
            {
                "doc_id": number,
                "doc": {"ID": f"x-{number}", "Problem": f"Find {number}.", "Answer": number},
                "target": str(number),
                "arguments": {
                    "gen_args_0": {"arg_0": f"Find {number}.", "arg_1": {"max_gen_toks": 1000}}
                },
                "resps": [text if isinstance(text, list) else [text]],
                "filtered_resps": [""],
                "filter": "none",
                "metrics": ["exact_match"],
                "exact_match": int(f"boxed{{{number}}}" in str(text)),
                **more,
            }
        )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path
