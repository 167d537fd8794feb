"""`anytime pairs`: from finished runs to pairs, and to training data."""

from __future__ import annotations

import argparse
import itertools
import statistics
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anytime.commands.terminal import (
    action,
    check_output,
    console,
    named_place,
    progress,
    tell,
    tell_skipped,
)
from anytime.errors import AnytimeError

if TYPE_CHECKING:
    from rich.console import Console

    from anytime.preferences.pairs import Pair
    from anytime.preferences.pool import Pool, PoolInfo, PoolTrace, Scored, TraceId

__all__ = ["add_pairs"]

SHOWN_LINES = 12
"""Lines of a trace that `show` prints, half of them its last, unless asked for all."""

_BUILD = """
For each budget the pair of traces of one problem with the largest gap in quality is taken, over all
problems of the run, and written with where it is from; of equal gaps those of problems that have no
pair yet. Runners-up follow, which stand in where the problem of a pair is evaluated itself. LOG is
a finished run with several traces per problem: a log of Inspect AI (--epochs 64), lm-eval's samples
(traces=64 in --metadata, --log_samples), or a pool that anytime built itself. Several logs of one
model and grid make one pool.

  inspect eval anytime/trip -T split=dev --epochs 64 --model ...
  anytime pairs build logs/2026-*_trip_*.eval -o pairs.jsonl
  inspect eval anytime/trip --solver anytime/pdp -S pairs=pairs.jsonl --model ...
"""

_SHOW = """
Prints pairs as they were selected: what the trace had said when it was cut, without intermediate
solutions; long texts without their middle.

  anytime pairs show pairs.jsonl --budget 512 --full
"""

_STATS = """
Prints for each budget how many pairs there are, of how many problems, on how many of them an answer
could be read on both sides, how many runners-up there are, and their gaps; and what the pool held
that they were selected from. A pair of which one answer could not be read teaches format, whatever
its gap.

  anytime pairs stats pairs.jsonl
"""

_EXPORT = """
Writes every pair of the pool, not only the best: two traces of one problem, cut at one budget, with
different quality. The format trl is what TRL's DPOTrainer takes, one JSON object per line: prompt,
chosen and rejected as conversations, and as further columns budget, gap, chosen_quality,
rejected_quality, domain, problem, model, dataset and revision. 64 traces can make 1000 pairs and
more per problem and budget: --most keeps those with the largest gaps.

  anytime pairs export logs/2026-*_trip_*.eval --format trl --most 8 -o train.jsonl
  python -c 'from datasets import load_dataset; \\
    print(load_dataset("json", data_files="train.jsonl"))'
"""


def add_pairs(commands: Any) -> None:
    """Add `pairs` to the commands of the command line."""
    about = "select pairs of good and bad reasoning from finished runs, look at them, export them"
    pairs = commands.add_parser(
        "pairs", help=about, description=f"{about.capitalize()}. See `anytime pairs build --help`."
    )
    actions = pairs.add_subparsers(required=True, metavar="ACTION")

    build = action(actions, "build", "select pairs from finished runs", _BUILD, _build)
    _add_logs(build)
    build.add_argument(
        "--per-budget", type=_count, default=1, metavar="K", help="pairs per budget (default: 1)"
    )
    build.add_argument(
        "--judge",
        choices=["metric", "self"],
        default="metric",
        help="who scores the answers: the domain's metric, or the model itself without gold "
        "(needs --model)",
    )
    build.add_argument(
        "--model", metavar="M", help="the judge of --judge self, as Inspect names it: openai/gpt-5"
    )

    show = action(actions, "show", "print pairs readably", _SHOW, _show)
    show.add_argument("pairs", type=named_place, metavar="PAIRS")
    show.add_argument("--budget", type=_count, metavar="B", help="only pairs cut at this budget")
    show.add_argument("--full", action="store_true", help="whole texts")

    stats = action(actions, "stats", "budgets, gaps, problems and tokens of pairs", _STATS, _stats)
    stats.add_argument("pairs", type=named_place, metavar="PAIRS")

    export = action(actions, "export", "write all pairs as training data", _EXPORT, _export)
    _add_logs(export)
    export.add_argument("--format", choices=["trl"], required=True, help="whose training data")
    export.add_argument(
        "--most",
        type=_count,
        metavar="N",
        help="so many pairs per problem and budget, those with the largest gaps (default: all)",
    )


