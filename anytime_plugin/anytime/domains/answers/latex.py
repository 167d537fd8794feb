r"""What is left of an answer without its dress: LaTeX, markdown, HTML and quotation marks."""

from __future__ import annotations

import re

from anytime.domains.answers.characters import plain_characters

__all__ = ["undress"]

_NEXT = r"(?![A-Za-z])"
# Thousands: three digits follow, no more, and a comma or a thin space stands between.
_GROUPS = re.compile(r"(?<=[0-9])(?:\{,\}|\\[,!]|['\u2009\u202f\u00a0\u2008])(?=[0-9]{3}(?![0-9]))")
_OVER_ONE = re.compile(r"\\[dtc]?frac\s?\{\s?(-?[0-9]{1,9})\s?\}\s?\{\s?1\s?\}")
_MODULUS = re.compile(
    r"\\pmod\s?(?:\{[^{}]{0,20}\}|[0-9]{1,9})|\(\s?\\?(?:b?mod|modulo)\s?\{?\s?[0-9]{1,9}\s?\}?\s?\)"
)
# Commands with arguments that show nothing.
_UNSEEN = re.compile(
    r"\\(?:text)?color(?:\[[^\[\]]{0,20}\])?\s?\{[^{}]{0,40}\}|\\color\s[a-z]{1,20}" + _NEXT +
    r"|\\colorbox\s?\{[^{}]{0,40}\}|\\fcolorbox\s?\{[^{}]{0,40}\}\s?\{[^{}]{0,40}\}"
    r"|\\[hv]space\*?\s?\{[^{}]{0,20}\}|\\(?:[hv]?phantom|tag|label)\s?\{[^{}]{0,40}\}"
    r"|\\begin\s?\{[a-z]{1,20}\*?\}(?:\{[clr|]{1,9}\})?|\\end\s?\{[a-z]{1,20}\*?\}"
)  # fmt: skip
_DEGREES = re.compile(
    r"\^\s?\{?\s?\\(?:circ|degree)" + _NEXT + r"\s?\}?|\\(?:text)?degrees?" + _NEXT + "|[°º]"
)
_MONEY = re.compile(r"\\?[$%]|[€£¥]|\\(?:euro|pounds|textdollar|textpercent)" + _NEXT)
# Behind a number, `\text{ m}` is a metre; without its command it would be a factor m.
_UNIT = re.compile(
    r"(?<=[0-9])((?:\s|\\[,;:! ]|~){0,4})\\(?:text(?:rm)?|math(?:rm|sf)|operatorname|rm|unit|mbox)"
    r"\s?\{\s{0,4}(?:[A-Za-z]|\\?%|[A-Za-z]{1,3}/[A-Za-z]{1,3})\s{0,4}\}"
    r"(?:\s?\^\s?\{?-?[0-9]\}?)?"
)
_COMPARED = re.compile(r"[<>!]=|=/=|\\n(?:e|eq|ot)" + _NEXT)
_EQUAL = re.compile(
    r"\\(?:approx|simeq|sim|equiv|cong|doteq|coloneqq|implies|[Rr]ightarrow|[Ll]ongrightarrow|to"
    r"|iff|[Ll]eftrightarrow|therefore|leadsto)" + _NEXT + r"|[≈≃≅≡≐⇒⟹→➔∴]|[=-]{1,2}>|:="
)
# What is counted in its index or put into a function is no number by itself: a_5, f(5).
_INDEX = re.compile(r"(?<=[A-Za-z])_(?=\{?\s?[0-9])|(?<=\b[A-Za-z])\((?=[0-9])")
# How sure the model is: a number beside the answer.
_SURE = re.compile(
    r"\(\s?(?:[Cc]onfiden(?:ce|t)|[Cc]ertainty)[^()\n]{0,40}\)"
    r"|[,;.]?\s(?:and\s|with\s){0,2}(?i:I am|I'm|I feel)\s(?:about\s|roughly\s)?[0-9.]{1,5}\s?\\?%?"
    r"\s(?:confident|sure|certain)\b[^.\n]{0,30}"
    r"|[,;.]?\s(?:and\s|with\s)?(?:my\s|a\s)?(?i:confidence|certainty)(?:\s(?i:is|level|of|score)){0,2}"
    r"\s?[:=]?\s?[0-9.]{1,5}\s?\\?%?(?=[\s.]*(?:\Z|\n))"
    r"|\s\(?[0-9.]{1,5}\s?\\?%\s(?:confiden(?:ce|t)|sure|certain(?:ty)?)\b\)?"
)
_SIGNS = {r"\times": "×", r"\cdot": "·", r"\div": "÷", r"\pm": "±", r"\mu": "μ", r"\mathring": "°"}
_SIGN = re.compile(r"\\(?:times|cdot|div|pm|mu)" + _NEXT)
_TAG = re.compile(r"</?(?:b|i|u|em|strong|span|p|code|sup|sub|mark|center|font|br|h[1-6])"
                  r"(?:\s[^<>]{0,80})?/?>")  # fmt: skip
