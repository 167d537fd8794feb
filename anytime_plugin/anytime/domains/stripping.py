"""Removing stated answers from a reasoning trace, whole sentences at a time.

A domain says what a statement is; this module finds the sentences and closes the gaps. Sentences
are judged from the last to the first, each with the text that will really follow it, so that one
pass suffices: removing a sentence cannot make a statement out of what is kept around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["BREAK", "BULLET", "strip_statements"]

_CURRENT = "Current answer:"
"""What the built-in simulated model begins a statement with; it ends with the line."""
_CURRENT_LINE = re.compile(rf"{_CURRENT}[^\n]*(?:\n\s*)?")

# Line breaks, and white space after the end of a sentence. The first `\s*` gives back at most one
# run of white space, and no run is tried from its middle.
BREAK = re.compile(
    r"(?<!\s)(?:\s*\n\s*|(?:(?<=[.!?])|(?<=[.!?][)\]}$*_\"'”])|(?<=[.!?]\*\*)|(?<=[.!?]\\[)\]]))"
    r"[^\S\n]+)"
)
_NUMBER = re.compile(r"[>*#(-]{0,4}\d{1,3}\.")
BULLET = re.compile(r"(?:(?:[-*+•>]|\(?\d{1,3}[.)])[ \t]{1,4}){0,3}")
"""What a sentence may have in front where it is an item of a list; matches the empty text, too."""
_HEADING = re.compile(r"[>*#_ ]*(?:(?i:the|my) )?(?:(?i:final) )?(?i:answer)[*_: ]*")
_BRACKETS = {"\\[": "\\]", "$$": "$$", "```": "```"}

_REACH = 900
"""Characters that are shown of what follows a sentence, at least."""


MOST_KNOWN = 64
"""So many verdicts are kept: a model in a loop writes the same sentences over and over."""

_Sentence = tuple[str, str]
"""Its text, and the white space after it."""


def strip_statements(
    text: str, hint: re.Pattern[str], statement: Callable[[str, int], int | None]
) -> str:
    """Remove the sentences that hold a statement, and lines that begin with "Current answer:".

    Headings and brackets that would be left with nothing under or in them go, too. Where a
    sentence went, the white space on both its sides becomes one gap.

    Args:
        text: Any text.
        hint: Found in every sentence in which a statement begins.
        statement: `statement(window, length)`: where the statement ends that begins in the first
            `length` characters of `window`, None where none does. The rest of the window is the
            white space after the sentence and at least 900 characters of what will follow.

    Returns:
        The text unchanged where it holds no statement.
    """
    front = text[: len(text) - len(text.lstrip())]
    kept: list[_Sentence] = []  # the last one first
    ahead = ""  # the begin of what is kept
    joined = 0  # so many of these are in it
    known: dict[tuple[str, int], int | None] = {}
    after: str | None = None  # the gap after a removed neighbour
    changed = False
    for body, gap in reversed(_sentences(text[len(front) :])):
        if after is not None:
            gap = _closed(gap, after)
        end: int | None = None
        if body.startswith(_CURRENT) or (after is not None and _HEADING.fullmatch(body)):
            end = len(body)
        elif after is not None and kept and _BRACKETS.get(_bracket(body)) == kept[-1][0]:
            end = len(body) + len(gap) + len(kept[-1][0])
        elif hint.search(body):
            if joined < len(kept):
                ahead = _begin(kept, ahead, joined)
                joined = len(kept)
            shown = (body + gap + ahead)[: 2 * len(body) + len(gap) + _REACH]
            if (shown, len(body)) not in known:
                if len(known) == MOST_KNOWN:
                    known.clear()
                known[shown, len(body)] = statement(shown, len(body))
            end = known[shown, len(body)]
        if end is None:
            kept.append((body, gap))
            after = None
            continue
        at = len(body) + len(gap)
        while kept and at < end:
            reached = kept.pop()
            length = len(reached[0]) + len(reached[1])
            at += length
            if len(kept) < joined:
                ahead = ahead[length:]
                joined = len(kept)
            gap = _closed(gap, reached[1])
        if len(ahead) < _REACH and joined == len(kept):
            ahead = _begin(kept, "", 0)
        after = gap
        changed = True
    if not changed:
        return text
    return front + "".join(body + gap for body, gap in reversed(kept)) if kept else ""


def _sentences(text: str) -> list[_Sentence]:
    found: list[_Sentence] = []
    start = 0
    for current in _CURRENT_LINE.finditer(text):
        _split(text[start : current.start()], found)
        body = current[0].split("\n", 1)[0]
        found.append((body, current[0][len(body) :]))
        start = current.end()
    _split(text[start:], found)
    return found


def _split(text: str, found: list[_Sentence]) -> None:
    start = 0
    for gap in BREAK.finditer(text):
        body = text[start : gap.start()]
        # The number of a list's item is no sentence.
        if len(body) <= 8 and "\n" not in gap[0] and _NUMBER.fullmatch(body):
            continue
        found.append((body, gap[0]))
        start = gap.end()
    if start < len(text):
        body = text[start:].rstrip()
        found.append((body, text[start + len(body) :]))


def _begin(kept: list[_Sentence], ahead: str, joined: int) -> str:
    """The begin of what is kept, where that of the first `joined` sentences is known."""
    parts: list[str] = []
    length = 0
    for place in range(len(kept) - 1, joined - 1, -1):
        if length >= 2 * _REACH:
            break
        parts += kept[place]
        length += len(kept[place][0]) + len(kept[place][1])
    return ("".join(parts) + ahead)[: 2 * _REACH]


def _closed(before: str, after: str) -> str:
    """One gap out of two: as many line breaks as the larger has, what follows as far indented."""
    if not after:  # the end of the text
        return ""
    if "\n" in after:
        return "\n" * max(before.count("\n"), after.count("\n")) + after.rpartition("\n")[2]
    return before or after


def _bracket(body: str) -> str:
    return "```" if body.startswith("```") and "`" not in body[3:] else body
