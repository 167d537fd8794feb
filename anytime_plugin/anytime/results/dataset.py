"""Rows of many runs as one Parquet dataset, a partition for each run.

`DIR/run=ID/rows-LOG-HASH.parquet`, which DuckDB, Polars, Spark, Ray Data and pyarrow open as it
stands. The column `run` is in the name of the folder; what repeats from row to row is written as
dictionaries. A run that is written again replaces its own file and no other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from anytime.errors import AnytimeError
from anytime.logs.tables import NO_RUN, RUN
from anytime.places import name_of
from anytime.results.curves import batches, schema
from anytime.rows import rows_of
from anytime.runs import FinishedRun
from anytime.writing import make_folder, whole_file

__all__ = ["check_dataset", "write_dataset"]

_VARIED = ("problem", "answer")
"""Texts that differ from row to row."""


def check_dataset(folder: Path, *, force: bool) -> None:
    """Find out before anything is read what would stop the writing.

    Raises:
        AnytimeError: It would be stopped.
    """
    if folder.exists() and not folder.is_dir():
        raise AnytimeError(f"{folder} is a file: name a directory for the dataset")
    if not force and folder.is_dir() and any(folder.iterdir()):
        raise AnytimeError(
            f"{folder} is not empty: name another directory, or add --force, which replaces the "
            f"files of these runs and leaves others"
        )


def write_dataset(folder: Path, runs: Iterable[FinishedRun]) -> int:
    """Write each run's rows as a file of the dataset, all of a run or nothing.

    Returns:
        How many rows.

    Raises:
        AnytimeError: A run cannot be read, or a file not be written.
    """
    import pyarrow.parquet as pq

    written = _schema()
    count = 0
    for run in runs:
        part = _part(folder, run)
        make_folder(part.parent)
        with whole_file(part) as partial, pq.ParquetWriter(str(partial), written) as writer:
            for batch in batches(rows_of(run)):
                writer.write_batch(batch.drop_columns(["run"]).cast(written))
                count += batch.num_rows
    return count


def _part(folder: Path, run: FinishedRun) -> Path:
    """The file of a run: a log of the same name in another folder has another."""
    log = run.info.log
    told = hashlib.sha256(log.encode(errors="replace")).hexdigest()[:8]
    named = quote(run.info.run, safe="") or NO_RUN
    return folder / f"{RUN}{named}" / f"rows-{quote(name_of(log), safe='')[:100]}-{told}.parquet"


def _schema() -> Any:
    import pyarrow as pa

    repeated = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        field.with_type(repeated) if _repeats(field) else field
        for field in schema()
        if field.name != "run"
    )


def _repeats(field: Any) -> bool:
    import pyarrow as pa

    return bool(field.type == pa.string()) and field.name not in _VARIED
