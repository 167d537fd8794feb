"""Errors meant for the person at the terminal: one sentence, what is wrong and what to type."""

from __future__ import annotations

__all__ = [
    "AnytimeError",
    "DatasetUnavailableError",
    "HiddenReasoningError",
    "UnansweredError",
]


class AnytimeError(ValueError):
    """Something the user can mend. Hosts show the message alone, without a traceback.

    Example:
        >>> try:
        ...     parse_budgets("512")
        ... except AnytimeError as error:
        ...     print(error)
        one budget (512) makes no curve: name at least two, for example 512,1024
    """


class HiddenReasoningError(AnytimeError):
    """A trace whose reasoning the provider withheld, so that it cannot be cut.

    Example:
        >>> cue = Cue(ask="Answer now.", begin="Answer:")
        >>> withheld = Reply("42", hidden_reasoning=True, output_tokens=90)
        >>> how = {"cue": cue, "continuation": "reprompt", "answer_tokens": 5}
        >>> program = interrupt((), BudgetGrid([8, 16]), sampled=withheld, **how)
        >>> try:
        ...     next(program)
        ... except HiddenReasoningError as error:
        ...     print(type(error).__name__)
        HiddenReasoningError
    """


class UnansweredError(AnytimeError):
    """A trace at some budget of which the model gave no answer, so that it is worth nothing."""


class DatasetUnavailableError(AnytimeError):
    """An official dataset that is not available here.

    The message says which and why; a host adds the command that runs its built-in stand-in.

    Example:
        >>> issubclass(DatasetUnavailableError, AnytimeError)
        True
    """
