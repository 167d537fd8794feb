"""Characters that mean the same, and where a model's words end before those of its template."""

from __future__ import annotations

import re

from anytime.domains.answers.marks import NEAR_END

__all__ = [
    "END_OF_LINE",
    "END_OF_TURN",
    "FINAL_CHANNEL",
    "final_message",
    "plain_at_end",
    "plain_characters",
]

_FULL_WIDTH = {0xFF01 + offset: 0x21 + offset for offset in range(94)}
_MINUS = dict.fromkeys(map(ord, "−‒‑﹣"), "-")
_SPACES = dict.fromkeys(map(ord, "\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u205f\u3000"), " ")
_SIGNS: dict[int, str] = str.maketrans({
    "。": ".", "｡": ".", "、": ",", "،": ",", "【": "[", "】": "]", "〔": "[", "〕": "]",
    "「": '"', "」": '"', "『": '"', "』": '"', "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "‘": "'", "’": "'", "﹕": ":", "︰": ":", "∶": ":",
    **{chr(0x0660 + digit): str(digit) for digit in range(10)},
    **{chr(0x06F0 + digit): str(digit) for digit in range(10)},
    **{chr(0x0966 + digit): str(digit) for digit in range(10)},
})  # fmt: skip
# Styled letters and digits (𝐂, 𝟐) are single characters that Unicode calls the same as plain ones.
_STYLED_LETTERS = {
    start + offset: first + offset
    for start in range(0x1D400, 0x1D6A4, 52)
    for first, start in ((0x41, start), (0x61, start + 26))
    for offset in range(26)
}
_STYLED_DIGITS = {0x1D7CE + offset: 0x30 + offset % 10 for offset in range(50)}
_CIRCLED = {0x24B6 + offset: 0x41 + offset for offset in range(26)}
_PLAIN: dict[int, str | int] = {
    **_FULL_WIDTH, **_MINUS, **_SPACES, **_SIGNS, **_STYLED_LETTERS, **_STYLED_DIGITS, **_CIRCLED,
}  # fmt: skip

END_OF_TURN = re.compile(
    r"<\|[^|<>\n]{1,40}\|>|(?i:</?(?:s|eos|bos|answer|final|final_answer|think|end_of_turn|"
    r"start_of_turn)>)|\[/?INST\]"
)
"""What a chat template writes behind an answer, or a tag that closes one (in plain characters)."""

END_OF_LINE = re.compile(rf"\n|{END_OF_TURN.pattern}")

FINAL_CHANNEL = re.compile(
    r"<\|channel\|>final(?:\s?<\|constrain\|>\w{1,20})?<\|message\|>|assistant\s?final(?![a-z])"
)
"""Where the message to the user begins in harmony's format, with its tokens or without."""


def plain_characters(text: str) -> str:
    """The text with full-width and styled characters plain; places stay the same."""
    return text if text.isascii() else text.translate(_PLAIN)


def plain_at_end(text: str) -> str:
    """The text with such characters plain near its end, where an answer is looked for first."""
    if text.isascii():
        return text
    return text[:-NEAR_END] + text[-NEAR_END:].translate(_PLAIN)


def final_message(text: str) -> str:
    """What is said to the user, where harmony's channels lie open in a text; else the text."""
    if "assistant" not in text and "<|channel|>" not in text:
        return text
    after = 0
    for mark in FINAL_CHANNEL.finditer(text):
        after = mark.end()
    return text[after:] if text[after:].strip() else text
