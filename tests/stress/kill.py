"""Kills commands at random moments, runs them again and compares: `python tests/stress/kill.py`.

Live runs of both harnesses, the sampling of a pool, `annotate`, `results` and `report` are killed
with SIGKILL, all their processes at once, and started again as a user would: with the same command.
lm-eval goes on from our trace store (of a pool, and of `annotate --model`, there is one without a
word), Inspect from its own cache. In the end each must come to what it comes to undisturbed. A
local HTTP server counts what real clients ask: only requests that were in flight at a kill are
asked again (`tests.killing`), and runs beside each other on one store ask nothing twice.
A command that asks is killed after a number of requests that is drawn; one that asks nothing after
a share of the steps that are waited for it undisturbed. No clock decides whether anything is right.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from anytime.models import load_model  # noqa: E402
from anytime.models.conversation import chance  # noqa: E402
from anytime.models.pieces import make_reply  # noqa: E402
from anytime.protocol import Message, Reply  # noqa: E402
from tests.clients import QUESTIONS, splitting  # noqa: E402
from tests.killing import Books, aim, ended, said, started, wait_until  # noqa: E402
from tests.lm_eval_logs import by_hand  # noqa: E402
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
        until: The share of its requests that it is killed in.
    """

    words: Callable[[str], list[str]]
    outcome: Callable[[Path], Any]
    asks: bool = True
    until: float = 1


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


def _lm_eval(url: str, chat: bool = True, limit: int = LIMIT, **more: Any) -> list[str]:
    client, page = ("local-chat-", "/chat") if chat else ("local-", "")
    model = f"model=planner,base_url={url}{page}/completions,tokenizer_backend=None"
    knobs = {"budgets": BUDGETS, "tokenizer": "made/tokenizer.json", "traces": 3, **more}
    return [
        *("lm_eval", "--model", f"{client}completions"),
        *("--model_args", f"{model},num_concurrent={CONNECTIONS},max_retries=1"),
        *("--tasks", TASK, "--limit", str(limit), *(["--apply_chat_template"] if chat else [])),
        *("--gen_kwargs", "do_sample=True,temperature=1", "--metadata", json.dumps(knobs)),
        *("--log_samples", "--output_path", "out"),
    ]


def _lm_eval_chat(url: str) -> list[str]:
    return _lm_eval(url, mode="contract", trace_store="store")


def _lm_eval_text(url: str) -> list[str]:
    return _lm_eval(url, chat=False, trace_store="store")


def _lm_eval_pool(url: str) -> list[str]:
    pool = {"method": "pdp", "pool_problems": 3, "pool_traces": 4, "split": "test"}
    return _lm_eval(url, limit=1, **{**pool, "mode": "contract", "traces": 1})


def _inspect(url: str, *more: str) -> list[str]:
    return [
        *("inspect", "eval", "anytime/trip", "-T", "dataset=builtin", "-T", f"budgets={BUDGETS}"),
        *("--model", "openai-api/planner/planner", "--model-base-url", url),
        *("--limit", str(LIMIT), "--epochs", "2", "--seed", "1", "--cache"),
        *("--max-connections", str(CONNECTIONS), "--log-dir", "logs", *more),
    ]


def _pool(url: str) -> list[str]:
    # With one seed all draws of a problem are alike here: LEAP learns from those too, PDP does not.
    learn = ("--solver", "anytime/leap", "-S", "problems=3", "-S", "traces=2")
    return _inspect(url, "-T", "split=test", *learn)


def _annotate(url: str) -> list[str]:
    return [
        "anytime",
        "annotate",
        "made/plain",
        "-o",
        "annotated",
        "--budgets",
        "64,256",
        "--force",
    ]