_COMMAND = re.compile(
    r"\\(?:text(?:bf|it|rm|sf|tt|sc|sl|up|md|normal)?|math(?:rm|bf|it|sf|tt|cal|scr|frak|bb|normal"
    r"|bfit|ord|op)|bold(?:symbol)?|pmb|bm|bf|it|rm|sf|tt|sc|em|emph|f?box(?:ed)?|framebox|mbox"
    r"|hbox|under(?:line|bar)|uline|operatorname\*?|ensuremath|mathstrut|strut|displaystyle"
    r"|textstyle|scriptstyle|tiny|small|normalsize|large|Large|LARGE|huge|Huge|q?quad|enspace"
    r"|thinspace|medspace|thickspace|[hv]fill|newline|left|right|[bB]igg?[lr]?|ans(?:wer)?"
    r"|centering|noindent|par|blacksquare|square|qed)" + _NEXT + r"|\\[,;:!>/ ()\[\]\\{}]"
)
# Of a function of a number that number is not the value.
_FUNCTION = re.compile(
    r"\b(?:sqrt|cbrt|log|ln|lg|exp|a?(?:sin|cos|tan)h?|cot|sec|csc|gcd|lcm|max|min|floor|ceil|round"
    r"|abs|binom|nCr|phi|det|deg|fib)\s?[({]?\s?(?=-?[0-9])"
)
_MARKUP = re.compile(r"[✅✔✓☑👉🎯➡\ufe0f]|[{}~*_`()\[\]\"$&]|(?<![0-9A-Za-z])'|'(?![0-9A-Za-z])")


def undress(text: str) -> str:
    r"""The content of an answer in plain words: `\textbf{204}\,\text{cm}` is "204 cm".

    Signs that lead from one side to the other become "=", those of inequality "≠". What is not
    mere dress (`\sqrt`, `\frac`, `^`) stays, so that no number is read out of it. Meant for short
    texts.
    """
    text = plain_characters(text)
    if "\\" in text:
        text = _OVER_ONE.sub(r" \1 ", text)
        text = _MODULUS.sub(" ", text)
        text = _UNSEEN.sub(" ", text)
        text = _UNIT.sub(r"\1 units", text)
        text = _SIGN.sub(lambda sign: _SIGNS[sign[0]], text)
    else:
        text = _MODULUS.sub(" ", text)
    text = _SURE.sub(" ", _FUNCTION.sub("≠", _INDEX.sub("≠", _GROUPS.sub("", text))))
    text = _DEGREES.sub(" ", text)
    text = _MONEY.sub(" ", text)
    text = _COMPARED.sub("≠", text)
    text = _EQUAL.sub("=", text)
    text = _TAG.sub(" ", text)
    text = _COMMAND.sub(" ", text)
    return " ".join(_MARKUP.sub(" ", text).split())
