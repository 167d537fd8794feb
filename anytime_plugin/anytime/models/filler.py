"""Text that looks like thinking and says nothing, for models that only simulate it."""

from __future__ import annotations

import random
from itertools import cycle, islice

from anytime.models.pieces import split_pieces

__all__ = ["filler"]

_PIECES = split_pieces(
    " Let me look at this from another side. First I write down what is given. That gives a"
    " relation between the parts. Now I check whether it holds in the simplest case. It seems to"
    " hold, but I should be careful here. Suppose it did not. Then something else would have to"
    " give way. So I go back one step and compare the two cases. This one looks more promising."
    " I follow it a little further before I decide."
)


def filler(draw: random.Random, tokens: int) -> list[str]:
    """So many tokens of filler, for the beginning of a text or line."""
    start = draw.randrange(len(_PIECES))
    pieces = list(islice(cycle(_PIECES), start, start + tokens))
    if pieces:
        pieces[0] = pieces[0].lstrip()
    return pieces
