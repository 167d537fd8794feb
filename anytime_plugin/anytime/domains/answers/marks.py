"""Finding what announces an answer, from the end of a text, with little reading."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

__all__ = ["LONGEST_MARK", "NEAR_END", "Hints", "braced", "marks_from_the_end"]

LONGEST_MARK = 130
"""Characters in which a marker ends, and before its hint begins."""
NEAR_END = 1000
"""Characters at the end of a text in which rarer markers are looked for, too."""
MOST_HINTS = 2000
"""No more places are looked at: a real trace of 100,000 characters has some hundred."""
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
    """

    common: tuple[str, ...]
    rare: tuple[str, ...]
    foreign: tuple[str, ...]
    verbs: tuple[str, ...] = ()

    def within(self, text: str) -> bool:
        """Whether there is one in a text."""
        return any(hint in text for hints in self for hint in hints)


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
        line = text.rfind("\n", max(0, place - LONGEST_MARK), place) + 1
        if line or place <= LONGEST_MARK:
            mark = pattern.match(text, line)
            if mark and place < mark.end() and line < stop:
                yield mark
                stop = line
                continue
        back = FAR_BACK if hint in hints.verbs else BACK
        for start in range(max(line, place - back), place + 1):
            mark = pattern.match(text, start)
            if mark and place < mark.end() and start < stop:
                yield mark
                stop = start
                break


def _places(text: str, hints: Hints) -> Iterator[tuple[int, str]]:
    head = max(0, len(text) - NEAR_END)
    foreign = () if text.isascii() else hints.foreign
    yield from _from_the_end(
        text, (*hints.common, *hints.rare, *hints.verbs, *foreign), head, len(text)
    )
    if head:
        yield from _from_the_end(text, hints.common, 0, head)


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
