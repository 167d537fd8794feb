"""Columns of real tables."""

from __future__ import annotations

COLUMNS = {
    "problem": "question_id",
    "budget": "decile",
    "quality": "correct",
    "tokens": "prefix_token_count",
    "answer": "prediction",
}
