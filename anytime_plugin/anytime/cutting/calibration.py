"""Spread a reported token count over a text whose tokenizer is not at hand.

The text is split into pieces as GPT-like tokenizers do before they merge, each piece is given the
number of tokens it is expected to take, and the sum is scaled to the count the back end reported.

Expected tokens follow from what large byte-level vocabularies hold, in round numbers chosen by hand
while looking at the traces of tests/real: a common word with the blank before it, a run of
punctuation and a paragraph break are single tokens; a word grows slowly with its length, as longer
ones are rarer; a Chinese, Japanese or Korean character is about one token. How far off cuts are is
measured by `python -m benchmarks.calibration` with real tokenizers, two of four of which were held
out while these numbers were chosen.

What really differs between tokenizers is how digits and line breaks are split, and that is known
for four families (their published pre-tokeniser patterns): up to three digits together (GPT-4,
Llama 3, DeepSeek), digits one by one (Qwen, Gemma), and GPT-2, which binds the blank to the digits
and parts line breaks from punctuation and from each other; and GPT-2's with digits one by one
(SmolLM2, StarCoder), whose vocabularies are small. The reported count itself tells which: the
families are weighted by how near they come to it.
"""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from itertools import accumulate
from operator import mul

__all__ = ["estimate", "spread"]

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_NUMBER_SIGNS = "\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u209f"  # ², ₁, ½: never part of a word


def _piece(letter: str) -> re.Pattern[str]:
    # Every repetition is bounded: matching stays linear, and no cut skips more than a few tokens.
    return re.compile(
        rf"[ !-/:-@\[-`{{-~]?{letter}{{1,20}}"  # a word, with one sign before it
        r"| ?\d{1,3}"
        r"| ?(?:[^\s\w]|_){1,4}\n{0,4}"
        r"|[^\S\n]{0,16}\n{1,4}"
        r"|\s{1,16}?(?= ?\S)|\s{1,16}"
        r"|.",
        re.DOTALL,
    )


_PIECE = _piece(rf"[^\W\d_{_CJK}{_NUMBER_SIGNS}]")
_ASCII_PIECE = _piece("[A-Za-z]")  # the same on texts without other letters, in two thirds the time
_CONTRACTIONS = frozenset({"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"})

_FAMILY_PRIOR = (2.0, 2.0, 1.0, 1.0)  # GPT-2's pattern is rare among models that reason
_COUNT_SPREAD = 0.02  # a family's own count is off by about so much, as a share


def spread(text: str, count: int) -> tuple[list[int], list[float]]:
    """Estimate where in a text its tokens lie.

    Args:
        text: Not empty.
        count: Tokens of the whole text, at least 1.

    Returns:
        For each piece of the text in order, the character offset at which it ends, and the tokens
        expected from the start of the text to there. The last is (len(text), count).
    """
    pieces = _pieces(text)
    often = Counter(pieces)
    times = often.values()
    expected = list(map(_expected_tokens, often))
    totals = [sum(map(mul, family, times)) for family in zip(*expected, strict=True)]
    shares = _family_shares(totals, count)
    a, b, c, d = shares
    weights = [
        a * first + b * second + c * third + d * fourth for first, second, third, fourth in expected
    ]
    scale = count / sum(map(mul, weights, times))
    scaled = dict(zip(often, [weight * scale for weight in weights], strict=True))
    counts = list(accumulate(map(scaled.__getitem__, pieces)))
    counts[-1] = count  # rounding errors add up to a hair more or less
    return list(accumulate(map(len, pieces))), counts


STRETCH = 1 << 15
"""Characters that are split at once: what runs beside in a thread has to wait for so long."""

_NEAR = 32
"""More characters than a piece has, and what it looks ahead."""


def _pieces(text: str) -> list[str]:
    """The text in pieces, which joined are the text."""
    pattern = _ASCII_PIECE if text.isascii() else _PIECE
    pieces: list[str] = []
    start = 0
    while len(text) - start > STRETCH:
        found = pattern.findall(text, start, start + STRETCH)
        left = 0
        while left < _NEAR:  # these may be other ones where the text goes on
            left += len(found.pop())
        pieces += found
        start += STRETCH - left
    return pieces + pattern.findall(text, start)


def estimate(text: str) -> int:
    """Tokens a text takes, where no back end has counted them: the families' weighted mean."""
    pieces = _pieces(text)
    totals = [sum(family) for family in zip(*map(_expected_tokens, pieces), strict=True)]
    weighted: float = sum(map(mul, _FAMILY_PRIOR, totals))
    return math.ceil(weighted / sum(_FAMILY_PRIOR))


def _family_shares(totals: list[float], count: int) -> list[float]:
    """Weigh the families by a normal error of their predicted count, in logarithms."""
    distances = [(math.log(count / total) / _COUNT_SPREAD) ** 2 / 2 for total in totals]
    nearest = min(distances)  # subtracted so that a count far from all does not underflow
    odds = [
        prior * math.exp(nearest - distance)
        for prior, distance in zip(_FAMILY_PRIOR, distances, strict=True)
    ]
    return [o / sum(odds) for o in odds]


@functools.lru_cache(maxsize=2**16)  # pieces recur within a trace and from trace to trace
def _expected_tokens(piece: str) -> tuple[float, float, float, float]:
    """Tokens of one piece in the families.

    They are: digits by three; digits one by one; GPT-2; GPT-2 with digits one by one.
    """
    breaks = piece.count("\n")
    if piece.isspace():
        apart = max(1.0, breaks)
        return 1.0, 1.0, apart, apart
    body = piece.lstrip(" ")
    if body[0].isdecimal():
        blank = float(piece != body)
        # GPT-2 takes the blank into the number nearly always.
        return blank + 1, blank + len(body), 0.1 * blank + 1, blank + len(body)
    if body[-1].isalpha():
        tokens = _expected_word(body)
        return tokens, tokens, tokens, tokens + _small(body)
    signs = body.rstrip("\n")
    tokens = _expected_signs(signs)
    small = tokens + breaks
    return tokens, tokens, small, small


def _small(word: str) -> float:
    """What a word takes beyond, in the vocabularies of some 50,000 that the last family has."""
    if not word[0].isalpha():
        return 0.4 if len(word) > 2 else 0.2
    return 0.0 if word.islower() or len(word) < 6 else 0.12 * (len(word) - 5)


def _expected_word(word: str) -> float:
    sign = 0.0
    if not word[0].isalpha():
        # "\frac" and "'s" are one token; "(x" or "_k" only where the pair is frequent.
        sign = 0.0 if word[0] == "\\" or word in _CONTRACTIONS else 0.6
        word = word[1:]
    letters = len(word)
    if letters == 1:
        return sign + 1
    if not word.isascii():
        return sign + 1 + 0.3 * (letters - 1)
    if word.isupper():
        return sign + 0.5 + 0.4 * letters  # labels such as ABCD fall apart
    capital = 0.0 if word.islower() else 0.05
    return sign + 1 + capital + 0.04 * max(0, letters - 5)


def _expected_signs(signs: str) -> float:
    if signs.isascii():
        return 1 + 0.3 * max(0, len(signs) - 2)
    wide = sum(sign > "\uffff" for sign in signs)  # emoji: four bytes, seldom merged into one token
    return 0.5 + 0.5 * len(signs) + wide
