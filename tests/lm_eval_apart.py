"""Runs of lm-eval with its clients of a service, in processes of their own.

They are what the command `lm_eval` calls; the command itself would first index thousands of tasks.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lm_eval.loggers import EvaluationTracker

from tests.killing import ended, started
from tests.lm_eval_runs import evaluate, numbers
from tests.serving import Server

__all__ = ["asking", "run", "start", "table_of"]


def asking(
    server: Server, client: str, *, connections: int, problems: int, **more: Any
) -> dict[str, Any]:
    """The options of a run that samples from a server."""
    chat = client == "local-chat-completions"
    return {
        "model": client,
        "model_args": {
            "model": "planner",
            "base_url": f"{server.url}/{'chat/completions' if chat else 'completions'}",
            "tokenizer_backend": None,
            "num_concurrent": connections,
            "max_retries": 1,
        },
        "limit": problems,
        "apply_chat_template": chat,
        "gen_kwargs": "do_sample=True,temperature=1",
        **more,
    }


def run(
    task: str, knobs: Mapping[str, Any], options: Mapping[str, Any], output: str | None = None
) -> dict[str, float]:
    """Run a task in this process; its table.

    Args:
        task: Its name.
        knobs: The metadata.
        options: Of `asking`.
        output: Where samples and results are written, as by --log_samples --output_path.
    """
    tracker = None if output is None else EvaluationTracker(output_path=output)
    options = {**options, "evaluation_tracker": tracker}
    results = evaluate(task, options.pop("model"), knobs, **options)
    if tracker is not None:
        samples = results.pop("samples")
        tracker.save_results_aggregated(results=results, samples=samples)
        tracker.save_results_samples(task, samples[task])
    return numbers(results, task)


def start(
    folder: Path,
    task: str,
    knobs: Mapping[str, Any],
    options: Mapping[str, Any],
    output: Path | None = None,
    **env: str,
) -> subprocess.Popen[str]:
    """The same in a process of its own."""
    given = json.dumps([task, knobs, options, None if output is None else str(output)])
    return started(["python", "-m", "tests.lm_eval_apart", given], folder, env)


def table_of(process: subprocess.Popen[str]) -> dict[str, float]:
    """Wait for the end of a run; its table."""
    (line,) = [line for line in ended(process).splitlines() if line.startswith("TABLE ")]
    return dict(json.loads(line.removeprefix("TABLE ")))


if __name__ == "__main__":
    # With torch installed, asking the machine for its versions takes seconds.
    import lm_eval.evaluator

    lm_eval.evaluator.add_env_info = lambda results: None
    print("TABLE", json.dumps(run(*json.loads(sys.argv[1]))), flush=True)
