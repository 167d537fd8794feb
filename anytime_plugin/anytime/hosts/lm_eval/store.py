"""The trace store: every finished generation, kept when it arrives, for all runs that name it.

lm-eval's own cache leaves sampled requests out. With a store a second run asks only for what is
missing, whenever the first was killed. It is an SQLite file in WAL mode, as the harnesses' own
caches are: what was committed outlives the process.

Runs at the same time share one. What a run is about to ask for it claims first, and another run
waits for those answers in place of asking again. A claim holds as long as its run lives, which a
lock beside the store tells: the system gives it back when a process ends, however it ends.

Known issues: WAL needs a local disk, shared folders of some networks have no such memory.
"""

from __future__ import annotations

import glob
import json
import logging
import sqlite3
import threading
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.private import loaded_from

__all__ = ["TraceStore", "model_name", "opened", "remove"]

log = logging.getLogger(__name__)

FORMAT = "anytime traces 2"
LINES = "anytime traces 1"
"""Stores of earlier versions: a line of JSON for each generation."""

PATIENCE = 60
"""Seconds that a write waits for those of other runs."""

AT_ONCE = 500
"""Keys in one query."""

_TABLES = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS traces (key TEXT PRIMARY KEY, text BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, run TEXT NOT NULL) WITHOUT ROWID;
"""


class TraceStore:
    """Texts by the key of their request, on disk, and who is asking for which.

    Args:
        path: The file; made where there is none.
        model: Whose generations it keeps.

    Raises:
        AnytimeError: The file is no trace store, another model's, or cannot be used.
    """

    def __init__(self, path: Path, model: str) -> None:
        """Open it, and read in what stores of earlier versions beside it hold."""
        self._run = uuid.uuid4().hex
        self._turn = threading.Lock()
        if (real := path.resolve()) != path.absolute():
            path = real  # one store under two names has one set of locks
        earlier = [file for file in _files_of_lines(path) if file != path]
        if _holds_lines(path):
            earlier.insert(0, path)
            path = path.with_name(f"{path.name}.sqlite")
        self._path = path
        self._alive = self._lock_of(self._run)
        self._ending = ExitStack()
        with self._one_sentence():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._alive.acquire()
        self._ending.callback(Path(self._alive.lock_file).unlink, missing_ok=True)
        self._ending.callback(self._alive.release)
        try:
            with self._one_sentence():
                self._open(model)
            self._look_around(earlier, model)
        except BaseException:
            self._ending.close()
            raise

    def _look_around(self, earlier: Iterable[Path], model: str) -> None:
        """Take over stores of earlier versions, and remove the locks of runs that were killed."""
        for lock in self._path.parent.glob(f"{glob.escape(self._path.name)}.*.lock"):
            run = lock.name[len(self._path.name) + 1 : -len(".lock")]
            if run != self._run:
                self._ended(run)
        for file in earlier:
            self._read_in(file, model)

    def _open(self, model: str) -> None:
        self._db = sqlite3.connect(
            self._path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
        )
        self._ending.callback(self._db.close)
        known = {name for (name,) in self._db.execute("SELECT name FROM sqlite_master")}
        if known and "about" not in known:
            raise AnytimeError(f"{self._path} is no trace store: name another file")
        self._db.execute("PRAGMA journal_mode=WAL")
        # A commit is in the system's hands then: enough for what kills a process.
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_TABLES)
        with self._writing():
            wanted = [("format", FORMAT), ("model", model)]
            self._db.executemany("INSERT OR IGNORE INTO about VALUES (?, ?)", wanted)
        about = dict(self._db.execute("SELECT name, value FROM about"))
        if about["format"] != FORMAT:
            raise AnytimeError(
                f"trace store {self._path} was written by a version that keeps "
                f"{about['format']!r}: name another file"
            )
        if about["model"] != model:
            raise _other_model(self._path, about["model"], model)

    def _read_in(self, file: Path, model: str) -> None:
        """Take over the texts of a store of an earlier version, once for each of its sizes."""
        read = (f"read {file.name}", str(file.stat().st_size))
        if read in self._db.execute("SELECT name, value FROM about"):
            return
        self.add(dict(_read_lines(file, model)))
        with self._writing():
            self._db.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", read)
        log.warning(
            "%s is a trace store of an earlier version: its traces were read into %s, which is "
            "used from now on",
            file,
            self._path,
        )

    @contextmanager
    def _one_sentence(self) -> Iterator[None]:
        """Say what is wrong with the file, whatever finds it."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB:
                reason = f"{self._path} is no trace store: name another file"
            else:
                reason = f"trace store {self._path} cannot be used: {error}"
            raise AnytimeError(reason) from None
        except OSError as error:
            reason = error.strerror or str(error)
            raise AnytimeError(f"trace store {self._path} cannot be used: {reason}") from None

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction that no other run's comes into."""
        with self._turn, self._one_sentence():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def kept(self, keys: Iterable[str]) -> dict[str, str]:
        """The texts of those requests that have one."""
        found: dict[str, str] = {}
        with self._turn, self._one_sentence():
            for part in _parts(keys):
                rows = self._db.execute(
                    f"SELECT key, text FROM traces WHERE key IN ({_marks(part)})", part
                )
                found.update((key, _text(blob)) for key, blob in rows)
        return found

    def __len__(self) -> int:
        """How many texts are kept."""
        with self._turn, self._one_sentence():
            return int(self._db.execute("SELECT count(*) FROM traces").fetchone()[0])

    def claim(self, keys: Collection[str]) -> set[str]:
        """Take on the requests that are neither answered nor asked by a run that lives."""
        dead = self._dead_runs()
        mine: set[str] = set()
        with self._writing():
            self._db.executemany("DELETE FROM claims WHERE run = ?", [(run,) for run in dead])
            self._db.executemany(
                "INSERT OR IGNORE INTO claims SELECT ?1, ?2 "
                "WHERE NOT EXISTS (SELECT 1 FROM traces WHERE key = ?1)",
                [(key, self._run) for key in keys],
            )
            for part in _parts(keys):
                rows = self._db.execute(
                    f"SELECT key FROM claims WHERE run = ? AND key IN ({_marks(part)})",
                    [self._run, *part],
                )
                mine.update(key for (key,) in rows)
        return mine

    def add(self, texts: Mapping[str, str]) -> None:
        """Keep finished generations; a kill does not lose them once this returns."""
        with self._writing():
            rows = [(key, text.encode(errors="surrogatepass")) for key, text in texts.items()]
            self._db.executemany("INSERT OR REPLACE INTO traces VALUES (?, ?)", rows)
            self._db.executemany("DELETE FROM claims WHERE key = ?", [(key,) for key in texts])

    def forget(self, keys: Iterable[str]) -> None:
        """Drop texts that are no answers."""
        if rows := [(key,) for key in keys]:
            with self._writing():
                self._db.executemany("DELETE FROM traces WHERE key = ?", rows)

    def give_up(self) -> None:
        """Let other runs ask what this one claimed and got no answer to."""
        with self._writing():
            self._db.execute("DELETE FROM claims WHERE run = ?", [self._run])

    def _dead_runs(self) -> list[str]:
        with self._turn, self._one_sentence():
            runs = [run for (run,) in self._db.execute("SELECT DISTINCT run FROM claims")]
        return [run for run in runs if run != self._run and self._ended(run)]

    def _ended(self, run: str) -> bool:
        lock = self._lock_of(run)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            return False
        lock.release()
        Path(lock.lock_file).unlink(missing_ok=True)
        return True

    def _lock_of(self, run: str) -> FileLock:
        return FileLock(self._path.with_name(f"{self._path.name}.{run}.lock"))

    def __enter__(self) -> TraceStore:
        """Nothing more to do."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give back what was claimed, and close the file."""
        try:
            if error is None or isinstance(error, AnytimeError | KeyboardInterrupt):
                self.give_up()
        finally:
            self._ending.close()


