"""Preference Data Prompting: contrasts between good and bad reasoning under the same budget.

Source: arXiv 2601.11038. The paper puts one good and one bad example of reasoning per budget into
the prompt, and for PDP+ the good one alone; its wording is not published, so the words here are
ours.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from anytime.errors import AnytimeError
from anytime.preferences.pairs import Pair

__all__ = ["BAD", "GOOD", "QUESTION", "Fitted", "fit", "preface"]

GOOD = "### Good reasoning"
BAD = "### Bad reasoning"
QUESTION = "## Your problem"
"""Headings of the prompt; the built-in simulated model knows them too."""

_CONTRAST = (
    "Below you see how other problems were reasoned about, well and badly. Each reasoning was "
    "stopped after a limited number of tokens, wherever it stood, and final answers were taken "
    "out. The good one had come further by then than the bad one on the same problem. Reason in "
    "the way of the good ones and avoid what held the bad ones up, so that a good answer is within "
    "reach whenever you are stopped."
)
_GOOD_ONLY = (
    "Below you see how other problems were reasoned about well. Each reasoning was stopped after a "
    "limited number of tokens, wherever it stood, and final answers were taken out. Reason in this "
    "way, so that a good answer is within reach whenever you are stopped."
)


def preface(pairs: Sequence[Pair], *, contrast: bool) -> str:
    """The text before the question: pairs in order of their budgets, each with its problem.

    Args:
        pairs: At least one.
        contrast: Show the rejected traces too (PDP); without it PDP+.
    """
    parts = [_CONTRAST if contrast else _GOOD_ONLY]
    for number, pair in enumerate(sorted(pairs, key=lambda pair: pair.budget), 1):
        parts += [
            f"## Example {number}, stopped after {pair.budget} tokens",
            f"Problem:\n{pair.statement}",
            f"{GOOD}\n\n{pair.chosen.text}",
        ]
        if contrast:
            parts.append(f"{BAD}\n\n{pair.rejected.text}")
    text = "\n\n".join([*parts, QUESTION]) + "\n\n"
    # Lone surrogates, which some back ends return, cannot be sent.
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


class Fitted(NamedTuple):
    """Pairs that fit an allowance, and those that had to go.

    Attributes:
        pairs: At least one.
        dropped: Of larger budgets.
        text: The preface.
        tokens: Its length.
    """

    pairs: tuple[Pair, ...]
    dropped: tuple[Pair, ...]
    text: str
    tokens: int


# Nearly all problems of a run are shown the same pairs, and counting them takes milliseconds.
@functools.lru_cache(maxsize=64)
def fit(
    pairs: tuple[Pair, ...],
    allowance: int | None,
    count: Callable[[str], int],
    *,
    contrast: bool,
) -> Fitted:
    """Drop whole pairs, from the largest budget down, until the preface fits the allowance.

    Args:
        pairs: At least one.
        allowance: Tokens the preface may take; None for no limit.
        count: Tokens of a text; the same function for all problems of a run.
        contrast: As the preface is written.

    Raises:
        AnytimeError: Not even one pair fits.
    """
    kept = sorted(pairs, key=lambda pair: pair.budget)
    dropped: list[Pair] = []
    while True:
        text = preface(kept, contrast=contrast)
        needed = count(text)
        if allowance is None or needed <= allowance:
            return Fitted(tuple(kept), tuple(dropped), text, needed)
        if len(kept) == 1:
            raise AnytimeError(
                f"pair_tokens={allowance} is less than one pair takes: the shortest budget's pair "
                f"needs {needed}; allow more, or build pairs at smaller budgets"
            )
        dropped.append(kept.pop())
