"""`anytime compare`: runs against a baseline, paired by problem."""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from anytime.commands.report import check_plots, now
from anytime.commands.terminal import (
    Watched,
    action,
    add_columns,
    add_options,
    check_output,
    columns_of,
    console,
    named_options,
    named_place,
    print_table,
    tell,
    tell_skipped,
)
from anytime.errors import AnytimeError
from anytime.writing import whole_file

if TYPE_CHECKING:
    from anytime.budgets import BudgetGrid
    from anytime.results.curves import RunKey
    from anytime.runs import FinishedRun, GradedTrace, RunInfo
    from anytime.statistics.comparison import Comparison, Difference, Run

__all__ = ["add_compare"]

_COMPARE = """
Compares runs of the same problems at the same budgets with the first of them, the baseline: the
differences of the index, the quality at every budget and the average, paired by problem, with 95 %
intervals, sign-flip p-values, Holm's adjustment over the budgets, and the smallest difference of
the index that so many problems would show. A budget that was chosen before the runs were seen is
named with --budget and judged by itself. Where the problems are all there are, as AIME's are,
--population traces asks about other traces of them. docs/methods.md explains all of it.

  anytime compare logs/cot.eval logs/pdp.eval
  anytime compare logs/cot.eval logs/pdp.eval --budget 1024
  anytime compare logs/cot.eval logs/pdp_plus.eval logs/pdp.eval --json > comparison.json
  anytime compare logs/cot.eval logs/pdp.eval --html comparison.html
"""


class _Opened(NamedTuple):
    info: RunInfo
    key: RunKey
    budgets: BudgetGrid
    quality: dict[str, Any]
    cuts: tuple[str, ...] = ()


def add_compare(commands: Any) -> None:
    """Add `compare` to the commands of the command line."""
    about = "compare runs with a baseline, paired by problem"
    compare = action(commands, "compare", about, _COMPARE, _compare)
    compare.add_argument("baseline", type=named_place, metavar="BASELINE", help="a finished run")
    compare.add_argument("others", nargs="+", type=named_place, metavar="LOG", help="finished runs")
    compare.add_argument(
        "--common", action="store_true", help="leave out the problems that not all runs have"
    )
    compare.add_argument(
        "--scorer", metavar="NAME", help="whose curves, where a task has several scorers"
    )
    compare.add_argument(
        "--budget", type=int, metavar="N", help="the one budget a claim was planned for"
    )
    add_columns(compare)
    add_options(compare, "estimator", "population")
    compare.add_argument("--html", type=named_place, metavar="FILE", help="write a page of it too")
    compare.add_argument("--force", action="store_true", help="replace FILE if it is there")
    compare.add_argument("--json", action="store_true", help="all digits, as JSON")


def _compare(chosen: argparse.Namespace) -> None:
    from anytime.statistics.comparison import compare_all

    if chosen.html is not None:
        _check_page(chosen)
    columns = columns_of(chosen)
    named = named_options(chosen)
    paths = (chosen.baseline, *chosen.others)
    opened = [_open(path, columns, chosen.scorer, named) for path in paths]
    base = opened[0].info
    for other in opened[1:]:
        _check_comparable(base, other.info, opened[0].key, other.key)
        if other.cuts != opened[0].cuts:
            tell(
                f"the traces of {other.info.log} were cut otherwise ({_cut_by(other)}) than those "
                f"of {base.log} ({_cut_by(opened[0])}): small differences may come from that"
            )
    runs = _named(opened)
    found = compare_all(
        runs,
        envelope=base.envelope,
        scale=base.scale,
        q_max=base.q_max,
        estimator=base.estimator,
        population=base.population,
        seed=base.seed,
        common_only=chosen.common,
        budget=chosen.budget,
    )
    if chosen.html is not None:
        _write_page(chosen, opened, runs, found)
    if chosen.json:
        print(json.dumps([_record(one) for one in found], indent=2))
        return
    for one in found:
        _print(one)


def _cut_by(one: _Opened) -> str:
    return " and ".join(one.cuts) or "not at all"


def _check_page(chosen: argparse.Namespace) -> None:
    """Find out before anything is read what would stop the page."""
    check_plots()
    logs = [chosen.baseline, *chosen.others]
    check_output(argparse.Namespace(output=chosen.html, force=chosen.force, logs=logs))


def _write_page(
    chosen: argparse.Namespace,
    opened: Sequence[_Opened],
    runs: Sequence[Run],
    found: Sequence[Comparison],
) -> None:
    from anytime.logs.opening import open_runs
    from anytime.report.digest import digests
    from anytime.report.page import comparison_page
    from anytime.report.plotting import drawing

    # Read once more, as a page shows more of a run than its curve.
    paths = (chosen.baseline, *chosen.others)
    columns = columns_of(chosen)
    shown = [
        replace(digest, label=run.name)
        for path, one, run in zip(paths, opened, runs, strict=True)
        for digest in digests(
            [Watched(run, named_options(chosen)) for run in open_runs([path], columns)],
            problems_shown=0,
        )
        if digest.key == one.key
    ]
    with drawing():
        text = comparison_page(found, shown, now())
    with whole_file(chosen.html) as partial:
        partial.write_text(text, encoding="utf-8", errors="replace", newline="\n")