def _add_logs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("logs", nargs="+", type=named_place, metavar="LOG", help="finished runs")
    parser.add_argument(
        "-o", "--output", type=named_place, required=True, metavar="FILE", help="where to write"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it is there")
    parser.add_argument(
        "--min-gap",
        type=_gap,
        default=0.0,
        metavar="G",
        help="smallest gap in quality of a pair, from 0 to 1 (a gap of 0 never is one)",
    )


def _count(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _gap(text: str) -> float:
    try:
        gap = float(text)
    except ValueError:
        gap = -1.0
    if not 0 <= gap <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return gap


class _Watched:
    """A pool that shows how far it was read, on a terminal and where it takes over a second."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @property
    def info(self) -> PoolInfo:
        return self._pool.info

    def scored(self) -> Iterator[Scored]:
        yield from progress(self._pool.scored(), "scores", "traces")

    def traces(self, wanted: Collection[TraceId] | None = None) -> Iterator[PoolTrace]:
        yield from progress(self._pool.traces(wanted), "texts", "traces")


def _build(chosen: argparse.Namespace) -> None:
    if chosen.judge == "self" and not chosen.model:
        raise AnytimeError("--judge self asks a model: name it with --model, as Inspect does")
    if chosen.model and chosen.judge != "self":
        raise AnytimeError("--model names the judge of --judge self, which was not asked for")
    check_output(chosen)
    from anytime.plugins import get_domain
    from anytime.preferences.pairs import RUNNERS_UP, build_pairs, write_pairs

    pools, pool = _pools(chosen.logs)
    domain = get_domain(pool.info.domain)
    judged = None
    if chosen.judge == "self":
        from anytime.hosts.inspect_ai.judge import judged_by

        judged = judged_by(
            _Watched(pool),
            domain,
            chosen.model,
            per_budget=chosen.per_budget,
            min_gap=chosen.min_gap,
            runners_up=RUNNERS_UP,
        )
        pairs = judged.pairs
    else:
        pairs = build_pairs(
            _Watched(pool),
            domain,
            per_budget=chosen.per_budget,
            min_gap=chosen.min_gap,
            runners_up=RUNNERS_UP,
        )
    write_pairs(chosen.output, pairs)
    _tell_skipped(pools)
    covered = {0, *(pair.budget for pair in pairs)}  # no reasoning, no pair at budget 0
    without = [budget for budget in pool.info.budgets if budget not in covered]
    if without:
        tell(f"no pair at {_listed(without)} tokens: no gap there, or no text that shows it")
    _print_stats(console(), pairs)
    if judged is not None:
        agreed = "none of them" if judged.agreement is None else f"{judged.agreement:.0%} of them"
        tell(f"judging took {judged.tokens} tokens; the metric orders {agreed} alike")
    console().print(f"written to {chosen.output}", highlight=False, soft_wrap=True)


def _export(chosen: argparse.Namespace) -> None:
    check_output(chosen)
    from anytime.plugins import get_domain
    from anytime.preferences.export import trl_rows
    from anytime.writing import write_lines

    pools, pool = _pools(chosen.logs)
    domain = get_domain(pool.info.domain)
    rows = trl_rows(_Watched(pool), domain, min_gap=chosen.min_gap, most=chosen.most)
    first = next(rows, None)
    if first is None:
        least = f"of {chosen.min_gap} or more " if chosen.min_gap else ""
        raise AnytimeError(
            f"no pair to export: no two traces of one problem have a gap {least}in quality"
        )
    count = write_lines(chosen.output, itertools.chain([first], rows))
    _tell_skipped(pools)
    console().print(f"{count} pairs written to {chosen.output}", highlight=False, soft_wrap=True)


def _pools(paths: Sequence[Path]) -> tuple[list[Pool], Pool]:
    from anytime.preferences.opening import open_pools
    from anytime.preferences.pool import merged

    twice = [path for path, count in Counter(p.resolve() for p in paths).items() if count > 1]
    if twice:
        raise AnytimeError(f"{twice[0]} is named twice")
    pools = [pool for path in paths for pool in open_pools(path)]
    return pools, merged(pools)


def _tell_skipped(pools: Sequence[Pool]) -> None:
    for pool in pools:
        skipped: Counter[str] | None = getattr(pool, "skipped", None)
        if skipped:
            tell_skipped(pool.info.source, skipped)


def _read(path: Path) -> list[Pair]:
    from anytime.plugins import get_domain
    from anytime.preferences.pairs import read_pairs

    return read_pairs(path, get_domain)


def _show(chosen: argparse.Namespace) -> None:
    from rich.rule import Rule
    from rich.text import Text

    everything = _read(chosen.pairs)
    pairs = [pair for pair in everything if chosen.budget in (None, pair.budget)]
    if not pairs:
        budgets = _listed(sorted({pair.budget for pair in everything}))
        raise AnytimeError(f"{chosen.pairs} has no pair at budget {chosen.budget}, only {budgets}")
    screen = console()
    for number, pair in enumerate(pairs, 1):
        title = f"pair {number} of {len(pairs)}: {pair.domain} {pair.problem} at {pair.budget}"
        rank = ", a runner-up" if pair.runner_up else ""
        screen.print(Rule(Text(f"{title} tokens{rank}"), align="left"))
        judge = "" if pair.judge == "metric" else f", judged by {pair.judge}"
        _print_text(screen, f"{pair.model} on {pair.dataset} ({pair.revision}){judge}")
        _print_part(screen, "problem", pair.statement, chosen.full)
        for name, side, style in (
            ("chosen", pair.chosen, "green"),
            ("rejected", pair.rejected, "red"),
        ):
            unread = ", no answer could be read" if side.read is False else ""
            heading = f"{name}: quality {side.quality:.3f}, trace {side.draw}{unread}"
            _print_part(screen, heading, side.text, chosen.full, style)
        screen.print()


def _print_part(console: Console, heading: str, text: str, full: bool, style: str = "bold") -> None:
    console.print()
    _print_text(console, heading, style)
    lines = text.splitlines()
    if not full and len(lines) > SHOWN_LINES:
        half = SHOWN_LINES // 2
        left_out = len(lines) - 2 * half
        lines = [*lines[:half], f"[... {left_out} more lines: --full]", *lines[-half:]]
    for line in lines:
        _print_text(console, f"  {line}")


def _print_text(console: Console, text: str, style: str = "") -> None:
    from rich.text import Text

    # Lone surrogates, which some back ends return, cannot be printed.
    printable = text.encode(errors="replace").decode()
    console.print(Text(printable, style), soft_wrap=True)


def _stats(chosen: argparse.Namespace) -> None:
    _print_stats(console(), _read(chosen.pairs))


def _print_stats(console: Console, pairs: Sequence[Pair]) -> None:
    from rich.table import Table

    columns = ("budget", "pairs", "problems", "read", "gap", "largest", "chosen", "rejected")
    table = Table(*columns, "runners-up")
    for column in table.columns:
        column.justify = "right"
    budgets = sorted({pair.budget for pair in pairs})
    for budget in budgets:
        _add_row(table, str(budget), [pair for pair in pairs if pair.budget == budget])
    if len(budgets) > 1:
        table.add_section()
        _add_row(table, "all", pairs)
    console.print(table)
    for what, found in (
        ("domain", {pair.domain for pair in pairs}),
        ("dataset", {f"{pair.dataset} ({pair.revision})" for pair in pairs}),
        ("model", {pair.model for pair in pairs}),
        ("judge", {pair.judge for pair in pairs}),
    ):
        _print_text(console, f"{what}: {', '.join(sorted(found))}")
    for pool in dict.fromkeys(pair.pool for pair in pairs):
        tokens = f"{pool.tokens:,} tokens" if pool.tokens else "tokens not counted"
        _print_text(console, f"pool: {pool.problems} problems, {pool.traces} traces, {tokens}")
    _print_text(console, _reading([pair for pair in pairs if not pair.runner_up]))


def _reading(shown: Sequence[Pair]) -> str:
    """How many pairs have an answer that could be read on both sides, in words."""
    known = [pair for pair in shown if pair.read is not None]
    if not known:
        return "read: this file does not tell whether answers could be read; build it again"
    unread = sum(not pair.read for pair in known)
    read = len(known) - unread
    told = f"read: {read} of {len(known)} pairs ({read / len(known):.0%}) have an answer on both"
    sides = f"{told} sides"
    if not unread:
        return sides
    return (
        f"{sides}; {unread} ({unread / len(known):.0%}) teach format alone, since one side has "
        f"none that could be read"
    )


def _add_row(table: Any, name: str, pairs: Sequence[Pair]) -> None:
    shown = [pair for pair in pairs if not pair.runner_up]
    cells = [""] * 5
    if gaps := [pair.gap for pair in shown]:
        known = [bool(pair.read) for pair in shown if pair.read is not None]
        cells = [
            f"{statistics.mean(known):.0%}" if known else "?",
            f"{statistics.mean(gaps):.3f}",
            f"{max(gaps):.3f}",
            f"{statistics.mean(pair.chosen.quality for pair in shown):.3f}",
            f"{statistics.mean(pair.rejected.quality for pair in shown):.3f}",
        ]
    problems = len({pair.problem for pair in shown})
    table.add_row(name, str(len(shown)), str(problems), *cells, str(len(pairs) - len(shown)))


def _listed(budgets: Sequence[int]) -> str:
    return ", ".join(map(str, budgets))
