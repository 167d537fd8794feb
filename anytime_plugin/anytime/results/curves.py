"""Tidy rows of finished runs: one by one, as a data frame, into files and back to curves."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.harmless import row_for_spreadsheet
from anytime.logs.opening import open_runs
from anytime.rows import METRIC, Row, rows_of, to_record
from anytime.rows import columns as row_columns
from anytime.statistics.curve import Curve, FloatArray
from anytime.writing import whole_file, write_lines

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "WRITERS",
    "RunCurve",
    "RunKey",
    "curves",
    "frame_of",
    "iter_rows",
    "over_at",
    "write_csv",
    "write_jsonl",
    "write_parquet",
]

_BATCH = 8192
"""Rows turned into columns at once."""

Logs = str | Path | Iterable[str | Path]


def iter_rows(logs: Logs, columns: Mapping[str, str] | None = None) -> Iterator[Row]:
    """The rows of finished runs, one by one; memory does not grow with them, but for tables.

    Args:
        logs: As in `anytime.logs.opening.open_runs`, which is done before this returns.
        columns: Likewise.

    Raises:
        AnytimeError: One cannot be read, or has nothing at budgets.
    """
    runs = open_runs(logs, columns)
    return (row for run in runs for row in rows_of(run))


def frame_of(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as a data frame; needs pandas, which comes with datasets.

    Whole numbers and truth values have pandas' nullable types, as they may be missing.
    """
    import pandas as pd
    import pyarrow as pa

    kinds = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    table = pa.Table.from_batches(batches(rows), schema())
    made: pd.DataFrame = table.to_pandas(types_mapper=kinds.get)
    return made


def write_jsonl(path: Path, rows: Iterable[Row]) -> int:
    """Write JSON lines, all or nothing; columns that a row has no value for are null.

    Returns:
        How many.
    """
    empty = dict.fromkeys(row_columns())
    return write_lines(path, (empty | to_record(row) for row in rows))


def write_parquet(path: Path, rows: Iterable[Row]) -> int:
    """Write Parquet in batches, all or nothing; needs pyarrow, which comes with datasets.

    Returns:
        How many.
    """
    import pyarrow.parquet as pq

    count = 0
    columns = schema()
    with whole_file(path) as partial, pq.ParquetWriter(str(partial), columns) as writer:
        for batch in batches(rows):
            writer.write_batch(batch)
            count += batch.num_rows
    return count


def write_csv(path: Path, rows: Iterable[Row]) -> int:
    """Write CSV with a header, all or nothing; what a row has no value for is an empty field.

    Returns:
        How many.
    """
    count = 0
    names = list(row_columns())
    with (
        whole_file(path) as partial,
        partial.open("w", encoding="utf-8", errors="replace", newline="") as file,
    ):
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        for count, row in enumerate(rows, 1):  # noqa: B007
            writer.writerow(row_for_spreadsheet(to_record(row)))
    return count


WRITERS: Mapping[str, Callable[[Path, Iterable[Row]], int]] = {
    ".jsonl": write_jsonl,
    ".parquet": write_parquet,
    ".csv": write_csv,
}
"""By the end of a file's name."""


def schema() -> Any:
    """The columns of rows as pyarrow has them."""
    import pyarrow as pa

    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    return pa.schema([(name, kinds[kind]) for name, kind in row_columns().items()])


def batches(rows: Iterable[Row]) -> Iterator[Any]:
    """Rows as pyarrow's batches, few at a time."""
    import pyarrow as pa

    kinds = schema()
    waiting = iter(rows)
    while part := list(islice(waiting, _BATCH)):
        *fields, metrics = zip(*part, strict=True)
        columns_of = dict(zip(Row._fields, fields, strict=False))
        for name in kinds.names[len(fields) :]:
            columns_of[name] = tuple(own.get(name.removeprefix(METRIC)) for own in metrics)
        made = [_column(columns_of[field.name], field.type) for field in kinds]
        yield pa.record_batch(made, schema=kinds)


