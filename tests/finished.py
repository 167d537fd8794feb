"""Runs made of numbers, for what a real run would take long to show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from anytime.domains.base import Grade
from anytime.programs.checkpoints import Checkpoint, Elicited
from anytime.runs import GradedTrace, RunInfo, TraceId

Quality = dict[str, list[list[float]]]
"""By problem, of each trace, by budget."""


def info(**values: Any) -> RunInfo:
    about: dict[str, Any] = {
        "harness": "inspect_ai",
        "log": "logs/a.eval",
        "run": "1",
        "task": "anytime/aime",
        "domain": "aime",
        "dataset": "aime25",
        "revision": f"math-ai/aime25@{'0' * 40}",
        "split": "test",
        "model": "openai/gpt-4.1",
        "scorers": ("aime",),
        "envelope": "mean",
        "scale": "linear",
        "q_max": 1.0,
        "seed": 0,
        "created": "2026-01-02T03:04:05+00:00",
        "version": "0.3",
    }
    return RunInfo(**(about | values))


@dataclass
class Finished:
    """A run that is there."""

    info: RunInfo
    quality: Quality
    budgets: Sequence[int] = (10, 20, 40)
    method: str = "cot"
    answer: str = "42"
    skipped: Counter[str] = field(default_factory=Counter)
    regraded: int = 0

    def traces(self) -> Iterator[GradedTrace]:
        for problem, traces in self.quality.items():
            for draw, values in enumerate(traces, 1):
                points = tuple(
                    Checkpoint(budget, "a text", True, budget, 1, 0, "stop", seconds=0.5)
                    for budget in self.budgets
                )
                elicited = Elicited("interrupt", self.budgets[-1], "stop", points)
                for scorer in self.info.scorers:
                    grades = [Grade(value, True, self.answer) for value in values]
                    yield GradedTrace(
                        problem, draw, elicited, {"method": self.method}, grades, scorer
                    )

    def texts(self, wanted: Collection[TraceId]) -> Iterator[tuple[TraceId, str]]:
        return iter(())


RISING: Quality = {"1": [[0, 0, 1], [0, 1, 1]], "2": [[0, 0, 0], [0, 0.5, 1]]}
FALLING: Quality = {"1": [[1, 1, 0]], "2": [[1, 1, 1]]}