def _parts(keys: Iterable[str]) -> Iterator[list[str]]:
    waiting = iter(keys)
    while part := list(islice(waiting, AT_ONCE)):
        yield part


def _marks(part: Collection[str]) -> str:
    return ", ".join("?" * len(part))


def _text(blob: bytes) -> str:
    return blob.decode(errors="surrogatepass")  # which some back ends return


def _other_model(path: Path, found: object, model: str) -> AnytimeError:
    return AnytimeError(
        f"trace store {path} holds traces of {found}, not of {model}: name another file"
    )


# Stores of earlier versions.


def _files_of_lines(path: Path) -> list[Path]:
    """The store of that path and, of runs in several processes, one for each further rank."""
    files = [path, *sorted(path.parent.glob(f"{glob.escape(path.name)}.rank*"))]
    return [file for file in files if _holds_lines(file)]


def _holds_lines(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(1) == b"{"
    except OSError:
        return False


def _read_lines(path: Path, model: str) -> Iterator[tuple[str, str]]:
    """Keys and texts; a last line that a kill tore is dropped."""
    content = path.read_bytes()
    end = content.rfind(b"\n") + 1
    if end < len(content):
        log.warning("%s: the last line was torn by a kill and is dropped", path)
    for number, line in enumerate(content[:end].splitlines(), 1):
        try:
            record = json.loads(line)
            if number > 1:
                yield record["key"], record["text"]
                continue
            found, kind = record["model"], record["format"]
        except (ValueError, KeyError, TypeError):
            raise AnytimeError(
                f"trace store {path} is damaged in line {number}: name another file, or remove "
                f"that line"
            ) from None
        if kind != LINES:
            raise AnytimeError(f"{path} is no trace store: name another file")
        if found != model:
            raise _other_model(path, found, model)


@contextmanager
def opened(path: str | Path | None, lm: Any) -> Iterator[TraceStore | None]:
    """The store of that path, None where none is named; all ranks of a run share it."""
    if path is None:
        yield None
        return
    with TraceStore(Path(path).expanduser(), model_name(lm)) as store:
        yield store


def remove(path: Path) -> None:
    """Remove a store that no run has open, whether there is one or not."""
    for ending in ("", "-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def model_name(lm: Any) -> str:
    """What tells this model from others: its class, and the name it was loaded by.

    Not the address of its server, which may have moved between two runs.
    """
    for attribute in ("identity", "pretrained", "model"):
        value = getattr(lm, attribute, None)
        if isinstance(value, str):
            return f"{type(lm).__name__} {value}"
    return f"{type(lm).__name__} {loaded_from(lm)}".strip()
