"""Kills commands at random moments, runs them again and compares: `python tests/stress/kill.py`.

Live runs of both harnesses, the sampling of a pool, `annotate`, `results` and `report` are killed
with SIGKILL, all their processes at once, and started again as a user would: with the same command.
lm-eval goes on from our trace store, Inspect from its own cache (`--cache`). In the end each must
come to what it comes to undisturbed. A local HTTP server counts what real clients ask: only what
was in flight at a kill is asked again, and runs beside each other on one store ask nothing twice.
A command that asks is killed after a number of requests that is drawn; one that asks nothing after
a share of the steps that are waited for it undisturbed. No clock decides whether anything is right.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from anytime.models import load_model  # noqa: E402
from tests.serving import Body, Fault, Server, serving  # noqa: E402

CONNECTIONS = 3
LIMIT = 5
SECONDS_A_REQUEST = 0.03
"""So long the server takes, that kills land between requests."""
STEP = 0.005
MOST_STEPS = 120_000
BUDGETS = "64,128,256"
TASK = "anytime_trip_builtin"

PLAIN = r"""
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import pattern
from inspect_ai.solver import generate

from anytime.hosts.inspect_ai.tasks import aime

@task
def plain():
    samples = [Sample(id=s.id, input=s.input, target=s.target) for s in aime("builtin").dataset]
    return Task(dataset=samples, solver=generate(), scorer=pattern(r"\\boxed\{(\d+)\}"))
