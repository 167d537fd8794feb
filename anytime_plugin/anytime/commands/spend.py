"""`anytime spend`: what a finished run's traces would have given, had the budget been spent so."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anytime.commands.terminal import (
    action,
    add_logs,
    check_output,
    named_place,
    opened,
    print_sentence,
    print_table,
    progress,
    tell,
    tell_read,
)
from anytime.errors import AnytimeError

if TYPE_CHECKING:
    from anytime.results.pooled import Pooled
    from anytime.rows import Row
    from anytime.statistics.bounded import Interval
    from anytime.statistics.strategies import Frontier, StrategyCurve

__all__ = ["add_spend"]

_SPEND = """
One long trace, or several short ones and a vote? A finished run with several traces of each problem
(--epochs 16, or traces=16 in --metadata) holds the answer: at a total budget B each of k traces is
cut at B / k, and a plurality of their answers decides. No model is asked; every number is the mean
over all subsets of k traces. docs/strategies.md explains it.

  anytime spend logs/epochs16.eval
  anytime spend out/ --k 1,4,16 -o spent.parquet     rows, as summary, report and export take them
  anytime spend out/ --k 1,4 -o spent; anytime compare spent/interrupt.parquet spent/vote-4.parquet
  anytime spend theirs.csv --columns problem=id,trace=sample,budget=tokens,quality=ok,answer=answer
"""


def add_spend(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `spend` to the commands of the command line."""
    about = "one long trace or a vote of short ones: what finished traces would have given"
    spend = action(commands, "spend", about, _SPEND, _spend)
    add_logs(spend)
    spend.add_argument(
        "--k",
        metavar="NUMBERS",
        help="numbers of traces that share a budget, such as 1,4,16; by default powers of two",
    )
    spend.add_argument("--json", action="store_true", help="all curves with intervals, as JSON")
    spend.add_argument(
        "-o",
        "--output",
        type=named_place,
        metavar="FILE",
        help="write the strategies as rows too, at the total budgets that all of them have: a name "
        "that ends in .jsonl, .parquet or .csv; or a directory, for a file each, as compare takes",
    )
    spend.add_argument("--force", action="store_true", help="replace what is there")


def _spend(chosen: argparse.Namespace) -> None:
    from anytime.results.pooled import pooled
    from anytime.statistics.strategies import frontier, sizes_that_fit, strategy_curves

    asked = _sizes(chosen.k)
    if chosen.output is not None:
        _check_output(chosen)
    runs = opened(chosen)
    pools = [pool for run in runs for pool in pooled(run)]
    tell_read(runs)
    spent: list[tuple[Pooled, list[StrategyCurve]]] = []
    for pool in pools:
        sizes = sizes_that_fit(pool.problems, asked)
        if sizes == [1]:
            raise AnytimeError(
                f"{pool.key.log} has one trace of some problem: spending a budget otherwise takes "
                f"several (--epochs 8, or traces=8 in --metadata)"
            )
        watched = partial(progress, what="votes", unit="problems")
        curves = strategy_curves(pool.problems, pool.budgets, sizes, watched)
        spent.append((pool, curves))
    shown = [
        (pool, found, frontier(found, list(pool.problems), pool.like.seed)) for pool, found in spent
    ]
    if chosen.json:
        print(json.dumps([_as_json(*each) for each in shown], indent=2))
    else:
        for each in shown:
            _print(*each)
    if chosen.output is not None:
        _write(chosen.output, spent)


def _check_output(chosen: argparse.Namespace) -> None:
    """Find out before anything is read what would stop the writing."""
    from anytime.results.curves import WRITERS

    output: Path = chosen.output
    if output.suffix in WRITERS:
        check_output(chosen)
    elif output.suffix:
        ends = ", ".join(WRITERS)
        raise AnytimeError(f"{output}: name a file that ends in one of {ends}, or a directory")
    elif output.exists() and not output.is_dir():
        raise AnytimeError(f"{output} is a file: name a directory for a file of each strategy")
    elif output.is_dir() and any(output.iterdir()) and not chosen.force:
        raise AnytimeError(f"{output} is not empty: name another directory, or add --force")


