"""The last integer that a long text states as its answer, and a text without such statements."""

from __future__ import annotations

import re
from collections.abc import Iterator

from anytime.domains.answers.characters import (
    END_OF_LINE,
    FINAL_CHANNEL,
    final_message,
    plain_at_end,
    plain_characters,
)
from anytime.domains.answers.integers import (
    LONGEST_ANSWER,
    LONGEST_BARE_REPLY,
    bare_integer,
    number_in_words,
    spoken_integer,
    value,
)
from anytime.domains.answers.last_words import number_in_last_words, states_in_passing
from anytime.domains.answers.latex import undress
from anytime.domains.answers.marks import (
    LONGEST_MARK,
    Hints,
    braced,
    marks_from_the_end,
    marks_of_sentence,
    reaches,
)
from anytime.domains.answers.phrases import (
    ANSWER_LINE,
    BOX,
    FOREIGN_ANSWER,
    FOREIGN_HINTS,
    HEADING,
    JSON_ANSWER,
    RARE_HINTS,
    TAG,
    doubted,
)
from anytime.domains.stripping import BULLET, strip_statements

__all__ = ["answer_marks", "item_start", "last_integer", "strip_integers"]

_SENTENCE = (
    r"\b(?i:answer)[*_]{0,3}(?:\s(?i:here|then|to\s(?:the|this)\s(?:problem|question)))?\s{0,2}"
    r"(?::|=|(?i:is|equals|(?:(?:should|must|will|would|(?:has|ought)\sto)\s)be)(?![A-Za-z]))"
)
_MARK = re.compile(
    rf"(?P<box>{BOX})|(?P<tag>{TAG})|(?P<json>{JSON_ANSWER})|(?P<line>{ANSWER_LINE})"
    rf"|(?P<hash>^####(?=[ \t]))|(?P<heading>{HEADING})|(?P<sentence>{_SENTENCE})"
    rf"|(?P<foreign>{FOREIGN_ANSWER})",
    re.MULTILINE,
)
_STRONG = frozenset(("box", "tag", "json", "line"))
"""Markers whose last one decides, whatever is behind it."""
_HINTS = Hints(
    ("box", "\x08oxed", "nswer", "NSWER", "####"), RARE_HINTS, FOREIGN_HINTS, strong=_STRONG
)

MOST_REFUSED = 50
"""After so many sentences that turn out to be no statements, earlier ones are not looked at."""

_CONFIDENCE = re.compile(
    r"(?i)\b(?:confidence|certainty|credence|probability (?:of being|that))\b"
    r"[^.\n]{0,24}\Z"
)
_OF_CONFIDENCE = re.compile(r"(?i)\b(?:confidence|certainty|confident)\b")
_CONFIDENT = re.compile(r"(?i)[} \t$%\\)]{0,8}(?:confident|sure|certain)\b")
_REMARK = re.compile(
    r"\}(?:[\s}$.,;:()\\\]]|\\(?:text|mathrm|q?quad)\s?\{?){0,12}"
    r"(?:where|with|since|because|as|using|given|for which|for|when)\b[^.\n]{0,60}\Z"
)
_ON = re.compile(
    r"\s{0,4}(?:But|Wait|Hmm|However|No\b|Actually|Let me|Hold on|Or\b|Not"
    # what is said before was the answer to a smaller case
    r"|(?:Similarly|Likewise|Next)\b|(?:Now,? )?(?i:for)\s(?:a|an|n|k|each|the next)\b)"
)


def last_integer(text: str) -> str | None:
    r"""Read the integer in the last `\boxed{}` or on the last "Answer:" line, the later of the two.

    The last marker that holds a number decides, so that an empty `\boxed{}` echoed from the prompt
    does not count, and an answer that is no integer hides an earlier one that is. A box may be
    unclosed, as where the model stops early after a prefilled `\boxed{`. A box that holds a
    confidence, or what an answer before it rests on ("where m is"), is none.

    Weaker markers count where an integer is read behind them and hide nothing else: a finished
    sentence "the answer is 204.", a heading "Final answer" above it, `#### 204`. A short reply
    without any marker is read whole.
    """
    text = final_message(plain_at_end(text))
    if (said := number_in_last_words(text)) is not None:
        return said
    refused = 0
    for mark, content in answer_marks(text):
        if not _holds_number(content) or _beside_the_answer(text, mark, content):
            continue
        read = _read(text, mark, content)
        if read is not None or mark.lastgroup in _STRONG:
            return read
        refused += 1
        if refused == MOST_REFUSED:
            break
    return bare_integer(text)


