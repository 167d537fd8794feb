"""What a large run holds at once, and how often it grades."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import pytest

from anytime.domains.base import Grade, Problem
from anytime.domains.gpqa import GPQA
from anytime.hosts.lm_eval import rounds
from anytime.hosts.lm_eval.models import Planner
from tests.lm_eval_models import Scripted
from tests.lm_eval_runs import Counting, checkpoints, evaluate, numbers, samples

TRIP, GPQA_TASK = "anytime_trip_builtin", "anytime_gpqa_builtin"


def test_an_answer_that_recurs_in_a_problem_is_graded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    graded: Counter[tuple[str, str]] = Counter()

    def grade(problem: Problem, text: str) -> Grade:
        graded[problem.id, text] += 1
        return GPQA.grade(problem, text)

    watched = dataclasses.replace(GPQA, grade=grade)
    monkeypatch.setattr("anytime.hosts.lm_eval.task.get_domain", lambda name: watched)

    def say(context: str, settings: dict[str, Any]) -> str:
        """Answers go with the length of the prompt, so that budgets have different ones."""
        return " word" * 600 if settings["max_gen_toks"] == 512 else f"({'ABCD'[len(context) % 2]})"

    knobs = {"traces": 3, "budgets": "32,64,128,256,512"}
    results = evaluate(GPQA_TASK, Scripted(say), knobs, limit=4)
    found = samples(results, GPQA_TASK)
    points = [
        (name, point)
        for name, sample in found.items()
        for trace in range(3)
        for point in checkpoints(sample, trace)
    ]
    answers = {(name, point["answer"]) for name, point in points}
    assert len(answers) < len(points), "some recur"
    assert {graded[answer] for answer in answers} == {1}


def test_prompts_that_stand_in_memory_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    knobs = {"budgets": "32,64,128,2048"}
    whole = Counting(model := Planner())
    expected = numbers(evaluate(TRIP, model, knobs, limit=5), TRIP)
    assert len(whole.calls) == 2

    monkeypatch.setattr(rounds, "AT_ONCE", 4000)
    parted = Counting(model := Planner())
    assert numbers(evaluate(TRIP, model, knobs, limit=5), TRIP) == expected
    asked = [[request.args[0] for request in call] for call in parted.calls]
    assert len(asked) > 4
    assert all(sum(map(len, call[:-1])) < 4000 for call in asked), "no more than fill it"
    assert sorted(prompt for call in asked for prompt in call) == sorted(
        r.args[0] for call in whole.calls for r in call
    )
