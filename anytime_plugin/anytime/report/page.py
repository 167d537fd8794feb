"""A report as one HTML file: figures within, nothing loaded from anywhere."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from anytime import distribution
from anytime.budgets import BudgetGrid
from anytime.report.digest import RunDigest
from anytime.report.figures import (
    Drawn,
    Index,
    Line,
    curve_figures,
    difference_figure,
    index_figure,
    marks_of,
    missing_figure,
    share_figures,
    token_figures,
)
from anytime.report.notes import notes_of
from anytime.report.plotting import OVERLAID, Mark
from anytime.report.svg import inline_svg
from anytime.results.labels import heads_of
from anytime.results.summary import columns_shown, populations_told
from anytime.statistics.compared import p_told, sentences_on, verdict
from anytime.statistics.comparison import Comparison

__all__ = ["Picture", "comparison_page", "pictures_of", "report_page"]

MOST_PROBLEMS = 60
"""Of a run with more problems they are not listed one by one."""


class Picture(NamedTuple):
    """A figure of a report.

    Attributes:
        name: Unique within the report; what its file is called.
        section: Where it belongs.
        group: Which of `groups_of` it is of.
        drawn: The figure.
    """

    name: str
    section: str
    group: int
    drawn: Drawn


class Group(NamedTuple):
    """Runs whose curves can be laid over each other."""

    title: str
    budgets: BudgetGrid
    runs: list[RunDigest]


def groups_of(found: Sequence[RunDigest]) -> list[Group]:
    """Runs of one task, dataset, mode and grid together, in the order they came."""
    grouped: dict[tuple[Any, ...], list[RunDigest]] = {}
    for one in found:
        info, key = one.info, one.key
        alike = (info.task, info.dataset, info.split, key.mode, one.run.budgets)
        grouped.setdefault(alike, []).append(one)
    return [
        Group(_title(members[0]), members[0].run.budgets, members) for members in grouped.values()
    ]


def _title(one: RunDigest) -> str:
    info = one.info
    dataset = info.dataset if info.dataset not in ("", info.task) else ""
    return ", ".join(part for part in (info.task, dataset, info.split or "") if part)


def pictures_of(found: Sequence[RunDigest]) -> list[Picture]:
    """Every figure of a report; call it inside `anytime.report.plotting.drawing`."""
    made = [("index", 0, _indices(found))]
    for number, group in enumerate(groups_of(found)):
        budgets = group.budgets
        marks = marks_of(len(group.runs))
        marked = list(zip(group.runs, marks, strict=True))
        bands = [Line(one.label, one.run.curve.mean, *one.band[:2], mark) for one, mark in marked]
        made += [("curves", number, drawn) for drawn in curve_figures(budgets, bands)]
        unknown = np.full(len(budgets), math.nan)  # in tables budgets may be deciles, or seconds
        tokens = [
            Line(one.label, one.spending.tokens if _in_tokens(one) else unknown, mark=mark)
            for one, mark in marked
        ]
        made += [("tokens", number, drawn) for drawn in token_figures(budgets, tokens)]
        for section, label, about, values in (
            ("ended", "share of traces over", "Share of traces that had ended", _ended),
            ("unparsed", "share unparsed", "Share of answers that could not be read", _unparsed),
        ):
            lines = [Line(one.label, values(one), mark=mark) for one, mark in marked]
            if any(np.nanmax(line.values, initial=0.0) > 0 for line in lines):
                drawn_all = share_figures(budgets, lines, label, about)
                made += [(section, number, drawn) for drawn in drawn_all]
    mark_of = _marks(found)
    for number, one in enumerate(found):
        if one.summary.missing is not None:
            shares, mark = one.summary.missing.shares, mark_of[id(one)]
            drawn = missing_figure(one.run.budgets, shares, one.label, mark)
            made.append(("missing", number, drawn))
    return [
        Picture(f"{place:02d}-{section}", section, number, drawn)
        for place, (section, number, drawn) in enumerate(made, 1)
    ]


def _marks(found: Sequence[RunDigest]) -> dict[int, Mark]:
    """The mark of each run, by its identity."""
    return {
        id(one): mark
        for group in groups_of(found)
        for one, mark in zip(group.runs, marks_of(len(group.runs)), strict=True)
    }


def _indices(found: Sequence[RunDigest]) -> Drawn:
    marks = _marks(found)
    return index_figure(
        [
            Index(
                one.label,
                one.summary.summary.anytime_index,
                *one.summary.summary.interval,
                marks[id(one)],
            )
            for one in found
        ]
    )


def _in_tokens(one: RunDigest) -> bool:
    """Whether budgets are tokens: in tables they may be deciles, or seconds."""
    spent = one.spending.tokens - np.asarray(one.run.budgets)
    return bool((np.nan_to_num(spent, nan=0.0) <= 1).all())


def _ended(one: RunDigest) -> Any:
    return one.spending.ended


def _unparsed(one: RunDigest) -> Any:
    unknown = np.isnan(one.run.unparsed).all()
    if unknown:
        return np.full(len(one.run.budgets), math.nan)
    return np.nanmean(np.nanmean(one.run.unparsed, axis=1), axis=0)


def report_page(found: Sequence[RunDigest], pictures: Sequence[Picture], made: str) -> str:
    """The page.

    Args:
        found: The runs.
        pictures: Of `pictures_of`.
        made: When, in words.
    """
    groups = groups_of(found)
    return _render(
        "report.html",
        made=made,
        **_runs(found),
        groups=[
            {
                "title": group.title,
                "many": len(group.runs) > OVERLAID,
                "figures": {
                    section: [_figure(p) for p in pictures if (p.section, p.group) == (section, n)]
                    for section in ("curves", "tokens", "ended", "unparsed")
                },
            }
            for n, group in enumerate(groups)
        ],
        index=_figure(pictures[0]),
        missing={p.group: _figure(p) for p in pictures if p.section == "missing"},
        several=len(groups) > 1,
    )


def comparison_page(
    comparisons: Sequence[Comparison], found: Sequence[RunDigest], made: str, differ: str = ""
) -> str:
    """The page of a comparison; call it inside `anytime.report.plotting.drawing`.

    Args:
        comparisons: Of every further run with the first.
        found: The runs compared, the first of them the baseline; their labels name them in the
            comparisons.
        made: When, in words.
        differ: What differs between the runs beside their labels, in a sentence.
    """
    budgets = comparisons[0].budgets
    heads = heads_of([one.label for one in found])
    lines = [
        Line(one.label, one.run.curve.mean, *one.band[:2], mark)
        for one, mark in zip(found, marks_of(len(found)), strict=True)
    ]
    curves = [
        inline_svg(drawn, f"curves-{number}")
        for number, drawn in enumerate(curve_figures(budgets, lines))
    ]
    return _render(
        "comparison.html",
        made=made,
        **_runs(found),
        curves=curves,
        differ=differ,
        index=inline_svg(_indices(found), "index"),
        comparisons=[
            {
                "one": one,
                "figure": inline_svg(difference_figure(one), f"difference-{number}"),
                "rows": list(_differences(one)),
                "heads": (heads[number + 1], heads[0]),
                "verdict": verdict(one),
                "sentences": sentences_on(one),
            }
            for number, one in enumerate(comparisons)
        ],
    )


def _differences(one: Comparison) -> Iterator[tuple[str, Any]]:
    yield "Anytime Index", one.index
    for budget, difference in zip(one.budgets, one.by_budget, strict=True):
        yield f"quality at {budget}", difference
    yield "average over budgets", one.average


def _figure(picture: Picture) -> Markup:
    return inline_svg(picture.drawn, picture.name)


def _runs(found: Sequence[RunDigest]) -> dict[str, Any]:
    """The runs, and what is to be said of all of them once."""
    notes = [notes_of(one) for one in found]
    shared = [note for note in notes[0] if all(note in other for other in notes[1:])]
    if len(found) == 1:
        shared = []
    own = [[note for note in each if note not in shared] for each in notes]
    summaries = [one.summary for one in found]
    return {
        "shared": shared,
        "populations": populations_told(summaries),
        # What no run knows is not shown; a run of a single problem has no interval.
        "columns": [
            column
            for column in columns_shown("everywhere", "tables")
            if column.kind == "interval" or any(map(column.values, summaries))
        ],
        "runs": [_run(one, each) for one, each in zip(found, own, strict=True)],
        "orders": _orders(found) if len(found) > OVERLAID else [],
    }


class Order(NamedTuple):
    """One way to order the table of runs, which needs no script.

    Attributes:
        title: What it is by.
        ranks: The place of each run.
    """

    title: str
    ranks: list[int]


def _orders(found: Sequence[RunDigest]) -> list[Order]:
    """As the runs were named, by label, and by each number: the largest first."""
    numbers = [column for column in columns_shown("everywhere", "tables") if len(column.names) == 1]
    keys: list[tuple[str, list[Any]]] = [
        ("as named", list(range(len(found)))),
        ("label", [one.label.partition(" ")[2] for one in found]),
    ]
    for column in numbers:
        values = [column.values(one.summary) for one in found]
        if any(values):
            keys.append((column.title, [-each[0] if each else math.inf for each in values]))
    return [Order(title, _ranks(key)) for title, key in keys]


def _ranks(keys: Sequence[Any]) -> list[int]:
    ordered = sorted(range(len(keys)), key=keys.__getitem__)
    return [ordered.index(place) for place in range(len(keys))]


def _run(one: RunDigest, notes: Sequence[str]) -> dict[str, Any]:
    summary, spending = one.summary, one.spending
    mean = one.run.curve.mean
    unparsed = _unparsed(one)
    best = np.maximum.accumulate(mean)
    missing = summary.missing
    low, high = one.band[:2]
    return {
        "digest": one,
        "summary": summary,
        "numbers": summary.summary,
        "info": one.info,
        "key": one.key,
        "notes": notes,
        "limited": _limited(one),
        "lost": [
            (budget, b - q)
            for budget, b, q in zip(one.run.budgets, best, mean, strict=True)
            if b - q > 1e-9
        ],
        "finishes": [name for name, shares in spending.finishes.items() if shares.any()],
        "budgets": [
            {
                "budget": budget,
                "quality": mean[t],
                "low": low[t],
                "high": high[t],
                "tokens": spending.tokens[t],
                "ended": spending.ended[t],
                "unparsed": unparsed[t],
                "missing": {} if missing is None else {n: s[t] for n, s in missing.shares.items()},
                "forced": int(spending.forced[t]),
                "answer_tokens": spending.answer_tokens[t],
                "leaked": spending.leaked[t],
                "seconds": spending.seconds[t],
                "finishes": {name: shares[t] for name, shares in spending.finishes.items()},
            }
            for t, budget in enumerate(one.run.budgets)
        ],
        "problems": _problems(one),
    }


def _limited(one: RunDigest) -> str:
    spent = one.summary.spent
    if spent is None or spent.limited is None:
        return "–"
    return f"{spent.limited} of {spent.traces}" if spent.limited else "0"


def _problems(one: RunDigest) -> list[tuple[str, Any]]:
    if len(one.run.problems) > MOST_PROBLEMS:
        return []
    return list(zip(one.run.problems, one.run.curve.by_problem, strict=True))


def _number(value: Any, digits: int = 3) -> str:
    """A number for people; a dash where it is unknown."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{value:,.{digits}f}"


def _percent(value: Any) -> str:
    return "–" if value is None or math.isnan(value) else f"{value:.0%}"


def _broken(title: str) -> str:
    """A heading that may take two lines, where it is one long word."""
    return Markup("over-<br>thinking") if title == "overthinking" else title


def _render(template: str, **context: Any) -> str:
    environment = Environment(
        loader=PackageLoader("anytime.report"),
        autoescape=True,  # answers, ids and names are whatever a model or a user wrote
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: Mapping[str, Callable[..., str]] = {
        "number": _number,
        "percent": _percent,
        "broken": _broken,
        "p_value": p_told,
    }
    environment.filters.update(filters)
    environment.globals["zip"] = zip
    return environment.get_template(template).render(version=distribution.version(), **context)
