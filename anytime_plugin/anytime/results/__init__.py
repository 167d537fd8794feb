"""Finished runs as tidy rows and summaries, in one schema for both harnesses."""

from anytime.results.framing import (
    RunCurve,
    RunKey,
    curves,
    frame,
    iter_rows,
    write_csv,
    write_jsonl,
    write_parquet,
)
from anytime.results.opening import open_runs
from anytime.results.rows import Row, columns
from anytime.results.summary import RunSummary, summaries, summary_of
from anytime.results.tables import read_rows, read_table
from anytime.results.viz import viz_frame

__all__ = [
    "Row",
    "RunCurve",
    "RunKey",
    "RunSummary",
    "columns",
    "curves",
    "frame",
    "iter_rows",
    "open_runs",
    "read_rows",
    "read_table",
    "summaries",
    "summary_of",
    "viz_frame",
    "write_csv",
    "write_jsonl",
    "write_parquet",
]