"""


@dataclass(frozen=True)
class Job:
    """A command that may be killed.

    Attributes:
        words: It, given the server's address.
        outcome: What it came to, in the folder it runs in; None where there is nothing yet.
        asks: Whether it asks the server.
    """

    words: Callable[[str], list[str]]
    outcome: Callable[[Path], Any]
    asks: bool = True


class Verdict(NamedTuple):
    """How a job fared.

    Attributes:
        kills: That landed before the command ended.
        again: Requests that were asked again.
        wrong: What is not as it has to be; nothing where all is well.
    """

    kills: int
    again: int
    wrong: list[str]


def _lm_eval(url: str) -> list[str]:
    model = f"model=planner,base_url={url}/chat/completions,tokenizer_backend=None"
    knobs = {"budgets": BUDGETS, "traces": 3, "mode": "contract", "trace_store": "store"}
    return [
        *("lm_eval", "--model", "local-chat-completions"),
        *("--model_args", f"{model},num_concurrent={CONNECTIONS},max_retries=1"),
        *("--tasks", TASK, "--limit", str(LIMIT), "--apply_chat_template"),
        *("--gen_kwargs", "do_sample=True,temperature=1", "--metadata", json.dumps(knobs)),
        *("--log_samples", "--output_path", "out"),
    ]


def _inspect(url: str, *more: str) -> list[str]:
    return [
        *("inspect", "eval", "anytime/trip", "-T", "dataset=builtin", "-T", f"budgets={BUDGETS}"),
        *("--model", "openai-api/planner/planner", "--model-base-url", url),
        *("--limit", str(LIMIT), "--epochs", "2", "--seed", "1", "--cache"),
        *("--max-connections", str(CONNECTIONS), "--log-dir", "logs", *more),
    ]


def _pool(url: str) -> list[str]:
    learn = ("--solver", "anytime/pdp", "-S", "problems=3", "-S", "traces=4")
    return _inspect(url, "-T", "split=test", *learn)


def _annotate(url: str) -> list[str]:
    return ["anytime", "annotate", "plain", "-o", "annotated", "--budgets", "64,256", "--force"]


def _reading(command: str, output: str) -> Callable[[str], list[str]]:
    return lambda url: ["anytime", command, "finished", "-o", output, "--force"]


def _table(folder: Path) -> Any:
    """The last table of lm-eval."""
    found = sorted(folder.glob("out/*/results_*.json"))
    return json.loads(found[-1].read_text())["results"][TASK] if found else None


def _metrics(log: Path) -> Any:
    from inspect_ai.log import read_eval_log

    read = read_eval_log(str(log))
    if read.status != "success" or read.results is None:
        return None
    values = {
        f"{sample.id} {sample.epoch} {name}": score.value
        for sample in read.samples or []
        for name, score in (sample.scores or {}).items()
    }
    told = {
        f"{score.name} {name}": metric.value
        for score in read.results.scores
        for name, metric in score.metrics.items()
    }
    return {**values, **told}


def _last_log(folder: Path) -> Any:
    found = sorted(folder.glob("logs/*.eval"))
    return _metrics(found[-1]) if found else None


def _annotated(folder: Path) -> Any:
    found = sorted(folder.glob("annotated/*.eval"))
    return [_metrics(log) for log in found] if found else None


def _text(name: str) -> Callable[[Path], Any]:
    def text(folder: Path) -> Any:
        path = folder / name
        return path.read_text("utf-8") if path.exists() else None

    return text


JOBS: Mapping[str, Job] = {
    "lm-eval": Job(_lm_eval, _table),
    "inspect": Job(_inspect, _last_log),
    "pool": Job(_pool, _last_log),
    "annotate": Job(_annotate, _annotated, asks=False),
    "results": Job(_reading("results", "rows.csv"), _text("rows.csv"), asks=False),
    "report": Job(_reading("report", "page.html"), _text("page.html"), asks=False),
}


def _start(job: Job, folder: Path, url: str) -> subprocess.Popen[bytes]:
    program, *rest = job.words(url)
    hidden = {"HF_HUB_OFFLINE": "1", "INSPECT_DISPLAY": "plain", "NO_PROXY": "127.0.0.1"}
    keys = {"OPENAI_API_KEY": "none", "PLANNER_API_KEY": "none"}
    places = {
        "ANYTIME_CACHE_DIR": str(folder / "anytime-cache"),
        "INSPECT_CACHE_DIR": str(folder / "inspect-cache"),
        "XDG_DATA_HOME": str(folder / "data"),
        "LM_HARNESS_CACHE_PATH": str(folder / "lm-eval-cache"),
    }
    return subprocess.Popen(
        [str(Path(sys.executable).with_name(program)), *rest],
        cwd=folder,
        env={**os.environ, **hidden, **keys, **places},
        stdout=subprocess.DEVNULL,
        stderr=(folder / "said.txt").open("ab"),
        start_new_session=True,
    )


def _finish(job: Job, folder: Path, url: str) -> int:
    """Run to the end; how many steps that took."""
    (folder / "said.txt").unlink(missing_ok=True)
    steps = _waited(run := _start(job, folder, url), lambda step: False)
    if code := run.poll():
        said = (folder / "said.txt").read_text(errors="replace")[-3000:]
        raise SystemExit(f"{' '.join(job.words(url))} ended with {code}:\n{said}")
    return steps


def _waited(run: subprocess.Popen[bytes], enough: Callable[[int], bool]) -> int:
    """Wait until a command ends or it is enough; for how many steps."""
    for step in range(MOST_STEPS):
        if run.poll() is not None or enough(step):
            return step
        time.sleep(STEP)
    os.killpg(run.pid, signal.SIGKILL)
    raise SystemExit(f"a command did not end in {MOST_STEPS * STEP:g} s")


def _kill(run: subprocess.Popen[bytes], enough: Callable[[int], bool]) -> bool:
    """Wait for the moment and kill; whether the command was still running then."""
    _waited(run, enough)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)
    return run.wait() == -signal.SIGKILL


def tried(name: str, kills: int, draw: random.Random, folder: Path, made: Path) -> Verdict:
    """Kill a job so often, let it end, and compare with an undisturbed run.

    Args:
        name: Of the job.
        kills: How often.
        draw: Draws the moments.
        folder: Empty.
        made: What `material` made.
    """
    job = JOBS[name]
    calm, torn = folder / "calm", folder / "torn"
    for place in (calm, torn):
        place.mkdir(parents=True)
        for link in ("plain", "finished"):
            (place / link).symlink_to(made / link)
    with _slowly() as server:
        steps = _finish(job, calm, server.url)
        asked = _asked(server)
        expected = _comparable(job.outcome(calm))
    landed = 0
    wrong: list[str] = []
    with _slowly() as server:
        for left in range(kills, 0, -1):
            before = len(server.exchanges)
            rest = sum(asked.values()) - len(_asked(server))
            run = _start(job, torn, server.url)
            last = draw.randint(steps // 5, steps)
            more = draw.randint(1, max(1, rest // left))

            def enough(step: int) -> bool:
                seen = len(server.exchanges) >= before + more  # noqa: B023
                return seen if job.asks else step >= last  # noqa: B023

            landed += _kill(run, enough)
            found = None if job.asks else job.outcome(torn)
            if found is not None and _comparable(found) != expected:
                wrong.append("a kill left a file that is not whole")
        _finish(job, torn, server.url)
        now = _asked(server)
    if _comparable(job.outcome(torn)) != expected:
        wrong.append("it came to something else than the undisturbed run")
    again = sum(now.values()) - sum(asked.values())
    if set(now) != set(asked) or any(now[key] < times for key, times in asked.items()):
        wrong.append(f"{len(set(now) ^ set(asked))} requests are not those of the undisturbed run")
    if again > landed * CONNECTIONS:
        wrong.append(f"{again} requests were asked again, of {CONNECTIONS} in flight at a time")
    if left_over := [str(p.relative_to(torn)) for p in torn.rglob("*.part*")]:
        wrong.append(f"parts are left: {left_over}")
    return Verdict(landed, again, wrong)


def beside(runs: int, folder: Path) -> Verdict:
    """So many runs of lm-eval at once, on one store."""
    job = JOBS["lm-eval"]
    (folder / "calm").mkdir(parents=True)
    with _slowly() as server:
        _finish(job, folder / "calm", server.url)
        asked = _asked(server)
    expected = _comparable(job.outcome(folder / "calm"))
    store = folder / "store"
    places = [folder / str(number) for number in range(runs)]
    wrong = []
    with _slowly() as server:
        started = []
        for place in places:
            place.mkdir()
            (place / "store").symlink_to(store)
            started.append(_start(job, place, server.url))
        for place, run in zip(places, started, strict=True):
            if run.wait():
                wrong.append((place / "said.txt").read_text(errors="replace")[-2000:])
        now = _asked(server)
    if any(_comparable(job.outcome(place)) != expected for place in places):
        wrong.append("a run came to something else than one alone")
    again = sum(now.values()) - sum(asked.values())
    if now != asked:
        wrong.append(f"{again} requests were asked more than once")
    return Verdict(0, again, wrong)


def material(folder: Path) -> Path:
    """A finished log of a plain task, and what `annotate` makes of it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plain_task.py").write_text(PLAIN)
    model = ["--model", "anytime/simulated", "-M", "accuracy=0.8", "-M", "solve_tokens=220"]
    run = ["inspect", "eval", "plain_task.py", *model, "--epochs", "20", "--log-dir", "plain"]
    cut = ["anytime", "annotate", "plain", "-o", "finished", "--budgets", "64,256"]
    for words in (run, cut):
        _finish(Job(lambda url, words=words: words, lambda _: None), folder, "")  # type: ignore[misc]
    return folder


