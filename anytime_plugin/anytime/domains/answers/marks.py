"""Finding what announces an answer, from the end of a text, with little reading."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

__all__ = [
    "LONGEST_MARK",
    "NEAR_END",
    "Hints",
    "braced",
    "marks_from_the_end",
    "marks_of_sentence",
    "reaches",
]

LONGEST_MARK = 130
"""Characters in which a marker ends, and before its hint begins."""
NEAR_END = 1000
"""Characters at the end of a text in which rarer markers are looked for, too."""
MOST_HINTS = 2000
"""No more places are looked at: a real trace of 100,000 characters has some hundred."""
SHORT = 200
"""Characters up to which all hints are looked for at once."""
BACK = 9
FAR_BACK = 30
"""Characters before its hint in which a marker begins that does not begin its line."""


class Hints(NamedTuple):
    """Pieces of text, one of which is in every marker.

    Attributes:
        common: Those that are looked for in the whole text.
        rare: Those that are looked for near its end only.
        foreign: Those that are looked for there in a text that has other letters than ASCII.
        verbs: Those of the rare ones before which a few words of the marker may stand.
        strong: Groups of the pattern that end the content of any other.
    """

    common: tuple[str, ...]
    rare: tuple[str, ...]
    foreign: tuple[str, ...]
    verbs: tuple[str, ...] = ()
    strong: frozenset[str] = frozenset()


def marks_from_the_end(
    text: str, pattern: re.Pattern[str], hints: Hints
) -> Iterator[re.Match[str]]:
    """The matches of a pattern, the last one first.

    Hints are cheap to find, and are found one by one: of a long text seldom more than its last
    lines have to be read.
    """
    stop = len(text)
    for tried, (place, hint) in enumerate(_places(text, hints)):
        if tried == MOST_HINTS:
            return
        mark = _around(text, pattern, place, FAR_BACK if hint in hints.verbs else BACK, 0)
        if mark and mark.start() < stop:
            yield mark
            stop = mark.start()


LONG_SENTENCE = 2000


def reaches(length: int) -> int:
    """From where on a statement in a sentence of that length may end behind it."""
    return max(0, length - 1000)


def marks_of_sentence(
    text: str, pattern: re.Pattern[str], hints: Hints, length: int
) -> Iterable[re.Match[str]]:
    """What announces an answer in a text's first sentence, of that length, the last one first.

    Before these may come some that follow on the sentence, at which the last of its own ends.
    """
    if length > LONG_SENTENCE:
        return marks_from_the_end(text[: length + LONGEST_MARK], pattern, hints)
    return reversed(_marks_within(text, pattern, hints, length))


def _marks_within(
    text: str, pattern: re.Pattern[str], hints: Hints, length: int
) -> list[re.Match[str]]:
    """The matches of a pattern that begin in so many characters, and what follows on them.

    That is the next match within `LONGEST_MARK`, and those up to the first whose group is one of
    `hints.strong`; they are looked for only where one begins within.
    """
    found: list[re.Match[str]] = []
    done = 0
    for place, hint in _from_the_begin(text, hints, length, length + LONGEST_MARK):
        if place >= length and not found:
            break
        if place < done:
            continue
        mark = _around(text, pattern, place, FAR_BACK if hint in hints.verbs else BACK, done)
        if mark is None or (mark.start() >= length and not found):
            continue
        found.append(mark)
        done = mark.end()
        if mark.start() >= length and (not hints.strong or mark.lastgroup in hints.strong):
            break
    return found


def _around(
    text: str, pattern: re.Pattern[str], place: int, back: int, since: int
) -> re.Match[str] | None:
    """The match around a hint: from the begin of its line, or from a little before the hint."""
    line = text.rfind("\n", max(0, place - LONGEST_MARK), place) + 1
    if (line or place <= LONGEST_MARK) and line >= since:
        mark = pattern.match(text, line)
        if mark and place < mark.end():
            return mark
    for start in range(max(line, place - back, since), place + 1):
        mark = pattern.match(text, start)
        if mark and place < mark.end():
            return mark
    return None


def _from_the_begin(text: str, hints: Hints, length: int, stop: int) -> Iterator[tuple[int, str]]:
    """Where hints begin, the first one first: nowhere where none begins in `length` characters."""
    body = text[:length]
    known = (*hints.common, *hints.rare, *hints.verbs)
    if not body.isascii():
        known += hints.foreign
    if not any(hint in body for hint in known):
        return
    reach = text[:stop]
    next_one = {hint: place for hint in known if (place := reach.find(hint)) >= 0}
    while next_one:
        hint = min(next_one, key=next_one.__getitem__)
        place = next_one[hint]
        yield place, hint
        next_one[hint] = text.find(hint, place + 1, stop)
        if next_one[hint] < 0:
            del next_one[hint]


def _places(text: str, hints: Hints) -> Iterator[tuple[int, str]]:
    head = max(0, len(text) - NEAR_END)
    if len(text) <= SHORT:
        # Most replies are as short as "Answer: C": one search costs less than one for each hint.
        yield from [(found.start(), found[1]) for found in _any_of(hints).finditer(text)][::-1]
        return
    foreign = () if text.isascii() else hints.foreign
    yield from _from_the_end(
        text, (*hints.common, *hints.rare, *hints.verbs, *foreign), head, len(text)
    )
    if head:
        yield from _from_the_end(text, hints.common, 0, head)


@lru_cache(maxsize=8)
def _any_of(hints: Hints) -> re.Pattern[str]:
    """Where any hint begins, those within others included."""
    known = (*hints.common, *hints.rare, *hints.verbs, *hints.foreign)
    return re.compile(rf"(?=({'|'.join(map(re.escape, known))}))")


def _from_the_end(
    text: str, hints: Iterable[str], start: int, stop: int
) -> Iterator[tuple[int, str]]:
    """Where some texts begin between two places, the last one first, and which it is."""
    last = {}
    for hint in hints:
        place = text.rfind(hint, start, stop + len(hint) - 1)
        if place >= 0:
            last[hint] = place
    while last:
        hint = max(last, key=last.__getitem__)
        place = last[hint]
        yield place, hint
        last[hint] = text.rfind(hint, start, place)
        if last[hint] < 0:
            del last[hint]


def braced(text: str, start: int, longest: int) -> str | None:
    """What stands before the brace that closes one opened just before `start`; None where none."""
    depth = 1
    for brace in _BRACE.finditer(text, start, start + longest):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return text[start : brace.start()]
    return None


_BRACE = re.compile(r"[{}]")
