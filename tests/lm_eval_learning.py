"""Runs of lm-eval with a method: what was asked, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from anytime.hosts.lm_eval.models import Simulated
from tests.lm_eval_runs import Counting, evaluate, numbers, samples

TASK = "anytime_aime_builtin"
BUDGETS = (32, 64, 256)
# No trace ends by itself: each takes one call, and one for every budget.
LEARNS = {"accuracy": 0.8, "solve_tokens": 60, "linger_tokens": 1e9}
LEARNS |= {"examples_speedup": 2, "contrast_speedup": 4, "principles_speedup": 3}
POOL = {"pool_traces": 4, "pool_problems": 3}
PROBLEMS = 4


class Taught:
    """A run and what it asked."""

    def __init__(
        self,
        knobs: Mapping[str, Any],
        model: Any = None,
        *,
        task: str = TASK,
        limit: int = PROBLEMS,
        **options: Any,
    ) -> None:
        self.model = Simulated(**LEARNS) if model is None else model
        counted = Counting(self.model)
        knobs = {"budgets": list(BUDGETS), **knobs}
        self.results = evaluate(task, self.model, knobs, limit=limit, **options)
        self.task = task
        self.rounds = counted.calls
        self.asked = [request.args[0] for batch in counted.calls for request in batch]
        self.table = numbers(self.results, task)

    @property
    def records(self) -> list[dict[str, Any]]:
        return [
            json.loads(written)["method"]
            for sample in samples(self.results, self.task).values()
            for _, written in sample["resps"][0]
        ]

    @property
    def record(self) -> dict[str, Any]:
        return self.records[0]

    @property
    def curve(self) -> dict[str, float]:
        costs = ("added_tokens", "pool_tokens")
        return {name: value for name, value in self.table.items() if name not in costs}
