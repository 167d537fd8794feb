"""What scorers of Inspect's say of an answer, as a quality; nothing of Inspect's is imported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from anytime.domains.base import Grade
from anytime.errors import AnytimeError

__all__ = ["VERDICTS", "numbers_of", "third_party_grade", "third_party_quality"]

VERDICTS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
"""Correct, incorrect, partly, no answer: as `value_to_float` of Inspect has them."""


def third_party_quality(verdict: Any) -> float:
    """What a scorer of a third-party task said, as a quality.

    Raises:
        AnytimeError: It is no quality in [0, 1].
    """
    if isinstance(verdict, str):
        quality = VERDICTS.get(verdict, math.nan)
    else:
        quality = float(verdict) if isinstance(verdict, bool | int | float) else math.nan
    if not 0 <= quality <= 1:
        raise AnytimeError(
            f"a scorer of this task gave {verdict!r}, which is no quality in [0, 1]: a curve "
            f"needs a number or one of {', '.join(VERDICTS)}"
        )
    return quality


def third_party_grade(verdict: Any) -> Grade:
    """The same as a grade.

    Raises:
        AnytimeError: It is no quality in [0, 1].
    """
    return Grade(quality=third_party_quality(verdict), parsed=None, answer=str(verdict))


def numbers_of(name: str, verdict: Any) -> dict[str, Any]:
    """The verdicts that have a curve: of a dict of numbers each quality in [0, 1] by itself."""
    if not isinstance(verdict, Mapping):
        return {name: verdict}
    return {f"{name}/{key}": value for key, value in verdict.items() if _is_quality(value)}


def _is_quality(value: Any) -> bool:
    try:
        third_party_quality(value)
    except AnytimeError:
        return False
    return True
