"""The full circle of Preference Data Prompting, in both harnesses: `python docs/pdp_experiment.py`.

Samples a pool on dev problems, builds pairs, runs every method on test problems and compares. The
model is the built-in SIMULATED reasoner, told by what factor each method speeds it up: no language
model is run, and what comes out is checked against what was put in. `--write` puts the commands and
the table into docs/pdp.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from inspect_ai.log import EvalLog, read_eval_log
from scipy import stats

from anytime import Curve, anytime_index
from anytime.models import Profile, expected_quality

HERE = Path(__file__).parent
PAGE = HERE / "pdp.md"
BIN = Path(sys.executable).parent

METHODS = ("cot", "pdp_plus", "pdp", "leap")
BUDGETS = (128, 256, 512, 1024, 2048, 4096)
PROFILE = Profile(accuracy=0.9, solve_tokens=1500)
SPEEDUP = {"cot": 1.0, "pdp_plus": 1.6, "pdp": 3.0, "leap": 1.3}
OPTIONS = {
    "accuracy": PROFILE.accuracy,
    "solve_tokens": PROFILE.solve_tokens,
    "examples_speedup": SPEEDUP["pdp_plus"],
    "contrast_speedup": SPEEDUP["pdp"],
    "principles_speedup": SPEEDUP["leap"],
}


@dataclass(frozen=True)
class Size:
    """How much is run."""

    dataset: str
    pool_problems: int
    pool_traces: int
    problems: int
    traces: int


class Row(NamedTuple):
    """What one method came to."""

    harness: str
    method: str
    index: float
    low: float
    high: float
    final: float
    added_tokens: float
    pool_tokens: float
    gain: tuple[float, float, float]
    """Over `cot` on the same problems, in the raw index: mean and 95 % interval over problems."""


def put_in(method: str) -> float:
    """The index that the simulated reasoner has by its profile, in closed form."""
    faster = Profile(PROFILE.accuracy, PROFILE.solve_tokens / SPEEDUP[method])
    curve = [expected_quality(faster, budget) for budget in BUDGETS]
    return anytime_index(Curve(BUDGETS, [curve]))


def inspect_commands(size: Size, model: str) -> list[str]:
    """What a user of Inspect AI types."""
    options = " ".join(f"-M {name}={value:g}" for name, value in OPTIONS.items())
    given = f"--model {model} {options}"
    task = f"inspect eval anytime/trip -T dataset={size.dataset}"
    learn = {
        "cot": "",
        "pdp_plus": " -S pairs=pairs.jsonl",
        "pdp": " -S pairs=pairs.jsonl",
        "leap": " -S pool=pool",
    }
    return [
        f"{task} -T split=dev --limit {size.pool_problems} --epochs {size.pool_traces} "
        f"{given} --log-dir pool",
        "anytime pairs build pool/*.eval -o pairs.jsonl",
        *(
            f"{task} -T split=test --limit {size.problems} --epochs {size.traces} "
            f"--solver anytime/{method}{learn[method]} {given} --log-dir {method}"
            for method in METHODS
        ),
    ]


def lm_eval_commands(size: Size) -> list[str]:
    """What a user of lm-eval types."""
    options = ",".join(f"{name}={value:g}" for name, value in OPTIONS.items())
    twin = "_builtin" if size.dataset == "builtin" else ""
    task = f"lm_eval --model anytime-simulated --model_args {options} --tasks anytime_trip{twin}"
    pool = "lm_eval_pool/*/samples_*.jsonl"
    learn = {
        "cot": {},
        "pdp_plus": {"pairs": "lm_eval_pairs.jsonl"},
        "pdp": {"pairs": "lm_eval_pairs.jsonl"},
        "leap": {"pool": "lm_eval_pool"},
    }

    def knobs(**more: object) -> str:
        dataset = {} if twin else {"dataset": size.dataset}
        return shlex.quote(json.dumps({**dataset, **more}))

    return [
        f"{task} --limit {size.pool_problems} --log_samples --output_path lm_eval_pool "
        f"--metadata {knobs(split='dev', traces=size.pool_traces)}",
        f"anytime pairs build {pool} -o lm_eval_pairs.jsonl",
        *(
            f"{task} --limit {size.problems} --log_samples --output_path lm_eval_{method} "
            f"--metadata {knobs(split='test', traces=size.traces, method=method, **learn[method])}"
            for method in METHODS
        ),
    ]


def run(command: str, folder: Path) -> None:
    """Run a command as a shell would, file patterns included."""
    print(f"$ {command}", flush=True)
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "ANYTIME_CACHE_DIR": str(folder / "cache"),
        "INSPECT_DISPLAY": "plain",
    }
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def inspect_row(method: str, folder: Path) -> Row:
    """What an Inspect log says."""
    log = _inspect_log(method, folder, header_only=True)
    if log.status != "success" or log.results is None:
        raise SystemExit(f"{method} ended with status {log.status}")
    (block,) = [s.metrics for s in log.results.scores if "anytime_index" in s.metrics]
    values = {name: metric.value for name, metric in block.items()}
    return _row("Inspect AI", method, values, gain(inspect_problems, method, folder))


def lm_eval_row(method: str, folder: Path) -> Row:
    """What lm-eval's results say."""
    (path,) = (folder / f"lm_eval_{method}").rglob("results_*.json")
    (found,) = json.loads(path.read_text())["results"].values()
    values = {name.partition(",")[0]: value for name, value in found.items()}
    return _row("lm-eval", method, values, gain(lm_eval_problems, method, folder))


