"""Whether rows hold answers, or a scorer's verdicts on them, which know what is right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from anytime.rows import Row

__all__ = ["are_verdicts"]

_VERDICTS: Mapping[str, float] = {"C": 1, "P": 0.5, "I": 0, "N": 0, "True": 1, "False": 0}


def are_verdicts(rows: Iterable[Row]) -> bool:
    """Whether a scorer that does not tell what it read left its verdict in the answer's place."""
    said = {(row.answer, row.quality, row.parsed) for row in rows if row.answer is not None}
    # Who tells whether an answer could be read has read it.
    return bool(said) and all(
        parsed is None and _means(answer, quality) for answer, quality, parsed in said
    )


def _means(answer: str, quality: float) -> bool:
    try:
        return _VERDICTS.get(answer, None) == quality or float(answer) == quality
    except ValueError:
        return False
