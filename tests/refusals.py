"""How refusals are worded."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from anytime.hosts.inspect_ai.errors import PrerequisiteError


def is_one_sentence(text: str) -> bool:
    return "\n" not in text and 10 < len(text) < 400 and not re.search(r"[.!] +[A-Z]", text)


def refusal(ask: Callable[[], Any]) -> str:
    with pytest.raises(PrerequisiteError) as caught:
        ask()
    message = str(caught.value.message).replace("\\[", "[")
    assert is_one_sentence(message), message
    return message
