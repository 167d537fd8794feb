"""`anytime plan`: how many problems and traces a result needs, and what they cost."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from anytime.commands.one_run import open_one
from anytime.commands.terminal import (
    action,
    add_columns,
    columns_of,
    console,
    named_place,
    print_table,
    tell,
)
from anytime.errors import AnytimeError

if TYPE_CHECKING:
    from anytime.results.spent import Spent
    from anytime.statistics.planning import Components, Pilot

__all__ = ["add_plan"]

_PLAN = """
Says from a pilot run how wide the interval of the index would be with other numbers of problems
and traces, how large a difference such runs would show, and what they take in tokens and dollars.
docs/methods.md has the formulas. Without a pilot, --spread guesses how far problems' own quality
varies (standard deviation; 0.4 is usual for right-or-wrong answers).

  anytime plan logs/pilot.eval --width 0.05
  anytime plan logs/cot.eval --against logs/pdp.eval --difference 0.03
  anytime plan --spread 0.4 --quality 0.6 --width 0.1
"""

TRACES = (1, 2, 4, 8, 16, 32, 64)


class _Price(NamedTuple):
    """What one trace with its forced answers takes; None where no log tells."""

    tokens: float | None
    dollars: float | None


@dataclass(frozen=True, slots=True)
class _Line:
    """One number of traces per problem.

    Attributes:
        traces: Per problem.
        width: Of the interval with the problems at hand.
        detectable: The true difference that these would show; None without a second pilot.
        problems: Needed for what was asked for; None where no number of them will do, or nothing
            was asked for.
        tokens: Of so many problems (of those at hand where nothing was asked for).
        dollars: Likewise.
    """

    traces: int
    width: float
    detectable: float | None
    problems: int | None
    tokens: float | None
    dollars: float | None


def add_plan(commands: Any) -> None:
    """Add `plan` to the commands of the command line."""
    about = "how many problems and traces a result needs, from a pilot run"
    plan = action(commands, "plan", about, _PLAN, _plan)
    plan.add_argument("pilot", nargs="?", type=named_place, metavar="PILOT", help="a finished run")
    plan.add_argument("--against", type=named_place, metavar="LOG", help="a pilot of the other run")
    plan.add_argument("--width", type=float, metavar="W", help="how wide the interval may be")
    plan.add_argument(
        "--difference", type=float, metavar="D", help="a true difference that is to be shown"
    )
    plan.add_argument("--problems", type=int, metavar="N", help="how many there are; the pilot's")
    plan.add_argument("--spread", type=float, metavar="S", help="a guess, without a pilot")
    plan.add_argument(
        "--quality", type=float, default=0.5, metavar="Q", help="a guess of the index: 0.5"
    )
    plan.add_argument(
        "--price", type=float, metavar="DOLLARS", help="of a million tokens, where no log tells"
    )
    plan.add_argument(
        "--scorer", metavar="NAME", help="whose curves, where a task has several scorers"
    )
    add_columns(plan)
    plan.add_argument("--json", action="store_true", help="all digits, as JSON")


def _plan(chosen: argparse.Namespace) -> None:
    from anytime.statistics.planning import pilot_of, pilot_of_pair

    _check(chosen)
    pair: Components | None = None
    price = _Price(None, None)
    if chosen.pilot is None:
        pilot, count = _guessed(chosen.spread, chosen.quality), chosen.problems or 30
    else:
        run = open_one(chosen.pilot, columns_of(chosen), chosen.scorer, {})
        curve, options, price = run.curve, run.info.options, _price(run.spent)
        pilot, count = pilot_of(curve, options), chosen.problems or len(curve.problems)
        if chosen.against is not None:
            other = open_one(chosen.against, columns_of(chosen), chosen.scorer, {})
            pair = pilot_of_pair(curve, other.curve, options)
    if chosen.price is not None and price.tokens is not None:
        price = price._replace(dollars=price.tokens * chosen.price / 1e6)
    lines = [_line(traces, pilot, pair, count, chosen, price) for traces in _known(pilot)]
    if chosen.json:
        record = {"problems": count, "wanted": _wanted(chosen), "lines": [asdict(x) for x in lines]}
        print(json.dumps(record, indent=2))
        return
    _print(lines, count, chosen)
    _tell_limits(lines, pilot, count, chosen)


def _check(chosen: argparse.Namespace) -> None:
    if (chosen.pilot is None) == (chosen.spread is None):
        raise AnytimeError("name a pilot run, or guess with --spread: one of them")
    if chosen.difference is not None and chosen.against is None:
        raise AnytimeError(
            "a difference varies by how alike two runs are, which takes a pilot of both: name the "
            "other with --against"
        )
    if chosen.difference is not None and chosen.width is not None:
        raise AnytimeError("--width and --difference are two plans: name one")
    if chosen.against is not None and chosen.pilot is None:
        raise AnytimeError("--against takes a pilot to compare with: name it first")
    for name in ("width", "difference", "quality"):
        value = getattr(chosen, name)
        if value is not None and not 0 < value < 1:
            raise AnytimeError(f"--{name} {value:g} is not between 0 and 1")
    if chosen.spread is not None:
        most = (chosen.quality * (1 - chosen.quality)) ** 0.5
        if not 0 < chosen.spread <= most:
            raise AnytimeError(
                f"--spread {chosen.spread:g} is not above 0 and up to {most:.2f}: quality in "
                f"[0, 1] with mean {chosen.quality:g} spreads no further"
            )
    if chosen.problems is not None and chosen.problems < 2:
        raise AnytimeError(f"--problems {chosen.problems}: an interval takes two or more")


def _guessed(spread: float, quality: float) -> Pilot:
    """Problems of right-or-wrong answers whose own quality has this mean and spread."""
    import numpy as np
    from scipy.special import betaincinv  # type: ignore[import-untyped]

    from anytime.statistics.planning import Components, Pilot

    between, most = spread**2, quality * (1 - quality)
    places = (np.arange(200) + 0.5) / 200
    size = most / between - 1  # of the beta distribution with this variance
    values = (
        betaincinv(quality * size, (1 - quality) * size, places)
        if size > 0
        else (places > 1 - quality).astype(np.float64)
    )
    # Many traces each, so that the pilot itself adds nothing.
    return Pilot(values, values, Components(between, most - between, 1e9))


def _price(spent: Spent) -> _Price:
    """Mean tokens and dollars of a trace with its forced answers; None where not all is known."""
    whole = spent.traces and spent.priced == spent.calls and not spent.unlogged
    return _Price(spent.tokens_per_trace, spent.dollars / spent.traces if whole else None)


def _known(pilot: Pilot) -> Sequence[int]:
    """Numbers of traces that the pilot can tell of."""
    return (round(pilot.parts.traces),) if pilot.parts.within is None else TRACES


def _line(
    traces: int,
    pilot: Pilot,
    pair: Components | None,
    count: int,
    chosen: argparse.Namespace,
    price: _Price,
) -> _Line:
    from anytime.statistics.planning import (
        detectable,
        predicted_width,
        problems_for,
        problems_to_show,
    )

    problems = None
    if chosen.width is not None:
        problems = problems_for(pilot, chosen.width, traces)
    elif chosen.difference is not None and pair is not None:
        problems = problems_to_show(pair, chosen.difference, traces)
    paid = ((problems if _wanted(chosen) else count) or 0) * traces * (1 if pair is None else 2)
    return _Line(
        traces=traces,
        width=predicted_width(pilot, count, traces),
        detectable=None if pair is None else detectable(pair, count, traces),
        problems=problems,
        tokens=paid * price.tokens if paid and price.tokens is not None else None,
        dollars=paid * price.dollars if paid and price.dollars is not None else None,
    )


def _wanted(chosen: argparse.Namespace) -> dict[str, float]:
    names = ("width", "difference")
    return {name: getattr(chosen, name) for name in names if getattr(chosen, name) is not None}


def _print(lines: Sequence[_Line], count: int, chosen: argparse.Namespace) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("traces", justify="right")
    table.add_column(f"95 % width, {count} problems", justify="right")
    if lines[0].detectable is not None:
        table.add_column(f"detectable, {count} problems", justify="right")
    for name, value in _wanted(chosen).items():
        table.add_column(f"problems for {name} {value:g}", justify="right")
    priced = [name for name in ("tokens", "dollars") if any(getattr(x, name) for x in lines)]
    for name in priced:
        table.add_column(name, justify="right")
    for line in lines:
        cells = [str(line.traces), f"{line.width:.3f}"]
        if line.detectable is not None:
            cells.append(f"{line.detectable:.3f}")
        if _wanted(chosen):
            cells.append("never" if line.problems is None else f"{line.problems:,}")
        for name in priced:
            value = getattr(line, name)
            cells.append(
                "" if value is None else f"{value:,.0f}" if name == "tokens" else f"{value:,.2f}"
            )
        table.add_row(*cells)
    print_table(table)


def _tell_limits(
    lines: Sequence[_Line], pilot: Pilot, count: int, chosen: argparse.Namespace
) -> None:
    """Say which of problems and traces is the limit."""
    from anytime.statistics.planning import predicted_width

    screen = console()

    def say(sentence: str) -> None:
        screen.print(sentence, highlight=False, soft_wrap=True, markup=False)

    if pilot.parts.within is None:
        tell(
            "this pilot has one trace per problem, so it does not tell what more traces would "
            "bring: run one with two or more (--epochs 2, or traces=2 in --metadata)"
        )
        return
    floor = predicted_width(pilot, count, 1e9)
    say(
        f"With {count} problems the interval stays {floor:.3f} wide, however many traces: that is "
        f"what other problems would change."
    )
    if chosen.width is not None and floor > chosen.width:
        say(f"Traces alone cannot make it {chosen.width:g}: more problems are needed.")
    share = pilot.parts.within / (pilot.parts.within + pilot.parts.between or 1)
    say(f"Of the variance of one trace {share:.0%} is luck of the trace, the rest the problem.")