def _open(
    path: Path, columns: dict[str, str] | None, scorer: str | None, named: dict[str, Any]
) -> _Opened:
    import numpy as np

    from anytime.logs.opening import open_runs
    from anytime.programs.doubts import Doubts
    from anytime.results.curves import curves
    from anytime.results.summary import doubts_told
    from anytime.rows import rows_of

    runs: Sequence[FinishedRun] = open_runs([path], columns)
    if len(runs) != 1:
        raise AnytimeError(f"{path} holds {len(runs)} runs: name the file of one")
    (run,) = runs
    by_scorer: dict[str, Doubts] = {}

    def look(trace: GradedTrace) -> None:
        by_scorer.setdefault(trace.scorer, Doubts()).add(trace.elicited)

    found = curves(rows_of(run, look))
    tell_skipped(run.info.log, run.skipped)
    scorers = ", ".join(key.scorer for key in found)
    if scorer is not None:
        found = {key: curve for key, curve in found.items() if key.scorer == scorer}
        if not found:
            raise AnytimeError(f"{path} has no curve of the scorer {scorer}: there is {scorers}")
    if len(found) != 1:
        raise AnytimeError(f"{path} holds several curves: name one with --scorer, of {scorers}")
    ((key, curve),) = found.items()
    quality = {
        problem: [trace for trace in traces if trace[0] == trace[0]]  # a problem may lack traces
        for problem, traces in zip(curve.problems, curve.quality, strict=True)
    }
    doubts = by_scorer.get(key.scorer, Doubts())
    known = curve.unparsed[~np.isnan(curve.unparsed)]
    unparsed = float(known.mean()) if known.size else None
    for sentence in doubts_told(doubts, unparsed, run.skipped):
        tell(f"{run.info.log}: {sentence}")
    cuts = tuple(sorted(doubts.cuts))
    return _Opened(replace(run.info, **named), key, curve.budgets, quality, cuts)


def _check_comparable(base: RunInfo, other: RunInfo, key: RunKey, other_key: RunKey) -> None:
    for what, one, another in (
        ("domain", base.domain, other.domain),
        ("scorer", key.scorer, other_key.scorer),
        ("mode", key.mode, other_key.mode),
        ("content of the dataset", base.revision, other.revision),
    ):
        if one != another:
            raise AnytimeError(
                f"{base.log} and {other.log} cannot be compared: they differ in the {what} ({one}, "
                f"{another})"
            )
    for what in ("envelope", "scale", "q_max", "estimator", "population"):
        one, another = getattr(base, what), getattr(other, what)
        if one != another:
            tell(f"{other.log} was run with {what}={another}; compared with {one}, as the baseline")


def _named(opened: Sequence[_Opened]) -> list[Run]:
    """Call each run by what tells it from the others: its method, its model, or its file."""
    from anytime.statistics.comparison import Run

    for label in (
        lambda one: one.key.method,
        lambda one: one.key.model,
        lambda one: f"{one.key.model} {one.key.method}",
        lambda one: one.info.log,
    ):
        names = [label(one) for one in opened]
        if max(Counter(names).values()) == 1:
            break
    else:
        names = [f"{one.info.log} ({number})" for number, one in enumerate(opened, 1)]
    return [Run(name, one.budgets, one.quality) for one, name in zip(opened, names, strict=True)]


def _record(one: Comparison) -> dict[str, Any]:
    return {
        "a": one.a,
        "b": one.b,
        "problems": one.problems,
        "traces": list(one.traces),
        "left_out": list(one.left_out),
        "confidence": one.confidence,
        "population": one.population,
        "minimum_detectable_effect": _number(one.detectable),
        "traces_tested": one.tested,
        "planned_budget": one.planned,
        "identical": one.identical,
        "index": _told(one.index),
        "final": _told(one.final),
        "average": _told(one.average),
        "by_budget": {
            str(budget): _told(difference)
            for budget, difference in zip(one.budgets, one.by_budget, strict=True)
        },
    }


def _told(one: Difference) -> dict[str, Any]:
    return asdict(one) | {"detectable": _number(one.detectable)}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value  # JSON has no NaN


def _print(one: Comparison) -> None:
    from rich import box
    from rich.table import Table

    from anytime.results.comparing import p_told, sentences_on

    table = Table(box=box.SIMPLE_HEAD, title=f"{one.a} minus {one.b}", title_justify="left")
    table.add_column("", no_wrap=True)
    for name in (one.a, one.b, "difference", f"{one.confidence:.0%}", "p", "p (Holm)"):
        # Long names are broken, never shortened: they tell the runs apart. Nor are numbers.
        table.add_column(name, justify="right", overflow="fold", no_wrap="%" in name, min_width=6)
    rows: list[tuple[str, Difference]] = [("anytime_index", one.index)]
    rows += [
        (f"q@{budget}", difference)
        for budget, difference in zip(one.budgets, one.by_budget, strict=True)
    ]
    rows.append(("average", one.average))
    for name, d in rows:
        low, high = d.interval
        table.add_row(
            name,
            f"{d.a:.3f}",
            f"{d.b:.3f}",
            f"{d.difference:+.3f}",
            f"{low:+.3f} to {high:+.3f}",
            p_told(d.p),
            p_told(d.p_holm),
        )
    print_table(table)
    shown = console()
    for sentence in sentences_on(one):
        shown.print(sentence, highlight=False, markup=False, soft_wrap=True)
    shown.print()
