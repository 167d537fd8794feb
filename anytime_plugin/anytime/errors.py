"""Errors meant for the person at the terminal: one sentence, what is wrong and what to type."""

from __future__ import annotations

__all__ = [
    "AnytimeError",
    "DatasetUnavailableError",
    "HiddenReasoningError",
    "UnansweredError",
]


class AnytimeError(ValueError):
    """Something the user can mend. Hosts show the message alone, without a traceback."""


class HiddenReasoningError(AnytimeError):
    """A trace whose reasoning the provider withheld, so that it cannot be cut."""


class UnansweredError(AnytimeError):
    """A trace at some budget of which the model gave no answer, so that it is worth nothing."""


class DatasetUnavailableError(AnytimeError):
    """An official dataset that is not available here.

    The message says which and why; a host adds the command that runs its built-in stand-in.
    """
