"""Summaries of runs as a table: CSV for programs, Markdown for readers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from anytime.harmless import row_for_spreadsheet
from anytime.results.exports.measuring import Measured, benchmark, index_options
from anytime.results.labels import Named, labels
from anytime.results.summary import columns_shown, notes_on

__all__ = ["to_csv", "to_markdown"]


def to_csv(measured: Iterable[Measured]) -> str:
    """One line per run and scorer, with a column for every budget of any of them."""
    lines = [_line(one) for one in measured]
    budgets = sorted({budget for _, quality in lines for budget in quality})
    text = io.StringIO()
    fields = list(lines[0][0]) if lines else []
    columns = [*fields, *(f"q@{budget}" for budget in budgets)]
    writer = csv.DictWriter(text, columns, lineterminator="\n", restval="")
    writer.writeheader()
    for values, quality in lines:
        curve = {f"q@{budget}": value for budget, value in quality.items()}
        writer.writerow(row_for_spreadsheet(values) | curve)
    return _writable(text.getvalue())


def _line(one: Measured) -> tuple[dict[str, Any], Mapping[int, float]]:
    info, summary = one.info, one.summary.to_json()
    about = one.summary.key._asdict()
    origin = {
        "domain": info.domain,
        "dataset": info.dataset,
        "revision": info.revision,
        "split": info.split,
    }
    names = ("problems", "traces", *one.summary.measures)
    numbers = {name: summary[name] for name in names}
    over = {"population": one.summary.population}
    return about | origin | index_options(info) | over | numbers, one.summary.quality


def _writable(text: str) -> str:
    """Lone surrogates, which some back ends return, as question marks."""
    return text.encode(errors="replace").decode()


_Group = tuple[Any, ...]


def to_markdown(measured: Iterable[Measured]) -> str:
    """A table per benchmark, the best index first.

    Runs stand in one table only where they were asked the same at the same budgets: dataset,
    budgets, mode, scorer, how the index is taken and what its interval is over are the same.
    """
    groups: dict[_Group, list[Measured]] = {}
    for one in measured:
        groups.setdefault(_group(one), []).append(one)
    found = sorted(groups.values(), key=lambda group: _heading(group[0]))
    return _writable("\n".join(_table(group) for group in found))


def _group(one: Measured) -> _Group:
    info, key = one.info, one.summary.key
    return (
        benchmark(info),
        info.dataset,
        info.revision,
        info.split,
        tuple(one.curve.budgets),
        key.mode,
        key.scorer,
        key.source,
        *index_options(info).values(),
        one.summary.population,
    )


def _heading(one: Measured) -> str:
    info, key = one.info, one.summary.key
    split = f", {info.split}" if info.split else ""
    scorer = "" if key.scorer == info.domain else f", by {key.scorer}"
    return f"### {_cell(f'{benchmark(info)}: {info.dataset}{split}{scorer}')}"


def _conditions(one: Measured) -> str:
    info, key = one.info, one.summary.key
    told = [
        f"budgets {','.join(map(str, one.curve.budgets))} tokens",
        key.mode,
        *(f"{name} {value}" for name, value in index_options(info).items()),
    ]
    if key.source != "elicited":
        told.append(f"checkpoints {key.source}")
    if info.revision:
        told.append(f"revision {info.revision}")
    return _cell("; ".join(told))


def _table(group: Sequence[Measured]) -> str:
    budgets = group[0].curve.budgets
    called = _called(group)
    about = [*(["run"] if called else []), "task", "model", "method"]
    names = [*about, *(one.title for one in columns_shown("everywhere"))]
    names += [f"q@{budget}" for budget in budgets]
    names += ["problems", "traces"]
    marks = ["---" if name in about else "---:" for name in names]
    rows = [
        [*map(_cell, called[place : place + 1]), *_cells(one)] for place, one in enumerate(group)
    ]
    best = sorted(range(len(group)), key=lambda place: -group[place].summary.summary.anytime_index)
    lines = [names, marks, *(rows[place] for place in best)]
    parts = [_heading(group[0]), f"{_conditions(group[0])}."]
    parts.append("\n".join(f"| {' | '.join(cells)} |" for cells in lines))
    parts += _notes(group)
    return "\n\n".join(parts) + "\n"


def _called(group: Sequence[Measured]) -> list[str]:
    """What runs are called where task, model and method do not tell them apart; else nothing."""
    keys = [one.summary.key for one in group]
    if len({(key.task, key.model, key.method) for key in keys}) == len(keys):
        return []
    return labels([Named(one.info, one.summary.key) for one in group])


def _cells(one: Measured) -> list[str]:
    key = one.summary.key
    return [
        _cell(key.task),
        _cell(key.model),
        _cell(key.method),
        *(column.text(one.summary) for column in columns_shown("everywhere")),
        *(f"{value:.3f}" for value in one.summary.quality.values()),
        str(one.summary.problems),
        str(one.summary.traces),
    ]


def _notes(group: Sequence[Measured]) -> list[str]:
    notes = notes_on([one.summary for one in group])
    if group[0].info.dataset == "builtin":
        notes.append("Built-in problems are generated stand-ins, not the benchmark.")
    if len({one.curve.problems for one in group}) > 1:
        notes.append(
            "These runs were asked different problems of the dataset, so their order says little: "
            "`anytime compare --common` compares them on those they share."
        )
    elif len(group) > 1:
        notes.append(
            "Where two intervals overlap, the order of the two is open: "
            "`anytime compare` pairs them by problem."
        )
    return notes


_MARKUP = re.compile(r"[\\`*\[\]<>|~&#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def _cell(text: str) -> str:
    """Text as it is, in a cell: no markup, and in one line."""
    return _MARKUP.sub(lambda mark: f"\\{mark[0]}", " ".join(text.split()))
