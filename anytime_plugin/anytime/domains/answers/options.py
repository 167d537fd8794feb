"""The four options of a question: their letters, and a text that states one of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from anytime.domains.answers.characters import plain_characters
from anytime.domains.answers.latex import undress

__all__ = ["LETTERS", "option_stated", "options_in"]

LETTERS = "ABCD"

_TOKEN = re.compile(r"[^\W\d_]+|[0-9]+(?:\.[0-9]+)?|\n|[^\s\w]")
_FIRST_WORD = re.compile(r"[\s*_(]{0,8}([^\W\d_]+)(?=[\s.,;:]|\Z)")
_ENDS = frozenset((".", ";", ":", "\n", ")", "]", "—", "–", "!", "because", "since", "<", "✓"))
# "carbon monoxide (CO)": a remark on the option, and no further one
_REMARK = re.compile(r"([^\n]{1,300}?) \((?!or\b|and\b|not\b)[^()\n]{1,60}\)[ .*_]{0,4}(?:\Z|\n)")
_ARTICLES = frozenset(("the", "a", "an"))
_BLOCK = re.compile(r"(?m)^[ \t>*_(\[`-]{0,6}([A-J])[)\].:][)*_` \t]{1,4}(?=\S)")


def option_stated(text: str, options: Sequence[str]) -> str | None:
    """The letter of the option whose text stands at the begin of a text and ends there.

    Of several the longest, for one may begin as another does. Case counts only where it tells two
    options apart ("Aa", "aa"); white space, markdown and the dress of LaTeX do not.
    """
    plain = tuple(options)
    exact, folded = _option_tokens(plain)
    first = _FIRST_WORD.match(text)
    if first and not _may_begin(first[1].casefold(), exact):
        return None
    words = _tokens(text[: 2 * max(map(len, plain), default=0) + 80])
    for known, said in ((exact, words), (folded, [word.casefold() for word in words])):
        found = _longest_start(said, known)
        if found is None and said[:1] and said[0].casefold() in _ARTICLES:
            found = _longest_start(said[1:], known)
        if found is not None:
            return LETTERS[found]
    remark = _REMARK.match(text)
    return option_stated(remark[1], plain) if remark else None


def options_in(prompt: str) -> tuple[str, ...] | None:
    """The four options that a prompt lists last, one to a line: "A) ...", "(A) ...", "A. ...".

    Returns:
        Their texts in the order of their letters; None where no four such lines follow each other,
        or where there is a fifth. The last option ends with its line.
    """
    marks = list(_BLOCK.finditer(prompt))
    for last in range(len(marks) - 1, 2, -1):
        block = marks[last - 3 : last + 1]
        if "".join(mark[1] for mark in block) == LETTERS:
            if marks[last + 1 : last + 2] and marks[last + 1][1] == "E":
                return None
            ends = [mark.start() for mark in block[1:]]
            ends.append(prompt.find("\n", block[3].end()) % (len(prompt) + 1))
            return tuple(
                prompt[mark.end() : end].strip() for mark, end in zip(block, ends, strict=True)
            )
    return None


def _may_begin(word: str, options: Sequence[Sequence[str]]) -> bool:
    """A cheap look at the first word, for most texts are no option's."""
    return word in _ARTICLES or any(words and words[0].casefold() == word for words in options)


def _longest_start(words: Sequence[str], options: Sequence[Sequence[str]]) -> int | None:
    best, length = None, 0
    for index, option in enumerate(options):
        if len(option) <= length:
            continue
        end = _end_of(option, words)
        if end is not None and _ended(words[end:]):
            best, length = index, len(option)
    return best


def _end_of(option: Sequence[str], words: Sequence[str]) -> int | None:
    """Where an option ends that some words begin with, line breaks in them aside."""
    at = 0
    for word in option:
        while at < len(words) and words[at] == "\n":
            at += 1
        if at == len(words) or words[at] != word:
            return None
        at += 1
    return at


def _ended(rest: Sequence[str]) -> bool:
    if not rest or rest[0].casefold() in _ENDS:
        return True
    return rest[0] == "," and len(rest) > 1 and rest[1].isalpha() and rest[1] not in ("or", "and")


def _tokens(text: str) -> tuple[str, ...]:
    lines = (undress(line) for line in plain_characters(text).split("\n"))
    return tuple(_TOKEN.findall("\n".join(lines).strip()))


@lru_cache(maxsize=512)
def _option_tokens(
    options: tuple[str, ...],
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """The options as words, with their case and without; no words for one that is a label."""
    exact = []
    for option in options:
        words = [word for word in _tokens(option) if word != "\n"]
        while words and words[-1] in ".;,":
            words.pop()
        label = len(words) == 1 and words[0].upper() in LETTERS
        exact.append(() if label else tuple(words))
    folded = [tuple(word.casefold() for word in words) for words in exact]
    # What differs in nothing but its case is told apart by it alone.
    folded = [() if folded.count(words) > exact.count(own) else words
              for words, own in zip(folded, exact, strict=True)]  # fmt: skip
    return exact, folded
