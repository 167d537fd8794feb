"""Simulated coverage as a page of tables: `python -m benchmarks.run coverage`.

`python -m benchmarks.coverage_page --repetitions 400 --write` makes docs/coverage.md: on two cores
in half an hour. `--processes 1` leaves the other cores to others, and `--finished FILE` keeps each
cell that is finished, so that the same command goes on where it was interrupted; the page is the
same.
"""

from __future__ import annotations

import argparse
import functools
import math
import multiprocessing
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.coverage import PAIRS, PROBLEMS, REPETITIONS, TRACES, TRUTHS, Cell, coverage, size
from benchmarks.finished_cells import FinishedCells, Found

GAIN = 0.15
"""Where power is simulated: each wrong answer of the better run is right with this chance."""

_EDGES = ("ceiling .97", "ceiling .99", "floor")
_EXACT = ("index", "budget", "holm")

AGAIN = 4
"""How many times as many runs a second look takes."""


@dataclass(frozen=True)
class Simulated:
    """What was found, cell by cell.

    Attributes:
        single: Of intervals.
        null: Of comparisons without a true difference.
        power: Of comparisons with one.
        again: Of intervals and of comparisons outside what was asked for, simulated anew: among so
            many cells some are outside by luck alone.
    """

    single: Sequence[Found]
    null: Sequence[Found]
    power: Sequence[Found]
    again: tuple[Sequence[Found], Sequence[Found]]


def simulated(
    repetitions: int = REPETITIONS, processes: int | None = None, finished: Path | None = None
) -> Simulated:
    """Simulate every cell.

    Args:
        repetitions: Runs a cell.
        processes: As many as there are cores unless told otherwise.
        finished: Where finished cells are kept, for the next attempt.
    """
    single = [
        Cell(truth, n, (traces, traces), repetitions)
        for truth in TRUTHS
        for n in PROBLEMS
        for traces in TRACES
    ]
    pairs = [
        Cell(truth, n, both, repetitions) for truth in TRUTHS for n in PROBLEMS for both in PAIRS
    ]
    rising = [cell for cell in pairs if cell.truth == "plateau"]
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # the processes take all cores already
    fresh = multiprocessing.get_context("spawn")
    kept = FinishedCells(finished)
    with ProcessPoolExecutor(processes or os.cpu_count(), mp_context=fresh) as pool:
        intervals = functools.partial(pool.map, coverage)
        comparisons = functools.partial(pool.map, size)
        gains = functools.partial(pool.map, functools.partial(size, gain=GAIN))
        found = kept.through("intervals", single, intervals)
        claims = kept.through("comparisons", pairs, comparisons)
        power = kept.through(f"gain {GAIN}", rising, gains)
        odd = [_anew(cell) for cell, row in found if _shares(cell, row)]
        claiming = [_anew(cell) for cell, row in claims if _claims(cell, row)]
        again = (
            kept.through("intervals", odd, intervals),
            kept.through("comparisons", claiming, comparisons),
        )
        return Simulated(found, claims, power, again)


def _anew(cell: Cell) -> Cell:
    return replace(cell, repetitions=AGAIN * cell.repetitions, seed=cell.seed + 1)


def page(found: Simulated) -> str:
    """The page as Markdown."""
    repetitions = found.single[0][0].repetitions
    error = 100 * math.sqrt(0.05 * 0.95 / repetitions)
    parts = [
        "# How often intervals hold the truth",
        f"Made by `python -m benchmarks.coverage_page --repetitions {repetitions} --write`: "
        f"{repetitions} simulated runs a cell (a "
        f"share of 95 or 5 % is off by {error:.1f} points, one standard error), 7 budgets from "
        "256 to 16384, seeded. The truths stand in `benchmarks/coverage.py`. "
        "[methods](methods.md) says what the methods are, and why the cells listed here fall "
        "outside.",
        "## Intervals",
        "Share of 95 % intervals that hold the truth, in %: of the index, of the raw index, of the "
        "last budget, of the worst budget, of drift, and of the band over all budgets. `false "
        "drift`: runs without drift of which it is said that there is some. `bias`: of the index "
        "and of the plug-in, in standard errors. `width`: of the index interval, in widths of the "
        "plug-in's percentile bootstrap.",
        _table(found.single, _interval_cell),
        _outside(found.single, _misses, _ASKED),
        *_second_look(found.again[0], _interval_cell, _shares),
        "## Comparisons of equal runs",
        "Share of comparisons that claim a difference at 5 % where there is none, in %: of the "
        "index, of one budget, of any budget after Holm's method; and share of the 95 % intervals "
        "of the index difference that hold 0.",
        _table(found.null, _percent),
        _outside(found.null, _claims, _ALLOWED),
        *_second_look(found.again[1], _percent, _claims),
        "## Power",
        f"The same where each wrong answer of the first run is right with a chance of {GAIN}.",
        _table(found.power, _percent),
    ]
    return "\n\n".join(parts) + "\n"


