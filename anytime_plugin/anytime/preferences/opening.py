"""From what a user names to a pool: a pool file, a finished run of any harness, or a folder."""

from __future__ import annotations

from pathlib import Path

from anytime.errors import AnytimeError
from anytime.harnesses import (
    compression,
    files_of_harnesses,
    harness_of,
    logs_of,
    read_head,
)
from anytime.packed import is_packed
from anytime.places import place
from anytime.preferences.pool import Pool, merged
from anytime.preferences.pool_file import PoolFile, is_pool_file

__all__ = ["open_pool", "open_pools"]


def open_pool(name: str | Path) -> Pool:
    """What a name stands for, as one pool.

    Args:
        name: A pool file; a finished run of any harness, by its log or by another file of it; a
            folder of finished runs, which must be of one model, domain and grid.

    Raises:
        AnytimeError: It cannot be read, or holds no pool.
    """
    return merged(open_pools(name))


def open_pools(name: str | Path) -> list[Pool]:
    """What a name stands for, a pool for each run.

    Raises:
        AnytimeError: As `open_pool`.
    """
    path = place(name)
    if path.is_dir():
        return [_open(log) for log in logs_of(path)]
    return [_open(path)]


def _open(path: Path) -> Pool:
    # Of a file that is missing a harness says itself what is wrong, if the name is one of its own.
    head = read_head(path) if path.exists() else b""
    if is_pool_file(path):
        return PoolFile(path)
    if b'"format": "anytime pair' in head.partition(b"\n")[0]:
        raise AnytimeError(f"{path} holds pairs already: name the log that they are built from")
    harness = harness_of(path, head)
    if harness is None:
        read_head(path)
        if how := "gzip" if is_packed(path) else compression(head):
            raise AnytimeError(f"{path} is compressed ({how}): unpack it and name what is in it")
        raise AnytimeError(f"{path} is no run: name {files_of_harnesses()}, or a pool of anytime")
    return harness.open_pool(path)
