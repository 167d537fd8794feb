"""How errors of ours reach the terminal in lm-eval: one sentence, no traceback.

lm-eval's command line catches nothing, so an error would end in a traceback. Python prints none for
a `SystemExit`: it prints the exit code's text and ends with status 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from anytime.errors import AnytimeError, DatasetUnavailableError

__all__ = ["LmEvalError", "one_sentence"]


class LmEvalError(AnytimeError, SystemExit):
    """An `AnytimeError` that ends a command with its message alone and can be caught as ever."""

    def __init__(self, message: str) -> None:
        """Name the sentence as the exit code, which is what Python prints."""
        super().__init__(message)
        self.code = message


@contextmanager
def one_sentence(stand_in: str = "") -> Iterator[None]:
    """Turn an `AnytimeError` raised inside into one that shows as its message alone.

    Args:
        stand_in: The task that runs on built-in problems, named where the official ones cannot be
            had.
    """
    try:
        yield
    except LmEvalError:
        raise
    except DatasetUnavailableError as error:
        hint = f"; to run on the built-in stand-in problems type: --tasks {stand_in}"
        raise LmEvalError(f"{error}{hint if stand_in else ''}") from None
    except AnytimeError as error:
        raise LmEvalError(str(error)) from None
