"""Members of an archive that are packed in one process and written in another.

`zipfile` packs where it writes, which would leave the most expensive part of writing to the one
process that has the archive open.
"""

from __future__ import annotations

import sys
import time
import zipfile
import zlib
from typing import NamedTuple

__all__ = ["ZSTANDARD", "Packed", "append", "packed", "unpacked_zstandard"]

ZSTANDARD = 93
"""As Inspect has packed since 2025; the number is that of the ZIP format."""

_FAST = 2
_ATTRIBUTES = 0o600 << 16  # as `zipfile` writes them


class Packed(NamedTuple):
    """A member, packed.

    Attributes:
        name: Of the member.
        kind: How it is packed, as the ZIP format numbers it.
        checksum: Of what was packed.
        size: So many bytes were.
        data: What became of them.
    """

    name: str
    kind: int
    checksum: int
    size: int
    data: bytes


def packed(name: str, data: bytes, kind: int) -> Packed:
    """Pack a member: as Inspect does today where `kind` is `ZSTANDARD`, else by deflate.

    Without threads, which Inspect's own writer starts for every member.
    """
    if kind == ZSTANDARD:
        return Packed(name, kind, zlib.crc32(data), len(data), _zstandard(data))
    squeezed = zlib.compressobj(_FAST, zlib.DEFLATED, -zlib.MAX_WBITS)
    done = squeezed.compress(data) + squeezed.flush()
    return Packed(name, zipfile.ZIP_DEFLATED, zlib.crc32(data), len(data), done)


def unpacked_zstandard(data: bytes, size: int) -> bytes | None:
    """What was packed in one piece, of no more than so many bytes; None where it is not so."""
    try:
        return _unzstandard(data, size)
    except _Damaged:
        return None


if sys.version_info >= (3, 14):
    from compression import zstd

    _Damaged = zstd.ZstdError

    def _zstandard(data: bytes) -> bytes:
        return zstd.compress(data, level=1)

    def _unzstandard(data: bytes, size: int) -> bytes | None:
        if zstd.get_frame_info(data).decompressed_size not in (size, None):
            return None
        return zstd.ZstdDecompressor().decompress(data, size + 1)
else:
    import zstandard

    _Damaged = zstandard.ZstdError
    _UNTOLD = -1  # by Inspect's writer, which does not know it when it begins
    _PACKS, _UNPACKS = zstandard.ZstdCompressor(level=1), zstandard.ZstdDecompressor()

    def _zstandard(data: bytes) -> bytes:
        return _PACKS.compress(data)

    def _unzstandard(data: bytes, size: int) -> bytes | None:
        if zstandard.frame_content_size(data) not in (size, _UNTOLD):
            return None
        return _UNPACKS.decompress(data, max_output_size=size)


def append(archive: zipfile.ZipFile, member: Packed) -> None:
    """Write a packed member behind those that an archive holds; `archive` is open for writing."""
    about = zipfile.ZipInfo(member.name, time.localtime()[:6])
    about.compress_type, about.external_attr = member.kind, _ATTRIBUTES
    about.CRC, about.file_size, about.compress_size = member.checksum, member.size, len(member.data)
    file = archive.fp
    assert file is not None
    about.header_offset = file.tell()
    file.write(about.FileHeader())
    file.write(member.data)
    archive.start_dir = file.tell()
    archive.filelist.append(about)
    archive.NameToInfo[about.filename] = about
