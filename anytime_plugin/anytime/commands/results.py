"""`anytime results` and `anytime summary`: finished runs as tidy rows, and what they come to."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from anytime.commands.terminal import (
    action,
    add_labels,
    add_logs,
    add_options,
    check_output,
    console,
    fits,
    named_place,
    opened,
    print_sentence,
    print_spent,
    print_table,
    tell,
    tell_read,
)
from anytime.errors import AnytimeError

if TYPE_CHECKING:
    from rich.table import Table

    from anytime.results.summary import RunSummary
    from anytime.rows import Row
    from anytime.statistics.missing import Missing

__all__ = ["add_results"]

_RESULTS = """
Writes one row per sample, trace and budget, with the same columns for both harnesses:
docs/results.md explains them. LOG is a log of Inspect AI, lm-eval's samples_*.jsonl (of a run with
--log_samples --output_path) or results_*.json, or a directory with such files. Samples without a
curve are left out and counted.

  anytime results logs/*.eval -o results.parquet
  anytime results out/ -o results.jsonl
  python -c 'import pandas; print(pandas.read_parquet("results.parquet"))'
  anytime results s3://bucket/logs -o s3://bucket/rows/      a Parquet dataset, a run a partition
"""

_SUMMARY = """
Prints one line per run: the Anytime Index with its 95 % interval, and what is
reported beside it, recomputed from every answer with the envelope, scale and seed of the run.

  anytime summary logs/*.eval out/
  anytime summary logs/*.eval --json > summary.json
  anytime summary theirs.csv --columns problem=question_id,budget=tokens,quality=correct
"""


def add_results(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `results` and `summary` to the commands of the command line."""
    about = "write finished runs as tidy rows: JSON lines, Parquet or CSV"
    results = action(commands, "results", about, _RESULTS, _results)
    add_logs(results)
    results.add_argument(
        "-o",
        "--output",
        type=named_place,
        required=True,
        metavar="FILE",
        help="where to write: a name that ends in .jsonl, .parquet or .csv; or a directory, for a "
        "Parquet dataset with a partition for each run",
    )
    results.add_argument("--force", action="store_true", help="replace what is there")

    about = "print the index of finished runs, and what is reported beside it"
    summary = action(commands, "summary", about, _SUMMARY, _summary)
    add_logs(summary)
    add_labels(summary)
    add_options(summary, "envelope", "scale", "q-max", "estimator", "population")
    summary.add_argument(
        "--curve",
        action="store_true",
        help="quality, its interval and the tokens of forced answers at every budget too",
    )
    summary.add_argument("--json", action="store_true", help="all digits, as JSON")


def _results(chosen: argparse.Namespace) -> None:
    from anytime.results.curves import WRITERS
    from anytime.results.dataset import check_dataset, write_dataset
    from anytime.rows import rows_of

    write = WRITERS.get(chosen.output.suffix)
    if write is None and chosen.output.suffix:
        ends = ", ".join(WRITERS)
        raise AnytimeError(
            f"{chosen.output}: name a file that ends in one of {ends}, or a directory for a "
            f"dataset with a partition for each run"
        )
    if write is None:
        check_dataset(chosen.output, force=chosen.force)
    else:
        check_output(chosen)
    runs = opened(chosen)

    def rows() -> Iterator[Row]:
        for run in runs:
            yield from rows_of(run)

    count = write_dataset(chosen.output, runs) if write is None else write(chosen.output, rows())
    tell_read(runs)
    noun = "run" if len(runs) == 1 else "runs"
    console().print(
        f"{count:,} rows of {len(runs)} {noun} written to {chosen.output}",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )


def _summary(chosen: argparse.Namespace) -> None:
    from anytime.results.summary import summaries

    runs = opened(chosen)
    found, failed = [], 0
    for run in runs:
        try:
            found += summaries([run])
        except AnytimeError as error:
            if len(runs) == 1:
                raise
            tell(str(error))  # the others are worth seeing all the same
            failed += 1
    tell_read(runs)
    if chosen.json:
        print(json.dumps([one.to_json() for one in found], indent=2))
    else:
        _print(found, chosen)
        if chosen.curve:
            for one in found:
                _print_curve(one)
    for one in found:
        for sentence in one.doubts:
            tell(f"{one.key.log}: {sentence}")
    _tell_cuts(found)
    if failed:
        raise AnytimeError(f"{failed} of {len(runs)} runs could not be summed up, see above")


def _print_curve(one: RunSummary) -> None:
    """Quality at every budget, and what its forced answers took beside the budget."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    named = f"{one.key.task}, {one.key.model}, {one.key.method}, {one.key.scorer}"
    table = Table(box=box.SIMPLE_HEAD, title=Text(named), title_justify="left")
    for name in ("budget", "quality", "95 %", "answer tokens"):
        table.add_column(name, justify="right", no_wrap=True)
    for budget, quality in one.quality.items():
        low, high = one.intervals[f"q@{budget}"]
        tokens = one.answer_tokens.get(budget)  # none where no answer was forced
        table.add_row(
            str(budget),
            f"{quality:.3f}",
            "" if math.isnan(low) else f"{low:.3f}-{high:.3f}",
            "" if tokens is None else f"{tokens:.1f}",
        )
    print_table(table)
    if one.missing is not None:
        _print_missing(one, one.missing)


def _print_missing(one: RunSummary, missing: Missing) -> None:
    """What each budget lacks, and how many problems are ever solved."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    for name in ("budget", *missing.shares):
        table.add_column(name, justify="right", no_wrap=True)
    for place, budget in enumerate(one.quality):
        shares = [f"{share[place]:.3f}" for share in missing.shares.values()]
        table.add_row(str(budget), *shares)
    print_table(table)
    low, high = missing.intervals["never"]
    limits = "" if math.isnan(low) else f" ({low:.0%} to {high:.0%})"
    print_sentence(
        f"Never solved in {missing.traces} at the largest budget: "
        f"{missing.solved['never']:.0%} of the problems{limits}; sometimes "
        f"{missing.solved['sometimes']:.0%}, always {missing.solved['always']:.0%}."
    )
    if missing.unknown:
        print_sentence(
            f"Whether traces ended is not told of {missing.unknown:.0%}: those count as cut off."
        )


def _tell_cuts(found: Sequence[RunSummary]) -> None:
    """Name runs whose traces were cut otherwise than others': their numbers stand side by side."""
    kinds: dict[str, list[str]] = {}
    for log, cuts in {one.key.log: sorted(one.cuts) for one in found}.items():
        kinds.setdefault(" and ".join(cuts), []).append(log)
    kinds.pop("", None)  # no trace was cut
    if len(kinds) > 1:
        told = "; ".join(f"{how}: {', '.join(logs)}" for how, logs in kinds.items())
        tell(
            f"traces of these runs were cut in different ways, so small differences between them "
            f"may come from that ({told})"
        )


def _print(found: Sequence[RunSummary], chosen: argparse.Namespace) -> None:
    from anytime.results.labels import Named, labels, letters
    from anytime.results.summary import notes_on

    called = _called(found, chosen)
    runs = [Named(one.info, one.key) for one in found if one.info is not None]
    names = called or labels(runs)
    wide = _table(found, called)
    if fits(wide):
        print_table(wide)
    else:
        full = called if chosen.label else labels(runs, always=("model", "method", "mode"))
        short = full if max(map(len, full)) <= _WIDEST else letters(len(full))
        for letter, name in zip(short, full, strict=True):
            if letter != name:
                print_sentence(f"{letter}  {name}")
        print_table(_narrow_table(found, short))
    for sentence in (*notes_on(found), *_answer_tokens(found, names)):
        print_sentence(sentence)
    took = [(place, one.spent) for place, one in enumerate(found) if one.spent is not None]
    print_spent([names[place] for place, _ in took], [spent for _, spent in took])


def _table(found: Sequence[RunSummary], called: Sequence[str]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from anytime.results.summary import columns_shown

    columns = columns_shown("everywhere", "tables")
    table = Table(box=box.SIMPLE_HEAD)
    # Where each run has one, it is the task's, which stands there already.
    several = any(a.key._replace(scorer=b.key.scorer) == b.key for a, b in pairwise(found))
    runs = ["run"] if called else []
    for name in (*runs, "task", "model", "method", *(["scorer"] if several else [])):
        table.add_column(name, overflow="fold", min_width=12)
    for name in ("problems", "traces"):
        table.add_column(name, justify="right", no_wrap=True)
    for column in columns:
        table.add_column(column.title, justify="right", no_wrap=column.kind != "rate")
    for place, one in enumerate(found):
        mode = "" if one.key.mode == "interrupt" else f", {one.key.mode}"
        cells = [
            *called[place : place + 1],
            one.key.task,
            one.key.model,
            f"{one.key.method}{mode}",
            *([one.key.scorer] if several else []),
            str(one.problems),
            str(one.traces),
            *(column.text(one) for column in columns),
        ]
        table.add_row(*(Text(cell) for cell in cells))
    return table


_BROKEN = {"average": "aver-\nage", "overthinking": "over-\nthinking", "unparsed": "un-\nparsed"}
"""Heads that are wider than what stands below them."""

_WIDEST = 16
"""With longer labels a row is wider than 80 columns: letters stand in their place."""


def _narrow_table(found: Sequence[RunSummary], called: Sequence[str]) -> Table:
    """The same numbers for a terminal of 80 columns: one label says what a run is."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from anytime.results.summary import columns_shown

    columns = columns_shown("everywhere", "tables")
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=0)
    table.add_column("run", no_wrap=True)
    for column in columns:
        table.add_column(_BROKEN.get(column.title, column.title), justify="right", no_wrap=True)
    for name in ("prob-\nlems", "traces"):
        table.add_column(name, justify="right", no_wrap=True)
    for one, name in zip(found, called, strict=True):
        numbers = [column.text(one) for column in columns]
        table.add_row(*map(Text, (name, *numbers, str(one.problems), str(one.traces))))
    return table


def _called(found: Sequence[RunSummary], chosen: argparse.Namespace) -> list[str]:
    """What runs are called where task, model and method do not tell them apart; else nothing."""
    from anytime.results.labels import Named, given_labels, labels, with_given

    runs = [Named(one.info, one.key) for one in found if one.info is not None]
    given = given_labels(runs, chosen.label)
    alike = len(
        {
            (one.key.task, one.key.model, one.key.method, one.key.mode, one.key.scorer)
            for one in found
        }
    ) < len(found)
    if not given and not alike:
        return []
    return with_given(labels(runs), given)


def _answer_tokens(found: Sequence[RunSummary], called: Sequence[str]) -> Iterator[str]:
    """Of each run the tokens of its forced answers by budget, which stand beside its curve."""
    by_log = {
        one.key.log: (name, one.answer_tokens)
        for one, name in zip(found, called, strict=True)
        if one.answer_tokens
    }
    for name, tokens in by_log.values():
        told = ", ".join(f"{mean:.1f} at {budget}" for budget, mean in tokens.items())
        which = "" if len({one.key.log for one in found}) == 1 else f" of {name}"
        yield f"Tokens of a forced answer{which}: {told}."
