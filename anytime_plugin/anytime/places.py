"""Where files lie: paths of this machine, and whatever place fsspec knows (`s3://`, `gs://`, ...).

A place is used as a `pathlib.Path` is. Those of other machines are `UPath`s of universal-pathlib,
which Inspect AI uses for the same; they have all the methods that are called here.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import IO, Any, cast
from urllib.parse import unquote, urlsplit

from anytime.errors import AnytimeError

__all__ = [
    "BLOCK",
    "absolute",
    "expanded",
    "is_remote",
    "log_dir",
    "name_of",
    "opened",
    "place",
    "same_place",
]

BLOCK = 1 << 18
"""Bytes that are fetched at least of a file elsewhere: what is read here stands close together."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(//.*)", re.DOTALL)

_EXTRAS = {"gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs", "abfss": "adlfs"}
"""What fsspec needs for a protocol that no harness needs."""


def place(name: str | os.PathLike[str]) -> Path:
    """What a user named: a path, or a URL of any place that fsspec knows.

    Raises:
        AnytimeError: Nobody knows such places, or a package for them is not installed.
    """
    url = _URL.fullmatch(name) if isinstance(name, str) else None
    if url is None:
        # What is no path of this machine is a place already.
        return Path(name).expanduser() if isinstance(name, str | Path) else cast(Path, name)
    protocol = url[1].lower()
    if protocol in ("file", "local"):
        return Path(unquote(urlsplit(str(name)).path))
    from upath import UPath

    try:
        made = UPath(f"{protocol}:{url[2]}")
        made.fs  # noqa: B018  # whether it can be reached at all
    except ImportError as error:
        package = _EXTRAS.get(protocol)
        told = f"pip install {package}" if package else str(error)
        raise AnytimeError(f"{name}: what reads {protocol}:// is not installed: {told}") from None
    except ValueError as error:
        raise AnytimeError(f"{name}: {error}") from None
    return cast(Path, made)


def is_remote(path: Path) -> bool:
    """Whether a place is on another machine, or another kind of place on this one."""
    return not isinstance(path, Path)


def expanded(path: Path) -> list[Path]:
    """What a pattern stands for where no shell has looked: files elsewhere; itself if it is none.

    Raises:
        AnytimeError: Nothing is like it.
    """
    if not is_remote(path) or not re.search(r"[*?\[]", str(path)) or path.exists():
        return [path]
    remote = cast(Any, path)
    found = sorted(remote.fs.glob(remote.path))
    if not found:
        raise AnytimeError(f"nothing is named like {path}")
    return [place(remote.fs.unstrip_protocol(one)) for one in found]


def opened(path: Path, block: int = BLOCK) -> IO[bytes]:
    """Open a file for reading; of one elsewhere only what is read is fetched, in blocks."""
    if not is_remote(path):
        return path.open("rb")
    return cast(IO[bytes], cast(Any, path).open("rb", block_size=block))


def log_dir() -> Path:
    """Where finished runs are looked for when none is named, as `inspect view` does.

    Raises:
        AnytimeError: There is no such place.
    """
    named = os.environ.get("INSPECT_LOG_DIR")
    folder = place(named or "logs")
    if not folder.exists():
        if named:
            raise AnytimeError(f"INSPECT_LOG_DIR names {folder}, which is not there")
        raise AnytimeError("name a finished run, or stand where logs/ is")
    return folder


def same_place(path: Path) -> str:
    """What two names of one file have in common."""
    # `resolve` fails at a link to itself.
    return str(path) if is_remote(path) else os.path.realpath(path)


def absolute(path: Path) -> str:
    """The place as another process finds it."""
    return str(path) if is_remote(path) else str(path.resolve())


def name_of(text: str) -> str:
    """The last part of a place that stands in a record, without its ending."""
    return Path(text.rpartition("/")[2] if _URL.fullmatch(text) else text).stem