def _handed_back(url: str) -> list[str]:
    """As `anytime annotate --model` does, which leaves the number of connections to Inspect."""
    return [
        *("inspect", "eval", "anytime/annotate", "-T", "log=made/few.eval", "-T", "budgets=64,256"),
        *("--model", "openai-api/planner/planner", "--model-base-url", url, "--cache"),
        *("--max-connections", str(CONNECTIONS), "--log-dir", "logs"),
    ]


def _handed_back_lm_eval(url: str) -> list[str]:
    arguments = f"model=planner,base_url={url}/chat/completions,tokenizer_backend=None"
    model = ("--model", "local-chat-completions", "--tokenizer", "made/tokenizer.json")
    how = ("--model-args", f"{arguments},num_concurrent={CONNECTIONS},max_retries=1")
    out = ("-o", "annotated", "--budgets", "8,16,32,64", "--domain", "aime", "--force")
    return ["anytime", "annotate", "made/lm-eval", *out, *model, *how]


def _reading(command: str, output: str) -> Callable[[str], list[str]]:
    return lambda url: ["anytime", command, "made/finished", "-o", output, "--force"]


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


def _annotated_lines(folder: Path) -> Any:
    found = sorted(folder.glob("annotated/samples_*.jsonl"))
    return [log.read_text("utf-8") for log in found] if found else None


def _text(name: str) -> Callable[[Path], Any]:
    def text(folder: Path) -> Any:
        path = folder / name
        return path.read_text("utf-8") if path.exists() else None

    return text


JOBS: Mapping[str, Job] = {
    "lm-eval": Job(_lm_eval_chat, _table),
    "lm-eval text": Job(_lm_eval_text, _table),
    # Its own samples have no store here.
    "lm-eval pool": Job(_lm_eval_pool, _table, until=0.8),
    "inspect": Job(_inspect, _last_log),
    "pool": Job(_pool, _last_log),
    "handed back": Job(_handed_back, _last_log),
    "handed back by lm-eval": Job(_handed_back_lm_eval, _annotated_lines),
    "annotate": Job(_annotate, _annotated, asks=False),
    "results": Job(_reading("results", "rows.csv"), _text("rows.csv"), asks=False),
    "report": Job(_reading("report", "page.html"), _text("page.html"), asks=False),
}


def _start(job: Job, folder: Path, url: str) -> subprocess.Popen[str]:
    hidden = {"HF_HUB_OFFLINE": "1", "INSPECT_DISPLAY": "plain", "NO_PROXY": "127.0.0.1"}
    keys = {"OPENAI_API_KEY": "none", "PLANNER_API_KEY": "none", "PLANNER_BASE_URL": url}
    places = {
        "ANYTIME_CACHE_DIR": str(folder / "anytime-cache"),
        "INSPECT_CACHE_DIR": str(folder / "inspect-cache"),
        "XDG_DATA_HOME": str(folder / "data"),
        "LM_HARNESS_CACHE_PATH": str(folder / "lm-eval-cache"),
    }
    return started(job.words(url), folder, {**hidden, **keys, **places})


def _finish(job: Job, folder: Path, url: str) -> int:
    """Run to the end; how many steps that took."""
    run = _start(job, folder, url)
    steps = _steps(run, MOST_STEPS)
    ended(run)
    return steps