_ASKED = (
    "Outside what was asked for (all shares at least 93 %; of the index at most 98 % away from 0 "
    "and 1; |bias| below 0.25; width at most 1.35):"
)
_ALLOWED = "Above what was asked for (6 % of claims), or intervals that hold 0 in less than 93 %:"


def _second_look(rows: Sequence[Found], show: object, judge: object) -> list[str]:
    """Of cells whose shares were outside: luck is not outside twice."""
    if not rows:
        return []
    runs = rows[0][0].repetitions
    return [
        f"Those whose shares are outside once more, with {runs} other runs each (one standard "
        f"error is {100 * math.sqrt(0.05 * 0.95 / runs):.1f} points):",
        _table(rows, show),
        _outside(rows, judge, "Outside again:"),
    ]


def _misses(cell: Cell, row: Mapping[str, float]) -> list[str]:
    low = _shares(cell, row)
    if abs(row["bias"]) >= 0.25:
        low.append(f"bias {row['bias']:.2f}")
    if row["width"] > 1.35:
        low.append(f"width {row['width']:.2f}")
    return low


def _shares(cell: Cell, row: Mapping[str, float]) -> list[str]:
    shares = ("index", "raw", "final", "budget", "drift", "band")
    low = [f"{name} {100 * row[name]:.1f} %" for name in shares if row[name] < 0.93]
    if row["index"] > 0.98 and cell.truth not in _EDGES:
        low.append(f"index {100 * row['index']:.1f} %")
    return low


def _claims(cell: Cell, row: Mapping[str, float]) -> list[str]:
    found = [f"{name} {100 * row[name]:.1f} %" for name in _EXACT if row[name] > 0.06]
    return found + [f"interval {100 * row['interval']:.1f} %"] * (row["interval"] < 0.93)


def _outside(rows: Sequence[tuple[Cell, Mapping[str, float]]], judge: object, asked: str) -> str:
    assert callable(judge)
    lines = [
        f"* {cell.truth}, {cell.problems} problems, {_traces(cell)} traces: {', '.join(wrong)}"
        for cell, row in rows
        if (wrong := judge(cell, row))
    ]
    return f"{asked}\n\n" + ("\n".join(lines) or "* none")


def _table(rows: Sequence[tuple[Cell, Mapping[str, float]]], show: object) -> str:
    assert callable(show)
    names = [name for name in rows[0][1] if not all(math.isnan(row[name]) for _, row in rows)]
    lines = [f"| truth | problems | traces | {' | '.join(names)} |"]
    lines.append("|---|" + "---:|" * (len(names) + 2))
    for cell, row in rows:
        numbers = " | ".join(show(name, row[name]) for name in names)
        lines.append(f"| {cell.truth} | {cell.problems} | {_traces(cell)} | {numbers} |")
    return "\n".join(lines)


def _traces(cell: Cell) -> str:
    return "/".join(map(str, dict.fromkeys(cell.traces)))


def _interval_cell(name: str, value: float) -> str:
    if name.startswith("bias") or name == "width":
        return f"{value:.2f}" if math.isfinite(value) else ""
    return _percent(name, value)


def _percent(name: str, value: float) -> str:
    return "" if math.isnan(value) else f"{100 * value:.1f}"


def main(
    repetitions: int = REPETITIONS,
    *,
    processes: int | None = None,
    finished: Path | None = None,
    write: bool = False,
) -> None:
    """Print the page, or write it into docs/."""
    made = page(simulated(repetitions, processes, finished))
    if write:
        Path(__file__).parents[1].joinpath("docs", "coverage.md").write_text(made, "utf-8")
    else:
        print(made)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--processes", type=int, help="as many as there are cores")
    parser.add_argument("--finished", type=Path, metavar="FILE", help="keeps finished cells")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    main(
        chosen.repetitions,
        processes=chosen.processes,
        finished=chosen.finished,
        write=chosen.write,
    )
