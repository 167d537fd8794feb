"""Finished Inspect logs, read sample by sample.

Inspect's own readers parse and validate all of a sample, and most of it is the transcript, which
nobody looks at here. So `.eval` archives are opened directly, and of each sample what comes before
the transcript is parsed: several times faster.
"""

from __future__ import annotations

import functools
import json
import os
import sys
import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.archive import (
    BEHIND_TRANSCRIPT,
    HEADER_MEMBER,
    RESULTS,
    START_MEMBER,
    SUMMARIES_MEMBER,
    TRANSCRIPT,
    TROUBLE,
    VERSION,
    is_sample_member,
    sample_member,
)
from anytime.hosts.inspect_ai.records import KEY, Record, record_in
from anytime.hosts.inspect_ai.recovered import restored
from anytime.logs.inspect_ai.raw_samples import RawSample, between, raw_sample
from anytime.places import opened

if sys.version_info < (3, 14):
    import zipfile_zstd  # noqa: F401  # Inspect packs so, which `zipfile` did not know

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog

__all__ = [
    "InspectLog",
    "LoggedSample",
    "Place",
    "archive_of",
    "reading",
]

UNPACKED = "ANYTIME_MAX_UNPACKED_MIB"
"""How large a part of an archive may be; some megabytes can hold a gigabyte of one letter."""

_PART = 1 << 16
"""Bytes of a sample that are looked at at once."""

Place = tuple[str | int, int]
"""A sample's id and epoch."""


class LoggedSample(NamedTuple):
    """What is looked at of a sample.

    Attributes:
        id: Of the sample.
        epoch: Which of its traces it is.
        metadata: The problem stands there.
        store: The checkpoints stand there.
        output: The model's output, as JSON values; None where it was passed over.
        scores: As JSON values by scorer; None where it was not scored.
        failed: Why its run has no result, in words; None where it has one.
        limit: The kind of limit it was stopped by, if any.
    """

    id: str | int
    epoch: int
    metadata: Mapping[str, Any]
    store: Mapping[str, Any]
    output: Mapping[str, Any] | None
    scores: Mapping[str, Any] | None
    failed: str | None
    limit: str | None

    def record(self) -> Record | None:
        """The checkpoints; None where `anytime/budget` did not finish.

        Raises:
            AnytimeError: They are damaged.
        """
        try:
            return record_in(self.store.get(KEY))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise AnytimeError(
                f"sample {self.id}, epoch {self.epoch}, is damaged: its checkpoints cannot be read "
                f"({' '.join(str(error).split())[:200]})"
            ) from None


