"""A small plain run of Inspect, and its log annotated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.solver import generate, system_message

from anytime.budgets import BudgetGrid
from anytime.logs.annotation import Told, annotate
from tests.inspect_runs import Run, says, scripted

BUDGETS = [2, 4, 8, 16]
GRID = BudgetGrid(BUDGETS)

# Sixteen words each, a token a word; right and wrong answers stand in between.
SUMS = {
    "What is 3 + 4?": "The answer is ANSWER: 7 and now I check it all again. ANSWER: 7",
    "What is 20 + 22?": "Perhaps ANSWER: 42 or not, so let me see, it may be this: ANSWER: 41",
}
TARGETS = {"What is 3 + 4?": "7", "What is 20 + 22?": "42"}


def sums(*scorers: Any, **options: Any) -> Task:
    dataset = [Sample(id=q, input=q, target=TARGETS[q]) for q in SUMS]
    options = {"solver": [system_message("Be brief."), generate()], **options}
    return Task(dataset=dataset, scorer=list(scorers), name="sums", **options)


def solve(messages: list[Any], config: Any) -> ModelOutput:
    asked = messages[-1].text
    for question, said in SUMS.items():
        if question in asked:
            return says(said)
    return says("It is clear to me by now.\n\nANSWER: A")


def plain_log(
    run: Run, task: Task, script: Callable[..., ModelOutput] = solve, **options: Any
) -> Path:
    log = run(task, scripted(script), **options)
    return Path(log.location.removeprefix("file://"))


def annotated(path: Path, folder: Path, **options: Any) -> Path:
    told = outcome(path, folder, **options)
    assert told.outcome is not None, told.refused
    (made,) = told.outputs
    return made


def outcome(path: Path, folder: Path, **options: Any) -> Told:
    _, told = annotate([path], folder, **{"budgets": GRID, **options})
    (one,) = told
    return one
