r"""Reading the final answer out of a model's text, or removing it: an integer, or a letter A to D.

Pure functions on any text, in time linear in its length: every repetition in a pattern is bounded
or anchored, and no digit string is turned into an `int`.

Known issues: an answer given only in running prose before more prose ("so there are 204 ways, as
claimed") is not read; prompts ask for `\boxed{}` or "Answer:".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise

from anytime.domains.stripping import BREAK, BULLET, strip_statements

__all__ = ["LETTERS", "integer", "last_integer", "last_letter", "strip_integers", "strip_letters"]

LETTERS = "ABCD"

LONGEST_ANSWER = 400
"""Characters after a marker in which its answer has to end."""
LONGEST_BARE_REPLY = 100
"""A reply without any marker is read whole up to this length: a forced answer given bare."""

LONGEST_MARK = 64
"""No marker of an integer is longer."""

_ANSWER_LINE = r"^[ \t>*#_]{0,16}(?:(?i:the|my)\s)?(?:(?i:final)\s)?(?i:answer)[ \t*_]{0,6}:"
_INTEGER_MARK = re.compile(
    rf"(?P<box>\\f?boxed[ \t]{{0,4}}\{{)|{_ANSWER_LINE}",
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
    found = None
    for stated in _integers_stated(text):
        found = stated
    if found is None:
        return _bare_integer(text)
    mark, content = found
    read = integer(content)
    if read is None and mark["box"] is None:
        read = _digits(_FIRST_INTEGER.match(_LATEX_DRESS.sub(" ", content)))
    return read


def strip_integers(text: str) -> str:
    r"""Remove the sentences that state an answer, whether or not it is read as an integer.

    Those are all that `last_integer` looks at, the digits after a marker included where they
    stand in a later sentence, an "Answer:" within a line, and "the answer is 204" in prose. What
    is left of a text is removed, too, where it is so short that it is an answer by itself.
    """
    left = strip_statements(text, _INTEGER_HINT, _integer_end)
    return "" if _bare_integer(left) else left


_INTEGER_HINT = re.compile(r"boxed|answer", re.IGNORECASE)
_ANSWER = re.compile(r"\banswer", re.IGNORECASE)
_INTEGER_PROSE = re.compile(
    r"(?i:answer)[*_]{0,3}(?:\s(?:here|then|to\s(?:the|this)\s(?:problem|question)))?"
    r"\s{0,2}(?::|=|(?:of|equals|being|is|was"
    r"|(?:(?:would|should|must|could|might|may|can|has\sto|seems\sto)\s|to\s)be)(?![A-Za-z]))"
    r"(?:[\s:*_$({\[=~≈]|\\[(\[]|\\(?:text|math)\w{1,4}(?=\{)|[A-Za-z](?=\s?=)"
    r"|(?:indeed|then|thus|therefore|hence|just|simply|still|also|likely|probably|now|really|either"
    r"|approximately|equal|to|the|number|integer|value)\b){0,30}+[+-]?[0-9]"
)


def _integer_end(window: str, length: int) -> int | None:
    # An "Answer:" counts at the begin of any sentence: it comes to stand at the begin of its line
    # where what is before it goes.
    item = _item(window, length)
    window, length = window[item:], length - item
    end = None
    # No further than the content of the last marker reaches, and the marker that ends it.
    window = window[: length + 2 * LONGEST_MARK + LONGEST_ANSWER]
    marked = _INTEGER_MARK.search(window, 0, length + LONGEST_MARK)
    for mark, content in _integers_stated(window, length) if marked else ():
        at = mark.end() + len(content)
        closed = mark["box"] is not None and window[at : at + 1] == "}"
        end = at + 1 if closed else _after_digit(window, mark.end())
    for word in _ANSWER.finditer(window, 0, length):
        if prose := _INTEGER_PROSE.match(window, word.start()):
            end = max(end or 0, prose.end())
    return None if end is None else item + end


def _item(window: str, length: int) -> int:
    """Where a sentence begins behind the bullet or number it has as an item of a list."""
    bullet = BULLET.match(window, 0, length)
    return bullet.end() if bullet else 0


def _after_digit(text: str, start: int) -> int:
    return next(at for at in range(start, len(text)) if text[at] in "0123456789") + 1


def _integers_stated(text: str, stop: int | None = None) -> Iterator[tuple[re.Match[str], str]]:
    """The markers that hold a digit, each with its content, in order, of those before `stop`."""
    for mark, after in pairwise(chain(_INTEGER_MARK.finditer(text), [None])):
        # Pairs never start with the closing None; said for the type checker.
        if mark is None or (stop is not None and mark.start() >= stop):
            return
        boxed = mark["box"] is not None
        content = _content(text, mark.end(), len(text) if after is None else after.start(), boxed)
        if any(c in "0123456789" for c in content):
            yield mark, content


def _bare_integer(text: str) -> str | None:
    bare = text.strip()
    return integer(bare) if len(bare) <= LONGEST_BARE_REPLY else None


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


def strip_letters(text: str) -> str:
    r"""Remove the sentences that state an answer, whatever the options are.

    Those are the markers of `last_letter` before a capital A to D, of which some are an answer
    only next to some options ("Answer: D = 3 eV"), and before a small letter standing alone; an
    "Answer:" at the begin of a sentence before any word in a, b, c or d; and a letter standing
    alone at the begin of the text.

    Known issues: an option's text in small letters, in running prose ("the answer is carbon"),
    stays, for there is no telling it from "the answer is clear" without the options.
    """
    left = strip_statements(text, _LETTER_HINT, _letter_end)
    labels = list(_LABEL.finditer(left))
    # A letter in front is no answer where two labels follow.
    two = max((label.start() for label in labels if label[1] != labels[-1][1]), default=-1)
    start = 0
    while start > two and (bare := _BARE_LETTER.match(left, start)):
        gap = BREAK.search(left, bare.end())
        start = gap.end() if gap else len(left)
    return left[start:]


_LETTER_HINT = re.compile(r"\\f?boxed|(?i:answer|option|choice)")
_LETTER_LINE = re.compile(_ANSWER_LINE)


def _letter_end(window: str, length: int) -> int | None:
    item = _item(window, length)
    window, length = window[item:], length - item
    line = _LETTER_LINE.match(window)
    end = None
    for word in _LETTER_HINT.finditer(window, 0, length):
        mark = _LETTER_MARK.match(window, word.start())
        if mark is None:
            continue
        rest = window[mark.end() : mark.end() + LONGEST_ANSWER]
        if mark["letter"].isupper() or _CLOSED.match(rest) or (line and mark.start() < line.end()):
            end = item + mark.end()
    return end


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
