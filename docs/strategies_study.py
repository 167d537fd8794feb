"""One budget spent in five ways, by method: `python docs/strategies_study.py`.

The model is the built-in SIMULATED reasoner, no language model. Twice: once its wrong answers
differ from trace to trace, so that right ones are soon the most; once wrong traces agree, so that a
vote makes their answer sure. What comes out stands beside what was put in, where that is known.
`--write` puts commands, table and figure into docs/strategies.md.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

import anytime
from anytime.models import Profile, expected_quality
from anytime.models.solutions import WRONG_ANSWERS

HERE = Path(__file__).parent
PAGE = HERE / "strategies.md"
FIGURE = HERE / "strategies.png"
BIN = Path(sys.executable).parent

BUDGETS = (1024, 2048, 4096, 8192, 16384)
PLANNED = 8192
"""The total budget of the claims, named before anything was run."""
PROBLEMS = 45

METHODS = {"cot": 1.0, "pdp": 3.0, "pdp_plus": 1.6, "leap": 1.3}
"""By how much each makes the simulator faster: what is put in."""
STRATEGIES: dict[str, dict[str, int | str]] = {
    "one trace": {},
    "vote of 4": {"mode": "vote", "k": 4},
    "vote of 16": {"mode": "vote", "k": 16},
    "tree": {"mode": "tree", "width": 2, "branch": 3, "thought": 128},
    "extend": {"mode": "extend", "waits": 2},
}
"""What is asked for beside budgets and method."""
REVISION = {"fixes": 0.3, "breaks": 0.1}
"""What "Wait" does to a wrong and to a right answer of a trace that had ended."""
JUDGE = 0.8
"""How often the simulator values a state of a tree rightly."""
PROFILE = Profile(accuracy=0.45, solve_tokens=600)
SIMULATORS = {"differ": 0.0, "agree": 1.0}
"""What the wrong answers of different traces do, and the option `systematic` for it."""


@dataclass(frozen=True)
class Case:
    """One run."""

    simulator: str
    method: str
    strategy: str

    @property
    def folder(self) -> str:
        """Where its log goes."""
        return f"{self.simulator}-{self.method}-{self.strategy}".replace(" ", "-")

    @property
    def command(self) -> str:
        """What a user types."""
        options = {
            "accuracy": PROFILE.accuracy,
            "solve_tokens": PROFILE.solve_tokens,
            "systematic": SIMULATORS[self.simulator],
            **REVISION,
            "judge_accuracy": JUDGE,
            "contrast_speedup": METHODS["pdp"],
            "examples_speedup": METHODS["pdp_plus"],
            "principles_speedup": METHODS["leap"],
        }
        given = " ".join(f"-M {name}={value:g}" for name, value in options.items())
        learns = "" if self.method == "cot" else " -S traces=16 -S problems=4"
        shares = "".join(f" -T {name}={value}" for name, value in STRATEGIES[self.strategy].items())
        return (
            f"inspect eval anytime/aime -T dataset=builtin --limit {PROBLEMS} "
            f"-T budgets={','.join(map(str, BUDGETS))}{shares} --solver anytime/{self.method}"
            f"{learns} --model anytime/simulated {given} --log-dir {self.folder}"
        )


CASES = [Case(s, m, g) for s in SIMULATORS for m in METHODS for g in STRATEGIES]


class Row(NamedTuple):
    """What one run came to."""

    case: Case
    index: float
    interval: tuple[float, float]
    planned: float
    put_in: float | None
    gain: tuple[float, float, float, float] | None
    """Over one trace of the method at the planned budget: mean, 95 % interval, p (Holm)."""
    tokens: float
    depth: float


def put_in(case: Case) -> float | None:
    """The quality at the planned budget by the profile: a vote among answers that are known.

    None of trees and of extended traces, which have no closed form.
    """
    faster = Profile(PROFILE.accuracy, PROFILE.solve_tokens / METHODS[case.method])
    mode, k = STRATEGIES[case.strategy].get("mode"), int(STRATEGIES[case.strategy].get("k", 1))
    if mode not in (None, "vote"):
        return None
    right = expected_quality(faster, PLANNED // k)
    if k == 1:
        return right
    kinds = 1 if SIMULATORS[case.simulator] else WRONG_ANSWERS
    wrong = [(1 - right) / kinds] * kinds
    votes = np.random.default_rng(0).multinomial(k, [right, *wrong], size=400_000)
    most = votes.max(axis=1)
    tied = (votes == most[:, None]).sum(axis=1)
    return float(((votes[:, 0] == most) / tied).mean())


def run(command: str, folder: Path) -> None:
    """Run a command as a shell would."""
    print(f"$ {command}", flush=True)
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "ANYTIME_CACHE_DIR": str(folder / "cache"),
        "INSPECT_DISPLAY": "none",
    }
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def rows_of(folder: Path) -> list[Row]:
    """Read all runs; each vote is compared with one trace of its method and simulator."""
    found: dict[Case, tuple[anytime.LoadedRun, float, float]] = {}
    for case in CASES:
        (loaded,) = anytime.load(folder / case.folder, labels=[f"{case.method}, {case.strategy}"])
        rows = anytime.frame(loaded)
        last = rows[rows.budget == PLANNED]
        found[case] = (loaded, float(last.tokens.mean()), float(last.depth.mean()))
    made = []
    for simulator in SIMULATORS:
        gains: dict[Case, tuple[float, float, float, float]] = {}
        for method in METHODS:
            mine = [Case(simulator, method, strategy) for strategy in STRATEGIES]
            compared = anytime.compare_all([found[case][0] for case in mine], budget=PLANNED)
            for case, one in zip(mine[1:], compared, strict=True):
                at = one.by_budget[BUDGETS.index(PLANNED)]
                gains[case] = (at.difference, *at.interval, at.p_holm)
        for case in [case for case in CASES if case.simulator == simulator]:
            loaded, tokens, depth = found[case]
            summed = anytime.summarize(loaded)
            planned = summed.quality[BUDGETS.index(PLANNED)]
            made.append(
                Row(
                    case,
                    summed.anytime_index,
                    tuple(summed.interval),
                    planned,
                    put_in(case),
                    gains.get(case),
                    tokens,
                    depth,
                )
            )
    return made


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown."""
    names = (
        "wrong answers",
        "method",
        "strategy",
        "Anytime Index",
        "95 %",
        f"quality at {PLANNED:,}",
        "put in",
        "over one trace",
        "95 %, paired",
        "p (Holm)",
        "tokens spent",
        "one after another",
    )
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    for row in rows:
        low, high = row.interval
        gain = ("", "", "")
        if row.gain is not None:
            mean, least, most, p = row.gain
            gain = (f"{mean:+.3f}", f"{least:+.3f} to {most:+.3f}", f"{p:.4f}")
        cells = (
            row.case.simulator,
            f"`{row.case.method}`",
            row.case.strategy,
            f"{row.index:.3f}",
            f"{low:.3f} to {high:.3f}",
            f"{row.planned:.3f}",
            "" if row.put_in is None else f"{row.put_in:.3f}",
            *gain,
            f"{row.tokens:,.0f}",
            f"{row.depth:,.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def figure(folder: Path) -> None:
    """The curves, a panel for each simulator and method."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    shown, axes = plt.subplots(2, len(METHODS), figsize=(12, 5.4), sharex=True, sharey=True)
    marks = {
        "one trace": ("o", "-"),
        "vote of 4": ("s", "--"),
        "vote of 16": ("^", ":"),
        "tree": ("D", (0, (7, 2, 1.5, 2))),
        "extend": ("v", (0, (3, 1))),
    }
    for row, simulator in zip(axes, SIMULATORS, strict=True):
        for panel, method in zip(row, METHODS, strict=True):
            for strategy, (mark, line) in marks.items():
                case = Case(simulator, method, strategy)
                (loaded,) = anytime.load(folder / case.folder)
                summed = anytime.summarize(loaded)
                low, high = zip(*summed.by_budget, strict=True)
                panel.plot(BUDGETS, summed.quality, marker=mark, linestyle=line, label=strategy)
                panel.fill_between(BUDGETS, low, high, alpha=0.08)
            panel.set_xscale("log", base=2)
            panel.set_xticks(BUDGETS, [f"{budget:,}" for budget in BUDGETS], rotation=45)
            panel.set_title(f"{method}, wrong answers {simulator}", fontsize=9)
            panel.set_ylim(0, 1)
    axes[0][0].legend(fontsize=8)
    for row in axes:
        row[0].set_ylabel("quality")
    shown.supxlabel("total tokens of reasoning (simulator)")
    shown.tight_layout()
    shown.savefig(FIGURE, dpi=80)


def main() -> None:
    """Read the command line, run, print, and write the page if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the results into the page")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for case in CASES:
            run(case.command, folder)
        shown = table(rows_of(folder))
        print(f"\n{shown}")
        if chosen.write:
            figure(folder)
    if chosen.write:
        block = "\n".join(case.command for case in CASES if case.simulator == "agree")
        text = f"{shown}\n\n```text\n{block}\n```\n"
        PAGE.write_text(
            re.sub(
                r"(<!-- results -->\n).*?(<!-- end of results -->)",
                lambda found: f"{found[1]}{text}{found[2]}",
                PAGE.read_text(),
                flags=re.DOTALL,
            )
        )


if __name__ == "__main__":
    main()
