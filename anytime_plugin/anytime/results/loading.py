"""Finished runs in Python: from logs to what is compared, summed up, drawn and framed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np

from anytime.errors import AnytimeError
from anytime.logs.opening import open_runs
from anytime.programs.doubts import Doubts
from anytime.results.comparing import axis_of, differing_told
from anytime.results.curves import RunCurve, RunKey, curves, frame_of, iter_rows
from anytime.results.labels import Named, also_differ, given_labels, letters, with_given
from anytime.results.labels import labels as labels_of
from anytime.results.run_table import Shown, runs_as_html, runs_as_text
from anytime.results.spent import Spent
from anytime.results.summary import doubts_told
from anytime.rows import Row, rows_of
from anytime.runs import FinishedRun, GradedTrace, RunInfo
from anytime.statistics.paired_runs import Run

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LoadedRun",
    "LoadedRuns",
    "check_comparable",
    "cut_otherwise",
    "frame",
    "load",
    "loaded",
]

Labels = Sequence[str] | Mapping[str, str]


class _Beside(NamedTuple):
    """What is known of a run beside its curve."""

    skipped: Mapping[str, int]
    doubts: tuple[str, ...]
    cuts: tuple[str, ...]
    regraded: int
    spent: Spent
    columns: Mapping[str, str] | None


@dataclass(frozen=True, eq=False, init=False, repr=False)
class LoadedRun(Run):
    """A finished run, or what one scorer of it said: a curve that knows where it is from.

    Attributes:
        info: Where it is from.
        key: What its curve is of.
        skipped: Samples without a curve, by reason.
        doubts: What its numbers must not be believed without, in sentences.
        cuts: How its traces were cut: none, one way or several.
        regraded: Samples graded otherwise than in the log.
        spent: What its traces took.
        columns: What the columns of its table are called, where it was read from one.

    Example:
        >>> import pandas
        >>> rows = {"problem": ["p", "p", "q", "q"], "budget": [8, 16] * 2, "quality": [0, 1, 1, 1]}
        >>> pandas.DataFrame(rows).to_csv("mine.csv", index=False)
        >>> run: LoadedRun = load("mine.csv", columns={name: name for name in rows})[0]
        >>> run.named("mine").name, run.problems
        ('mine', ('p', 'q'))
    """

    info: RunInfo
    key: RunKey
    skipped: Mapping[str, int]
    doubts: tuple[str, ...]
    cuts: tuple[str, ...]
    regraded: int
    spent: Spent
    columns: Mapping[str, str] | None

    def __init__(self, info: RunInfo, key: RunKey, curve: RunCurve, beside: _Beside) -> None:
        """Take what was read; `load` does."""
        quality = {
            problem: [trace for trace in traces if trace[0] == trace[0]]  # it may lack traces
            for problem, traces in zip(curve.problems, curve.quality, strict=True)
        }
        try:
            super().__init__(info.log, curve.budgets, quality, info.options)
        except AnytimeError as error:
            raise AnytimeError(f"{info.log}: {error}") from None
        for name, value in ({"info": info, "key": key} | beside._asdict()).items():
            object.__setattr__(self, name, value)

    def named(self, name: str) -> LoadedRun:
        """The same run under another name."""
        made = copy(self)
        object.__setattr__(made, "name", name)
        return made

    @property
    def notes(self) -> tuple[str, ...]:
        """All that its numbers must not be believed without, in sentences."""
        left = [f"left out: {count} {reason}" for reason, count in self.skipped.items()]
        anew = [f"{self.regraded} graded otherwise than in the log"] if self.regraded else []
        return (*left, *anew, *self.doubts)

    def beside(self, baseline: Run) -> tuple[str, ...]:
        """What has to be known where this run is compared with another.

        Args:
            baseline: The other one; of plain numbers nothing is known.

        Raises:
            AnytimeError: They differ in what makes a comparison meaningless: domain, scorer, mode,
                or the content of the dataset.
        """
        own = [f"{self.name}: {note}." for note in self.notes]
        if not isinstance(baseline, LoadedRun):
            return tuple(own)
        check_comparable(self, baseline)
        differ = also_differ([_named(self), _named(baseline)])
        told = [differing_told(differ), cut_otherwise(self, baseline)]
        theirs = [f"{baseline.name}: {note}." for note in baseline.notes]
        return (*filter(None, told), *own, *theirs)

    def __repr__(self) -> str:
        """Where it is from, and its index."""
        return runs_as_text(_shown([self]), ())

    def _repr_html_(self) -> str:
        return runs_as_html(_shown([self]), ())


@dataclass(frozen=True, eq=False, repr=False)
class LoadedRuns(Sequence[LoadedRun]):
    """Finished runs, in the order of their logs, each with a name of its own.

    Attributes:
        runs: The runs.
        left_out: Why files of a directory are none of them, in sentences.

    Example:
        >>> import pandas
        >>> rows = {"problem": ["p", "p", "q", "q"], "budget": [8, 16] * 2, "quality": [0, 1, 1, 1]}
        >>> pandas.DataFrame(rows).to_csv("mine.csv", index=False)
        >>> runs: LoadedRuns = load("mine.csv", columns={name: name for name in rows})
        >>> len(runs), runs.left_out
        (1, ())
    """

    runs: tuple[LoadedRun, ...]
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        """How many there are."""
        return len(self.runs)

    @overload
    def __getitem__(self, place: int | str) -> LoadedRun: ...
    @overload
    def __getitem__(self, place: slice) -> LoadedRuns: ...
    def __getitem__(self, place: int | str | slice) -> LoadedRun | LoadedRuns:
        """One by its place or its name, or several in a row.

        Raises:
            AnytimeError: No run has that name.
        """
        if isinstance(place, slice):
            return LoadedRuns(self.runs[place], self.left_out)
        if isinstance(place, int):
            return self.runs[place]
        for run in self.runs:
            if run.name == place:
                return run
        names = ", ".join(repr(run.name) for run in self.runs)
        raise AnytimeError(f"no run is called {place!r}: there are {names}")

    def __repr__(self) -> str:
        """A table, a run a line."""
        return runs_as_text(_shown(self.runs), self.left_out)

    def _repr_html_(self) -> str:
        return runs_as_html(_shown(self.runs), self.left_out)


def load(
    logs: str | Path | Iterable[str | Path],
    *,
    labels: Labels | None = None,
    columns: Mapping[str, str] | None = None,
) -> LoadedRuns:
    """Read finished runs, for `compare`, `compare_all`, `summarize`, `plot` and `frame`.

        runs = anytime.load(["logs/cot.eval", "logs/pdp.eval"])
        anytime.verdict(anytime.compare(runs[1], runs[0]))

    A run that several scorers graded comes once for each of them.

    Args:
        logs: Logs of either harness, tables of rows, and directories of them, as for the command.
        labels: What runs are called, a name for each in their order; or names by run, where a run
            is A, B and on in that order, or a log. Without, they are called by what differs.
        columns: What the columns of a table are called that somebody else made, as in
            `{"problem": "question_id", "budget": "tokens", "quality": "correct"}`.

    Returns:
        The runs. Files of a directory that hold none are left out, and listed in `left_out`.

    Raises:
        AnytimeError: One cannot be read or has nothing at budgets; a label is of no run or twice.

    Example:
        >>> import pandas
        >>> rows = {"problem": ["p", "p", "q", "q"], "budget": [8, 16] * 2, "quality": [0, 1, 1, 1]}
        >>> pandas.DataFrame(rows).to_csv("mine.csv", index=False)
        >>> (run,) = load("mine.csv", columns={name: name for name in rows})
        >>> run.problems, run.curve.budgets
        (('p', 'q'), BudgetGrid(8, 16))
    """
    left_out: list[str] = []
    try:
        opened = open_runs(logs, columns, lambda error: left_out.append(str(error)))
    except AnytimeError as error:
        raise AnytimeError("; ".join([str(error), *left_out[:1]])) from None
    found = [one for run in opened for one in loaded(run, columns)]
    called = _called([_named(one) for one in found], labels)
    return LoadedRuns(
        tuple(one.named(name) for one, name in zip(found, called, strict=True)), tuple(left_out)
    )


def loaded(run: FinishedRun, columns: Mapping[str, str] | None = None) -> list[LoadedRun]:
    """Read a finished run, for each of its scorers; its name is that of its log.

    Args:
        run: The run.
        columns: It was opened with.

    Raises:
        AnytimeError: It has nothing at budgets, mixes budgets, or is damaged.
    """
    doubts: dict[str, Doubts] = {}
    spent: dict[str, Spent] = {}

    def look(trace: GradedTrace) -> None:
        doubts.setdefault(trace.scorer, Doubts()).add(trace.elicited)
        spent.setdefault(trace.scorer, Spent()).add(trace.elicited)

    found = curves(rows_of(run, look))
    made = []
    for key, curve in found.items():
        known = curve.unparsed[~np.isnan(curve.unparsed)]
        unparsed = float(known.mean()) if known.size else None
        seen = doubts[key.scorer]
        told = doubts_told(seen, unparsed, run.skipped)
        cuts = tuple(sorted(seen.cuts))
        own = columns if run.info.source == "table" else None
        beside = _Beside(dict(run.skipped), told, cuts, run.regraded, spent[key.scorer], own)
        made.append(LoadedRun(run.info, key, curve, beside))
    return made


def frame(
    logs: LoadedRun | Sequence[LoadedRun] | str | Path | Iterable[str | Path],
    columns: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """All rows as a data frame: one per problem, trace and budget, as in docs/results.md.

    Args:
        logs: Runs that were loaded, whose names stand in a first column, `label`, and whose files
            are read again; or logs, as in `load`.
        columns: As in `load`.

    Returns:
        A pandas data frame. Whole numbers and truth values have pandas' nullable types, as they may
        be missing.

    Raises:
        AnytimeError: As in `load`; or a file is another than when it was loaded.

    Example:
        >>> import pandas
        >>> rows = {"problem": ["p", "p", "q", "q"], "budget": [8, 16] * 2, "quality": [0, 1, 1, 1]}
        >>> pandas.DataFrame(rows).to_csv("mine.csv", index=False)
        >>> len(frame("mine.csv", columns={name: name for name in rows}))
        4
    """
    if isinstance(logs, LoadedRun):
        return _labelled([logs])
    given = [logs] if isinstance(logs, str | Path) else list(logs)
    runs = [one for one in given if isinstance(one, LoadedRun)]
    if runs and len(runs) == len(given):
        return _labelled(runs)
    paths = [one for one in given if not isinstance(one, LoadedRun)]
    if runs:
        raise AnytimeError(f"a frame is of runs that were loaded, or of logs: {paths[0]} is a log")
    return frame_of(iter_rows(paths, columns))


def _labelled(runs: Sequence[LoadedRun]) -> pd.DataFrame:
    """The rows of loaded runs, each file read once more."""
    by_file: dict[str, dict[RunKey, list[Row]]] = {}
    rows: list[Row] = []
    called: list[str] = []
    for run in runs:
        log = run.info.log
        if log not in by_file:
            by_file[log] = _by_key(iter_rows(log, run.columns))
        own = by_file[log].get(run.key, [])
        if not _same(run, own):
            raise AnytimeError(f"{log} is another than when it was loaded: load it again")
        rows += own
        called += [run.name] * len(own)
    made = frame_of(rows)
    made.insert(0, "label", called)
    return made


def _by_key(rows: Iterable[Row]) -> dict[RunKey, list[Row]]:
    found: dict[RunKey, list[Row]] = {}
    for row in rows:
        found.setdefault(RunKey.of(row), []).append(row)
    return found


def _same(run: LoadedRun, rows: Sequence[Row]) -> bool:
    """Whether rows are those that a run's curve was made of."""
    read = [(row.problem, row.budget, row.quality) for row in rows]
    known = [
        (problem, budget, float(value))
        for problem, traces in zip(run.problems, run.curve.quality, strict=True)
        for trace in traces
        for budget, value in zip(run.curve.budgets, trace, strict=True)
        if value == value
    ]
    return sorted(read) == sorted(known)


