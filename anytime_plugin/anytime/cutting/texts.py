"""Texts as they can be sent and written down."""

from __future__ import annotations

import re

__all__ = ["encodable"]

_ALONE = re.compile("[\ud800-\udfff]")


def encodable(text: str) -> str:
    """A text with halves of characters (lone surrogates) replaced, which no UTF-8 can hold.

    Services send them where a reply was cut off inside an emoji, say.
    """
    return text if text.isascii() else _ALONE.sub("\ufffd", text)
