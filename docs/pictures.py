"""Draws the pictures of the README: `python docs/pictures.py` (needs the extra `plots`).

Runs the built-in models on the built-in problems in real Inspect AI and plots what its logs hold.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from inspect_ai import eval
from inspect_ai.log import EvalLog
from inspect_ai.model import get_model

from anytime.hosts.inspect_ai.tasks import gpqa, trip

HERE = Path(__file__).parent


def curve_of(log: EvalLog) -> tuple[list[int], list[float], list[float], dict[str, float]]:
    """Budgets, mean quality, its standard error, and the metric block of a finished log."""
    if log.results is None:
        raise SystemExit(f"the run ended with status {log.status}")
    rows = []
    block: dict[str, float] = {}
    for score in log.results.scores:
        values = {name: metric.value for name, metric in score.metrics.items()}
        if found := re.fullmatch(r"q@(\d+)", score.name):
            rows.append((int(found[1]), values["mean"], values["stderr"]))
        elif "anytime_index" in values:
            block = values
    budgets, means, errors = (list(column) for column in zip(*sorted(rows), strict=True))
    return budgets, means, errors, block


def main(folder: Path) -> None:
    """Run, plot, write docs/curve.png."""
    runs = [
        ("planner on trips", trip(dataset="builtin"), get_model("anytime/planner"), 1),
        (
            "simulated reasoner on science questions",
            gpqa(dataset="builtin", budgets="geom:128:4096:6"),
            get_model("anytime/simulated", solve_tokens=700, drift=0.5, linger_tokens=2000),
            8,
        ),
        (
            "guesser on science questions",
            gpqa(dataset="builtin", budgets="geom:128:4096:6"),
            get_model("anytime/guesser"),
            8,
        ),
    ]
    mpl.rcParams.update({"font.size": 11, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(figsize=(8, 4.8), layout="constrained")
    for name, task, model, epochs in runs:
        (log,) = eval(task, model=model, epochs=epochs, log_dir=str(folder), display="none")
        budgets, means, errors, block = curve_of(log)
        label = (
            f"{name}: {block['anytime_index']:.2f} "
            f"[{block['anytime_index_low']:.2f}, {block['anytime_index_high']:.2f}]"
        )
        axes.errorbar(budgets, means, yerr=[1.96 * e for e in errors], marker="o", label=label)
        print(label)
    axes.set_xscale("log", base=2)
    axes.set_xticks(budgets, [str(budget) for budget in budgets])
    axes.set_ylim(0, 1)
    axes.set_xlabel("budget: tokens of reasoning before the model must answer")
    axes.set_ylabel("quality of the answer")
    # Above the curves, which may run anywhere.
    figure.legend(loc="outside upper left", title="Anytime Index [95 % interval]", frameon=False)
    figure.savefig(HERE / "curve.png", dpi=120)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        sys.exit(main(Path(name)))