def _write(output: Path, spent: Sequence[tuple[Pooled, list[StrategyCurve]]]) -> None:
    """Write the strategies as rows, in one file or in a file each."""
    from anytime.results.curves import WRITERS
    from anytime.results.pooled import common_budgets, rows_of_strategies, strategy_name

    parts = [(pool, one, common_budgets(found)) for pool, found in spent for one in found]
    if write := WRITERS.get(output.suffix):

        def rows() -> Iterator[Row]:
            for pool, one, budgets in parts:
                yield from rows_of_strategies(pool, [one], budgets)

        tell(f"{write(output, rows()):,} rows written to {output}")
        return
    if len(spent) > 1:
        raise AnytimeError(
            f"{len(spent)} curves of strategies each: name one log, or a file for all rows"
        )
    output.mkdir(parents=True, exist_ok=True)
    names = []
    for pool, one, budgets in parts:
        name = strategy_name(pool.key.mode, one).replace(":", "-").replace(" ", "-")
        WRITERS[".parquet"](output / f"{name}.parquet", rows_of_strategies(pool, [one], budgets))
        names.append(name)
    tell(f"{', '.join(names)} written to {output}, each as NAME.parquet")


def _sizes(asked: str | None) -> list[int] | None:
    if asked is None:
        return None
    try:
        sizes = [int(part) for part in asked.split(",")]
    except ValueError:
        sizes = [0]
    if min(sizes) < 1:
        raise AnytimeError(f"--k {asked} is no list of whole numbers from 1 on, such as --k 1,4,16")
    return sizes


def _as_json(pool: Pooled, found: Sequence[StrategyCurve], best: Frontier | None) -> dict[str, Any]:
    from anytime.results.pooled import strategy_name

    return pool.key._asdict() | {
        "problems": len(pool.problems),
        "unread": pool.unread,
        "distinct": pool.distinct,
        "strategies": [
            {
                "strategy": strategy_name(pool.key.mode, one),
                "kind": one.kind,
                "k": one.k,
                "budgets": list(one.budgets),
                "quality": one.mean.tolist(),
                "intervals": [_limits(one.interval(at)) for at in range(len(one.budgets))],
                "tokens": _numbers(one.tokens),
                "depth": _numbers(one.depth),
            }
            for one in found
        ],
        "frontier": None if best is None else _frontier_json(best),
    }


def _frontier_json(best: Frontier) -> dict[str, Any]:
    return {
        "budgets": list(best.budgets),
        "best_k": list(best.best),
        "naive": best.naive.tolist(),
        "quality": best.quality.mean(axis=0).tolist(),
        "intervals": [_limits(_of(best, at)) for at in range(len(best.budgets))],
    }


def _limits(interval: Interval) -> list[float] | None:
    return None if math.isnan(interval.low) else list(interval)


def _numbers(values: Any) -> list[float | None]:
    return [None if math.isnan(value) else float(value) for value in values]


def _of(best: Frontier, at: int) -> Interval:
    import numpy as np

    from anytime.statistics.bounded import mean_interval

    return mean_interval(np.clip(best.quality[:, at], 0, 1))


def _print(pool: Pooled, found: Sequence[StrategyCurve], best: Frontier | None) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    votes = [one for one in found if one.kind == "vote"]
    oracles = [one for one in found if one.kind == "oracle"]
    key = pool.key
    named = f"{key.task}, {key.model}, {key.method}, {key.mode}, {key.scorer}"
    table = Table(
        box=box.SIMPLE_HEAD,
        title=Text(named),
        title_justify="left",
        show_edge=False,
        pad_edge=False,
    )
    heads = ["total", *("1 trace" if one.k == 1 else f"vote {one.k}" for one in votes)]
    for name in (*heads, "best", "chosen on\nothers", "95 %", *(["oracle"] if oracles else [])):
        table.add_column(name, justify="right", no_wrap=True)
    for budget in sorted({budget for one in votes for budget in one.budgets}):
        cells = [_at(one, budget) for one in votes]
        table.add_row(
            f"{budget:,}",
            *cells,
            *_chosen(best, budget),
            *([_bound(found, budget)] * bool(oracles)),
        )
    print_table(table)
    print_sentence("")
    for sentence in (*_sentences(pool, votes, best), *_doubts(pool)):
        print_sentence(sentence)


def _at(one: StrategyCurve, budget: int) -> str:
    return f"{one.mean[one.budgets.index(budget)]:.3f}" if budget in one.budgets else ""


