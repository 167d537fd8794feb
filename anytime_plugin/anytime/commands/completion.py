"""Tab completion for the `anytime` command: a script per shell, written by shtab.

A static script costs nothing at each press of a key; what completes by starting Python would cost
the start of Python with every start-up hook that is installed. shtab is imported here alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from anytime import distribution
from anytime.commands.terminal import named_place
from anytime.errors import AnytimeError

__all__ = ["SHELLS", "script"]

SHELLS = ("bash", "zsh", "tcsh", "fish")


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """The completion script of a command line; arguments that are paths complete file names.

    Raises:
        AnytimeError: shtab is not installed.
    """
    try:
        import shtab
    except ImportError:
        raise AnytimeError(
            f"tab completion is written by shtab: {distribution.extra('completion')}"
        ) from None
    for argument in _arguments(parser):
        if argument.type is named_place:
            argument.complete = shtab.FILE  # type: ignore[attr-defined]
    made: str = shtab.complete(parser, shell=shell)
    return made


def _arguments(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _arguments(command)
        yield action
