"""What a text comes to in its last sentence, where no marker announces it: "So it must be D."."""

from __future__ import annotations

import re

from anytime.domains.answers.characters import END_OF_TURN, plain_characters

__all__ = ["LAST_WORDS_HINT", "letter_in_last_words", "number_in_last_words", "states_in_passing"]

_REACH = 240
"""Characters at the end in which that sentence is, its template's tokens included."""

_BEGIN = r"(?:\A|[.!?:;—]\)?\s|\n)[\s*_>-]{0,6}"
_SO = (
    r"(?i:so|thus|hence|therefore|consequently|accordingly|in conclusion|actually|no|sorry"
    r"|correction|rather|instead|and so|but|donc|por (?:lo )?tanto|quindi|dus|portanto)"
    r"[,:.—]?\s"
)
_IT_IS = (
    r"(?i:it|that|this|the one)(?:'s|\s(?i:is|must be|should be|has to be|can only be"
    r"|would have to be|will be))\s(?i:then\s|therefore\s|actually\s|clearly\s)?"
)
_MUST_BE = r"(?i:it|this|that)\s(?i:must be|has to be|can only be)\s"
_LETTER = r"[*_(\[$\"'`]{0,4}(?:(?i:option|choice|answer)\s\(?)?(?P<letter>[A-D])[)\]*_$\"'`]{0,4}"
_END = r"(?:[.!][*_)\"']{0,3})?\s*\Z"
_CONCLUSION = re.compile(rf"{_BEGIN}(?:(?:{_SO}){{1,2}}(?:{_IT_IS})?|{_MUST_BE}){_LETTER}{_END}")
# What says of a letter that it is right, in languages whose word for "answer" is not needed.
_RIGHT = re.compile(
    rf"{_BEGIN}(?:{_SO}|(?:故|所以|因此),?\s?)?(?:(?i:opción|opção|opzione|l'option|optie|antwort|réponse|respuesta)\s)?"
    rf"{_LETTER}\s?(?:(?:(?i:ist|es|est|è|é|is|är|er)\s(?:(?i:die|la|le|de|het|a|o|det)\s)?(?i:"
    r"richtige?|korrekte?|correct[aeo]?|corrett[ao]|certa|juiste?|rätt|riktig|bonne"
    r")(?:\s(?i:antwort|réponse|respuesta|risposta|resposta|antwoord|option))?)"
    rf"|(?:是|為|为)?正[确確](?:的|答案|选项|選項){{0,2}}|が正解(?:です)?|이 정답(?:이다|입니다)?)"
    rf"(?:[.!。][*_)\"']{{0,3}})?\s*\Z"
)
_NUMBER = re.compile(
    rf"{_BEGIN}(?:{_SO})?[*_($\\]{{0,6}}(?P<sign>-?)(?P<digits>[0-9]{{1,3}}(?:,[0-9]{{3}})+|[0-9]{{1,12}})"
    r"[*_)$\\]{0,6}\s(?i:is)\s(?:(?i:thus|then|therefore|hence|indeed)\s)?(?i:the|our|my)"
    rf"\s(?:(?i:final|correct|required|desired)\s)?(?i:answer){_END}"
)
LAST_WORDS_HINT = (
    r"actually|sorry|correction|rather|instead|must be|has to be|can only be|in conclusion"
    r"|accordingly|\bno\b|\bbut\b|donc|tanto|quindi|\bdus\b|\b(?:ist|es|est|is|är|er)\b|[èé正]|정답"
)
"""Found, whatever the case, in each sentence that these match, beside "so" and the like."""

SHORT = 100
"""A text up to this length may end without a full stop."""


def letter_in_last_words(text: str) -> str | None:
    """The letter that the last sentence of a text comes to; None where it comes to none.

    Args:
        text: In plain characters at its end. Of a longer text the sentence has to be finished, for
            it may have been cut within a word.
    """
    said = _last_words(text)
    found = _CONCLUSION.search(said) or _RIGHT.search(said)
    return found["letter"] if found and _finished(text, said) else None


def number_in_last_words(text: str) -> str | None:
    """The integer of which the last sentence says that it is the answer."""
    said = _last_words(text)
    found = _NUMBER.search(said)
    if found is None or not _finished(text, said):
        return None
    digits = found["digits"].replace(",", "").lstrip("0") or "0"
    return f"-{digits}" if found["sign"] and digits != "0" else digits


def states_in_passing(sentence: str) -> bool:
    """Whether a sentence would be read by one of these, where it came last."""
    plain = plain_characters(sentence)
    return any(form.search(plain) for form in (_CONCLUSION, _RIGHT, _NUMBER))


def _last_words(text: str) -> str:
    said = text[-_REACH:]
    begin = "" if len(text) <= _REACH else "-"  # a text that is cut does not begin there
    return begin + END_OF_TURN.sub("", said).rstrip()


def _finished(text: str, said: str) -> bool:
    return len(text) <= SHORT or said.rstrip("*_)\"'`$")[-1:] in (".", "!", "。")