def strip_integers(text: str) -> str:
    r"""Remove the sentences that state an answer, whether or not it is read as an integer.

    Those are all that `last_integer` looks at, the digits after a marker included where they
    stand in a later sentence, an "Answer:" within a line, and "the answer is 204" in prose. What
    is left of a text is removed, too, where it is so short that it is an answer by itself.
    """
    left = strip_statements(text, _STRIP_HINT, _integer_end)
    return "" if last_integer(left) else left


def _read(text: str, mark: re.Match[str], content: str, cut: bool = False) -> str | None:
    if mark.lastgroup == "box":
        return value(undress(content))
    if mark.lastgroup in ("hash", "heading", "tag", "json"):
        return value(undress(content))
    if mark.lastgroup in ("line", "foreign"):
        return spoken_integer(undress(content), content)
    if doubted(text, mark.start(), mark[0]):
        return None
    sentence, *rest = _SENTENCE_END.split(content, maxsplit=1)
    if not rest and len(text) > LONGEST_BARE_REPLY and not cut and mark[0][-1] not in ":=":
        return None  # unfinished
    if rest and not cut and _ON.match(rest[0]):
        return None
    # "is 3^11 = 177147, which is 147 modulo 1000" comes to another number; a reason does not.
    first, *aside = _ASIDE.split(sentence, maxsplit=1)
    if aside and not cut and any(c in "0123456789" for c in aside[0]):
        return None
    return spoken_integer(undress(first), first)


_ASIDE = re.compile(r"[;,] (?:(?:because|since)\b[^\n]*|(?:as|which)\b)")
_SENTENCE_END = re.compile(r"(?<=[^\s.])\.(?=\s|\Z|[*_\"')])|!(?=\s|\Z)|\n")


def answer_marks(text: str) -> Iterator[tuple[re.Match[str], str]]:
    """Whatever announces an integer, the last first, with what it announces.

    That ends where the next announcement begins; what is in a box may hold a weak one.
    """
    stop = strong = len(text)
    for mark in marks_from_the_end(text, _MARK, _HINTS):
        yield mark, _content(text, mark, strong if mark.lastgroup == "box" else stop)
        stop = mark.start()
        if mark.lastgroup in _STRONG:
            strong = stop


def _beside_the_answer(text: str, mark: re.Match[str], content: str) -> bool:
    """Whether a box holds how sure the model is, or what the answer in the box before rests on."""
    if mark.lastgroup != "box":
        return False
    if _OF_CONFIDENCE.search(content):
        return True
    before = text[max(0, mark.start() - 200) : mark.start()]
    return bool(
        _CONFIDENCE.search(before[-50:])
        or _CONFIDENT.match(text, mark.end() + len(content))
        or ("box" in before and _REMARK.search(before))
    )


def _holds_number(content: str) -> bool:
    if any(c in "0123456789" for c in content):
        return True
    return len(content) <= LONGEST_BARE_REPLY and number_in_words(undress(content)) is not None


def _content(text: str, mark: re.Match[str], stop: int) -> str:
    """The braced content of a box or what is in quotes; else what is on the line.

    A line longer than the window is cut somewhere inside a number, perhaps: it holds nothing.
    """
    start = mark.end()
    window = text[start : min(stop, start + LONGEST_ANSWER)]
    if mark.lastgroup == "box":
        if text[start - 1] != "{":
            return _BARE_DIGITS.match(window)[0]  # type: ignore[index]  # the marker has seen them
        inside = braced(window, 0, LONGEST_ANSWER)
        if inside is not None:
            return inside
    if mark.lastgroup == "json" and (value := _JSON_VALUE.match(window)):
        return value[1] or value[2]
    line, *rest = END_OF_LINE.split(_BEFORE_ANSWER.sub("", window, count=1), maxsplit=1)
    return line if rest or len(window) < LONGEST_ANSWER else ""


