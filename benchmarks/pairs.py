"""Selecting pairs from a large pool: an Inspect log, and samples of lm-eval.

The pools are made of real runs of the built-in planner, its traces stretched to a real model's
length and the runs multiplied to 300 problems x 64 traces x 6 budgets. Making them does not count.
Each is read in a process of its own, as a peak is known for a whole process only.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks.peak import peak_mib

PROBLEMS, TRACES, LENGTH = 300, 64, 8000
DRAWN = 8
"""Traces per problem that are really run."""

KINDS = ("inspect", "lm_eval")


def _stretch_traces() -> None:
    """Let the planner think aloud between the lines of its search."""
    import anytime.models
    from anytime.models.conversation import Respond, chance, handed_back
    from anytime.models.filler import filler
    from anytime.models.pieces import make_reply
    from anytime.models.planner import load_planner
    from anytime.protocol import Message, Reply

    def load(**options: Any) -> Respond:
        plan = load_planner(**options)

        def respond(messages: Sequence[Message], max_tokens: int, seed: int) -> Reply:
            reply = plan(messages, max_tokens, seed)
            cut = handed_back(messages)
            if cut is not None:  # hardly two forced answers are the same text
                remark = "".join(filler(chance(cut, seed), 12))
                return make_reply(messages, max_tokens, f"{reply.text}\n\n{remark} {len(cut)}")
            lines = reply.text.splitlines(keepends=True)
            tokens = max(0, LENGTH - len(reply.text)) // (5 * len(lines))
            draw = chance(reply.text)
            told = (f"{''.join(filler(draw, tokens))}\n{line}" for line in lines)
            return make_reply(messages, max_tokens, "".join(told))

        return respond

    anytime.models.load_planner = load  # type: ignore[assignment]


def _inspect_log(folder: Path) -> Path:
    from inspect_ai import eval

    from anytime.hosts.inspect_ai.tasks import trip

    task = trip(dataset="builtin", split="all")
    small = folder / "small"
    eval(task, "anytime/planner", epochs=DRAWN, log_dir=str(small), display="none")
    (log,) = small.glob("*.eval")
    large = folder / "large.eval"
    with zipfile.ZipFile(log) as source, zipfile.ZipFile(large, "w", zipfile.ZIP_DEFLATED) as made:
        summaries = json.loads(source.read("summaries.json"))
        ids = sorted({summary["id"] for summary in summaries})
        told = {(summary["id"], summary["epoch"]): summary for summary in summaries}
        made.writestr("header.json", source.read("header.json"))
        all_summaries = []
        for number, id_ in enumerate(islice(cycle(ids), PROBLEMS)):
            name = f"{id_}-{number}"
            for epoch in range(1, TRACES + 1):
                drawn = 1 + epoch % DRAWN
                sample = source.read(f"samples/{id_}_epoch_{drawn}.json")
                sample = sample.replace(f'"{id_}"'.encode(), f'"{name}"'.encode())
                sample = re.sub(rb'"epoch": ?\d+', b'"epoch": %d' % epoch, sample, count=1)
                made.writestr(f"samples/{name}_epoch_{epoch}.json", sample, compresslevel=1)
                all_summaries.append(told[id_, drawn] | {"id": name, "epoch": epoch})
        made.writestr("summaries.json", json.dumps(all_summaries))
    return large


def _lm_eval_samples(folder: Path) -> Path:
    import lm_eval
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    task = "anytime_trip_builtin"
    tracker = EvaluationTracker(output_path=str(folder))
    results = lm_eval.simple_evaluate(
        "anytime-planner",
        tasks=[task],
        task_manager=TaskManager(metadata={"traces": TRACES, "split": "all"}),
        gen_kwargs="do_sample=True",
        bootstrap_iters=0,
        evaluation_tracker=tracker,
    )
    samples = results.pop("samples")
    tracker.save_results_aggregated(results=results, samples=samples)
    tracker.save_results_samples(task, samples[task])
    (file,) = folder.rglob("samples_*.jsonl")
    lines = file.read_text().splitlines()
    with file.open("w") as made:
        for number, line in enumerate(islice(cycle(lines), PROBLEMS)):
            id_ = json.loads(line)["doc"]["id"]
            made.write(line.replace(f'"{id_}"', f'"{id_}-{number}"') + "\n")
    return file


def _make(kind: str, folder: str) -> None:
    _stretch_traces()
    made = {"inspect": _inspect_log, "lm_eval": _lm_eval_samples}[kind](Path(folder))
    print(made)


def _select(kind: str, path: str) -> None:
    """Select pairs; print seconds, those of a core, the peak over the imports and what was read."""
    from anytime.plugins import get_domain
    from anytime.preferences.pairs import build_pairs

    if kind == "inspect":
        from anytime.logs.inspect_ai.pools import InspectPool as Pool
    else:
        from anytime.logs.lm_eval.pools import LmEvalPool as Pool
    peak, start, busy = peak_mib(), time.perf_counter(), time.process_time()
    pool = Pool(Path(path))
    pairs = build_pairs(pool, get_domain(pool.info.domain))
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    held = pairs[0].pool
    gap = max(pair.gap for pair in pairs)
    told = [held.problems, held.traces, len(pairs), f"{gap:.3f}"]
    print(f"{seconds:.1f} {busy:.1f} {peak_mib() - peak:.0f}", *told)


def _run(*words: object) -> str:
    command = [sys.executable, "-m", "benchmarks.pairs", *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()[-1]


def main() -> None:
    for kind in KINDS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(_run("make", kind, folder))
            size = path.stat().st_size / 2**20
            told = _run("select", kind, path).split()
        seconds, busy, peak, problems, traces, pairs, gap = told
        print(f"{kind}: {problems} problems, {traces} traces, 6 budgets in {size:.0f} MiB:")
        print(f"  {pairs} pairs, the largest gap {gap}, in {seconds} s ({busy} s of one core),")
        print(f"  {peak} MiB over the imports")


if __name__ == "__main__":
    {"make": _make, "select": _select}[sys.argv[1]](*sys.argv[2:]) if sys.argv[1:] else main()
