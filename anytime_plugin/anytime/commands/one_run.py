"""The one run that a command is given: `compare` and `plan` take one a file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anytime.commands.terminal import Watched, tell, tell_skipped
from anytime.errors import AnytimeError

if TYPE_CHECKING:
    from anytime.results.loading import LoadedRun

__all__ = ["open_one"]


def open_one(
    path: Path, columns: dict[str, str] | None, scorer: str | None, named: dict[str, Any]
) -> LoadedRun:
    """Read the one run of a file, or what one of its scorers said, and tell what is doubtful of it.

    Args:
        path: The file.
        columns: Of a table of somebody else's.
        scorer: The scorer that was named.
        named: Options of the index in place of its own.

    Raises:
        AnytimeError: It cannot be read, holds several runs, or several curves and none was named.
    """
    from anytime.logs.opening import open_runs
    from anytime.results.loading import loaded

    runs = open_runs([path], columns)
    if len(runs) != 1:
        raise AnytimeError(f"{path} holds {len(runs)} runs: name the file of one")
    found = loaded(Watched(runs[0], named), columns)
    log = found[0].info.log
    tell_skipped(log, Counter(found[0].skipped))
    scorers = ", ".join(one.key.scorer for one in found)
    if scorer is not None:
        found = [one for one in found if one.key.scorer == scorer]
        if not found:
            raise AnytimeError(f"{path} has no curve of the scorer {scorer}: there is {scorers}")
    if len(found) != 1:
        raise AnytimeError(f"{path} holds several curves: name one with --scorer, of {scorers}")
    (one,) = found
    for sentence in one.doubts:
        tell(f"{log}: {sentence}")
    return one
