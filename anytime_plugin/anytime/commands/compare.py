"""`anytime compare`: runs against a baseline, paired by problem."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from anytime.commands.compare_table import print_comparisons
from anytime.commands.one_run import open_one
from anytime.commands.report import now
from anytime.commands.terminal import (
    Watched,
    action,
    add_columns,
    add_labels,
    add_options,
    check_output,
    columns_of,
    named_options,
    named_place,
    tell,
)
from anytime.writing import whole_file

if TYPE_CHECKING:
    from anytime.results.loading import LoadedRun
    from anytime.statistics.compared import Comparison, Difference

__all__ = ["add_compare"]

_COMPARE = """
Compares runs of the same problems at the same budgets with the first of them, the baseline: the
differences of the index, the quality at every budget and the average, paired by problem, with 95 %
intervals, sign-flip p-values, Holm's adjustment over the budgets, and the smallest difference of
the index that so many problems would show. Runs are called by what differs between them, or as
--label says. A budget that was chosen before the runs were seen is
named with --budget and judged by itself. Where the problems are all there are, as AIME's are,
--population traces asks about other traces of them. docs/methods.md explains all of it.

  anytime compare logs/cot.eval logs/pdp.eval
  anytime compare logs/cot.eval logs/pdp.eval --budget 1024
  anytime compare logs/cot.eval logs/pdp_plus.eval logs/pdp.eval --json > comparison.json
  anytime compare logs/cot.eval logs/pdp.eval --html comparison.html
  anytime compare logs/one.eval logs/two.eval --label A=before --label B=after
"""


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
    add_labels(compare)
    add_options(compare, "estimator", "population")
    compare.add_argument("--html", type=named_place, metavar="FILE", help="write a page of it too")
    compare.add_argument("--force", action="store_true", help="replace FILE if it is there")
    compare.add_argument("--json", action="store_true", help="all digits, as JSON")


def _compare(chosen: argparse.Namespace) -> None:
    from anytime.results.comparing import differing_told
    from anytime.results.labels import Named, also_differ
    from anytime.statistics.comparison import compare_all

    if chosen.html is not None:
        _check_page(chosen)
    columns = columns_of(chosen)
    named = named_options(chosen)
    paths = (chosen.baseline, *chosen.others)
    opened = [open_one(path, columns, chosen.scorer, named) for path in paths]
    for other in opened[1:]:
        _check_comparable(opened[0], other)
    called = _called(opened, chosen.label)
    differ = also_differ([Named(one.info, one.key) for one in opened])
    found = compare_all(
        [one.named(name) for one, name in zip(opened, called, strict=True)],
        common_only=chosen.common,
        budget=chosen.budget,
    )
    if chosen.html is not None:
        _write_page(chosen, opened, called, found, differing_told(differ))
    if chosen.json:
        print(json.dumps([_record(one) for one in found], indent=2))
        return
    print_comparisons(found, called, [one.spent for one in opened], differing_told(differ))


def _check_page(chosen: argparse.Namespace) -> None:
    """Find out before anything is read what would stop the page."""
    from anytime.report.plot import check_plots

    check_plots()
    logs = [chosen.baseline, *chosen.others]
    check_output(argparse.Namespace(output=chosen.html, force=chosen.force, logs=logs))


def _write_page(
    chosen: argparse.Namespace,
    opened: Sequence[LoadedRun],
    called: Sequence[str],
    found: Sequence[Comparison],
    differ: str,
) -> None:
    from anytime.logs.opening import open_runs
    from anytime.report.digest import digests
    from anytime.report.page import comparison_page
    from anytime.report.plotting import drawing
    from anytime.results.labels import heads_of

    # Read once more, as a page shows more of a run than its curve.
    paths = (chosen.baseline, *chosen.others)
    columns = columns_of(chosen)
    heads = heads_of(called)
    names = [
        name if head == name else f"{head} {name}" for head, name in zip(heads, called, strict=True)
    ]
    shown = [
        replace(digest, label=name)
        for path, one, name in zip(paths, opened, names, strict=True)
        for digest in digests(
            [Watched(run, named_options(chosen)) for run in open_runs([path], columns)],
            problems_shown=0,
        )
        if digest.key == one.key
    ]
    told = [replace(one, a=name, b=names[0]) for one, name in zip(found, names[1:], strict=True)]
    with drawing():
        text = comparison_page(told, shown, now(), differ)
    with whole_file(chosen.html) as partial:
        partial.write_text(text, encoding="utf-8", errors="replace", newline="\n")


def _check_comparable(base: LoadedRun, other: LoadedRun) -> None:
    from anytime.results.loading import check_comparable, cut_otherwise

    check_comparable(other, base)
    for what in ("envelope", "scale", "q_max", "estimator", "population"):
        one, another = getattr(base.info, what), getattr(other.info, what)
        if one != another:
            tell(
                f"{other.info.log} was run with {what}={another}; compared with {one}, as the "
                f"baseline"
            )
    if told := cut_otherwise(other, base):
        tell(told)


def _called(opened: Sequence[LoadedRun], given: Sequence[str]) -> list[str]:
    """What each run is called: as the user says, else by what tells it from the others."""
    from anytime.results.labels import Named, given_labels, labels, with_given

    runs = [Named(one.info, one.key) for one in opened]
    return with_given(labels(runs), given_labels(runs, given))


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
