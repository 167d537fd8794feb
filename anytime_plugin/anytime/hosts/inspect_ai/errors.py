"""How errors of ours reach the terminal in Inspect AI: one sentence, no traceback."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from anytime.errors import AnytimeError, DatasetUnavailableError
from anytime.hosts.inspect_ai.private import PrerequisiteError

__all__ = ["PrerequisiteError", "one_sentence", "refuse_unknown"]


@contextmanager
def one_sentence(stand_in: str = "") -> Iterator[None]:
    """Show an `AnytimeError` raised inside as its message alone.

    Args:
        stand_in: The command that runs the same task on its built-in problems, added where the
            official ones are not available.
    """
    _rich_traceback_guard = True
    try:
        yield
    except DatasetUnavailableError as error:
        hint = f"; to run on the built-in stand-in problems type: {stand_in}" if stand_in else ""
        raise PrerequisiteError(_plain(f"{error}{hint}")) from None
    except AnytimeError as error:
        raise PrerequisiteError(_plain(str(error))) from None


def refuse_unknown(
    given: Mapping[str, object], of: Callable[..., Any], further: Sequence[str] = ()
) -> None:
    """Refuse options that a task or solver does not have.

    Inspect only warns of them, and a misspelt `budgets` would run the default grid.

    Args:
        given: What was given beside the parameters.
        of: The task or solver.
        further: Options that it takes beside its parameters.

    Raises:
        AnytimeError: Names the option, the nearest one there is, and all of them.
    """
    parameters = inspect.signature(of).parameters.values()
    known = [one.name for one in parameters if one.kind is not inspect.Parameter.VAR_KEYWORD]
    known += further
    for name in given:
        if name in further:
            continue
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(known)}"
        raise AnytimeError(f"unknown option {name!r}: {hint}")


def _plain(sentence: str) -> str:
    """Keep rich from reading square brackets in the sentence as markup."""
    from rich.markup import escape

    return escape(sentence)
