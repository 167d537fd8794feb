"""lm-eval: our request type against the same number of plain requests, and the start-up hook.

The model answers from memory. The plain side is an ordinary `generate_until` task with one document
for each request that ours sends.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import datasets
from lm_eval import evaluate
from lm_eval.api.model import LM
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks import TaskManager

from anytime import Message, get_domain
from anytime.models import load_model

ROUNDS = 3
TRACES = 8
STARTS = 60
HOOK = Path(__file__).parents[1] / "anytime_plugin" / "anytime_lm_eval.pth"


class WordTokens:
    """A token per blank, which is all that an instantaneous model needs."""

    exact = True

    def ends(self, text: str) -> Sequence[int]:
        return list(accumulate(len(word) + 1 for word in text.split(" ")[:-1]))

    def encode(self, text: str) -> list[int]:
        return [0] * len(self.ends(text))


class Instantaneous(LM):
    """Answers at once: a trace that reaches its cap, or a short answer."""

    tokenizer = WordTokens()

    def __init__(self) -> None:
        super().__init__()
        self.requests = 0
        self.calls = 0
        domain = get_domain("trip")
        problem = domain.load("builtin", "all", 0).problems[-1]
        text = load_model("planner", {})([Message("user", domain.ask(problem))], 4096, 1).text
        words = text.replace("\n", " \n").split(" ")
        self.trace = " ".join((words * (1 + 4200 // len(words)))[:4200])

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
        self.calls += 1
        self.requests += len(requests)
        return [
            self.trace if r.args[1].get("max_gen_toks", 0) > 2000 else "Here is the trip plan"
            for r in requests
        ]

    def loglikelihood(self, requests: Any) -> Any:
        raise NotImplementedError

    def loglikelihood_rolling(self, requests: Any) -> Any:
        raise NotImplementedError


def _plain(count: int) -> ConfigurableTask:
    domain = get_domain("trip")
    problems = domain.load("builtin", "all", 0).problems
    docs = [
        {"question": domain.ask(problems[i % len(problems)]), "answer": str(i)}
        for i in range(count)
    ]
    return ConfigurableTask(
        config={
            "task": "plain",
            "dataset_path": "plain",
            "custom_dataset": lambda **_: {"test": datasets.Dataset.from_list(docs)},
            "test_split": "test",
            "output_type": "generate_until",
            "doc_to_text": "question",
            "doc_to_target": "answer",
            "process_results": lambda doc, results: {"score": 0.0},
            "generation_kwargs": {"until": [], "max_gen_toks": 1024},
            "metric_list": [{"metric": "score", "aggregation": "mean", "higher_is_better": True}],
        }
    )


def _seconds(task: Any, model: Instantaneous) -> float:
    start = time.perf_counter()
    # Not simple_evaluate, which spends seconds on describing the machine.
    evaluate(model, {task.config.task: task}, bootstrap_iters=0)
    return time.perf_counter() - start


def main() -> None:
    ratios = []
    for _ in range(ROUNDS):
        model = Instantaneous()
        manager = TaskManager(metadata={"traces": TRACES, "split": "all"})
        ours = manager.load(["anytime_trip_builtin"])["tasks"]["anytime_trip_builtin"]
        ours.config.generation_kwargs |= {"do_sample": True}  # equal greedy requests go out once
        own = _seconds(ours, model)
        requests, calls = model.requests, model.calls
        plain = _seconds(_plain(requests), Instantaneous())
        ratios.append(own / plain)
    print(f"{requests} requests in {calls} generate_until calls: {own:.2f} s,")
    print(f"  as many plain requests {plain:.2f} s; ours takes {statistics.median(ratios):.2f}")
    print(f"start-up hook: {_hook_milliseconds():+.2f} ms on an interpreter's start")


def _hook_milliseconds() -> float:
    """Fastest start of an interpreter with the hook minus without, in two bare environments."""
    with tempfile.TemporaryDirectory() as folder:
        seconds: dict[str, list[float]] = {"with": [], "without": []}
        for name in seconds:
            place = Path(folder, name)
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
        (site,) = Path(folder, "with").glob("lib/python*/site-packages")
        (site / HOOK.name).write_text(HOOK.read_text())
        for _ in range(STARTS):
            for name, taken in seconds.items():
                start = time.perf_counter()
                subprocess.run([Path(folder, name, "bin", "python"), "-c", "pass"], check=True)
                taken.append(time.perf_counter() - start)
        return 1000 * (min(seconds["with"]) - min(seconds["without"]))


if __name__ == "__main__":
    main()