# A dash on a line of its own is a bullet and no sign.
_BEFORE_ANSWER = re.compile(
    r"\A(?:\s|(?:\$\$|\\\[)(?=\s{0,4}\n)|[-=_*]{3,40}(?=[ \t]{0,4}\n))*+"
    r"(?:(?<=\n)[-*•+>][ \t]+)?"
)
_BARE_DIGITS = re.compile(r"[+-]?[0-9]+")
_JSON_VALUE = re.compile(r"\s{0,4}(?:\"([^\"\n]{1,100})\"|([^\"'\[\]{},\n]{1,40}))")

_STRIP_HINT = re.compile(
    r"(?i)box|ans|####|assistant\s?final|<\|channel|[^\W\d_]\s?[:：=—]|[^\x00-\x7f]"
)
_ANSWER = re.compile(r"\banswer", re.IGNORECASE)
_INTEGER_PROSE = re.compile(
    r"(?i:answer)[*_]{0,3}(?:\s(?:here|then|to\s(?:the|this)\s(?:problem|question)))?"
    r"\s{0,2}(?::|=|(?:of|equals|being|is|was"
    r"|(?:(?:would|should|must|could|might|may|can|has\sto|seems\sto)\s|to\s)be)(?![A-Za-z]))"
    r"(?:[\s:*_$({\[=~≈]|\\[(\[]|\\(?:text|math)\w{1,4}(?=\{)|[A-Za-z](?=\s?=)"
    r"|(?:indeed|then|thus|therefore|hence|just|simply|still|also|likely|probably|now|really|either"
    r"|approximately|equal|to|the|number|integer|value)\b){0,30}+[+-]?[0-9]"
)


def _prose_ends(window: str, start: int, stop: int) -> Iterator[int]:
    """Where "the answer is 204" ends that begins between two places."""
    for word in _ANSWER.finditer(window, start, stop):
        if prose := _INTEGER_PROSE.match(window, word.start()):
            yield prose.end()


def _integer_end(window: str, length: int) -> int | None:
    if states_in_passing(window[:length]):
        return length
    # An "Answer:" counts at the begin of any sentence: it comes to stand at the begin of its line
    # where what is before it goes.
    item = item_start(window, length)
    # No further than the content of the last marker reaches, and the marker that ends it.
    window = plain_characters(window[item : length + 2 * LONGEST_MARK + LONGEST_ANSWER])
    length -= item
    end = 0
    stop = strong = len(window)
    for mark in marks_of_sentence(window, _MARK, _HINTS, length):
        reach = strong if mark.lastgroup == "box" else stop
        stop = mark.start()
        if mark.lastgroup in _STRONG:
            strong = stop
        if stop >= length:
            continue
        if end and stop < reaches(length):
            break
        content = _content(window, mark, reach)
        if _holds_number(content) and (
            mark.lastgroup in _STRONG or _read(window, mark, content, cut=True) is not None
        ):
            at = window.index(content, mark.end()) + len(content)
            closed = mark.lastgroup == "box" and window[at : at + 1] == "}"
            end = max(end, at + 1 if closed else _after_number(window, mark.end(), at))
    end = max((end, *_prose_ends(window, reaches(length), length)))
    # Where there is one, those before it end before it.
    end = end or next(_prose_ends(window, 0, reaches(length)), 0)
    for final in FINAL_CHANNEL.finditer(window, 0, length):
        if bare_integer(window[final.end() : final.end() + LONGEST_ANSWER]):
            end = length
            break
    return item + end if end else None


def item_start(window: str, length: int) -> int:
    """Where a sentence begins behind the bullet or number it has as an item of a list."""
    bullet = BULLET.match(window, 0, length)
    return bullet.end() if bullet else 0


def _after_number(text: str, start: int, stop: int) -> int:
    return next((at + 1 for at in range(start, stop) if text[at] in "0123456789"), stop)