class InspectLog:
    """A log that samples are read from, one at a time.

    A `.json` log, which is one JSON object, is read as a whole and takes its own size and more; an
    `.eval` log does not.

    Args:
        path: The log, whatever its name.

    Attributes:
        path: The log.
        format: What it is.
        head: All but the samples, as JSON values.

    Raises:
        AnytimeError: It cannot be read, or is no log.
    """

    def __init__(self, path: Path) -> None:
        """Read the header."""
        self.path = path
        self.format = _format(path)
        with reading(path):
            if self.format == "eval":
                _check_sizes(path)
            self.head = _head(path, self.format)

    @functools.cached_property
    def header(self) -> EvalLog:
        """All but the samples, as Inspect itself reads it.

        Raises:
            AnytimeError: It cannot be read.
        """
        with reading(self.path):
            return _header(self.path, self.format)

    @property
    def expected(self) -> list[Place]:
        """The samples its run set out to do, a problem's own one after another.

        Raises:
            AnytimeError: They are not told as Inspect tells them.
        """
        with reading(self.path):
            run = self.head["eval"]
            epochs = (run.get("config") or {}).get("epochs") or 1
            ids = (run.get("dataset") or {}).get("sample_ids") or []
            return [(id_, epoch) for id_ in ids for epoch in range(1, epochs + 1)]

    def samples(self) -> Iterator[LoggedSample]:
        """All samples: those expected in their order, then what else there is.

        Outputs are passed over where that saves time.
        """
        with reading(self.path):
            if self.format == "json":
                held = {(raw["id"], raw["epoch"]): raw for raw in self._whole()}
                for place in dict.fromkeys([*self.expected, *held]):
                    if place in held:
                        yield _sample(restored(held.pop(place)))
                return
            with archive_of(self.path) as archive:
                names = dict.fromkeys(name for name in archive.namelist() if is_sample_member(name))
                sound = self._sound(archive)
                for place in self.expected:
                    if (name := sample_member(*place)) in names:
                        del names[name]
                        found = _front(archive, name, place) if place in sound else None
                        found = found or _parsed(archive.read(name), place)
                        yield _sample(_completed(found, archive, name))
                for name in names:
                    yield _sample(_completed(_parsed(archive.read(name)), archive, name))

    def some(self, places: Collection[Place]) -> Iterator[LoggedSample]:
        """Samples by their places, in that order.

        Raises:
            AnytimeError: One of them is missing, or damaged.
        """
        with reading(self.path):
            if self.format == "json":
                held = {(raw["id"], raw["epoch"]): raw for raw in self._whole()}
                for place in places:
                    yield _sample(restored(held[place]))
                return
            with archive_of(self.path) as archive:
                for place in places:
                    name = sample_member(*place)
                    yield _sample(_completed(_parsed(archive.read(name)), archive, name))

    def raw(self) -> Iterator[RawSample]:
        """All samples as they are to be written again, in the order they were written."""
        with reading(self.path):
            if self.format == "json":
                for fields in self._whole():
                    yield RawSample("", fields, b"")
                return
            with archive_of(self.path) as archive:
                for name in dict.fromkeys(filter(is_sample_member, archive.namelist())):
                    yield raw_sample(name, archive.read(name))

    def batches(self, count: int, size: int) -> Iterator[tuple[str, ...]]:
        """The members of an archive that are samples, in the order they were written.

        Args:
            count: So many together at most.
            size: And so many bytes, unless one takes more.
        """
        sizes = {one.filename: one.file_size for one in self.members}
        batch: list[str] = []
        filled = 0
        for name, taken in sizes.items():
            if batch and (len(batch) == count or filled + taken > size):
                yield tuple(batch)
                batch, filled = [], 0
            batch.append(name)
            filled += taken
        if batch:
            yield tuple(batch)

    def packing(self) -> int:
        """How the samples of an archive are packed, as the ZIP format numbers it."""
        return self.members[0].compress_type

    @functools.cached_property
    def members(self) -> list[zipfile.ZipInfo]:
        """The members of an archive that are samples."""
        with reading(self.path), archive_of(self.path) as archive:
            return [one for one in archive.infolist() if is_sample_member(one.filename)]

    def one(self, id_: str | int, epoch: int) -> RawSample:
        """One sample, as `raw` gives it."""
        with reading(self.path):
            if self.format == "json":
                held = (raw for raw in self._whole() if (raw["id"], raw["epoch"]) == (id_, epoch))
                return RawSample("", next(held), b"")
            with archive_of(self.path) as archive:
                name = sample_member(id_, epoch)
                return raw_sample(name, archive.read(name))

    def _sound(self, archive: zipfile.ZipFile) -> set[Place]:
        """Samples of which the summaries tell that nothing is amiss behind their transcripts.

        An empty set where all samples are too small for that to save anything.
        """
        sizes = [one.file_size for one in archive.infolist() if is_sample_member(one.filename)]
        if max(sizes, default=0) <= _PART or self.head.get("invalidated"):
            return set()
        if SUMMARIES_MEMBER not in archive.namelist():
            return set()
        try:
            return {
                (one["id"], one["epoch"])
                for one in json.loads(archive.read(SUMMARIES_MEMBER))
                if one.get("completed") and not (one.get("error") or one.get("limit"))
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            return set()  # samples are read as a whole, and tell themselves

    def _whole(self) -> list[dict[str, Any]]:
        raw: list[dict[str, Any]] = json.loads(self.path.read_bytes()).get("samples") or []
        return raw


def _front(archive: zipfile.ZipFile, name: str, place: Place) -> dict[str, Any] | None:
    """What stands before the transcript, which is not fetched; None where it is not found so."""
    data = bytearray()
    with archive.open(name) as member:
        while part := member.read(_PART):
            seen = max(0, len(data) - len(TRANSCRIPT))
            data += part
            if (end := data.find(TRANSCRIPT, seen)) > 0:
                begin = data.find(RESULTS, 0, end)
                found = between(bytes(data), begin + 1, end) if begin > 0 else None
                return found and found | {"id": place[0], "epoch": place[1]}
    return None


def _parsed(data: bytes, place: Place | None = None) -> dict[str, Any]:
    """A sample's fields, as far as they are looked at; where its place is known, without output."""
    end = data.find(TRANSCRIPT)
    behind = max(end, data.find(BEHIND_TRANSCRIPT, end))
    if end > 0 and not any(data.find(mark, behind) > 0 for mark in TROUBLE):
        begin = data.find(RESULTS, 0, end)
        if place is not None and begin > 0:
            found = between(data, begin + 1, end)
            if found is not None:
                return found | {"id": place[0], "epoch": place[1]}
        found = between(data, 1, end)
        if found is not None:
            return found
    whole: dict[str, Any] = json.loads(data)
    return whole


def _completed(fields: dict[str, Any], archive: zipfile.ZipFile, name: str) -> dict[str, Any]:
    """A sample with what Inspect left out when it recovered it, for which all of it is parsed."""
    return fields if fields.get("store") else restored(json.loads(archive.read(name)))


def _sample(raw: Mapping[str, Any]) -> LoggedSample:
    failed = "ended with an error" if raw.get("error") else None
    if raw.get("invalidation"):
        failed = "marked as invalid"
    return LoggedSample(
        id=raw["id"],
        epoch=raw["epoch"],
        metadata=raw.get("metadata") or {},
        store=raw.get("store") or {},
        output=raw.get("output"),
        scores=raw.get("scores"),
        failed=failed,
        limit=(raw.get("limit") or {}).get("type"),
    )


def _head(path: Path, written: Literal["eval", "json"]) -> dict[str, Any]:
    """The header, without an import of Inspect where it is written as it is today."""
    head: Any
    if written == "json":
        head = json.loads(path.read_bytes())
    else:
        with archive_of(path) as archive:
            whole = HEADER_MEMBER in archive.namelist()
            head = json.loads(archive.read(HEADER_MEMBER if whole else START_MEMBER))
    version = head.get("version", 1)
    if isinstance(version, int) and version > VERSION:
        raise AnytimeError(
            f"log {path} is of version {version} of Inspect's format, and {VERSION} is the latest "
            f"that is known here: pip install -U inspect-ai anytime-eval"
        )
    if version != VERSION or "eval_id" not in head["eval"]:  # of an older Inspect
        head = _header(path, written).model_dump(mode="json", exclude_none=True)
    head.pop("samples", None)
    return cast(dict[str, Any], head)


def _header(path: Path, written: Literal["eval", "json"]) -> EvalLog:
    from inspect_ai.log import read_eval_log

    try:
        return read_eval_log(str(path), header_only=True, format=written)
    except AssertionError:  # a `.json` log without `stats`, which a whole reading does not miss
        if written != "json":
            raise
    whole = read_eval_log(str(path), format=written)
    whole.samples = None
    return whole


def _check_sizes(path: Path) -> None:
    """Refuse an archive with a member that takes much memory, before anything is unpacked."""
    allowed = _allowed()
    with archive_of(path) as archive:
        large = max(archive.infolist(), key=lambda member: member.file_size, default=None)
    if large is not None and large.file_size > allowed << 20:
        size = -(-large.file_size >> 20)
        raise AnytimeError(
            f"log {path} holds {large.filename}, which takes {size} MiB unpacked, and {allowed} "
            f"are allowed: if you know where it is from, {UNPACKED}={size} allows it"
        )


def _allowed() -> int:
    given = os.environ.get(UNPACKED, "")
    if given.isascii() and given.isdigit():
        return int(given)
    if given:
        raise AnytimeError(f"{UNPACKED} is a whole number of MiB, not {given!r}")
    return 256


def _format(path: Path) -> Literal["eval", "json"]:
    with reading(path), opened(path, 1 << 10) as file:
        return "eval" if file.read(2) == b"PK" else "json"


@contextmanager
def archive_of(path: Path) -> Iterator[zipfile.ZipFile]:
    """An `.eval` log as the archive it is."""
    with opened(path) as file, zipfile.ZipFile(file) as archive:
        yield archive


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say in one sentence what is wrong with a log that is read inside.

    Raises:
        AnytimeError: It cannot be read, or is none.
    """
    try:
        yield
    except AnytimeError:
        raise
    except OSError as error:
        raise AnytimeError(f"log {path} cannot be read: {error.strerror or error}") from None
    except Exception:  # whatever the parsers that Inspect calls make of what is no log
        raise AnytimeError(f"{path} is no log of Inspect AI, or a damaged one") from None
