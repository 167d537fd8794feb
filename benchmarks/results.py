"""Framing large finished runs: an Inspect log, and samples of lm-eval.

The runs are real ones of the built-in simulator, its forced answers all different as those of real
models are, multiplied to 10,000 samples (1250 problems x 8 traces) x 8 budgets. Making them does
not count. Each is read in a process of its own, as a peak is known for a whole process only. The
alternative is `inspect_ai.analysis.samples_df` on the same log, which gives one row per sample and
no checkpoints: as it comes, from the summaries; and with `full=True`, from the samples themselves.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks.peak import peak_mib

PROBLEMS, TRACES, BUDGETS = 1250, 8, "geom:64:8192:8"
SAMPLES = PROBLEMS * TRACES
PROFILE: dict[str, Any] = {
    "accuracy": 0.8,
    "solve_tokens": 1500,
    "drift": 0.3,
    "guess": 0.1,
    "unparsed": 0.05,
}


def _vary_answers() -> None:
    """Let the simulator end every forced answer with words of its own."""
    import anytime.models
    from anytime.models.conversation import Respond, chance, handed_back
    from anytime.models.filler import filler
    from anytime.models.pieces import make_reply
    from anytime.models.simulated import load_simulated
    from anytime.protocol import Message, Reply

    def load(*given: Any, **options: Any) -> Respond:
        simulate = load_simulated(*given, **options)

        def respond(messages: Sequence[Message], max_tokens: int, seed: int) -> Reply:
            reply = simulate(messages, max_tokens, seed)
            cut = handed_back(messages)
            if cut is None:
                return reply
            remark = "".join(filler(chance(cut, seed), 12))
            return make_reply(messages, max_tokens, f"{reply.text}\n\n{remark} {len(cut)}")

        return respond

    anytime.models.load_simulated = load  # type: ignore[attr-defined]


def _inspect_log(folder: Path) -> Path:
    import inspect_ai
    from inspect_ai.model import get_model

    from anytime.hosts.inspect_ai.tasks import trip

    task = trip(dataset="builtin", split="all", budgets=BUDGETS)
    model = get_model("anytime/simulated", **PROFILE)
    small = folder / "small"
    inspect_ai.eval(task, model, epochs=TRACES, log_dir=str(small), display="none")
    (log,) = small.glob("*.eval")
    large = folder / "large.eval"
    with zipfile.ZipFile(log) as source:
        kind = source.infolist()[0].compress_type  # as Inspect has it
    with zipfile.ZipFile(log) as source, zipfile.ZipFile(large, "w", kind) as made:
        summaries = json.loads(source.read("summaries.json"))
        ids = sorted({summary["id"] for summary in summaries})
        told = {(summary["id"], summary["epoch"]): summary for summary in summaries}
        all_summaries = []
        names = []
        for number, id_ in enumerate(islice(cycle(ids), PROBLEMS)):
            name = f"{id_}-{number}"
            names.append(name)
            for epoch in range(1, TRACES + 1):
                sample = source.read(f"samples/{id_}_epoch_{epoch}.json")
                sample = sample.replace(f'"{id_}"'.encode(), f'"{name}"'.encode())
                summary = told[id_, epoch]
                uuid = f"{number}-{epoch}"
                sample = sample.replace(summary["uuid"].encode(), uuid.encode())
                made.writestr(f"samples/{name}_epoch_{epoch}.json", sample)
                all_summaries.append(summary | {"id": name, "uuid": uuid})
        header = json.loads(source.read("header.json"))
        header["eval"]["dataset"] |= {"samples": PROBLEMS, "sample_ids": names}
        made.writestr("header.json", json.dumps(header))
        made.writestr("summaries.json", json.dumps(all_summaries))
    return large


def _lm_eval_samples(folder: Path) -> Path:
    import lm_eval
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    task = "anytime_trip_builtin"
    tracker = EvaluationTracker(output_path=str(folder))
    results: Any = lm_eval.simple_evaluate(
        "anytime-simulated",
        model_args=PROFILE,
        tasks=[task],
        task_manager=TaskManager(metadata={"traces": TRACES, "split": "all", "budgets": BUDGETS}),
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


MAKERS: dict[str, Callable[[Path], Path]] = {"inspect": _inspect_log, "lm_eval": _lm_eval_samples}


def _make(kind: str, folder: str) -> None:
    _vary_answers()
    print(MAKERS[kind](Path(folder)))


def _rows(path: str) -> int:
    from anytime.results.curves import iter_rows

    return sum(1 for _ in iter_rows(path))


def _parquet(path: str) -> int:
    from anytime.results.curves import iter_rows, write_parquet

    return write_parquet(Path(path).with_name("rows.parquet"), iter_rows(path))


def _samples_df(path: str, full: bool = False) -> int:
    from inspect_ai.analysis import SampleSummary, samples_df

    return len(samples_df(path, SampleSummary, full=full))


READERS: dict[str, Callable[[str], int]] = {
    "rows": _rows,
    "parquet": _parquet,
    "samples_df": _samples_df,
    "samples_df full": lambda path: _samples_df(path, full=True),
}


def _read(how: str, path: str) -> None:
    """Read a run; print rows, seconds, those of a core and the peak over the imports."""
    import inspect_ai.analysis  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    import anytime.logs.inspect_ai.reading
    import anytime.logs.lm_eval.reading
    import anytime.results.curves  # noqa: F401

    peak, start, busy = peak_mib(), time.perf_counter(), time.process_time()
    count = READERS[how](path)
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    print(count, f"{seconds:.1f} {busy:.1f} {peak_mib() - peak:.0f}")


def _run(*words: object) -> str:
    command = [sys.executable, "-m", "benchmarks.results", *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()[-1]


def main() -> None:
    for kind in MAKERS:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(_run("make", kind, folder))
            size = path.stat().st_size / 2**20
            print(f"{kind}: {SAMPLES} samples in {size:.0f} MiB:")
            for how in READERS if kind == "inspect" else ("rows", "parquet"):
                count, seconds, busy, peak = _run("read", how, path).split()
                speed = SAMPLES / float(seconds)
                print(f"  {how}: {count} rows in {seconds} s ({busy} s of one core), so", end=" ")
                print(f"{speed:.0f} samples a second; {peak} MiB over the imports")


if __name__ == "__main__":
    {"make": _make, "read": _read}[sys.argv[1]](*sys.argv[2:]) if sys.argv[1:] else main()
