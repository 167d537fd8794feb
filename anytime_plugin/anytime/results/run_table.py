"""Finished runs as a table, a run a line: text for a prompt, HTML with curves for a notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup

from anytime.errors import AnytimeError
from anytime.harmless import for_terminal
from anytime.results.spark import sparks
from anytime.results.spent import Spent
from anytime.statistics.paired_runs import Run
from anytime.statistics.shown import html_list, html_table, limits_told, text_table
from anytime.statistics.summary import summarize

__all__ = ["Shown", "runs_as_html", "runs_as_text"]

_HEADS = ("run", "problems", "traces", "anytime_index", "95%", "final", "tokens a trace")


class Shown(NamedTuple):
    """What is shown of a run.

    Attributes:
        run: Its name and its curve.
        notes: What its numbers must not be believed without, in sentences.
        spent: What its traces took.
    """

    run: Run
    notes: tuple[str, ...]
    spent: Spent


class _Line(NamedTuple):
    cells: tuple[str, ...]
    notes: tuple[str, ...]


def runs_as_text(runs: Sequence[Shown], left_out: Sequence[str]) -> str:
    """A table, and below it what has to be known.

    Args:
        runs: The runs.
        left_out: Why files that were named are none of them.
    """
    lines = [_line(one) for one in runs]
    table = text_table(_HEADS, [line.cells for line in lines])
    return "\n".join([table, *map(for_terminal, _notes(lines, left_out))])


def runs_as_html(runs: Sequence[Shown], left_out: Sequence[str]) -> str:
    """The same as elements of a page, each run with its curve; arguments as in `runs_as_text`."""
    lines = [_line(one) for one in runs]
    pictures = sparks([one.run.curve for one in runs])
    rows = [(*line.cells, Markup(picture)) for line, picture in zip(lines, pictures, strict=True)]
    return html_table((*_HEADS, "quality by budget"), rows) + html_list(_notes(lines, left_out))


def _notes(lines: Sequence[_Line], left_out: Sequence[str]) -> list[str]:
    return [note for line in lines for note in line.notes] + [f"left out: {x}" for x in left_out]


def _line(one: Shown) -> _Line:
    run, notes = one.run, one.notes
    numbers = ("", "", "")
    try:
        found = summarize(run)
    except AnytimeError as error:  # a table of runs is worth seeing all the same
        notes = (*notes, str(error))
    else:
        limits = limits_told(found.interval)
        numbers = (f"{found.anytime_index:.3f}", limits, f"{found.final:.3f}")
    traces = int((~np.isnan(run.curve.quality[..., 0])).sum())
    tokens = one.spent.tokens_per_trace
    took = "" if tokens is None else f"{tokens:,.0f}"
    cells = (run.name, str(len(run.problems)), str(traces), *numbers, took)
    return _Line(cells, tuple(f"{run.name}: {note}." for note in notes))
