r"""What one short text says: the integer that it is, or that a sentence comes to."""

from __future__ import annotations

import re

from anytime.domains.answers.characters import END_OF_TURN
from anytime.domains.answers.latex import undress

__all__ = [
    "LONGEST_ANSWER",
    "LONGEST_BARE_REPLY",
    "bare_integer",
    "integer",
    "number_in_words",
    "spoken_integer",
    "value",
]

LONGEST_ANSWER = 400
"""Characters after a marker in which its answer has to end."""
LONGEST_BARE_REPLY = 100
"""A reply without any marker is read whole up to this length: a forced answer given bare."""

_DIGITS = (
    r"(?P<sign>[+-]?)\s?(?P<digits>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)"
    r"(?![0-9]|,[0-9]|\.[0-9]*[1-9])(?:\.0+(?![0-9]))?"
)
_WORD = r"[^\W\d_](?:[^\W\d_]|['-](?=[^\W\d_]))*"
_LEAD = rf"(?P<lead>(?:{_WORD}[ ,:]{{1,3}}){{0,12}}?)"
_POWER = rf"(?:\s?\^\s?-?[0-9]|[²³]|/{_WORD})?"
_UNIT = rf"(?P<unit>(?:\s?{_WORD}{_POWER}(?:\s{_WORD}{_POWER}){{0,3}})?)"
_INTEGER = re.compile(rf"\s?{_LEAD}{_DIGITS}{_UNIT}\s?[.,;:]?\s?")
_FACTOR = re.compile(r"[A-Za-zα-ωΑ-Ω](?![^\W\d_])|[A-Za-z]{1,20}\s?\(")
"""What makes a product of a number it directly follows: `10x`, `3sin(`."""
# Words that make another number, or a doubt, of a number they stand beside.
# fmt: off
_NO_LEAD = frozenset((
    "not", "no", "more", "less", "than", "least", "most", "between", "from", "or", "and", "if",
    "let", "either", "mod", "modulo", "times", "plus", "minus", "over", "by", "divided", "except",
    "until", "step", "case", "problem", "question", "part", "equation", "page", "chapter",
    "section", "figure", "lemma", "theorem", "example", "line", "exercise", "to", "into", "since",
    "suppose", "assume", "try", "aime", "isn't", "cannot", "never", "without", "greater", "fewer",
    "might", "could", "may", "maybe", "perhaps", "possibly",
    "above", "below", "under", "exceeding", "confidence", "certainty", "format",
    "nicht", "não", "nao", "niet", "ikke", "inte", "nie", "nem", "не", "ні", "tidak", "bukan",
    "không", "δεν", "pas", "kein", "keine", "ни", "non", "mehr", "weniger", "más", "menos", "moins",
    "mindestens", "höchstens", "больше", "меньше", "mais", "più", "meno",
))
_NO_UNIT = frozenset((
    "or", "and", "not", "is", "isn't", "if", "when", "then", "times", "plus", "minus", "mod",
    "modulo", "over", "divided", "choose", "squared", "cubed", "factorial", "th", "st", "nd", "rd",
    "thousand", "million", "billion", "hundred", "dozen", "to", "through", "x", "percent", "more",
    "less", "but", "e", "pi", "π", "digit", "digits", "i", "was", "are", "has", "have", "does",
))
# fmt: on
_REASON = re.compile(
    rf"\s{{0,2}}{_DIGITS}(?P<unit>(?:\s(?!(?:of|x)\b)[A-Za-z]{{2,15}}){{0,2}}?)"
    r"(?:\s?[,;]?\s(?:because|since|as|which|where|so|for|by|but)\b|\s?\(|\s[-–—]{1,2}\s|[.;!]\s(?!\s?-?[0-9])"
    r"|,\snot\b|\s✓|\s✅|[.;!]?\s?\Z)"
)
_CONCLUDED = re.compile(
    rf"(?:\b(?i:is|are|equals|equal to|be|gives|obtain|get|yields|becomes|comes to)(?: (?:then|thus"
    rf"|therefore|exactly|simply|just|indeed|equal to|found to be|hence|now)){{0,2}}\s?:?\s?|=\s?)"
    rf"{_DIGITS}{_UNIT}\s?[.!]?\s?\Z"
)
_DENIED = re.compile(
    r"(?i)\b(?:not|\w{1,6}n't|never|cannot|unless|wait|hmm|maybe|perhaps|possibly|to part"
    r"|(?:might|may|could)(?: well| also)? be"
    r"|no es|n[ãa]o|nicht|niet|ikke|inte|nie|nem|не|ні|tidak|bukan|không|δεν|pas)\b|\?"
)
_TAKEN_BACK = re.compile(r"(?i)\b(?:wait|hmm+|scratch that|or rather|i mean)\b")
_SUBORDINATE = re.compile(
    r"(?i)\s?(?:so |thus |hence )?(?:let|since|if|suppose|assum\w+|because|when|where|for|as|given"
    r"|consider|try|with|using)\b"
)
_SENTENCES = re.compile(r"[.!?]\s+(?=[A-Z])")


def integer(text: str) -> str | None:
    r"""Read a text that is one integer, dressed in LaTeX, words or a unit.

    Returns:
        The integer without leading zeros, or None: `\frac{1}{2}`, `2^{10}`, `204.5` and `10x` are
        not integers, and "204 or 205" is not one. Of an equation the right-hand side counts.
    """
    return value(undress(text[:LONGEST_ANSWER]))


