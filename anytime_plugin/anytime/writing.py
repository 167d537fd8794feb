"""Files that appear under their name when they are whole."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from anytime.errors import AnytimeError
from anytime.places import is_remote

__all__ = ["make_folder", "whole_file", "write_lines"]


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Write under another name, which becomes `path` at the end; nothing is left of a failure.

    What a killed process of this machine left under such a name goes, too.

    Raises:
        AnytimeError: The file cannot be written.
    """
    if is_remote(path):
        with _sent_whole(path) as partial:
            yield partial
        return
    real = Path(os.path.realpath(path))  # what a link leads to is written, and the link stays
    # With a dot in front, by which readers of a folder as one dataset pass it over.
    partial = real.with_name(f".{real.name}.{_here()}-{os.getpid()}.part")
    _forget_killed(real)
    try:
        yield partial
        partial.replace(real)
    except OSError as error:
        raise AnytimeError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        with suppress(OSError):  # where nothing can be written nothing can be removed
            partial.unlink(missing_ok=True)


def _here() -> str:
    """This machine in names of files: several may write into one folder."""
    return "".join(c for c in platform.node() if c.isalnum()) or "here"


def _forget_killed(real: Path) -> None:
    """Remove the parts of processes that were killed while they wrote this very file."""
    if os.name != "posix":  # elsewhere signal 0 is no question
        return
    part = re.compile(rf"\.{re.escape(real.name)}\.{_here()}-(\d+)\.part")
    with suppress(OSError):
        for file in real.parent.iterdir():
            if (found := part.fullmatch(file.name)) and not _lives(int(found[1])):
                file.unlink(missing_ok=True)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # somebody else's
        pass
    return True


@contextmanager
def _sent_whole(path: Path) -> Iterator[Path]:
    """Write here, and send it elsewhere at the end: archives and tables cannot be sent in parts."""
    with tempfile.TemporaryDirectory(prefix="anytime-") as folder:
        partial = Path(folder, path.name)
        yield partial
        try:
            with partial.open("rb") as made, path.open("wb") as sent:
                shutil.copyfileobj(made, sent, 1 << 20)
        except Exception as error:  # of whatever library reaches that place
            told = getattr(error, "strerror", None) or error
            raise AnytimeError(f"{path} cannot be written: {told}") from None


def make_folder(folder: Path) -> None:
    """Make a directory where there is none.

    Raises:
        AnytimeError: It cannot be made.
    """
    if is_remote(folder):  # where names of files make folders
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AnytimeError(f"{folder} cannot be made: {error.strerror or error}") from None


def write_lines(path: Path, records: Iterable[Mapping[str, Any]]) -> int:
    """Write records as JSON lines, all or nothing.

    Returns:
        How many.

    Raises:
        AnytimeError: The file cannot be written.
    """
    count = 0
    with whole_file(path) as partial, partial.open("w", encoding="utf-8") as file:
        for count, record in enumerate(records, 1):  # noqa: B007
            # Escapes keep lone surrogates, which some back ends return, writable.
            file.write(json.dumps(record) + "\n")
    return count
