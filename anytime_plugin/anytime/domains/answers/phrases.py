"""How an answer is announced: "Answer:", "the final answer is", and the same in other languages."""

from __future__ import annotations

import re

__all__ = [
    "ANSWER_LINE",
    "BOX",
    "FOREIGN_ANSWER",
    "FOREIGN_HINTS",
    "HEADING",
    "JSON_ANSWER",
    "RARE_HINTS",
    "TAG",
    "doubted",
]

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

ANSWER_LINE = (
    rf"{_FRONT}{KIND}(?:(?i:answer|ans\.?){_QUALIFIED}[ \t*_\"'`]{{0,6}}{_SEPARATOR}"
    r"|(?i:ans)\.(?=[ \t]))"
)
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
    r"(?:\s(?!(?i:es|est|è|é|ist|is|är|er|adalah|là|είναι|lautet|to|je|este|on"
    r"|no|n[ãa]o|non|nicht|kein\w{0,2}|niet|ikke|inte|ei|nie|nem|ne|nu|не|ні|tidak|bukan|không|δεν)\b)"
    r"[^\W\d_]{2,12}){0,2}"
    r"|(?:最终|最后|正确|最終|最終的な|正しい)?(?:答案|解答|答え|正解|回答)|答|選択肢|정답|답안?"
    r"|الإجابة(?: الصحيحة| النهائية)?|الاجابة|الجواب|پاسخ|תשובה|התשובה|उत्तर|คำตอบ"
)
# A piece of each of these words that has no capital; those with ASCII letters only come first.
# fmt: off
RARE_HINTS = (
    "Ans", "ANS", "ans:", "espuesta", "esposta", "isposta", "eponse", "ntwoord", "ntwort", "svar",
    "Svar", "astaus", "dpowiedz", "dpoved", "alasz", "aspuns", "evap", "yanit", "Yanit", "awaban",
)
FOREIGN_HINTS = (
    "éponse", "e\u0301ponse", "ösung", "dpowiedź", "dpověď", "dpověd", "álasz", "ăspuns", "yanıt",
    "Yanıt", "πάντηση", "đáp án", "Đáp án", "câu trả", "Câu trả", "твет", "ідповідь", "тговор",
    "дговор", "答", "正解", "選択肢", "정답", "답", "الإجابة", "الاجابة", "الجواب", "پاسخ", "תשובה",
    "उत्तर", "คำตอบ",
)
# fmt: on
_IS = (
    r"(?:\s{0,2}[:=—–]|\s(?:es|est|è|é|ist|is|är|er|adalah|là|είναι|lautet|to|je|este|on)\b"
    r"(?:\s?:)?|\s{0,2}(?:是|为|為|は|选|選|은|는|هي|هو|היא|है)(?:\s{0,2}:)?)"
)
FOREIGN_ANSWER = rf"(?:{_WORDS})[*_ \t]{{0,4}}{_IS}"
"""An answer announced in another language, anywhere in a line."""

_DOUBT = re.compile(
    r"(?i)\b(?:if|whether|suppose|supposing|assum\w{1,5}|maybe|perhaps|possibly|unless|until|say|not"
    r"|no|never|cannot|guess\w{0,3}|could|might|may|is|was|are|does|did|would|can|each|every"
    r"|any|other|another|wrong|incorrect|previous|first|initial|unlikely|doubt|example|either"
    r"|both|neither|nor|whatever|what|when|isn't|wasn't|let's|test(?:ing)?|consider(?:ing)?|try(?:ing)?"
    r"|check(?:ing)?|evaluat(?:e|ing)|examin(?:e|ing)|compar(?:e|ing)|eliminat(?:e|ing|es)"
    r"|reject(?:ing|s)?|exclud(?:e|ing|es)|(?:rul(?:e|es|ing) )?out)[ \t,]{1,3}"
    r"(?:(?:the|my|that|your|this|an?|correct|final|right|best|of|then)[ \t]{1,2}){0,4}[*_(]{0,3}\Z"
)


_UNREAL = re.compile(r"(?i)\bif\b[^.!?\n]{1,80}?\b(?:were|had|was instead)\b[^.!?\n]{0,80}\Z")
"""What is not so: "if it were a line, ..."; "if we add them, ..." may well be."""


def doubted(text: str, at: int, said: str = "") -> bool:
    """Whether what begins at a place is asked, denied or supposed by the words before it.

    Args:
        text: Any text.
        at: The place.
        said: The words that begin there: of what would be, it matters whether it is.
    """
    if _DOUBT.search(text[max(0, at - 40) : at]):
        return True
    return "would" in said.lower() and _UNREAL.search(text[max(0, at - 170) : at]) is not None