def _chosen(best: Frontier | None, budget: int) -> tuple[str, str, str]:
    if best is None or budget not in best.budgets:
        return "", "", ""
    at = best.budgets.index(budget)
    low, high = _of(best, at)
    return f"k={best.best[at]}", f"{best.quality[:, at].mean():.3f}", f"{low:.3f}-{high:.3f}"


def _bound(found: Sequence[StrategyCurve], budget: int) -> str:
    """The best of the oracles: no choice among the answers of so many traces is better."""
    able = [one for one in found if budget in one.budgets and (one.kind == "oracle" or one.k == 1)]
    best = max(able, key=lambda one: one.mean[one.budgets.index(budget)], default=None)
    return "" if best is None else _at(best, budget)


def _sentences(
    pool: Pooled, votes: Sequence[StrategyCurve], best: Frontier | None
) -> Iterator[str]:
    yield (
        f"Budgets are totals: each of k traces is cut at its share. Means over all subsets of the "
        f"traces of {len(pool.problems)} problems; 95 % over problems. An oracle knows which of k "
        f"answers is right: a bound, with the k that is best for it."
    )
    if best is None:
        yield "No total budget has two strategies to choose from: name other k, or more budgets."
        return
    at = len(best.budgets) - 1
    if math.isnan(best.one[0, at]):
        ends = [place for place in range(at + 1) if not math.isnan(best.one[0, place])]
        at = ends[-1] if ends else at
    budget = best.budgets[at]
    yield from _verdict(best, at)
    able = [one for one in votes if budget in one.budgets]
    told = "; ".join(
        f"{_named(one.k)}: {one.tokens[place]:,.0f} (longest {one.depth[place]:,.0f})"
        for one in able
        if not math.isnan(one.tokens[place := one.budgets.index(budget)])
    )
    if told:
        yield f"Tokens really spent of {budget:,}, on average. {told[0].upper()}{told[1:]}."


def _named(k: int) -> str:
    return "one trace" if k == 1 else f"vote of {k}"


def _verdict(best: Frontier, at: int) -> Iterator[str]:
    """The best strategy against one trace, at one budget."""
    from anytime.statistics.bounded import student_interval

    budget, k = best.budgets[at], best.best[at]
    quality = float(best.quality[:, at].mean())
    if math.isnan(best.one[0, at]):
        yield f"At {budget:,} tokens in all {_named(k)} is best; no single trace was so long."
        return
    difference = best.quality[:, at] - best.one[:, at]
    low, high = student_interval(difference)
    shown = "shown" if low > 0 or high < 0 else "not shown"
    if k == 1:
        yield (
            f"At {budget:,} tokens in all one trace is best here: to choose by other problems "
            f"gives {quality:.3f}, one trace {best.one[:, at].mean():.3f}."
        )
        return
    yield (
        f"At {budget:,} tokens in all {_named(k)} is best here. To choose by other problems gives "
        f"{quality:.3f}, one trace {best.one[:, at].mean():.3f}: {difference.mean():+.3f} "
        f"({low:+.3f} to {high:+.3f}), {shown}."
    )


_DISTINCT = 0.8
"""Where a larger share of answers differ there are no camps."""


def _doubts(pool: Pooled) -> Iterator[str]:
    """What these numbers are not to be believed without."""
    from anytime.plugins import known_domains

    if pool.uneven:
        fewest = min(pool.uneven.values())
        yield (
            f"{len(pool.uneven)} problems have fewer traces than others (from {fewest} on): each "
            f"counts alike, over the subsets of its own."
        )
    if pool.unread > 0.1:
        yield f"{pool.unread:.0%} of the answers cannot be read, and do not vote."
    domain = None if pool.like.domain is None else known_domains().get(pool.like.domain)
    if domain is not None and domain.check is not None:
        yield (
            f"Answers of {domain.name} can be checked without the gold answer: mode=check reaches "
            f"the oracle as far as what it checks is the quality."
        )
    if pool.distinct > _DISTINCT:
        yield (
            f"Nearly all answers of a problem differ from each other, as texts "
            f"({pool.distinct:.0%}): a vote decides nothing there. Does the scorer "
            f"{pool.key.scorer} tell the answer that it read, or the whole text?"
        )
    if pool.key.mode == "intrace":
        yield (
            "Nobody was interrupted (mode intrace): what stands in the trace at its share votes, "
            "a lower bound of what forced answers would."
        )
