"""`anytime stop`: what rules that stop a trace early are worth on finished runs."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from anytime.commands.terminal import (
    action,
    add_labels,
    add_logs,
    opened,
    print_sentence,
    print_table,
    tell_read,
)
from anytime.errors import AnytimeError

if TYPE_CHECKING:
    from anytime.results.stops import Trails
    from anytime.statistics.stopped import Judged
    from anytime.statistics.stopping import Sweep

__all__ = ["add_stop"]

_STOP = """
Follows stopping rules along the traces of finished runs, without a call of a model: quality where
a rule stopped, against the mean tokens it took with all forced answers it asked for, beside the
fixed budget of equal mean tokens, paired by problem. Of several thresholds one is chosen on one
half of the problems and judged on the other, and the other way round. docs/stopping.md has more.

  fixed:B        stop at budget B
  stable:M       stop where the last M answers are equal
  dynasor:W      the same without words of doubt in them, as published: W is 8, 5, 3 or 2
  vote           never stop early, and hand over the answer that most checkpoints gave
  confident:P    stop where the forced answer's tokens are that probable on average

  anytime stop logs/cot.eval --rule stable:2 --rule vote
  anytime stop logs/cot.eval --rule stable:2..5
  anytime stop theirs.csv --rule stable:3 \\
    --columns problem=id,budget=tokens,quality=correct,answer=prediction
"""


def add_stop(commands: Any) -> None:
    """Add `stop` to the commands of the command line."""
    about = "what stopping early is worth, rule by rule"
    stop = action(commands, "stop", about, _STOP, _stop)
    add_logs(stop)
    stop.add_argument(
        "--rule",
        action="append",
        default=[],
        metavar="RULE",
        help="a rule, or several of a kind to choose from: stable:2, stable:2..5, confident:.8,.9",
    )
    stop.add_argument(
        "--budgets", metavar="GRID", help="ask at these of the run's budgets alone: 256,1024,4096"
    )
    stop.add_argument(
        "--scorer", metavar="NAME", help="by whose grades, where a task has several scorers"
    )
    add_labels(stop)
    stop.add_argument("--json", action="store_true", help="all digits, as JSON")


def _stop(chosen: argparse.Namespace) -> None:
    from anytime.budgets import parse_budgets
    from anytime.plugins import known_stopping_rules
    from anytime.results.labels import Named, given_labels, labels, with_given
    from anytime.results.stops import check_needs, trails_of
    from anytime.statistics.stopped import judge
    from anytime.statistics.stopping import rules_named

    known = known_stopping_rules()
    if not chosen.rule:
        raise AnytimeError(f"name a rule, such as --rule stable:2: there are {', '.join(known)}")
    sweeps = [rules_named(text, known) for text in chosen.rule]
    only = None if chosen.budgets is None else parse_budgets(chosen.budgets)
    runs = opened(chosen)
    found = [one for run in runs for one in trails_of(run, only)]
    if chosen.scorer is not None:
        scorers = ", ".join(sorted({one.key.scorer for one in found}))
        found = [one for one in found if one.key.scorer == chosen.scorer]
        if not found:
            raise AnytimeError(f"no run has a scorer {chosen.scorer}: there is {scorers}")
    for one in found:
        check_needs(one, sweeps)
    named = [Named(one.info, one.key) for one in found]
    called = with_given(labels(named), given_labels(named, chosen.label))
    judged = [judge(one.trails, one.grid, sweeps, seed=one.info.seed) for one in found]
    tell_read(runs)
    if chosen.json:
        told = [
            _record(name, one, sweeps, each)
            for name, one, each in zip(called, found, judged, strict=True)
        ]
        print(json.dumps(told, indent=2))
        return
    for place, (name, one, each) in enumerate(zip(called, found, judged, strict=True)):
        if place:
            print_sentence("")
        _print(name if len(found) > 1 else "", one, sweeps, each)


def _print(name: str, found: Trails, sweeps: Sequence[Sweep], judged: Sequence[Judged]) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from anytime.results.stops import judged_told
    from anytime.statistics.shown import limits_told

    if name:
        print_sentence(name)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("rule", overflow="fold", min_width=6)
    for head in ("quality", "tokens", "+probes", "early", "fixed", "differs", "95 %"):
        table.add_column(head, justify="right", no_wrap=True)
    for one in judged:
        d = one.difference
        table.add_row(
            Text(one.written),
            f"{one.quality:.3f}",
            f"{one.tokens:.0f}",
            f"{one.cost:.0f}",
            f"{one.early:.0%}",
            f"{one.fixed.quality:.3f}",
            f"{d.difference:+.3f}",
            limits_told(d.interval, "+").replace(" to ", " "),
        )
    print_table(table)
    print_sentence("")
    for sentence in judged_told(found, sweeps, judged):
        print_sentence(sentence)


def _record(
    name: str, found: Trails, sweeps: Sequence[Sweep], judged: Sequence[Judged]
) -> dict[str, Any]:
    from anytime.results.stops import judged_told

    return {
        "run": name,
        "log": found.key.log,
        "mode": found.key.mode,
        "scorer": found.key.scorer,
        "problems": len({trail.problem for trail in found.trails}),
        "traces": len(found.trails),
        "budgets": list(found.grid),
        "rules": [_number(one) for one in judged],
        "told": judged_told(found, sweeps, judged),
    }


def _number(one: Judged) -> dict[str, Any]:
    record = asdict(one) | {"fixed": one.fixed._asdict(), "cost": one.cost}
    difference = record["difference"]
    if math.isnan(difference["detectable"]):
        difference["detectable"] = None  # JSON has no NaN
    return record
