"""Tables of answers at budgets: those of `anytime results`, and those that somebody else made."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from anytime.domains.base import Grade
from anytime.errors import AnytimeError
from anytime.harmless import from_spreadsheet
from anytime.places import opened
from anytime.programs.checkpoints import Checkpoint, Elicited
from anytime.rows import Row, from_record
from anytime.rows import columns as row_columns
from anytime.runs import GradedTrace, RunInfo, TraceId

__all__ = [
    "NO_RUN",
    "RUN",
    "TABLES",
    "UNKNOWN",
    "TableRun",
    "check_columns",
    "dataset_files",
    "read_rows",
    "read_table",
]

TABLES = (".csv", ".jsonl", ".parquet")
"""Ends of the names of tables."""

UNKNOWN = "unknown"
"""What a table does not tell of its runs."""

RUN = "run="
"""Begins the folders of a dataset's partitions."""

NO_RUN = "__HIVE_DEFAULT_PARTITION__"
"""What stands for no value in their names, by the custom of Hive."""

_NEEDED = ("problem", "budget", "quality")

_OPTIONAL = (
    "trace",
    "tokens",
    "answer",
    "parsed",
    "model",
    "method",
    "task",
    "scorer",
    "probability",
)

_EXAMPLE = "problem=question_id,budget=tokens,quality=correct"

_TRUTH = {"true": 1.0, "false": 0.0}


class TableRun:
    """A run of which there are rows alone.

    Attributes:
        info: Where it is from.
        skipped: Nothing, as rows do not tell of what is not there.
        regraded: 0: answers are not graded again.
    """

    def __init__(self, info: RunInfo, rows: Mapping[TraceId, list[Row]]) -> None:
        """Keep the rows, by trace."""
        self.info = info
        self.skipped: Counter[str] = Counter()
        self.regraded = 0
        self._rows = rows

    def traces(self) -> Iterator[GradedTrace]:
        """All traces, a problem's own one after another."""
        for (problem, draw), rows in sorted(self._rows.items()):
            rows = sorted(rows, key=lambda row: row.budget)
            first = rows[0]
            method = {
                name: value
                for name in ("method", "added_tokens", "pool_tokens")
                if (value := getattr(first, name)) is not None
            }
            grades = [Grade(row.quality, row.parsed, row.answer or "", row.metrics) for row in rows]
            yield GradedTrace(problem, draw, _elicited(rows), method, grades, first.scorer)

    def texts(self, wanted: Collection[TraceId]) -> Iterator[tuple[TraceId, str]]:
        """None: rows hold no traces."""
        return iter(())


def _elicited(rows: list[Row]) -> Elicited:
    checkpoints = tuple(
        Checkpoint(
            budget=row.budget,
            answer="",
            forced=row.forced,
            tokens=row.tokens,
            answer_tokens=row.answer_tokens,
            leaked_reasoning_tokens=row.leaked_reasoning_tokens,
            finish=row.finish,  # type: ignore[arg-type]
            cut=row.cut,  # type: ignore[arg-type]
            continuation=row.continuation,  # type: ignore[arg-type]
            seconds=row.seconds,
            cost=row.cost,
            depth=None if row.depth == row.tokens else row.depth,
            probability=row.probability,
        )
        for row in rows
    )
    first = rows[0]
    return Elicited(first.mode, first.trace_tokens, first.trace_finish, checkpoints)  # type: ignore[arg-type]


def check_columns(columns: Mapping[str, str]) -> None:
    """Refuse names of columns that do not make a table.

    Raises:
        AnytimeError: One is missing, or is none of a row's.
    """
    for name in columns:
        if name not in (*_NEEDED, *_OPTIONAL):
            raise AnytimeError(
                f"a row has no {name!r} that a column could be: name {', '.join(_NEEDED)}, and if "
                f"there are such columns {', '.join(_OPTIONAL)}"
            )
    if missing := [name for name in _NEEDED if name not in columns]:
        raise AnytimeError(f"columns name no {missing[0]}: write {_EXAMPLE}")


