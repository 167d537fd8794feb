"""lm-eval: our request type against the same number of plain requests, and the start-up hook.

The model answers from memory. The plain side is an ordinary `generate_until` task with one document
for each request that ours sends.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import datasets
import tokenizers
from lm_eval import evaluate
from lm_eval.api.model import LM
from lm_eval.api.task import ConfigurableTask
from lm_eval.tasks import TaskManager

from anytime import Message, Reply, get_domain, parse_budgets
from anytime.cutting.tokens import from_tokenizers, measure
from anytime.models import load_model

ROUNDS = 9
TRACES = 8
CAP = 4096  # tokens, the largest budget of trips
STARTS = 60
HOOK = Path(__file__).parents[1] / "anytime_plugin" / "anytime_lm_eval.pth"


class SixLetters:
    """A token for every six characters: free of cost, as the model is."""

    exact = True

    def ends(self, text: str) -> Sequence[int]:
        return range(6, len(text) + 6, 6)

    def encode(self, text: str) -> list[int]:
        return [0] * len(self.ends(text))


class Instantaneous(LM):
    """Answers at once: a trace that reaches its cap, or a short answer."""

    tokenizer = SixLetters()

    def __init__(self) -> None:
        super().__init__()
        self.requests = 0
        self.calls = 0
        domain = get_domain("trip")
        problem = domain.load("builtin", "all", 0).problems[-1]
        text = load_model("planner", {})([Message("user", domain.ask(problem))], 4096, 1).text
        self.trace = (text * (1 + CAP * 6 // len(text)))[: CAP * 6]

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


def plain_task(count: int, *, repeats: int = 1, tokens: int = 1024) -> ConfigurableTask:
    """An ordinary task of that many documents."""
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
            "generation_kwargs": {"until": [], "max_gen_toks": tokens},
            "repeats": repeats,
            "metric_list": [{"metric": "score", "aggregation": "mean", "higher_is_better": True}],
        }
    )


def seconds_of(task: Any, model: Instantaneous) -> float:
    """Wall time of a run without what surrounds it."""
    # What earlier rounds and imports left behind is nobody's overhead.
    gc.collect()
    gc.freeze()
    start = time.perf_counter()
    # Not simple_evaluate, which spends seconds on describing the machine.
    evaluate(model, {task.config.task: task}, bootstrap_iters=0)
    return time.perf_counter() - start


def main() -> None:
    owns, plains = [], []
    for _ in range(1 + ROUNDS):
        model = Instantaneous()
        manager = TaskManager(metadata={"traces": TRACES, "split": "all"})
        ours = manager.load(["anytime_trip_builtin"])["tasks"]["anytime_trip_builtin"]
        ours.config.generation_kwargs |= {"do_sample": True}  # equal greedy requests go out once
        owns.append(seconds_of(ours, model))
        plains.append(seconds_of(plain_task(model.requests), Instantaneous()))
    # The first round pays for late imports.
    own, plain = (statistics.median(seconds[1:]) for seconds in (owns, plains))
    print(f"{model.requests} requests in {model.calls} generate_until calls: {own:.2f} s,")
    print(f"  as many plain requests {plain:.2f} s; ours takes {own / plain:.2f}")
    _encoding()
    print(f"start-up hook: {_hook_milliseconds():+.2f} ms on an interpreter's start")


def _encoding() -> None:
    """Counting and cutting a trace with a real tokenizer, against encoding it and nothing else."""
    text = Instantaneous().trace[: CAP * 3]
    model = tokenizers.Tokenizer(tokenizers.models.BPE())
    model.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel()
    model.train_from_iterator([text], tokenizers.trainers.BpeTrainer(show_progress=False))
    budgets = parse_budgets("geom:128:4096:6")

    def cut(number: int) -> None:
        ruler = measure(Reply(f"{number}{text}"), tokenizer)
        for budget in budgets:
            ruler.cut(budget)

    tokenizer = from_tokenizers(model)
    seconds = []
    for work in (cut, lambda number: model.encode(f"{number}{text}")):
        start = time.perf_counter()
        for number in range(50):
            work(number)
        seconds.append((time.perf_counter() - start) / 50)
    length = len(tokenizer.ends(text))
    print(
        f"cutting a trace of {length} tokens with its tokenizer takes {1000 * seconds[0]:.1f} ms,"
    )
    print(f"  {seconds[0] / seconds[1]:.2f} of what encoding it takes")


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