@contextlib.contextmanager
def _slowly() -> Iterator[Server]:
    def wait(body: Body, tries: int) -> Fault | None:
        time.sleep(SECONDS_A_REQUEST)
        return None

    with serving(load_model("planner", {}), faults=wait) as server:
        yield server


def _asked(server: Server) -> Counter[str]:
    """How often each request was asked, answered or not."""
    return Counter(json.dumps(one.body, sort_keys=True) for one in list(server.exchanges))


def _comparable(found: Any) -> Any:
    """NaN equal to itself; without what differs from run to run: times."""
    if isinstance(found, float) and math.isnan(found):
        return "NaN"
    if isinstance(found, Mapping):
        return {key: _comparable(value) for key, value in found.items()}
    if isinstance(found, list):
        return [_comparable(value) for value in found]
    if isinstance(found, str):
        return re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?", "", found)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Kill so often over all jobs, and tell; 1 where anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="over all jobs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", nargs="*", choices=JOBS, default=list(JOBS), metavar="JOB")
    parser.add_argument("--beside", type=int, nargs="*", default=[2, 4], help="runs on one store")
    chosen = parser.parse_args(arguments)
    failed = total = 0
    with tempfile.TemporaryDirectory() as name:
        made = material(Path(name) / "made")
        for number, job in enumerate(chosen.jobs):
            kills = len(range(number, chosen.kills, len(chosen.jobs)))
            draw = random.Random(f"{chosen.seed} {job}")
            found = tried(job, kills, draw, Path(name) / job, made)
            total += found.kills
            failed += bool(found.wrong)
            print(
                f"{job}: {found.kills} of {kills} kills landed, {found.again} requests asked again:"
                f" {'; '.join(found.wrong) or 'the same as undisturbed'}",
                flush=True,
            )
        for runs in chosen.beside:
            found = beside(runs, Path(name) / f"beside-{runs}")
            failed += bool(found.wrong)
            told = "; ".join(found.wrong) or "each request sent once"
            print(f"{runs} runs on one store: {told}", flush=True)
    print(f"{total} kills landed; {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
