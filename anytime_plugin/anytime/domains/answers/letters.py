"""The letter of an option: the last that a text states as its answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from anytime.domains.answers.characters import (
    FINAL_CHANNEL,
    final_message,
    plain_at_end,
    plain_characters,
)
from anytime.domains.answers.integers import LONGEST_ANSWER, LONGEST_BARE_REPLY
from anytime.domains.answers.last_words import (
    LAST_WORDS_HINT,
    letter_in_last_words,
    states_in_passing,
)
from anytime.domains.answers.marks import (
    LONGEST_MARK,
    Hints,
    braced,
    marks_from_the_end,
    marks_of_sentence,
    reaches,
)
from anytime.domains.answers.options import LETTERS, option_stated
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
from anytime.domains.answers.stated_integers import MOST_REFUSED, item_start
from anytime.domains.stripping import BREAK, strip_statements

__all__ = ["last_letter", "strip_letters"]

_COMMANDS = (
    r"(?i:text(?:bf|it|rm|sf|tt|normal)?|math(?:rm|bf|it|sf|tt|cal|scr|frak|bb)|bold(?:symbol)?|bm"
    r"|f?box(?:ed)?|framebox|mbox|underline|uline|emph|displaystyle|large|huge)"
)
_DRESS = (
    r"(?:(?i:(?:text)?color)\{[A-Za-z0-9!]{1,20}\}|\\[,;:! ]|[✅✔✓☑👉➡️\ufe0f]|<(?=[A-D]>)"
    r"|</?(?:b|i|u|em|strong|span|p|code)>|(?<=\n)[-•+][ \t]|[\s*_:$({\[\\\"'`>]"
    rf"|(?:{_COMMANDS}|(?i:option|choice|letter|answer|final|correct|therefore|thus|is|the|clearly"
    r"|(?:a\s)?(?:letra|alternativa)|la|el|le|il|die|das|het|opción|opção|opzione|lettre|lettera|buchstabe"
    r"|вариант|indeed|definitely|certainly|obviously|simply|just|hence|probably|likely|most|then|still"
    r"|actually|now|indisputably))(?![A-Za-z0-9])){0,40}+"
)
_IS = r"(?:[:=]|(?i:is|be)\b|\s[–—-]{1,2}(?=\s)|→)"
_ANNOUNCED = (
    r"(?i:answer|(?<!each )(?<!every )(?<!any )(?<!other )(?<!per )(?<!this )(?:option|choice|pick"
    r"|selection))[*_\"']{0,4}\s{0,3}(?:\([^()\n]{0,30}\)\s?)?"
    r"(?:(?i:option|choice|letter)\s{0,3})?(?:(?i:to (?:the|this) (?:problem|question))\s)?"
    rf"(?:(?i:would|should|must|will|(?:has|ought)\sto)\s(?i:then\s|therefore\s)?)?{_IS}"
)
_CHOSEN = (
    r"\b(?:(?i:I|we)(?:'ll|'d|\s(?:will|would|must|should|shall))?\s(?:(?:therefore|thus|hence|then"
    r"|will|finally|now)\s)?|(?i:going|go|went)\s(?=with\s))"
    r"(?:choose|pick|select|go\swith|opt\sfor|answer|settle\son|went\swith|chose|with)"
    r"(?:\s(?:the|option|choice|answer|letter)\b){0,3}(?=[\s:])"
    r"|(?<![不能要])(?:应选|故选|所以选|应该选|选择|选|選)(?=[\s:]{0,3}[A-D])"
)
_LETTER_MARK = re.compile(
    rf"(?P<box>{BOX})|(?P<tag>{TAG})|(?P<json>{JSON_ANSWER})|(?P<said>{_ANNOUNCED})"
    rf"|(?P<line>{ANSWER_LINE})|(?P<heading>{HEADING})|(?P<chosen>{_CHOSEN})"
    rf"|(?P<foreign>{FOREIGN_ANSWER})",
    re.MULTILINE,
)
_HINTS = Hints(
    ("box", "\x08oxed", "nswer", "NSWER", "ption", "PTION", "hoice", "HOICE"),
    RARE_HINTS,
    (*FOREIGN_HINTS, "选", "選"),
    ("pick", "Pick", "elect", "hoose", "chose", "ing with", "go with", "opt for", "went with"),
)
_LETTER = re.compile(rf"{_DRESS}(?P<letter>[A-Da-d])(?![A-Za-z0-9])")
# "So C is correct", "Option D fits best": a letter first, and what is said of it.
_CLAIM = re.compile(
    r"(?:(?P<named>\b(?i:option|choice|answer))\s{0,2}|(?i:\b(?:so|thus|hence|therefore|only|clearly"
    r"|consequently|conclude that)\b,?)\s{1,2}|(?:^|[.!:;,>]\s{1,3})(?=[*_(])"
    r"|(?:^|[.!?]\s{1,3})(?=[A-D]\sis\sthe\s(?:correct|right|best)\s(?:answer|option|choice)\b))"
    r"[*_({\[$\"'`]{0,6}(?P<letter>[A-D])(?![A-Za-z0-9])[)*_}\]$\"'`.:]{0,6}"
    r"\s(?:(?i:must|should|would|has to|can only)\s(?i:be)|(?i:is|seems|appears to be))"
    r"(?:\s(?i:clearly|indeed|therefore|thus|then|definitely|certainly|obviously|probably|likely"
    r"|the|most|only|my)){0,3}"
    r"\s(?i:correct|right|answer|best|(?:correct|right|best|final)\s(?:answer|option|choice|fit|one)"
    r"|appropriate|accurate|consistent)\b(?:\s(?i:answer|option|choice|fit|one))?"
    r"|(?P<fits>\b(?i:option|choice|answer))\s{0,2}[*_({\[$\"'`]{0,6}(?P<fitting>[A-D])"
    r"(?![A-Za-z0-9])[)*_}\]$\"'`.:]{0,6}"
    r"\s(?i:(?:best|most closely|closely)\s(?:fits?|match(?:es)?|describes?|explains?)"
    r"|(?:fits?|match(?:es)?|works)(?=\s(?:best|perfectly)\b|[.!]))",
    re.MULTILINE,
)
_CLAIMED = re.compile(
    r"(?:\s(?i:best|perfectly|here|overall))?[)*_]{0,4}(?:[.!,;:\n—]|\s?\Z|\s(?:because|since|as|and|for"
    r"|given|with|the|all|\(|-|–))(?!\s{0,3}(?i:only if|if|unless|but))"
)
# fmt: off
_VERBS_OF_CLAIMS = (
    " is", " seems", " appears", " be ", " fit", " match", " works", " describe", " explain",
)
_OF_CLAIMS = (
    "correct", "right", "answer", "best", "fit", "match", "work", "appropriate", "accurate",
    "consistent", "closely", "perfect",
)
# fmt: on
_LAST_WORDS = 400
"""A claim counts in so many characters at the end: before that options are weighed."""

# What most replies end with; what is below reads the same out of it, and takes longer.
_AS_ASKED = re.compile(
    r"\n[*#]{0,3} ?(?:Answer|ANSWER)[*]{0,2}: ?[*(]{0,3}([A-D])[)*]{0,4}\.?\s{0,4}\Z"
)

_BARE_LETTER = re.compile(
    rf"{_DRESS}(?P<letter>[A-Da-d])(?=[)\]}}.:*$\"'`”’]|\s*\n|\s*\Z|<|,?\s(?:because|since)\b|\s[-–—]\s)"
)
_LABEL = re.compile(r"(?<![A-Za-z0-9])([A-D])\)")
_CLOSED = re.compile(
    r"\s*\Z|[ \t]*\n|[ \t]{0,4}[)\]}]|[:;$\"'”`!—>]|[.,*_]+(?![A-Za-z0-9{])"
    r"|\s?\\(?:[)\]},;:! ]|text|q?quad)"
    r"|\s?<[|/a-z]|\s?[✓✅(]|です|입니다|이다"
)
_HEDGED = re.compile(
    r"(?:[)\]}*$\s.:\"'`]|\\(?:text|mathrm|q?quad)\s?\{?|\\[,;: ]){0,8}"
    r"(?:[,/&+|]|[-–](?=\s?[A-D](?![A-Za-z0-9]))|(?:or|and|nor|vs\.?)\b)[}\s]{0,3}"
    r"(?i:(?:maybe|perhaps|possibly|option|choice|then)\s){0,2}[({$*\"'`]{0,4}[A-D](?![A-Za-z0-9'])"
)
_HEDGED_SMALL = re.compile(r"[)\s]{0,3}(?:[,/&]|(?:or|and)\b)\s{0,3}\(?[a-d](?![A-Za-z0-9'])")
_DENIED = re.compile(
    r"[)\]}*$.:, ]{0,6}(?i:(?:no,? )?(?:wait|hmm+|i mean|or rather|scratch that)\b|no[,.:-])"
    r"|[)\]}*$.:,\s]{0,6}(?:\?|(?:(?i:option|choice)\s)?(?:(?i:is|are|was|seems|would be|looks)\s"
    r"(?i:not|wrong|incorrect|false|too|un\w{1,20}|impossible|invalid|inconsistent|excluded|out)"
    r"|(?i:isn't|cannot|can't|doesn't|does not|fails|won't|could|might)\b))"
)
_LISTED = re.compile(r"\s{0,4}\n\s{0,4}[*_(\t >-]{0,6}\Z")
_NEXT_LABEL = re.compile(r"\n[ \t*_(>-]{0,6}([B-D])[).:]")
_MORE_AFTER = re.compile(
    r"[ \t]+(?:[-–—(:*$\\<]|(?:because|since|as|is|for|due|which|not|and not|rather than"
    r"|instead of|over)\b)"
)
_MORE = re.compile(r"[ \t]+(?:[A-Z]{1,20}[a-z'’-]|[\"“][A-Za-z])")


def last_letter(text: str, options: Sequence[str]) -> str | None:
    r"""Read the letter of the last "Answer: X", "answer is X" or `\boxed{X}`.

    The text of an option stands for its letter behind the same words. "I choose X" counts, too,
    and at the end of a text so does "option X is correct". A reply that starts with a letter
    standing alone ("C", "(C) 25 J") or is an option's text counts where no marker is read, unless
    it goes on to discuss another label. Two letters ("A or C") are no answer, and neither is the
    first label of a list.

    "A" is also a word, and other letters are names: after a marker, a letter followed by a space
    and text is read only where that text is the option's own, or goes on as an answer does ("A
    because", "A - ..."). "Answer: A molecule absorbs" is therefore no answer. Text that starts
    with a letter and is one option's own ("A and B", "D = 3 eV") stands for that option.

    Args:
        text: Any text.
        options: The four option texts in the order of their letters; empty ones where unknown
            (`options_in` reads them from a prompt).
    """
    if asked := _AS_ASKED.search(text[-40:]):
        return asked[1]
    text = final_message(plain_at_end(text))
    if (said := letter_in_last_words(text)) is not None:
        return said
    options = [plain_characters(option) for option in options]
    letter, stated = None, 0
    for mark in islice(marks_from_the_end(text, _LETTER_MARK, _HINTS), MOST_REFUSED):
        letter = _behind(text, mark, options)
        if letter is not None:
            stated = mark.start()
            break
    return _claimed(text, stated) or letter or _bare(text, options)


def strip_letters(text: str) -> str:
    r"""Remove the sentences that state an answer, whatever the options are.

    Those are the markers of `last_letter` before a capital A to D, of which some are an answer
    only next to some options ("Answer: D = 3 eV"), and before a small letter standing alone; an
    "Answer:" at the begin of a sentence before any word in a, b, c or d; what may be an option's
    text behind a marker, which a digit or a formula begins; what says of an option that it is
    correct; and a letter standing alone at the begin of the text.

    Known issues: an option's text in small letters, in running prose ("the answer is carbon"),
    stays, for there is no telling it from "the answer is clear" without the options.
    """
    left = strip_statements(text, _HINT, _letter_end)
    labels = list(_LABEL.finditer(left))
    # A letter in front is no answer where two labels follow.
    two = max((label.start() for label in labels if label[1] != labels[-1][1]), default=-1)
    start = 0
    # Windows, for there may be as many such letters as lines.
    while start > two and (
        bare := _BARE_LETTER.match(plain_characters(left[start : start + _LONGEST_BARE]))
    ):
        gap = BREAK.search(left, start + bare.end())
        start = gap.end() if gap else len(left)
    left = left[start:]
    return "" if last_letter(left, ("",) * len(LETTERS)) else left


def _claimed(text: str, start: int) -> str | None:
    """The letter of the claims at the end of a text, where all behind a place name the same."""
    start = max(start, len(text) - _LAST_WORDS)
    if not _may_claim(text[start:]):
        return None
    letters = {letter for _, letter in _claims(text, start)}
    return letters.pop() if len(letters) == 1 else None


_LABELLED = re.compile(r"(?<![A-Za-z0-9])[A-D](?![A-Za-z0-9])")


def _may_claim(text: str) -> bool:
    return all(any(word in text for word in words) for words in (_OF_CLAIMS, _VERBS_OF_CLAIMS))


def _claims(
    text: str, start: int = 0, stop: int | None = None
) -> Iterator[tuple[re.Match[str], str]]:
    for claim in _CLAIM.finditer(text, start, len(text) if stop is None else stop):
        named = "letter" if claim["letter"] else "fitting"
        before = text[max(0, claim.start(named) - 12) : claim.start(named)]
        if (
            _CLAIMED.match(text, claim.end())
            and not doubted(text, claim.start())
            and not _AMONG.search(before)
        ):
            yield claim, claim[named]


_AMONG = re.compile(r"[A-D]\W{0,4}\s?(?:and|or|nor|,|/)\s?(?:\w{6}\s)?\W{0,3}\Z")


def _behind(text: str, mark: re.Match[str], options: Sequence[str]) -> str | None:
    """The letter behind a marker, or that of the option whose text is there."""
    if mark.lastgroup not in ("box", "tag", "json") and doubted(text, mark.start(), mark[0]):
        return None
    start = mark.end()
    dressed = _LETTER.match(text, start, start + LONGEST_ANSWER)
    if dressed:
        at = dressed.start("letter")
        if _is_list(text, mark, at) or _goes_on(text, mark, at):
            return None
        letter = _letter_at(text, at, options)
        if letter is not None:
            return letter
    if not any(options):
        return None
    if mark.lastgroup == "box" and text[start - 1] == "{":
        inside = braced(text, start, LONGEST_ANSWER)
        line = text[start : start + LONGEST_ANSWER].split("\n", 1)[0]
        return option_stated(line if inside is None else inside, options)
    quoted = text[start : start + 2].strip()[:1] in ("'", '"') or mark.lastgroup == "json"
    longest = max(LONGEST_ANSWER, 2 * max(map(len, options)))
    rest = text[start : start + longest].lstrip(" \t*_:")
    if quoted:
        rest = rest.strip().replace('"', "\n")
    return option_stated(rest.lstrip(), options)


def _is_list(text: str, mark: re.Match[str], at: int) -> bool:
    """Whether the letter is the first label of a list of options below the words before it."""
    if mark.lastgroup == "box" or not _LISTED.search(text[mark.end() : at]):
        return False
    below = _NEXT_LABEL.search(text, at, at + 2 * LONGEST_ANSWER)
    return text[at] == "A" and below is not None


_AS_SOMETHING = re.compile(
    r"[)*_$]{0,3}\s(?:as|to be|for)\s(?!(?:(?:the|my|our)\s)?(?:(?:final|correct|best|right)\s)?"
    r"(?:answer|option|choice|final|correct|best)\b)"
)


def _goes_on(text: str, mark: re.Match[str], at: int) -> bool:
    """Whether it is an article where a text breaks off, or something chosen that is no option."""
    if mark.lastgroup == "chosen":
        return _AS_SOMETHING.match(text, at + 1) is not None
    article = text[at] == "a" and text[at - 1] == " " and not text[at + 1 :].strip()
    return article and mark.lastgroup == "said" and mark[0][-1] not in ":="


def _bare(text: str, options: Sequence[str]) -> str | None:
    bare = _BARE_LETTER.match(text)
    if bare is not None:
        at = bare.start("letter")
        letter = _letter_at(text, at, options)
        alone = letter and (
            _ALONE.match(text, at + 1)
            or _MORE_AFTER.match(text, at + 1)
            or _own_text(text, at, options)
        )
        if alone:
            return letter if set(_LABEL.findall(text)) <= {letter} else None
    if len(text) > 2 * max(map(len, options)) + LONGEST_BARE_REPLY:
        return None
    return option_stated(text.strip(), options)


_LONGEST_BARE = 2000
"""Characters in which a letter stands that begins a text, all its dress included."""
_ALONE = re.compile(
    r"[)\]}.:*$\"'_`”’]{0,6}\s*(?:\Z|\n|<)|[)*$]{0,4}[.,:]?\s(?:because|since|as)\b"
)


def _own_text(text: str, at: int, options: Sequence[str]) -> bool:
    letter = text[at].upper()
    own = options[LETTERS.index(letter)]
    rest = text[at + 1 : at + 60 + 2 * len(own)].lstrip(" )]}.:*$_-–—")
    return bool(own) and _starts_with(rest, own)


def _letter_at(text: str, at: int, options: Sequence[str]) -> str | None:
    for letter, option in zip(LETTERS, options, strict=True):
        if len(option) > 1 and _starts_with(text[at : at + 2 * len(option) + 20], option):
            return letter
    letter = text[at].upper()
    rest = text[at + 1 : at + 1 + LONGEST_ANSWER]
    if _HEDGED.match(rest) or _DENIED.match(rest):
        return None
    if text[at].islower() and _HEDGED_SMALL.match(rest):
        return None
    if _CLOSED.match(rest):
        return letter
    if text[at].islower():  # "the answer is a bit"
        return None
    own = options[LETTERS.index(letter)]
    if own and rest[:1].isspace() and _starts_with(text[at + 1 : at + 2 * len(own) + 22], own):
        return letter
    if _MORE_AFTER.match(rest):
        return letter
    return letter if letter != "A" and _MORE.match(rest) else None


def _starts_with(text: str, start: str) -> bool:
    # The first letters tell most apart, and cost less than folding what is compared.
    if text.lstrip()[:1].casefold()[:1] != start.lstrip()[:1].casefold()[:1]:
        return False
    plain, wanted = (" ".join(t.split()).casefold() for t in (text, start))
    return plain.startswith(wanted) and not plain[len(wanted) : len(wanted) + 1].isalnum()


_HINT = re.compile(
    r"(?i)box|answer|\bans\b|option|choice|pick|select|choos|chose|opt for|go(?:ing|es)? with"
    r"|went|settle|final|so |thus|hence|therefore|only|clearly|consequently|conclude"
    r"|[*_(]|[^\x00-\x7f]"
    r"|respuesta|resposta|risposta|r.?ponse|ant|svar|vastaus|odpo|v.las|r.spuns|cevap|jawaban"
    rf"|{LAST_WORDS_HINT}"
)
_ITEM_ANSWER = re.compile(ANSWER_LINE)
_TEXT_OF_OPTION = re.compile(r"[\s*_:$({\[\\\"'`]{0,12}(?:[0-9A-Z]|[^\x00-\x7f])|\s{0,2}[$\\]")


def _letter_end(window: str, length: int) -> int | None:
    if states_in_passing(window[:length]):
        return length
    item = item_start(window, length)
    length -= item
    window = plain_characters(window[item : item + length + 2 * LONGEST_MARK + 2 * LONGEST_ANSWER])
    line = _ITEM_ANSWER.match(window)
    end = 0
    for mark in marks_of_sentence(window, _LETTER_MARK, _HINTS, length):
        if mark.start() >= length:
            continue
        if end and mark.start() < reaches(length):
            break
        dressed = _LETTER_ANY.match(window, mark.end())
        if dressed:
            rest = window[dressed.end() : dressed.end() + LONGEST_ANSWER]
            small = dressed["letter"].islower()
            if not small or _CLOSED.match(rest) or (line and mark.start() < line.end()):
                end = max(end, dressed.end())
                continue
        if text := _TEXT_OF_OPTION.match(window, mark.end()):
            end = max(end, text.end())
    end = max((end, *_claim_ends(window, reaches(length), length)))
    # Where there is one, those before it end before it.
    end = end or next(_claim_ends(window, 0, reaches(length)), 0)
    for final in FINAL_CHANNEL.finditer(window, 0, length):
        if _BARE_LETTER.match(window, final.end()):
            end = length
            break
    return item + end if end else None


def _claim_ends(window: str, start: int, stop: int) -> Iterator[int]:
    """Where the claims end that begin between two places."""
    if not _LABELLED.search(window, start, stop) or not _may_claim(
        window[start : stop + LONGEST_MARK]
    ):
        return
    for claim, _ in _claims(window, start, stop + LONGEST_MARK):
        if claim.start() >= stop:
            return
        yield claim.end()


_LETTER_ANY = re.compile(rf"{_DRESS}(?P<letter>[A-Da-d])")
