r"""Reading the final answer out of a model's text: an integer, or a letter A to D.

Pure functions on any text, in time linear in its length: every repetition in a pattern is bounded
or anchored, and no digit string is turned into an `int`.

Known issues: an answer given only in running prose before more prose ("so there are 204 ways, as
claimed") is not read; prompts ask for `\boxed{}` or "Answer:".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, pairwise

__all__ = ["LETTERS", "integer", "last_integer", "last_letter"]

LETTERS = "ABCD"

LONGEST_ANSWER = 400
"""Characters after a marker in which its answer has to end."""
LONGEST_BARE_REPLY = 100
"""A reply without any marker is read whole up to this length: a forced answer given bare."""

_INTEGER_MARK = re.compile(
    r"(?P<box>\\f?boxed[ \t]{0,4}\{)"
    r"|^[ \t>*#_]{0,16}(?:(?i:the|my)\s)?(?:(?i:final)\s)?(?i:answer)[ \t*_]{0,6}:",
    re.MULTILINE,
)
_DEGREES = re.compile(r"\^\s*\{?\s*\\circ\s*\}?|°")
_LATEX_DRESS = re.compile(
    r"\\(?:text(?:bf|it|rm)?|math(?:rm|bf|it|sf|tt)|boldsymbol|bm|f?boxed|displaystyle|q?quad"
    r"|left|right)(?![A-Za-z])|\\[,;:!$ ()\[\]]|[{}$~*_`()\[\]]"
)
_INTEGER = re.compile(
    r"\s*(?:[A-Za-z ,:'-]*[A-Za-z]{2}[ :]+)?"  # words in front
    r"(?P<sign>[+-]?)\s*(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.0*)?"
    r"(?:\s+[A-Za-z]{2}[A-Za-z ]*(?:\^\s*[0-9])?)?"  # a unit
    r"\s*[.,;]?\s*"
)
_FIRST_INTEGER = re.compile(
    r"\s*(?P<sign>[+-]?)(?P<digits>[0-9]+)(?=\s+(?!or\b|and\b)[A-Za-z(]|[.;]\s)"
)


def integer(text: str) -> str | None:
    r"""Read a text that is one integer, dressed in LaTeX, words or a unit.

    Returns:
        The integer without leading zeros, or None: `\frac{1}{2}`, `2^{10}`, `204.5` and `10x` are
        not integers, and "204 or 205" is not one. Of an equation the right-hand side counts.
    """
    plain = _DEGREES.sub(" ", text.replace("{,}", ","))
    return _digits(_INTEGER.fullmatch(_LATEX_DRESS.sub(" ", plain).rpartition("=")[2]))


def last_integer(text: str) -> str | None:
    r"""Read the integer in the last `\boxed{}` or on the last "Answer:" line, the later of the two.

    The last marker that holds a digit decides, so that an empty `\boxed{}` echoed from the prompt
    does not count, and an answer that is no integer hides an earlier one that is. A box may be
    unclosed, as where the model stops early after a prefilled `\boxed{`. A short reply without any
    marker is read whole.
    """
    found: tuple[str, bool] | None = None
    for mark, after in pairwise(chain(_INTEGER_MARK.finditer(text), [None])):
        if mark is None:  # pairs never start with the closing None; said for the type checker
            continue
        boxed = mark["box"] is not None
        content = _content(text, mark.end(), len(text) if after is None else after.start(), boxed)
        if any(c in "0123456789" for c in content):
            found = content, boxed
    if found is None:
        bare = text.strip()
        return integer(bare) if len(bare) <= LONGEST_BARE_REPLY else None
    content, boxed = found
    read = integer(content)
    if read is None and not boxed:
        read = _digits(_FIRST_INTEGER.match(_LATEX_DRESS.sub(" ", content)))
    return read


def _content(text: str, start: int, stop: int, boxed: bool) -> str:
    """The braced content of a box; what is on the line for an unclosed box and an answer line."""
    window = text[start : min(stop, start + LONGEST_ANSWER)]
    if boxed:
        depth = 1
        for at, char in enumerate(window):
            depth += (char == "{") - (char == "}")
            if depth == 0:
                return window[:at]
    line, *rest = window.lstrip().split("\n", 1)
    # A line longer than the window is cut somewhere inside a number, perhaps.
    return line if rest or len(window) < LONGEST_ANSWER else ""


def _digits(match: re.Match[str] | None) -> str | None:
    if match is None:
        return None
    digits = match["digits"].replace(",", "").lstrip("0") or "0"
    return f"-{digits}" if match["sign"] == "-" and digits != "0" else digits


_LETTER_DRESS = (
    r"(?:[\s*_:$({\[\\\"“`]|(?i:text(?:bf|it|rm)?|math(?:rm|bf)|f?boxed|option|choice|letter"
    r"|answer|final|correct|therefore|thus|is|the)(?![A-Za-z0-9])){0,40}+"
)
_LETTER_MARK = re.compile(
    r"(?:\\f?boxed[ \t]{0,4}\{"
    r"|(?i:answer|option|choice)[*_\"”]{0,4}\s{0,3}"
    r"(?:(?i:option|choice|letter)\s{0,3})?(?:(?i:would|should|must)\s)?(?::|=|(?i:is|be)\b))"
    rf"{_LETTER_DRESS}(?P<letter>[A-Da-d])"
)
_BARE_LETTER = re.compile(rf"{_LETTER_DRESS}(?P<letter>[A-Da-d])(?=[)\]}}.:*$]|\s*\n|\s*\Z)")
_LABEL = re.compile(r"(?<![A-Za-z0-9])([A-D])\)")
_CLOSED = re.compile(
    r"\s*\Z|[ \t]*\n|[)\]}:;$\"”`!—]|[.,*_]+(?![A-Za-z0-9{])|\s?\\(?:[)\]}, ]|text|q?quad)"
)
_HEDGED = re.compile(
    r"[)\]}*$\s]{0,6}(?:[,/&]|(?:or|and)\b)\s{0,3}(?i:option\s)?[({$*]{0,4}[A-D](?![A-Za-z0-9])"
)
_MORE_AFTER_A = re.compile(r"[ \t]+(?:[-–—(:*$\\]|(?:because|since|as|is|for)\b)")
_MORE = re.compile(r"[ \t]+[^\s=+^]")


def last_letter(text: str, options: Sequence[str]) -> str | None:
    r"""Read the letter of the last "Answer: X", "answer is X" or `\boxed{X}`.

    A reply that starts with a letter standing alone ("C", "(C) 25 J") counts where no marker is
    read, unless it goes on to discuss another label. Two letters ("A or C") are no answer.

    "A" is also a word: after a marker, "A" followed by a space and text is read as the letter only
    where that text is option A's own, or goes on as an answer does ("A because", "A - ...").
    "Answer: A molecule absorbs" is therefore no answer. Text that starts with a letter and is one
    option's own ("A and B", "D = 3 eV") stands for that option.

    Args:
        text: Any text.
        options: The four option texts in the order of their letters.
    """
    for at in reversed([mark.start("letter") for mark in _LETTER_MARK.finditer(text)]):
        letter = _letter_at(text, at, options)
        if letter is not None:
            return letter
    bare = _BARE_LETTER.match(text)
    if bare is None:
        return None
    letter = _letter_at(text, bare.start("letter"), options)
    return letter if set(_LABEL.findall(text)) <= {letter} else None


def _letter_at(text: str, at: int, options: Sequence[str]) -> str | None:
    for letter, option in zip(LETTERS, options, strict=True):
        if len(option) > 1 and _starts_with(text[at : at + 2 * len(option) + 20], option):
            return letter
    letter = text[at].upper()
    rest = text[at + 1 : at + 1 + LONGEST_ANSWER]
    if _HEDGED.match(rest):
        return None
    if _CLOSED.match(rest):
        return letter
    if text[at].islower():  # "the answer is a bit"
        return None
    own = options[LETTERS.index(letter)]
    if rest[:1].isspace() and _starts_with(text[at + 1 : at + 2 * len(own) + 22], own):
        return letter
    return letter if (_MORE_AFTER_A if letter == "A" else _MORE).match(rest) else None


def _starts_with(text: str, start: str) -> bool:
    plain, wanted = (" ".join(t.split()).casefold() for t in (text, start))
    return plain.startswith(wanted) and not plain[len(wanted) : len(wanted) + 1].isalnum()