def _inspect_log(method: str, folder: Path, *, header_only: bool) -> EvalLog:
    (path,) = (folder / method).glob("*.eval")
    return read_eval_log(path, header_only=header_only)


def inspect_problems(method: str, folder: Path) -> dict[str, float]:
    """Raw index of each problem, traces averaged."""
    curves: dict[str, list[list[float]]] = {}
    for sample in _inspect_log(method, folder, header_only=False).samples or []:
        assert sample.scores is not None
        value = sample.scores["curve"].value
        assert isinstance(value, dict)
        curve = [float(str(value[f"q@{budget}"])) for budget in BUDGETS]
        curves.setdefault(str(sample.id), []).append(curve)
    return {
        name: anytime_index(Curve(BUDGETS, [traces]), envelope="none")
        for name, traces in curves.items()
    }


def lm_eval_problems(method: str, folder: Path) -> dict[str, float]:
    """Raw index of each problem, traces averaged."""
    (path,) = (folder / f"lm_eval_{method}").rglob("samples_*.jsonl")
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return {record["doc"]["id"]: record["anytime_index_raw"] for record in records}


def gain(
    problems: Callable[[str, Path], dict[str, float]], method: str, folder: Path
) -> tuple[float, float, float]:
    """Difference to `cot`, paired by problem, with a t-interval over problems."""
    base, own = problems("cot", folder), problems(method, folder)
    differences = np.array([own[name] - base[name] for name in base])
    mean, error = float(differences.mean()), float(differences.std(ddof=1) / len(base) ** 0.5)
    reach = float(stats.t.ppf(0.975, len(base) - 1)) * error
    return mean, mean - reach, mean + reach


def _row(
    harness: str, method: str, values: dict[str, float], gained: tuple[float, float, float]
) -> Row:
    return Row(
        harness,
        method,
        values["anytime_index"],
        values["anytime_index_low"],
        values["anytime_index_high"],
        values["final"],
        values.get("added_tokens", 0.0),
        values.get("pool_tokens", 0.0),
        gained,
    )


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown."""
    names = (
        "harness",
        "method",
        "Anytime Index",
        "95 % interval",
        "put in",
        "gain over `cot`",
        "95 % interval, paired",
        "put in",
        "final",
        "tokens added per problem",
        "tokens for the pool",
    )
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    for r in rows:
        index, base = put_in(r.method), put_in("cot")
        cells = (
            r.harness,
            f"`{r.method}`",
            f"{r.index:.3f}",
            f"{r.low:.3f} to {r.high:.3f}",
            f"{index:.3f}",
            *(
                ("", "", "")
                if r.method == "cot"
                else (
                    f"{r.gain[0]:+.3f}",
                    f"{r.gain[1]:+.3f} to {r.gain[2]:+.3f}",
                    f"{index - base:+.3f}",
                )
            ),
            f"{r.final:.3f}",
            f"{r.added_tokens:,.0f}",
            f"{r.pool_tokens:,.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def experiment(size: Size, folder: Path) -> tuple[list[str], list[Row]]:
    """Run everything.

    Returns:
        The commands, and a row for each harness and method.
    """
    commands = [*inspect_commands(size, "anytime/simulated"), *lm_eval_commands(size)]
    for command in commands:
        run(command, folder)
    rows = [inspect_row(method, folder) for method in METHODS]
    rows += [lm_eval_row(method, folder) for method in METHODS]
    return commands, rows


def main() -> None:
    """Read the command line, run, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="NaturalPlan's trip_planning.json")
    parser.add_argument("--write", action="store_true", help="put the results into docs/pdp.md")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = "builtin"
        if chosen.data is not None:
            dataset = "trip_planning.json"
            (folder / dataset).symlink_to(chosen.data.resolve())
        commands, rows = experiment(Size(dataset, 8, 64, 40, 8), folder)
    shown = table(rows)
    print(f"\n{shown}")
    if chosen.write:
        block = "\n".join(commands)
        text = f"```text\n{block}\n```\n\n{shown}\n"
        page = re.sub(
            r"(<!-- results -->\n).*?(<!-- end of results -->)",
            lambda found: f"{found[1]}{text}{found[2]}",
            PAGE.read_text(),
            flags=re.DOTALL,
        )
        PAGE.write_text(page)


if __name__ == "__main__":
    main()