def read_table(path: Path, columns: Mapping[str, str] | None = None) -> list[TableRun]:
    """Read a table as the runs its rows are of.

    Args:
        path: A .csv with a header, .jsonl or .parquet.
        columns: What the columns `problem`, `budget` and `quality` are called in it, and, where
            they are there, `trace`, `tokens`, `answer`, `parsed`, `model`, `method`, `task`,
            `scorer` and `probability`; None for what `anytime results` wrote.

    Raises:
        AnytimeError: It is no such table, or a damaged one.
    """
    rows = read_rows(path) if columns is None else _foreign_rows(path, columns)
    found: dict[tuple[Any, ...], dict[TraceId, list[Row]]] = {}
    for row in rows:
        by_trace = found.setdefault(_run_of(row), {})
        by_trace.setdefault((row.problem, row.trace), []).append(row)
    if not found:
        raise AnytimeError(f"{path} holds no rows")
    return [TableRun(_info(next(iter(t.values()))[0]), t) for t in found.values()]


def _run_of(row: Row) -> tuple[Any, ...]:
    return (
        row.harness,
        row.log,
        row.run,
        row.task,
        row.domain,
        row.dataset,
        row.revision,
        row.split,
        row.model,
        row.scorer,
        row.source,
        row.method,
        row.mode,
        row.envelope,
        row.scale,
        row.q_max,
        row.seed,
        row.estimator,
        row.population,
        row.created,
        row.settings,
    )


def _info(row: Row) -> RunInfo:
    return RunInfo(
        harness=row.harness,
        log=row.log,
        run=row.run,
        task=row.task,
        domain=row.domain,
        dataset=row.dataset,
        revision=row.revision,
        split=row.split,
        model=row.model,
        scorers=(row.scorer,),
        envelope=row.envelope,  # type: ignore[arg-type]
        scale=row.scale,  # type: ignore[arg-type]
        q_max="achieved" if row.q_max == "achieved" else float(row.q_max),
        seed=row.seed,
        source=row.source,  # type: ignore[arg-type]
        estimator=row.estimator,  # type: ignore[arg-type]
        population=row.population,  # type: ignore[arg-type]
        created=row.created,
        settings=_settings(row),
    )


def _settings(row: Row) -> dict[str, str]:
    try:
        told = json.loads(row.settings)
        return {str(name): str(value) for name, value in told.items()}
    except (ValueError, TypeError, AttributeError):
        raise AnytimeError(
            f"a row of {row.log} has settings that are no JSON object: {row.settings!r}"
        ) from None


def read_rows(path: Path) -> Iterator[Row]:
    """Read what `anytime results` wrote, row by row.

    Raises:
        AnytimeError: It is no such file, or a damaged one.
    """
    for record in _records(path):
        try:
            yield from_record(record)
        except (KeyError, TypeError, ValueError):
            raise AnytimeError(
                f"{path} is no table of anytime results: if it is another's, say what its columns "
                f"are, --columns {_EXAMPLE}"
            ) from None


def _foreign_rows(path: Path, columns: Mapping[str, str]) -> Iterator[Row]:
    for number, record in enumerate(_records(path), 1):
        for column in columns.values():
            if column not in record:
                raise AnytimeError(
                    f"{path} has no column {column!r}: there are "
                    f"{', '.join(repr(name) for name in record)}"
                )
        given = {name: record[column] for name, column in columns.items()}
        try:
            yield _foreign_row(path, given)
        except (TypeError, ValueError, OverflowError):
            told = ", ".join(f"{columns[name]}={value!r}" for name, value in given.items())
            raise AnytimeError(
                f"{path}, row {number} cannot be read ({told}): budget is a whole number, quality "
                f"a number from 0 to 1 or true or false"
            ) from None


