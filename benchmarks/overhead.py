"""CPU time of a sample with an instantaneous model: `anytime/budget` against plain generate calls.

All sides run in real Inspect AI, log to disk, answer from memory and make the same number of model
calls: one trace and one answer per budget. They are one task, that of our package, so that what
Inspect spends on a task once is the same on all. The plain sides are scored by a constant; ours
grades every checkpoint, logs each as a score event and computes the index. The plain sides:

* `generate()`: that many of Inspect's own `generate()` steps, one after the other.
* `collect`: a solver that hands prefixes of the trace back concurrently through
  `inspect_ai.util.collect`, which logs a span per call.
* `task group`: the same through a bare task group, the least that can be done.
"""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable
from typing import Any

import anyio
from inspect_ai import Task, eval, task_with
from inspect_ai.model import (
    ChatMessage,
    ChatMessageUser,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    get_model,
    modelapi,
)
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver
from inspect_ai.util import collect

from anytime import Message, get_domain
from anytime.hosts.inspect_ai.tasks import trip
from anytime.models import load_model

ROUNDS = 5
SAMPLES = 240
BUDGETS = 6
CAP, ANSWER = 4096, 1024


def _trace() -> str:
    """A long trace of the planner, told again until it fills the cap."""
    domain = get_domain("trip")
    problem = domain.load("builtin", "all", 0).problems[-1]
    respond = load_model("planner", {})
    text = respond([Message("user", domain.ask(problem))], CAP, 1).text
    return (text + "\n") * (1 + 15_000 // len(text))


class Instantaneous(ModelAPI):
    """Answers at once: a trace that reaches its cap, or a short answer."""

    trace = _trace()

    async def generate(
        self, input: list[ChatMessage], tools: Any, tool_choice: Any, config: GenerateConfig
    ) -> ModelOutput:
        long = config.max_tokens == CAP
        output = ModelOutput.from_content(
            self.model_name,
            self.trace if long else "Here is the trip plan",
            stop_reason="max_tokens" if long else "stop",
        )
        output.usage = ModelUsage(output_tokens=CAP if long else 5)
        return output

    def max_connections(self) -> int:
        return 100


@modelapi(name="instantaneous")
def instantaneous() -> type[ModelAPI]:
    return Instantaneous


@solver
def plain(spans: bool) -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        model = get_model()
        question = list(state.messages)
        state.output = await model.generate(question, config=GenerateConfig(max_tokens=CAP))
        state.messages.append(state.output.message)
        trace = state.output.completion

        async def force(part: int) -> None:
            cut = ModelOutput.from_content("", trace[: len(trace) * part // BUDGETS]).message
            ask = [*question, cut, ChatMessageUser(content="Your time is up.")]
            await model.generate(ask, config=GenerateConfig(max_tokens=ANSWER))

        parts = range(1, BUDGETS + 1)
        if spans:
            await collect(*(force(part) for part in parts))
            return state
        async with anyio.create_task_group() as group:
            for part in parts:
                group.start_soon(force, part)
        return state

    return solve


@scorer(metrics=[mean()])
def nothing() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=0)

    return score


def _seconds(task: Task, folder: str) -> float:
    start = time.process_time()  # other work on the machine is nobody's overhead
    (log,) = eval(
        task,
        model="instantaneous/model",
        epochs=SAMPLES // 48,
        log_dir=folder,
        display="none",
    )
    if log.status != "success":
        raise SystemExit(f"the run ended with status {log.status}: {log.error}")
    return time.process_time() - start


SOLVERS: dict[str, Callable[[], Solver | list[Solver]]] = {
    "generate()": lambda: [
        generate(max_tokens=CAP),
        *(generate(max_tokens=ANSWER) for _ in range(BUDGETS)),
    ],
    "collect": lambda: plain(spans=True),
    "task group": lambda: plain(spans=False),
}


def main() -> None:
    sides: dict[str, list[float]] = {side: [] for side in (*SOLVERS, "anytime")}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            for side, seconds in sides.items():
                task = trip(dataset="builtin", split="all")
                if side != "anytime":
                    task = task_with(task, solver=SOLVERS[side](), scorer=nothing())
                gc.collect()
                seconds.append(_seconds(task, folder))
    print(f"{SAMPLES * (1 + BUDGETS)} calls a side, median of {ROUNDS} rounds, ms of CPU a sample:")
    for side, seconds in sides.items():
        print(f"  {side:<11}{1000 * statistics.median(seconds) / SAMPLES:.1f}")
    for side in SOLVERS:
        ratios = [a / b for a, b in zip(sides["anytime"], sides[side], strict=True)]
        print(f"anytime takes {statistics.median(ratios):.2f} of {side}'s time")
