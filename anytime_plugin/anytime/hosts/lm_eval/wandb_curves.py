"""What Weights & Biases is given of our tasks beside lm-eval's own numbers: curves and tables.

lm-eval's logger makes a chart with one point of each number, and text of what is no number. Here
each curve becomes a chart over budgets, with its table. wandb is imported only by lm-eval's logger,
which is there before anything here is called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

__all__ = ["curves_of", "log_curves", "numbers_alone", "plain_name", "plain_samples"]

_AT = re.compile(r"(?P<metric>.+)@(?P<budget>\d+),(?P<filter>.*)\Z", re.DOTALL)
_NOT_KNOWN = "N/A"


class _Value(NamedTuple):
    value: float | None
    stderr: float | None


def numbers_alone(results: Mapping[str, Any]) -> dict[str, Any]:
    """Results without the standard errors of our tasks that are no numbers: lm-eval's `N/A`."""
    return {
        **results,
        **{
            column: {task: _numbers(rows) for task, rows in results[column].items()}
            for column in ("results", "groups")
            if column in results
        },
    }


def _numbers(rows: Mapping[str, Any]) -> dict[str, Any]:
    if not any(_AT.match(name) for name in rows):
        return dict(rows)
    return {
        name: value
        for name, value in rows.items()
        if not (value == _NOT_KNOWN and name.partition(",")[0].endswith("_stderr"))
    }


class Curves(NamedTuple):
    """What a task has at budgets.

    Attributes:
        budgets: In order.
        metrics: Values and standard errors by the name of a metric, with its filter if it has one;
            None where one is not known.
        indexed: Those that have an Anytime Index: the curves.
    """

    budgets: list[int]
    metrics: dict[str, list[_Value]]
    indexed: list[str]


def curves_of(rows: Mapping[str, Any]) -> Curves:
    """Read what lm-eval has of one task, by metric and filter."""
    found: dict[tuple[str, str], dict[int, _Value]] = {}
    for name, value in rows.items():
        at = _AT.match(name)
        if not at or at["metric"].endswith("_stderr"):
            continue
        metric, budget, behind = at["metric"], at["budget"], at["filter"]
        error = rows.get(f"{metric}@{budget}_stderr,{behind}")
        points = found.setdefault((metric, behind), {})
        points[int(budget)] = _Value(_number(value), _number(error))
    budgets = sorted({budget for points in found.values() for budget in points})
    unknown = _Value(None, None)
    lines = {key: [points.get(b, unknown) for b in budgets] for key, points in found.items()}
    return Curves(
        budgets,
        {_called(*key): line for key, line in lines.items()},
        [_called(*key) for key in _indexed(rows, lines)],
    )


def _called(metric: str, behind: str) -> str:
    name = "quality" if metric == "q" else metric
    return name if behind == "none" else f"{name}, {behind}"


def _indexed(
    rows: Mapping[str, Any], lines: Mapping[tuple[str, str], Sequence[_Value]]
) -> Iterator[tuple[str, str]]:
    """Those with an index: by its name, or, where it names none, by what is called final."""
    bare: set[str] = set()
    for (metric, behind), line in lines.items():
        if f"{metric}_anytime_index,{behind}" in rows:
            yield metric, behind
        elif f"anytime_index,{behind}" in rows and behind not in bare:
            last, final = line[-1].value, _number(rows.get(f"final,{behind}"))
            if last is not None and final is not None and abs(last - final) < 1e-9:
                bare.add(behind)
                yield metric, behind


def plain_name(task: str) -> str:
    """The name of a task as names of W&B's artifacts may be: those of `anytime:NAME` may not."""
    return re.sub(r"[^a-zA-Z0-9_.-]", "-", task)


def plain_samples(samples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Samples with answers as they are filed: W&B's tables take no objects of ours."""
    return [
        {**sample, "filtered_resps": json.loads(json.dumps(sample["filtered_resps"], default=str))}
        if "filtered_resps" in sample
        else dict(sample)
        for sample in samples
    ]


def _number(value: Any) -> float | None:
    known = isinstance(value, int | float) and value == value
    return float(value) if known else None


def log_curves(run: Any, results: Mapping[str, Any], step: int | None) -> None:
    """Log what our tasks have at budgets as a table each, and a chart of each curve.

    Nothing is logged where none is ours.

    Args:
        run: W&B's.
        results: What lm-eval's evaluation gave.
        step: At which all is logged that lm-eval logs; None for the next.
    """
    import wandb  # type: ignore[import-not-found,unused-ignore]

    made: dict[str, Any] = {}
    for task, rows in results.get("results", {}).items():
        found = curves_of(rows)
        if not found.budgets:
            continue
        heads, lines = _table(found)
        made[f"{task}/quality_by_budget"] = wandb.Table(columns=heads, data=lines)
        for called in found.indexed:
            which = "" if len(found.indexed) == 1 else f" of {called}"
            title = f"{task}: {called} by budget (tokens)"
            table = wandb.Table(columns=heads, data=lines)
            made[f"{task}/curve{which}"] = wandb.plot.line(table, "budget", called, title=title)
    if made:
        run.log(made, step=step)


def _table(found: Curves) -> tuple[list[str | int], list[list[Any]]]:
    """Heads and lines, a budget each; columns of which nothing is known are left out."""
    columns: dict[str, Sequence[Any]] = {"budget": found.budgets}
    for called, values in found.metrics.items():
        columns[called] = [each.value for each in values]
        columns[f"{called} stderr"] = [each.stderr for each in values]
    known = {
        head: cells for head, cells in columns.items() if any(cell is not None for cell in cells)
    }
    return list(known), [list(line) for line in zip(*known.values(), strict=True)]
