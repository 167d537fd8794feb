"""How an answer is announced: "Answer:", "the final answer is", and the same in other languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

__all__ = [
    "ANSWER_LINE",
    "BOX",
    "FOREIGN_ANSWER",
    "HEADING",
    "JSON_ANSWER",
    "LONGEST_MARK",
    "TAG",
    "Hint",
    "braced",
    "doubted",
    "marks_from_the_end",
]

LONGEST_MARK = 130
"""Characters in which a marker ends, and before its hint begins."""
MOST_MARKS = 500
"""No more are looked at, from the end: what is stated more often than that is stated in a loop."""
MOST_HINTS = 2000
"""No more places are looked at: a real trace of 100,000 characters has some hundred."""
STRETCH = 8_000
"""Characters that are looked through for hints at once, from the end of a text."""
HINTS_AT_ONCE = 16

BOX = (
    r"(?:\\f?boxed|\\f(?:rame)?box|\x08oxed|(?<![A-Za-z\\])boxed(?=\{))[ \t]{0,4}"
    r"(?:\{|(?=[+-]?[0-9]))"
)
"""A box before its content, with its brace where it has one."""

# Adjectives that may stand before "answer" without making another thing of it.
KIND = (
    r"(?:(?i:final|correct|right|best|numerical|overall|actual|required|desired|exact|short|full"
    r"|complete|proposed|chosen|selected|concluding|boxed)[ \t]{1,2}){0,2}"
)
_FRONT = (
    r"^[ \t>*#_+•-]{0,16}(?:\(?[0-9]{1,2}[.)][ \t*_]{1,4})?"
    r"(?:(?i:so|thus|hence|therefore|then|and|finally|in conclusion),?[ \t]{1,2})?"
    r"(?:(?i:the|my|our|your)\s)?"
)
_QUALIFIED = (
    r"(?:\s\([^()\n]{0,30}\)|(?:\s(?i:to|for)\s(?i:the|this)\s(?i:problem|question))?"
    r"(?:\s(?i:is|will be|should be))?)"
)
_SEPARATOR = r"(?:[:=→]|--?>|\s[–—-]{1,2}(?=\s))"

ANSWER_LINE = rf"{_FRONT}{KIND}(?i:answer|ans\.?){_QUALIFIED}[ \t*_\"'`]{{0,6}}{_SEPARATOR}"
"""An answer at the begin of its line."""

HEADING = (
    rf"^[ \t>*#_]{{0,16}}(?:(?i:the|my)\s)?{KIND}(?i:answer)[ \t*_]{{0,8}}\n"
    r"(?=[ \t\n]{0,8}[^ \t\n])"
)
"""A heading without a colon; what is below it need not be the answer."""

TAG = r"<(?i:final[_ -]?)?(?i:answer)>"
JSON_ANSWER = r"[\"'](?i:final[_ ]?|correct[_ ]?)?(?i:answer)[\"']\s{0,2}:"

_WORDS = (
    # Latin and Greek letters; an adjective may follow
    r"\b(?i:respuesta|resposta|risposta|r[eé]\u0301?ponse|antwoord|antwort|lösung|svar(?:et)?"
    r"|vastaus|odpowied[zź]|odpov[eě][dď]|v[aá]lasz|r[aă]spuns(?:ul)?|cevap|yan[ıi]t|jawaban"
    r"|απάντηση|đáp án|câu trả lời|ответ|відповідь|отговор|одговор)"
    r"(?:\s(?!(?i:es|est|è|é|ist|is|är|er|adalah|là|είναι|to|je|este|on)\b)"
    r"[^\W\d_]{2,12}){0,2}"
    r"|(?:最终|最后|正确|最終|最終的な|正しい)?(?:答案|解答|答え|正解|回答)|答|選択肢|정답|답안?"
    r"|الإجابة(?: الصحيحة| النهائية)?|الاجابة|الجواب|پاسخ|תשובה|התשובה|उत्तर|คำตอบ"
)
_FOREIGN_PARTS = (
    *("espuesta", "esposta", "isposta", "ponse", "ntwoord", "ntwort", "ösung", "svar", "Svar"),
    *("astaus", "dpowied", "dpove", "dpově", "alasz", "álasz", "spuns", "evap", "anıt", "anit"),
    *("awaban", "πάντηση", "đáp án", "Đáp án", "câu trả", "Câu trả", "твет", "ідповідь", "тговор"),
    *("дговор", "答", "正解", "選択肢", "답", "الإجابة", "الاجابة", "الجواب", "پاسخ", "תשובה"),
    *("उत्तर", "คำตอบ"),
)
_LATIN_PARTS = tuple(part for part in _FOREIGN_PARTS if part.isascii())


class Hint(NamedTuple):
    """What is looked for first, and what beside it in a text that may hold other languages."""

    english: re.Pattern[str]
    every: re.Pattern[str]

    @classmethod
    def of(cls, english: str) -> Hint:
        """Hints at announcements in English, given here, and in all other languages."""
        every = "|".join((english, *map(re.escape, _FOREIGN_PARTS)))
        return cls(re.compile(english), re.compile(every))

    def places(self, text: str) -> Iterator[list[int]]:
        """Where they stand, a stretch of the text at a time, the last stretch first."""
        for start in range(max(0, len(text) - STRETCH), -STRETCH, -STRETCH):
            stop = start + STRETCH
            stretch = text[max(0, start) : stop + LONGEST_MARK]
            # Few texts hold other languages, which costs most to look for.
            parts = _LATIN_PARTS if stretch.isascii() else _FOREIGN_PARTS
            foreign = any(part in stretch for part in parts)
            pattern = self.every if foreign else self.english
            found = pattern.finditer(text, max(0, start), stop + LONGEST_MARK)
            yield [match.start() for match in found if match.start() < stop]


_IS = (
    r"(?:\s{0,2}[:=—–]|\s(?:es|est|è|é|ist|is|är|er|adalah|là|είναι|to|je|este|on)\b"
    r"(?:\s?:)?|\s{0,2}(?:是|为|為|は|选|選|은|는|هي|هو|היא|है)(?:\s{0,2}:)?)"
)
FOREIGN_ANSWER = rf"(?:{_WORDS})[*_ \t]{{0,4}}{_IS}"
"""An answer announced in another language, anywhere in a line."""

_DOUBT = re.compile(
    r"(?i)\b(?:if|whether|suppose|supposing|assum\w{1,5}|maybe|perhaps|possibly|unless|until|say|not"
    r"|no|never|cannot|guess\w{0,3}|could|might|may|is|was|are|does|did|would|can|each|every"
    r"|any|other|another|wrong|incorrect|previous|first|initial|unlikely|doubt|example|either"
    r"|both|neither|nor|whatever|what|when|isn't|wasn't)[ \t,]{1,3}"
    r"(?:(?:the|my|that|your|this|an?|correct|final|right|best|of|then)[ \t]{1,2}){0,4}[*_(]{0,3}\Z"
)


def doubted(text: str, at: int) -> bool:
    """Whether what begins at a place is asked, denied or supposed by the words just before it."""
    return _DOUBT.search(text[max(0, at - 40) : at]) is not None


def marks_from_the_end(text: str, pattern: re.Pattern[str], hint: Hint) -> Iterator[re.Match[str]]:
    """The matches of a pattern, the last one first, at most `MOST_MARKS`.

    They are looked for only around their hints, which are cheap to find: of a long text seldom
    more than its last lines have to be read.

    Args:
        text: Any text.
        pattern: What to look for.
        hint: Matches inside each of its matches, at most `LONGEST_MARK` characters from its begin.
    """
    stretches = hint.places(text)
    places: list[int] = []
    hints = looked_at = 0
    stop = len(text)
    while hints < MOST_HINTS and looked_at < MOST_MARKS:
        while len(places) <= HINTS_AT_ONCE and (earlier := next(stretches, None)) is not None:
            places[:0] = earlier
        if not places:
            return
        first = len(places) - 1
        while (
            first > 0
            and len(places) - first < HINTS_AT_ONCE
            and places[first] - places[first - 1] <= 2 * LONGEST_MARK
        ):
            first -= 1
        # What begins before the hint in front of these belongs to that.
        start = max(0, places[first] - LONGEST_MARK, places[first - 1] + 1 if first else 0)
        end = places[-1] + 2 * LONGEST_MARK
        found = [m for m in pattern.finditer(text, start, end) if m.start() < stop]
        yield from reversed(found)
        looked_at += len(found)
        stop = found[0].start() if found else min(stop, places[first])
        hints += len(places) - first
        del places[first:]


def braced(text: str, start: int, longest: int) -> str | None:
    """What stands before the brace that closes one opened just before `start`; None where none."""
    depth = 1
    for brace in _BRACE.finditer(text, start, start + longest):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return text[start : brace.start()]
    return None


_BRACE = re.compile(r"[{}]")
