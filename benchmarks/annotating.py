"""Annotating a large finished log without a model, beside `samples_df` reading the same log.

The log is a real one of a task with a `pattern` scorer, solved by the built-in simulator in one
plain generation, multiplied to 10,000 samples (1250 problems x 8 traces) of 500 tokens on average;
they are cut at 8 budgets. Making it does not count. `samples_df` gives one row per sample and no
checkpoints: as it comes, from the summaries; and with `full=True`, from the samples themselves.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

from benchmarks.peak import peak_mib

PROBLEMS, TRACES, BUDGETS = 1250, 8, "geom:16:2048:8"
SAMPLES = PROBLEMS * TRACES


def _make(folder: str) -> None:
    import inspect_ai
    from inspect_ai import Task
    from inspect_ai.dataset import Sample
    from inspect_ai.model import get_model
    from inspect_ai.scorer import pattern
    from inspect_ai.solver import generate

    from anytime.hosts.inspect_ai.tasks import aime

    samples = [Sample(id=s.id, input=s.input, target=s.target) for s in aime("builtin").dataset]
    task = Task(dataset=samples, solver=generate(), scorer=pattern(r"\\boxed\{(\d+)\}"))
    model = get_model("anytime/simulated", accuracy=0.8, solve_tokens=220, drift=0.3)
    inspect_ai.eval(task, model, epochs=TRACES, log_dir=folder, display="none", max_tokens=4096)
    (small,) = Path(folder).glob("*.eval")
    large = Path(folder) / "large.eval"
    with zipfile.ZipFile(small) as source:
        kind = source.infolist()[0].compress_type  # as Inspect has it
    with zipfile.ZipFile(small) as source, zipfile.ZipFile(large, "w", kind) as made:
        told = {(s["id"], s["epoch"]): s for s in json.loads(source.read("summaries.json"))}
        names, summaries = [], []
        for number, id_ in enumerate(islice(cycle(sorted({id_ for id_, _ in told})), PROBLEMS)):
            names.append(f"{id_}-{number}")
            for epoch in range(1, TRACES + 1):
                uuid = f"{number}-{epoch}"
                sample = source.read(f"samples/{id_}_epoch_{epoch}.json")
                sample = sample.replace(f'"{id_}"'.encode(), f'"{names[-1]}"'.encode())
                sample = sample.replace(told[id_, epoch]["uuid"].encode(), uuid.encode())
                made.writestr(f"samples/{names[-1]}_epoch_{epoch}.json", sample)
                summaries.append(told[id_, epoch] | {"id": names[-1], "uuid": uuid})
        header = json.loads(source.read("header.json"))
        header["eval"]["dataset"] |= {"samples": PROBLEMS, "sample_ids": names}
        made.writestr("header.json", json.dumps(header))
        made.writestr("summaries.json", json.dumps(summaries))
    print(large)


def _annotate(path: Path, jobs: int = 1) -> int:
    from anytime.budgets import parse_budgets
    from anytime.logs.annotation import annotate

    budgets = parse_budgets(BUDGETS)
    _, told = annotate([path], path.parent / "annotated", budgets=budgets, replace=True, jobs=jobs)
    (one,) = told
    assert one.outcome is not None, one.refused
    return one.outcome.samples


def _rows(path: Path) -> int:
    from anytime.results import iter_rows

    return sum(1 for _ in iter_rows(path.parent / "annotated" / path.name))


def _samples_df(path: Path, full: bool = False) -> int:
    from inspect_ai.analysis import SampleSummary, samples_df

    return len(samples_df(str(path), SampleSummary, full=full))


READERS: dict[str, Callable[[Path], int]] = {
    "annotate": _annotate,
    "annotate --jobs 2": lambda path: _annotate(path, 2),
    "rows of it": _rows,
    "samples_df": _samples_df,
    "samples_df full": lambda path: _samples_df(path, full=True),
}


def _read(how: str, path: str) -> None:
    """Read the log; print how many, seconds, those of a core and the peak over the imports."""
    import inspect_ai.analysis  # noqa: F401

    peak, start, busy = peak_mib(), time.perf_counter(), time.process_time()
    count = READERS[how](Path(path))
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    print(count, f"{seconds:.1f} {busy:.1f} {peak_mib() - peak:.0f}")


def _run(*words: object) -> str:
    command = [sys.executable, "-m", "benchmarks.annotating", *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()[-1]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(_run("make", folder))
        print(f"{SAMPLES} samples in {path.stat().st_size / 2**20:.0f} MiB:")
        for how in READERS:
            count, seconds, busy, peak = _run("read", how, path).split()
            speed = SAMPLES / float(seconds)
            print(f"  {how}: {count} in {seconds} s ({busy} s of one core), so", end=" ")
            print(f"{speed:.0f} samples a second; {peak} MiB over the imports")


if __name__ == "__main__":
    {"make": _make, "read": _read}[sys.argv[1]](*sys.argv[2:]) if sys.argv[1:] else main()
