"""`anytime report` of many runs, by the command line.

One real run of the built-in simulator, its forced answers all different as those of real models
are, is written 20 times, each time with a name of its own for model and run. Making the logs does
not count. The command runs in a process of its own, and its numbers are with its imports, as
whoever calls it waits for these too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.results import PROFILE, _vary_answers

RUNS, PROBLEMS, TRACES, BUDGETS = 20, 30, 8, "geom:64:4096:7"


def _make(folder: str) -> None:
    import inspect_ai
    from inspect_ai.model import get_model

    from anytime.hosts.inspect_ai.tasks import trip

    _vary_answers()
    inspect_ai.eval(
        trip(dataset="builtin", split="all", budgets=BUDGETS),
        get_model("anytime/simulated", **PROFILE),
        epochs=TRACES,
        limit=PROBLEMS,
        log_dir=folder,
        display="none",
    )
    (log,) = Path(folder).glob("*.eval")
    for number in range(RUNS):
        _copy(log, Path(folder) / "runs" / f"{number:02d}.eval", f"{number:02d}")


def _copy(log: Path, path: Path, name: str) -> None:
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(log) as source:
        kind = source.infolist()[0].compress_type  # as Inspect has it
    with zipfile.ZipFile(log) as source, zipfile.ZipFile(path, "w", kind) as made:
        for part in source.namelist():
            content = source.read(part)
            if part == "header.json":
                header = json.loads(content)
                header["eval"] |= {"eval_id": f"run-{name}", "model": f"anytime/simulated-{name}"}
                content = json.dumps(header).encode()
            made.writestr(part, content)


def _report(runs: str, name: str) -> None:
    """Write the page; print seconds, those of a core, and the peak, imports included.

    To be called in a small process: a child's peak is at least that of who starts it.
    """
    page = Path(name)
    command = [sys.executable, "-m", "anytime.cli", "report", runs, "-o", name]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    busy, size = used.ru_utime + used.ru_stime, page.stat().st_size / 2**20
    print(
        f"{RUNS} runs of {PROBLEMS} problems x {TRACES} traces x {BUDGETS.rpartition(':')[2]} "
        f"budgets: {seconds:.1f} s with imports ({busy:.1f} s of one core), a page of {size:.1f} "
        f"MiB, peak {used.ru_maxrss / 2**10:.0f} MiB"
    )


def _run(*words: object) -> str:
    command = [sys.executable, "-m", "benchmarks.report", *map(str, words)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _run("make", folder)
        runs = Path(folder) / "runs"
        size = sum(log.stat().st_size for log in runs.iterdir()) / 2**20
        print(f"{RUNS} logs of {size:.0f} MiB:")
        print(_run("report", runs, Path(folder) / "report.html"))


PARTS: dict[str, Callable[..., None]] = {"make": _make, "report": _report}

if __name__ == "__main__":
    PARTS[sys.argv[1]](*sys.argv[2:]) if sys.argv[1:] else main()
