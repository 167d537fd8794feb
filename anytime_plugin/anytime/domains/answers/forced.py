"""Where the first answer in a text ends: a forced answer may run on into another problem."""

from __future__ import annotations

import re

from anytime.domains.answers.characters import END_OF_LINE, plain_characters
from anytime.domains.answers.latex import undress
from anytime.domains.answers.stated_integers import answer_marks

__all__ = ["end_of_integer", "end_of_letter"]

_CUE_OF_LETTER = re.compile(r"(?i)answer[*_ ]{0,4}:[*_ ]{0,4}")
_GOES_ON = re.compile(r"(?i)(?::|\b(?:is|be|the|option|choice))[\s*_]{0,4}\Z")


def end_of_integer(text: str) -> int:
    r"""Where the first `\boxed{}` or "Answer:" line ends that holds anything.

    A box that is never closed ends with its line. The end of the text where there is none.
    """
    plain = plain_characters(text)
    end = len(text)
    for mark, content in answer_marks(plain):  # the last one first
        if undress(content):
            at = plain.index(content, mark.end()) + len(content)
            end = at + (mark.lastgroup == "box" and plain[at : at + 1] == "}")
    return end


def end_of_letter(text: str) -> int:
    """Where the line ends on which the first "Answer:" is answered, its own or the next with text.

    The end of the text where there is none.
    """
    plain = plain_characters(text)
    cue = _CUE_OF_LETTER.search(plain)
    if cue is None:
        return len(text)
    at = cue.end()
    while at < len(plain):
        end = END_OF_LINE.search(plain, at)
        stop = end.start() if end else len(plain)
        line = undress(plain[at : min(stop, at + 400)])
        if line and not _GOES_ON.search(line):
            return stop
        at = end.end() if end else stop
    return len(text)
