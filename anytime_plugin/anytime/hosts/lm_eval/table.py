"""What lm-eval prints of our tasks: the curve in the order of its budgets, and no rows of zeros.

lm-eval sorts rows by name, which puts `q@1024` before `q@128`. Files have every number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from anytime.programs.doubts import NOISE
from anytime.statistics.measures import MEASURES

__all__ = ["NOTE", "arranged"]

NOTE = (
    "Limits of 95 % intervals (_low, _high) take the problems as a sample of such problems "
    "(population=problems), unless population=traces was set. Measures and metrics that are 0 "
    "throughout, and the tokens of forced answers at each budget, are left out here; the results "
    "file has them."
)

_AT = re.compile(r"(.*)@(\d+)\Z")
_BLOCK = tuple(
    one.name
    for one in MEASURES
    if one.kind in ("area", "quality") and "drift" not in (one.name, one.bound_of)
)
_OTHERS = tuple(one.name for one in MEASURES if one.name not in _BLOCK)


class _Key(str):
    """A name of a row that is sorted by its place."""

    place: tuple[Any, ...]

    def __new__(cls, name: str) -> _Key:
        made = super().__new__(cls, name)
        made.place = _place(name)
        return made

    def __lt__(self, other: str) -> bool:
        mine, theirs = self.place, getattr(other, "place", (str(other),))
        return bool(mine < theirs)


def arranged(results: Mapping[str, Any], column: str) -> tuple[dict[str, Any], str]:
    """Results as lm-eval's own table shall show them, and what is to be said below it.

    Nothing is said of a table that has no task of ours.

    Args:
        results: What lm-eval's evaluation gave; left as it is.
        column: `results` or `groups`.
    """
    shown = {}
    ours = False
    noisy: list[str] = []
    for task, rows in results[column].items():
        kept = dict(rows)
        if any(_AT.match(name.partition(",")[0]) for name in rows):
            hidden = _zeros(rows) | {name for name in rows if name.startswith("answer_tokens@")}
            kept = {_Key(name): rows[name] for name in rows if name not in hidden}
            ours = True
            noisy += [f"{task} ({_shown(name)})" for name in _noise(rows)]
        shown[task] = kept
    return {**results, column: shown}, " ".join([NOTE, *map(NOISE.format, noisy)]) if ours else ""


def _noise(rows: Mapping[str, Any]) -> list[str]:
    """The names of drifts that are seen, and whose intervals begin at 0."""
    return [
        name
        for name, value in rows.items()
        if name.partition(",")[0].endswith("drift") and value and rows.get(_lower(name)) == 0
    ]


def _shown(name: str) -> str:
    """As it stands in the table, where a filter has a column of its own."""
    metric, _, behind = name.partition(",")
    return metric if behind == "none" else f"{metric}, {behind}"


def _lower(name: str) -> str:
    metric, comma, behind = name.partition(",")
    return f"{metric}_low{comma}{behind}"


def _upper(name: str) -> str:
    metric, comma, behind = name.partition(",")
    return f"{metric}_high{comma}{behind}"


def _place(name: str) -> tuple[Any, ...]:
    """The task's own metrics, the curve, the index and its companions, the rest."""
    metric, _, behind = name.partition(",")
    if at := _AT.match(metric):
        return (1, behind, at[1], int(at[2]), name)
    for rank, known in ((2, _BLOCK), (3, _OTHERS)):
        for number, measure in enumerate(known):
            if metric == measure or metric.endswith(f"_{measure}"):
                return (rank, behind, metric.removesuffix(measure), number, name)
    return (0, behind, metric, 0, name)


def _zeros(rows: Mapping[str, Any]) -> set[str]:
    """The rows that tell nothing: 0, and for a metric at budgets 0 at each, the first aside."""
    found: set[str] = set()
    metrics: dict[tuple[str, str], list[str]] = {}
    for name, value in rows.items():
        rank, behind, metric, *_ = _place(name)
        if "_stderr" in name or not isinstance(value, int | float):
            continue
        if rank == 1:
            metrics.setdefault((metric, behind), []).append(name)
        elif rank == 3 and value == 0:
            found.add(name)
    # A limit at 0 tells much of a drift that is seen, and so does none that is seen of a limit.
    found -= {_lower(name) for name in _noise(rows)}
    found -= {name for name in found if rows.get(_upper(name))}
    for names in list(metrics.values())[1:]:
        if all(rows[name] == 0 for name in names):
            found.update(names)
    return found