def _foreign_row(path: Path, given: Mapping[str, Any]) -> Row:
    def text(name: str, default: str) -> str:
        value = given.get(name)
        return default if value is None else str(value)

    tokens = given.get("tokens")
    parsed = given.get("parsed")
    answer = given.get("answer")
    quality = _number(given["quality"])
    told = given.get("probability")
    probability = None if told in (None, "") else float(told)
    if not 0 <= quality <= 1 or not 0 <= (probability or 0) <= 1:
        raise ValueError
    return Row(
        harness=None,
        log=str(path),
        run="",
        task=text("task", path.stem),
        domain=None,
        dataset=path.stem,
        revision=None,
        split=None,
        model=text("model", UNKNOWN),
        method=text("method", UNKNOWN),
        mode=UNKNOWN,
        scorer=text("scorer", "table"),
        problem=text("problem", ""),
        trace=_whole(given.get("trace", 1)),
        budget=_whole(given["budget"]),
        tokens=None if tokens in (None, "") else _whole(tokens),
        quality=quality,
        parsed=None if parsed in (None, "") else bool(_number(parsed)),
        answer=None if answer in (None, "") else str(answer),
        forced=False,
        cut=None,
        continuation=None,
        answer_tokens=None,
        leaked_reasoning_tokens=0,
        finish="other",
        seconds=None,
        cost=None,
        trace_tokens=None,
        trace_finish="other",
        added_tokens=None,
        pool_tokens=None,
        source="table",
        envelope="mean",
        scale="linear",
        q_max="1.0",
        seed=0,
        estimator="crossfit",
        population="problems",
        created=None,
        settings="{}",
        depth=None,
        probability=probability,
        metrics={},
    )


def _number(value: Any) -> float:
    truth = _TRUTH.get(str(value).strip().lower())
    return float(value) if truth is None else truth


def _whole(value: Any) -> int:
    number = float(value)
    if number != int(number) or number < 0:
        raise ValueError
    return int(number)


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file as JSON values, by the end of its name."""
    readers = {".jsonl": _read_jsonl, ".parquet": _read_parquet, ".csv": _read_csv}
    read = readers.get(path.suffix.lower())
    if read is None:
        raise AnytimeError(f"{path} is no table: name a {', '.join(TABLES)}")
    try:
        yield from read(path)
    except AnytimeError:
        raise
    except OSError as error:
        raise AnytimeError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, TypeError, AttributeError, RecursionError, csv.Error):
        raise AnytimeError(f"{path} is no table, or a damaged one") from None


def _read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    with opened(path) as file:
        for line in file:
            if not line.strip():
                continue
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError
            yield record


def dataset_files(folder: Path) -> list[Path]:
    """The files of a dataset that `anytime results -o DIR` wrote; none where it is no such folder.

    A partition of it is one, too.
    """
    if not folder.is_dir():
        return []
    return sorted(folder.glob(f"{RUN}*/*.parquet")) or (
        sorted(folder.glob("*.parquet")) if folder.name.startswith(RUN) else []
    )


def _read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    import pyarrow.parquet as pq

    partition = path.parent.name
    with opened(path) as stored, pq.ParquetFile(stored) as file:
        told = {}
        if partition.startswith(RUN) and "run" not in file.schema_arrow.names:
            named = unquote(partition.removeprefix(RUN))
            told = {"run": "" if named == NO_RUN else named}
        for batch in file.iter_batches():
            for record in batch.to_pylist():
                yield record | told


def _read_csv(path: Path) -> Iterator[dict[str, Any]]:
    """Fields as text; in a table of ours as their columns have it, empty ones as nothing."""
    kinds = row_columns()
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        if not reader.fieldnames:
            raise ValueError
        if twice := [name for name, n in Counter(reader.fieldnames).items() if n > 1]:
            raise AnytimeError(f"{path} has two columns {twice[0]!r}: rename one")
        ours = set(kinds) <= set(reader.fieldnames)
        for record in reader:
            if None in record or None in record.values():
                raise ValueError  # a row that is longer or shorter than the header
            record = {name: from_spreadsheet(cell) for name, cell in record.items()}
            yield {k: _typed(v, kinds.get(k, str)) for k, v in record.items()} if ours else record


def _typed(value: str, kind: type) -> Any:
    if value == "":
        return None
    return value == "True" if kind is bool else kind(value)
