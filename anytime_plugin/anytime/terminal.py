"""What the commands of `anytime` share: where they write, and how they speak."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from anytime.errors import AnytimeError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

__all__ = ["action", "check_output", "console", "progress", "tell", "tell_skipped"]


def action(actions: Any, name: str, about: str, text: str, run: Any) -> argparse.ArgumentParser:
    """Add a command whose help is printed as it is written."""
    parser: argparse.ArgumentParser = actions.add_parser(
        name,
        help=about,
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def check_output(chosen: argparse.Namespace) -> None:
    """Find out before anything is read what would stop the writing.

    Args:
        chosen: With `output`, `force` and `logs`.

    Raises:
        AnytimeError: It would be stopped.
    """
    output: Path = chosen.output
    if output.is_dir():
        raise AnytimeError(f"{output} is a directory: name a file to write")
    if not output.parent.is_dir():
        raise AnytimeError(f"there is no directory {output.parent} to write {output.name} into")
    if output.exists():
        if any(log.exists() and output.samefile(log) for log in chosen.logs):
            raise AnytimeError(f"{output} is one of the logs: name another file to write")
        if not chosen.force:
            raise AnytimeError(f"{output} is there already: name another file, or add --force")


def tell(sentence: str) -> None:
    """Say something that is no result."""
    print(f"anytime: {sentence}", file=sys.stderr)


def tell_skipped(source: str, skipped: Counter[str]) -> None:
    """Say which samples of a log were left out, and why."""
    if skipped:
        reasons = ", ".join(f"{count} {reason}" for reason, count in skipped.items())
        noun = "sample" if skipped.total() == 1 else "samples"
        tell(f"{skipped.total()} {noun} of {source} left out: {reasons}")


def progress(items: Iterator[Any], what: str, unit: str) -> Iterator[Any]:
    """Show how many items went by, on a terminal and where it takes over a second."""
    from tqdm import tqdm

    hidden = not sys.stderr.isatty()
    yield from tqdm(items, what, unit=f" {unit}", delay=1, leave=False, disable=hidden)


def console() -> Console:
    """Where tables are printed."""
    from rich.console import Console

    return Console()