def _steps(run: subprocess.Popen[str], most: int) -> int:
    """Wait until a command ends, or for so many steps; how many it were."""
    for step in range(most):
        if run.poll() is not None:
            return step
        time.sleep(STEP)
    return most


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
        (place / "made").symlink_to(made)
    wrong: list[str] = []
    landed = again = 0
    with _slowly() as server:
        books = Books(server, CONNECTIONS)
        steps = _finish(job, calm, server.url)
        needed = books.asked
        expected = _comparable(job.outcome(calm))
        books = Books(server, CONNECTIONS)
        for left in range(kills, 0, -1):
            run = _start(job, torn, server.url)
            rest = round(needed.total() * job.until) - books.answered.total()
            further = books.count + max(1, aim(draw, rest, left))
            if job.asks:
                wait_until(lambda: books.count >= further, run)  # noqa: B023
            else:
                _steps(run, draw.randint(steps // 5, steps))
            books.kill(run)
            landed += run.returncode == -signal.SIGKILL
            found = None if job.asks else job.outcome(torn)
            if found is not None and _comparable(found) != expected:
                wrong.append("a kill left a file that is not whole")
        _finish(job, torn, server.url)
        try:
            again = books.check(needed)
        except AssertionError as error:
            wrong.append(str(error))
    if expected is None or _comparable(job.outcome(torn)) != expected:
        wrong.append("it came to something else than the undisturbed run")
    if left_over := [str(p.relative_to(torn)) for p in torn.rglob("*.part*")]:
        wrong.append(f"parts are left: {left_over}")
    return Verdict(landed, again, wrong)


def beside(runs: int, folder: Path, made: Path) -> Verdict:
    """So many runs of lm-eval at once, on one store."""
    job = JOBS["lm-eval"]
    store = folder / "store"
    places = [folder / str(number) for number in range(runs)]
    wrong = []
    for place in (folder / "calm", *places):
        place.mkdir(parents=True)
        (place / "made").symlink_to(made)
    with _slowly() as server:
        books = Books(server, CONNECTIONS)
        _finish(job, folder / "calm", server.url)
        needed = books.asked
        books = Books(server, CONNECTIONS)
        begun = []
        for place in places:
            (place / "store").symlink_to(store)
            begun.append(_start(job, place, server.url))
        wrong += [said(run)[-2000:] for run in begun if run.wait()]
        again = (books.asked - needed).total()
    expected = _comparable(job.outcome(folder / "calm"))
    if any(_comparable(job.outcome(place)) != expected for place in places):
        wrong.append("a run came to something else than one alone")
    if books.asked != needed:
        wrong.append(f"{again} requests were asked more than once")
    return Verdict(0, again, wrong)


def material(folder: Path) -> Path:
    """A finished log of a plain task, and what `annotate` makes of it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plain_task.py").write_text(PLAIN)
    model = ["--model", "anytime/simulated", "-M", "accuracy=0.8", "-M", "solve_tokens=220"]
    run = ["inspect", "eval", "plain_task.py", *model, "--epochs", "20", "--log-dir", "plain"]
    cut = ["anytime", "annotate", "plain", "-o", "finished", "--budgets", "64,256"]
    few = [*run[:-3], "2", "--log-dir", "few"]
    splitting(folder)
    texts = [f"{'So it may be this. ' * length}It is \\boxed{{{length}}}." for length in range(9)]
    by_hand(folder / "lm-eval", *texts)
    for words in (run, few, cut):
        _finish(Job(lambda url, words=words: words, lambda _: None), folder, "")  # type: ignore[misc]
    (log,) = (folder / "few").glob("*.eval")
    log.rename(folder / "few.eval")
    return folder


@contextlib.contextmanager
def _slowly() -> Iterator[Server]:
    plan = load_model("planner", {})

    def answer(messages: Sequence[Message], cap: int, seed: int) -> Reply:
        """Of the planner; to what is no trip, a number that the request decides."""
        trip = any("European cities" in message.content for message in messages)
        if trip and "begins with '- '" not in messages[-1].content:
            return plan(messages, cap, seed)
        number = chance("number", *(message.content for message in messages)).randrange(9)
        return make_reply(messages, cap, f"- \\boxed{{{number}}}")

    def wait(body: Body, tries: int) -> Fault | None:
        time.sleep(SECONDS_A_REQUEST)
        return None

    with serving(answer, questions=QUESTIONS, faults=wait) as server:
        yield server


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
            found = beside(runs, Path(name) / f"beside-{runs}", made)
            failed += bool(found.wrong)
            told = "; ".join(found.wrong) or "each request sent once"
            print(f"{runs} runs on one store: {told}", flush=True)
    print(f"{total} kills landed; {failed} failed")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
