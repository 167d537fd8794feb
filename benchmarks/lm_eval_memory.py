"""lm-eval: peak memory of a large run, against as many plain requests for the same traces.

Each side runs in a process of its own, as a peak is known for a whole process only. The traces of
all problems are different texts, as real ones are. Both have what any run of `lm_eval` has before
it loads a task: its index of all tasks, which is counted with the imports.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from lm_eval.tasks import TaskManager

from benchmarks.lm_eval_host import Instantaneous, plain_task, seconds_of
from benchmarks.peak import peak_mib

PROBLEMS = 2000
TRACES = 8
TOKENS = 16384


class ManyTexts(Instantaneous):
    """Answers at once, and never twice with the same trace."""

    def __init__(self) -> None:
        super().__init__()
        self.trace = (self.trace * 5)[: TOKENS * 6 - 8]

    def generate_until(self, requests: Any, disable_tqdm: bool = False) -> list[str]:
        cap = [request.args[1]["max_gen_toks"] == TOKENS for request in requests]
        return [f"{k:08}{self.trace}" if capped else "Answer: A" for k, capped in enumerate(cap)]


def _peak(side: str) -> None:
    """Run one side and print its peak in GiB, less what the process had before."""
    metadata = {"traces": TRACES, "split": "all", "budgets": f"geom:256:{TOKENS}:7"}
    manager = TaskManager(metadata=metadata)
    before = peak_mib()
    if side == "ours":
        task = manager.load(["anytime_trip_builtin"])["tasks"]
        task = task["anytime_trip_builtin"]
        task.config.generation_kwargs |= {"do_sample": True}
        documents = list(task.dataset["test"])
        # Equal prompts are asked once, and would share their traces.
        copied = [(k, documents[k % len(documents)]) for k in range(PROBLEMS)]
        more = [one | {"prompt": f"{one['prompt']}\n({k})"} for k, one in copied]
        task.dataset["test"][:] = more
    else:
        task = plain_task(PROBLEMS, repeats=TRACES, tokens=TOKENS)
    seconds = seconds_of(task, ManyTexts())
    peak = peak_mib()
    print(f"{(peak - before) / 2**10:.2f} {seconds:.0f}")


def main() -> None:
    peaks = {}
    for side in ("ours", "plain"):
        command = [sys.executable, "-m", "benchmarks.lm_eval_memory", side]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks[side], seconds = map(float, done.stdout.split()[-2:])
        print(f"{side}: {peaks[side]:.2f} GiB over the imports, in {seconds:.0f} s")
    texts = PROBLEMS * TRACES * TOKENS * 6 / 2**30
    print(f"{PROBLEMS} problems x {TRACES} traces of {TOKENS} tokens are {texts:.2f} GiB of text;")
    print(
        f"  ours takes {peaks['ours'] / peaks['plain']:.2f} of plain requests for the same traces"
    )


if __name__ == "__main__":
    main() if len(sys.argv) == 1 else _peak(sys.argv[1])
