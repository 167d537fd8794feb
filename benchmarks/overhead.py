"""Wall time of a sample with an instantaneous model: `anytime/budget` against plain generate calls.

Both sides run in real Inspect AI, log to disk, answer from memory and make the same number of model
calls with the same texts: one trace, then the same prefixes of it handed back concurrently. The
plain side is scored by nothing but a constant; ours grades, logs every checkpoint and computes the
index.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from typing import Any

import anyio
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset
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
from inspect_ai.solver import Generate, Solver, TaskState, solver

from anytime import Message, get_domain
from anytime.hosts.inspect_ai.tasks import trip
from anytime.models import load_model

ROUNDS = 3
SAMPLES = 720
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
def plain() -> Solver:
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

        async with anyio.create_task_group() as group:
            for part in range(1, BUDGETS + 1):
                group.start_soon(force, part)
        return state

    return solve


@scorer(metrics=[mean()])
def nothing() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=0)

    return score


def _seconds(task: Task, folder: str) -> float:
    start = time.perf_counter()
    (log,) = eval(
        task,
        model="instantaneous/model",
        epochs=SAMPLES // 48,
        log_dir=folder,
        display="none",
    )
    if log.status != "success":
        raise SystemExit(f"the run ended with status {log.status}: {log.error}")
    return time.perf_counter() - start


def main() -> None:
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            ours = trip(dataset="builtin", split="all")
            bare = Task(dataset=MemoryDataset(list(ours.dataset)), solver=plain(), scorer=nothing())
            a, b = _seconds(bare, folder), _seconds(ours, folder)
            ratios.append(b / a)
            calls = SAMPLES * (1 + BUDGETS)
            print(f"  plain {1000 * a / SAMPLES:.1f} ms a sample, anytime {1000 * b / SAMPLES:.1f}")
    print(f"{calls} calls a side; anytime takes {statistics.median(ratios):.2f} of the plain time")