def _column(values: Sequence[Any], kind: Any) -> Any:
    import pyarrow as pa

    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:  # lone surrogates, which some back ends return
        clean = [v if v is None else v.encode(errors="replace").decode() for v in values]
        return pa.array(clean, kind)


class RunKey(NamedTuple):
    """What one curve is of."""

    harness: str | None
    log: str
    run: str
    task: str
    model: str
    method: str
    mode: str
    scorer: str
    source: str

    @classmethod
    def of(cls, row: Row) -> RunKey:
        """Of which curve a row is."""
        return cls(
            row.harness,
            row.log,
            row.run,
            row.task,
            row.model,
            row.method,
            row.mode,
            row.scorer,
            row.source,
        )


class RunCurve(NamedTuple):
    """What rows tell of one run.

    Attributes:
        budgets: T of them.
        problems: Ids, sorted.
        quality: Shape (problems, traces, T); NaN throughout where a problem lacks a trace.
        unparsed: The same shape: 1 where no answer could be extracted, 0 where one was; NaN where
            the scorer does not tell.
        ended: Whether each trace was over by the largest budget, shape (problems, traces); NaN
            where that is unknown, or there is no such trace.
    """

    budgets: BudgetGrid
    problems: tuple[str, ...]
    quality: FloatArray
    unparsed: FloatArray
    ended: FloatArray

    @property
    def curve(self) -> Curve:
        """The quality, checked."""
        return Curve(self.budgets, self.quality, self.problems)


_HINT = ": if it holds several traces or models, name their columns too, trace=... or model=..."

_Cells = dict[tuple[str, int], dict[int, tuple[float, float, float]]]


def curves(rows: Iterable[Row]) -> dict[RunKey, RunCurve]:
    """The curves that rows are of, in whatever order they come.

    Raises:
        AnytimeError: A checkpoint is there twice or is missing, or a run mixes budgets.
    """
    found: dict[RunKey, _Cells] = {}
    for row in rows:
        key = RunKey.of(row)
        points = found.setdefault(key, {}).setdefault((row.problem, row.trace), {})
        if row.budget in points:
            raise AnytimeError(
                f"two rows of {row.log} are of problem {row.problem}, trace {row.trace}, budget "
                f"{row.budget}" + _HINT * (row.source == "table")
            )
        unknown = row.parsed is None
        unread = np.nan if unknown else float(not row.parsed)
        points[row.budget] = (row.quality, unread, over_at(row))
    return {key: _run_curve(key, cells) for key, cells in found.items()}


def over_at(row: Row) -> float:
    """Whether the trace of a row was over by its budget; NaN where that is unknown."""
    if row.mode == "contract":  # no trace is cut: its run ended, or was cut off
        return float(row.finish != "length")
    if row.source == "table":
        known = row.trace_tokens is not None
        return float((row.trace_tokens or 0) <= row.budget) if known else math.nan
    return float(not row.forced and row.cut is None)


def _run_curve(key: RunKey, cells: _Cells) -> RunCurve:
    first, *_ = cells.values()
    budgets = sorted(first)
    problems = tuple(sorted({problem for problem, _ in cells}))
    draws = sorted({draw for _, draw in cells})
    # Draws may have gaps, where samples failed; a trace's place is its rank.
    values = np.full((len(problems), len(draws), len(budgets), 3), np.nan)
    rows = {problem: place for place, problem in enumerate(problems)}
    ranks = {draw: place for place, draw in enumerate(draws)}
    for (problem, draw), points in cells.items():
        if sorted(points) != budgets:
            raise AnytimeError(
                f"{key.log} mixes budgets: problem {problem}, trace {draw} has "
                f"{','.join(map(str, sorted(points)))}, others {','.join(map(str, budgets))}"
            )
        values[rows[problem], ranks[draw]] = [points[budget] for budget in budgets]
    try:
        grid = BudgetGrid(budgets)
    except AnytimeError as error:
        raise AnytimeError(f"{key.log}: {error}") from None
    return RunCurve(grid, problems, values[..., 0], values[..., 1], values[..., -1, 2])
