"""Files that appear under their name when they are whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from anytime.errors import AnytimeError

__all__ = ["make_folder", "whole_file", "write_lines"]


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Write under another name, which becomes `path` at the end; nothing is left of a failure.

    Raises:
        AnytimeError: The file cannot be written.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield partial
        partial.replace(path)
    except OSError as error:
        raise AnytimeError(f"{path} cannot be written: {error.strerror or error}") from None
    finally:
        with suppress(OSError):  # where nothing can be written nothing can be removed
            partial.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a directory where there is none.

    Raises:
        AnytimeError: It cannot be made.
    """
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
