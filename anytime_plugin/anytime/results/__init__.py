"""Finished runs as tidy rows and summaries, in one schema for both harnesses."""

from anytime.logs.opening import open_runs
from anytime.logs.tables import read_rows, read_table
from anytime.results.curves import (
    RunCurve,
    RunKey,
    curves,
    iter_rows,
    write_csv,
    write_jsonl,
    write_parquet,
)
from anytime.results.loading import LoadedRun, LoadedRuns, frame, load
from anytime.results.summary import RunSummary, summaries, summary_of
from anytime.results.viz import viz_frame
from anytime.rows import Row, columns

__all__ = [
    "LoadedRun",
    "LoadedRuns",
    "Row",
    "RunCurve",
    "RunKey",
    "RunSummary",
    "columns",
    "curves",
    "frame",
    "iter_rows",
    "load",
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