def value(plain: str) -> str | None:
    """The integer that an undressed text is."""
    if _EITHER.search(plain):
        return None
    sides = plain.split("=")
    last = _side(sides[-1])
    if last is not None or len(sides) == 1:
        return last
    # "204 = 12 · 17" is 204, too; "0 = x - 204" is not 0.
    first = _side(sides[0])
    rest = "".join(sides[1:])
    return first if rest.strip() and not re.search(r"[^\W\d_]", rest) else None


def _side(text: str) -> str | None:
    match = _INTEGER.fullmatch(text)
    if match is None:
        return number_in_words(text)
    if not _measures(match["unit"]) or _lower(match["lead"]) & _NO_LEAD:
        return None
    if _VARIABLE.fullmatch(match["lead"]):
        return None
    if len(match["lead"].split()) > 1 and not _LEADS_TO.search(match["lead"]):
        return None
    return _digits(match)


_LEADS_TO = re.compile(
    r"(?i)(?:\b(?:is|are|equals|equal|be|of|gives|get|obtain|yields|exactly|approximately|answer"
    r"|roughly|about|integer|value|number|result|total|therefore|thus|so|hence|simply|just|now"
    r"|indeed|then|was)|:)[ ,:]{1,3}\Z|[^\x00-\x7f]"
)


_EITHER = re.compile(r"[0-9] ?,? or\b[^0-9]{0,15}[0-9]")
# "p = 3, q = 7": two numbers of equal rank, while "m = 3, n = 4, so m + n = 7" comes to one. (In a
# box the last one counts: there the question's own letter comes last.)
_SEVERAL = re.compile(
    r"(?:\A|[\s,;])[A-Za-z]\s?=\s?-?[0-9]+\s?(?:[,;]|and\b|,\sand\b)\s?[A-Za-z]\s?=\s?-?[0-9]+\s?[.,;]?\s?\Z"
)
_VARIABLE = re.compile(r"[A-Za-z][ ,]{1,3}")


def _measures(unit: str) -> bool:
    """Whether what follows a number is a unit, and no factor and no other word."""
    factor = _FACTOR.match(unit) and not re.match(r"[A-Za-z]{2}", unit)
    return not factor and not _lower(unit) & _NO_UNIT


def _lower(words: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", words.lower())) if words else set()


def spoken_integer(plain: str, content: str) -> str | None:
    """The integer that the rest of a line comes to: dressed, with a reason, or in a sentence."""
    if _EITHER.search(plain) or _SEVERAL.search(plain) or _TAKEN_BACK.search(plain):
        return None
    if _SUBORDINATE.match(plain) and not re.search(r",.*\.\s?\Z", plain):
        return None
    if (whole := value(plain)) is not None:
        # "not a whole number, but FG = 17, EF = 184" comes to none of them.
        return None if _DENIED.search(plain.rpartition("=")[0]) else whole
    reason = _REASON.match(plain)
    if reason and _measures(reason["unit"]):
        return _digits(reason)
    if _DENIED.search(plain) or _SENTENCES.search(plain):
        return None
    concluded = _CONCLUDED.search(plain)
    if concluded and _measures(concluded["unit"]):
        return _digits(concluded)
    numbers = re.findall(r"[0-9]+", plain)
    one = _ONLY.fullmatch(plain) if len(numbers) == 1 else None
    if one and _measures(one["unit"]) and not _lower(one["lead"]) & _NO_LEAD:
        return _digits(one)
    return None


_ONLY = re.compile(rf"\s?{_LEAD}{_DIGITS}{_UNIT}\s?[.!]")


def _digits(match: re.Match[str]) -> str:
    digits = match["digits"].replace(",", "").lstrip("0") or "0"
    return f"-{digits}" if match["sign"] == "-" and digits != "0" else digits


def bare_integer(text: str) -> str | None:
    """A short reply that is nothing but the answer, or a finished sentence that comes to it."""
    bare = END_OF_TURN.split(text.strip()[: 2 * LONGEST_BARE_REPLY], maxsplit=1)[0].strip()
    if len(bare) > LONGEST_BARE_REPLY or _SENTENCES.search(bare):
        return None
    plain = undress(bare)
    if _SUBORDINATE.match(plain) or _DENIED.search(plain):
        return None
    match = _INTEGER.fullmatch(plain.rpartition("=")[2])
    # Words without an end are a sentence that may go on: "There are 12".
    if match and match["lead"] and not re.search(r"[.!][*_$)\\\] ]{0,4}\Z|(?i:\banswer\b)", bare):
        return None
    return spoken_integer(plain, bare)


# fmt: off
_ONES = {word: number for number, word in enumerate((
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
))}
_TENS = {word: 10 * number for number, word in enumerate((
    "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
), start=2)}
# fmt: on
_NUMBER_WORDS = re.compile(
    rf"\s?(?:(?:the )?(?:final )?answer(?: is|:) )?((?:(?:{'|'.join((*_ONES, *_TENS))}|hundred|and)"
    r"\b[ -]?){1,6})[.]?\s?",
    re.IGNORECASE,
)  # fmt: skip


def number_in_words(text: str) -> str | None:
    """A number below a thousand that is written out: "two hundred and four"."""
    match = _NUMBER_WORDS.fullmatch(text)
    if match is None:
        return None
    total = part = 0
    before = ""
    for word in re.findall(r"[a-z]+", match[1].lower()):
        if word == "hundred":
            if not 0 < part < 10 or total:
                return None
            total, part = part * 100, 0
        elif word == "and":
            if before != "hundred":
                return None
        elif word in _TENS:
            if part:
                return None
            part = _TENS[word]
        else:
            if part and (part < 20 or part % 10 or not 0 < _ONES[word] < 10):
                return None
            part += _ONES[word]
        before = word
    return None if before in ("", "and") else str(total + part)
