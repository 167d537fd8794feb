"""JSON lines that gzip packed, read as if they were not: `samples_X.jsonl.gz`."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from anytime import places
from anytime.errors import AnytimeError

__all__ = ["is_packed", "opened", "unpacked"]

GZIP = b"\x1f\x8b"
SUFFIX = ".gz"
LARGEST_UNPACKED = 1 << 30
"""Bytes that a packed file may hold: a small one may unpack to more than any disk takes."""


def unpacked(path: Path) -> Path:
    """The name of a file without that of its packing."""
    packed = path.name.endswith(f".jsonl{SUFFIX}")
    return path.with_name(path.name.removesuffix(SUFFIX)) if packed else path


def is_packed(path: Path) -> bool:
    """Whether a file is unpacked while it is read: named so, and packed indeed."""
    if unpacked(path) == path:
        return False
    with places.opened(path, len(GZIP)) as file:
        return file.read(len(GZIP)) == GZIP


@contextmanager
def opened(path: Path, block: int = places.BLOCK) -> Iterator[IO[bytes]]:
    """Open a file to be read, unpacked where it is packed.

    Args:
        path: The file, wherever it lies.
        block: Bytes that are fetched at least, as in `places.opened`.

    Raises:
        AnytimeError: While it is read: the packing is damaged, or holds too much.
        OSError: It cannot be opened.
    """
    with places.opened(path, block) as file:
        if not is_packed(path):
            yield file
            return
        with gzip.GzipFile(fileobj=file) as packed, io.BufferedReader(_Bounded(packed, path)) as it:
            yield it


class _Bounded(io.RawIOBase):
    """What a packed file holds, no further than the bound."""

    def __init__(self, packed: gzip.GzipFile, path: Path) -> None:
        super().__init__()
        self._packed = packed
        self._path = path

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._packed.seek(offset, whence)

    def tell(self) -> int:
        return self._packed.tell()

    def readinto(self, buffer: object) -> int:
        view = cast(memoryview, buffer)
        try:
            data = self._packed.read1(len(view))  # what there is before any damage
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise AnytimeError(
                f"{self._path} is damaged: it does not unpack to its end; make it again from what "
                f"was packed"
            ) from None
        if self._packed.tell() > LARGEST_UNPACKED:
            raise AnytimeError(
                f"{self._path} holds more than {LARGEST_UNPACKED >> 20} MiB: unpack it and name "
                f"what is in it"
            )
        view[: len(data)] = data
        return len(data)