def check_comparable(run: LoadedRun, baseline: LoadedRun) -> None:
    """Refuse runs whose difference would mean nothing.

    Raises:
        AnytimeError: It names what they differ in.
    """
    one, base = run.info, baseline.info
    for what, theirs, own in (
        ("domain", base.domain, one.domain),
        ("scorer", baseline.key.scorer, run.key.scorer),
        ("mode", axis_of(baseline.key.mode), axis_of(run.key.mode)),
        ("content of the dataset", base.revision, one.revision),
    ):
        if own != theirs:
            raise AnytimeError(
                f"{base.log} and {one.log} cannot be compared: they differ in the {what} "
                f"({theirs}, {own})"
            )


def cut_otherwise(run: LoadedRun, baseline: LoadedRun) -> str:
    """Whether the traces of two runs were cut in different ways, in a sentence; empty if not."""
    if run.cuts == baseline.cuts:
        return ""
    how, theirs = (" and ".join(one.cuts) or "not at all" for one in (run, baseline))
    return (
        f"The traces of {run.name} were cut otherwise ({how}) than those of {baseline.name} "
        f"({theirs}): small differences may come from that."
    )


def _named(run: LoadedRun) -> Named:
    return Named(run.info, run.key)


def _called(runs: Sequence[Named], given: Labels | None) -> list[str]:
    """What runs are called: as the user says, else by what tells them apart."""
    if given is None:
        return labels_of(runs)
    if isinstance(given, str):
        raise AnytimeError(f"labels={given!r}: name a list, with a name for each run")
    if isinstance(given, Mapping):
        pairs = [f"{which}={name}" for which, name in given.items()]
    elif len(given) != len(runs):
        raise AnytimeError(
            f"labels has {len(given)} names, and there are {len(runs)} runs: "
            + ", ".join(labels_of(runs))
        )
    else:
        pairs = [f"{letter}={name}" for letter, name in zip(letters(len(runs)), given, strict=True)]
    return with_given(labels_of(runs), given_labels(runs, pairs, "labels"), "labels")


def _shown(runs: Sequence[LoadedRun]) -> list[Shown]:
    return [Shown(run, run.notes, run.spent) for run in runs]
