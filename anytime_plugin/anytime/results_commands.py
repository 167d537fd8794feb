"""`anytime results` and `anytime summary`: finished runs as tidy rows, and what they come to."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from anytime.errors import AnytimeError
from anytime.terminal import action, check_output, console, progress, tell, tell_skipped

if TYPE_CHECKING:
    from anytime.results.rows import Row
    from anytime.results.summary import RunSummary
    from anytime.runs import FinishedRun, GradedTrace, RunInfo

__all__ = ["add_results"]

_RESULTS = """
Writes one row per sample, trace and budget, with the same columns for both harnesses:
docs/results.md explains them. LOG is a log of Inspect AI, lm-eval's samples_*.jsonl (of a run with
--log_samples --output_path) or results_*.json, or a directory with such files. Samples without a
curve are left out and counted.

  anytime results logs/*.eval -o results.parquet
  anytime results out/ -o results.jsonl
  python -c 'import pandas; print(pandas.read_parquet("results.parquet"))'
"""

_SUMMARY = """
Prints one line per run: the Anytime Index with its 95 % interval over problems, and what is
reported beside it, recomputed from every answer with the envelope, scale and seed of the run.

  anytime summary logs/*.eval out/
  anytime summary logs/*.eval --json > summary.json
"""


def add_results(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `results` and `summary` to the commands of the command line."""
    about = "write finished runs as tidy rows: JSON lines, Parquet or CSV"
    results = action(commands, "results", about, _RESULTS, _results)
    results.add_argument("logs", nargs="+", type=Path, metavar="LOG", help="finished runs")
    results.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="FILE",
        help="where to write: a name that ends in .jsonl, .parquet or .csv",
    )
    results.add_argument("--force", action="store_true", help="replace FILE if it is there")

    about = "print the index of finished runs, and what is reported beside it"
    summary = action(commands, "summary", about, _SUMMARY, _summary)
    summary.add_argument("logs", nargs="+", type=Path, metavar="LOG", help="finished runs")
    summary.add_argument("--json", action="store_true", help="all digits, as JSON")


class _Watched:
    """A run that shows how far it was read."""

    def __init__(self, run: FinishedRun) -> None:
        self._run = run
        self.skipped = run.skipped

    @property
    def info(self) -> RunInfo:
        return self._run.info

    @property
    def regraded(self) -> int:
        return self._run.regraded

    def traces(self) -> Iterator[GradedTrace]:
        yield from progress(self._run.traces(), Path(self.info.log).name, "traces")


def _results(chosen: argparse.Namespace) -> None:
    from anytime.results.framing import WRITERS
    from anytime.results.opening import open_runs
    from anytime.results.rows import rows_of

    write = WRITERS.get(chosen.output.suffix)
    if write is None:
        ends = ", ".join(WRITERS)
        raise AnytimeError(f"{chosen.output}: name a file that ends in one of {ends}")
    check_output(chosen)
    runs = [_Watched(run) for run in open_runs(chosen.logs)]

    def rows() -> Iterator[Row]:
        for run in runs:
            yield from rows_of(run)

    count = write(chosen.output, rows())
    _tell_all(runs)
    noun = "run" if len(runs) == 1 else "runs"
    console().print(
        f"{count:,} rows of {len(runs)} {noun} written to {chosen.output}",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )


def _summary(chosen: argparse.Namespace) -> None:
    from anytime.results.opening import open_runs
    from anytime.results.summary import summaries

    runs = [_Watched(run) for run in open_runs(chosen.logs)]
    found = summaries(runs)
    _tell_all(runs)
    if chosen.json:
        print(json.dumps([one.to_json() for one in found], indent=2))
    else:
        _print(found)


def _tell_all(runs: Sequence[FinishedRun]) -> None:
    for run in runs:
        tell_skipped(run.info.log, run.skipped)
        if run.regraded:
            tell(
                f"{run.regraded} of {run.info.log} graded otherwise than in the log: by another "
                f"version of the domain, or edited"
            )


def _print(found: Sequence[RunSummary]) -> None:
    from rich import box
    from rich.measure import Measurement
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD)
    for name in ("task", "model", "method"):
        table.add_column(name, overflow="fold", min_width=12)
    for name in ("problems", "traces", "index", "95 %", "final", "average", "drift"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("overthinking", "unparsed"):
        table.add_column(name, justify="right")
    for one in found:
        key, numbers = one.key, one.summary
        low, high = numbers.interval
        mode = "" if key.mode == "interrupt" else f", {key.mode}"
        cells = [
            key.task,
            key.model,
            f"{key.method}{mode}",
            str(one.problems),
            str(one.traces),
            f"{numbers.anytime_index:.3f}",
            "" if one.problems < 2 else f"{low:.3f}-{high:.3f}",
            f"{numbers.final:.3f}",
            f"{numbers.average:.3f}",
            f"{numbers.drift:.3f}",
            f"{numbers.overthinking:.3f}",
            "" if one.unparsed is None else f"{one.unparsed:.3f}",
        ]
        table.add_row(*(Text(cell) for cell in cells))
    screen = console()
    asked = Measurement.get(screen, screen.options.update(max_width=10_000), table)
    # One line per run where nobody looks, and no number cut off where somebody does.
    screen.width = max(screen.width, asked.minimum if screen.is_terminal else asked.maximum)
    screen.print(table)
