"""Stopping rules on real traces: `python -m benchmarks.run stopping`.

The GPQA trajectory (99 problems, asked at every tenth of one trace) and 60 AIME traces, of which
nobody can be asked any more: what stands in their beginnings is graded. Each table is what
`anytime stop` prints of a table of rows. Needs ../shared/data beside the repository; nothing of it
is printed but means.
"""

from __future__ import annotations

import csv
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from anytime.budgets import parse_budgets
from anytime.cli import main as command
from anytime.domains.aime import AIME
from anytime.domains.base import Problem
from anytime.programs.intrace import in_trace
from anytime.protocol import Reply

__all__ = [
    "AIME_RULES",
    "COLUMNS",
    "GPQA_RULES",
    "TENTHS",
    "aime_rows",
    "gpqa_rows",
    "main",
    "words",
    "write",
]

REAL = Path(__file__).parents[2] / "shared" / "data"

COLUMNS = "problem,budget,tokens,quality,answer,parsed"
"""Of the tables; that of GPQA has `probability` too."""

TENTHS = "linear:10:100:10"
"""Without the answer before any reasoning, which was asked for too."""

GPQA_RULES = (
    *(f"stable:{m}" for m in (2, 3, 4, 5)),
    *(f"confident:{p}" for p in (0.8, 0.9, 0.97)),
    "vote",
    "fixed:100",
    "stable:2..5",
    "confident:0.5..0.97",
)

AIME_GRID = "linear:512:16384:32"

AIME_RULES = ("stable:2", "stable:3", "stable:5", "stable:2..5", "vote", "fixed:16384")


def gpqa_rows(data: Path) -> Iterator[dict[str, Any]]:
    """The trajectory, a budget being a share of the trace in percent.

    The probability is that of the chosen option among the four, as only those are told.
    """
    with (data / "gpqa" / "gemma_trajectory.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            shares = [float(row[f"prob_{letter}"]) for letter in "ABCD"]
            yield {
                "problem": row["question_id"],
                "budget": int(row["decile"]),
                "tokens": int(row["prefix_token_count"]),
                "quality": row["correct"] == "True",
                "answer": row["prediction"],
                "parsed": True,
                "probability": max(shares) / sum(shares),
            }


def aime_rows(data: Path) -> Iterator[dict[str, Any]]:
    """What stands in the beginnings of 60 finished traces, every 512 tokens.

    Tokens are estimated from the texts: the traces came without.
    """
    budgets = parse_budgets(AIME_GRID)
    lines = (data / "aime" / "reasoning_traces.jsonl").read_text("utf-8").split("\n")
    for line in filter(None, lines):
        trace = json.loads(line)
        reply = Reply(
            text=trace["response"] or "",
            reasoning=trace["reasoning"] or "",
            finish="stop" if trace["closed_think"] else "length",
        )
        standing = in_trace(reply, budgets)
        problem = Problem(id=trace["id"], prompt=trace["prompt"], gold=trace["gold"])
        for point, text in zip(standing.elicited.checkpoints, standing.texts, strict=True):
            grade = AIME.grade(problem, text)
            yield {
                "problem": f"{trace['model']} {trace['id']}",
                "budget": point.budget,
                "tokens": point.tokens,
                "quality": grade.quality,
                "answer": grade.answer,
                "parsed": grade.parsed,
            }


def write(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """Write a table."""
    rows = list(rows)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def words(path: Path, rules: Iterable[str], columns: str = COLUMNS) -> list[str]:
    """`anytime stop` of such a table."""
    named = ",".join(f"{name}={name}" for name in columns.split(","))
    chosen = [word for rule in rules for word in ("--rule", rule)]
    return ["stop", str(path), "--columns", named, *chosen]


def main() -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory() as folder:
        gpqa = write(Path(folder) / "gpqa.csv", gpqa_rows(REAL))
        print("GPQA, one trace of each of 99 problems, asked at every tenth of it")
        command([*words(gpqa, GPQA_RULES, f"{COLUMNS},probability"), "--budgets", TENTHS])
        aime = write(Path(folder) / "aime.csv", aime_rows(REAL))
        print("\nAIME, 60 finished traces, nobody asked")
        command(words(aime, AIME_RULES))
    sys.stdout.flush()
