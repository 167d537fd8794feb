"""Reads samples of an archive by their members, in whatever process."""

from __future__ import annotations

import os
import zipfile
import zlib
from contextlib import ExitStack
from typing import IO

from anytime.logs.inspect_ai.log_file import InspectLog, archive_of
from anytime.logs.inspect_ai.packing import ZSTANDARD, unpacked_zstandard
from anytime.logs.inspect_ai.raw_samples import RawSample, raw_sample
from anytime.places import opened

__all__ = ["SampleReader"]

_HEADER = 30
"""Bytes of what stands before a member, in front of its name."""


class SampleReader:
    """Reads samples of an archive by their members, in whatever process.

    What the archive holds is looked up once, not by every process; `zipfile` takes three times as
    long for a member. It reads those that are in any way unusual, and says what is wrong with them.

    Args:
        log: The archive.
    """

    def __init__(self, log: InspectLog) -> None:
        """Open nothing yet."""
        self._path = log.path
        self._members = {one.filename: one for one in log.members}
        self._opened = ExitStack()
        self._file: IO[bytes] | None = None
        self._archive: zipfile.ZipFile | None = None
        self._owner = 0

    def __enter__(self) -> SampleReader:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close what this process opened."""
        self._opened.close()

    def __call__(self, name: str) -> RawSample:
        """A sample, as `InspectLog.raw` gives it."""
        if self._file is None or self._owner != os.getpid():
            # Files that a fork shares have one position.
            self._opened = ExitStack()
            self._file = self._opened.enter_context(opened(self._path))
            self._owner, self._archive = os.getpid(), None
        data = _unpacked(self._file, self._members[name])
        if data is None:
            if self._archive is None:
                self._archive = self._opened.enter_context(archive_of(self._path))
            data = self._archive.read(name)
        return raw_sample(name, data)


def _unpacked(file: IO[bytes], member: zipfile.ZipInfo) -> bytes | None:
    """What a member holds; None where it is not as the archive's directory says."""
    file.seek(member.header_offset)
    header = file.read(_HEADER)
    if len(header) < _HEADER or header[:4] != b"PK\3\4" or member.flag_bits & 1:
        return None
    before = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    packed = file.read(before + member.compress_size)[before:]
    data = None
    if member.compress_type == ZSTANDARD:
        data = unpacked_zstandard(packed, member.file_size)
    elif member.compress_type == zipfile.ZIP_DEFLATED:
        try:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, member.file_size + 1)
        except zlib.error:
            return None
    if data is None or len(data) != member.file_size or zlib.crc32(data) != member.CRC:
        return None
    return data
