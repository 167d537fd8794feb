"""What a run was asked with beside its model and method: what may tell it from another run.

Temperature, effort, arguments of the model: read from what both harnesses log, as flat names with
short values. Nothing of this changes a number; it names runs (`anytime.results.labels`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["asked_with"]

_SHORT = 40
"""Longer values, such as a system prompt, are named by a digest."""

_NO_MATTER = frozenset(
    (
        "attempt_timeout",
        "batch",
        "batch_size",
        "cache",
        "device",
        "limit",
        "log_model_api",
        "max_batch_size",
        "max_connections",
        "max_retries",
        "max_samples",
        "num_concurrent",
        "output_path",
        "retry_interval",
        "timeout",
        "tokenizer_backend",
        "verbosity",
    )
)
"""How a run was carried out, which no answer depends on."""

_SECRET = re.compile(
    r"(api|access|private)_?key|secret|password|passwd|credential|authorization|cookie|"
    r"header|(^|_)(auth|token)$",
    re.IGNORECASE,
)
"""Names of what must never stand in a table."""

_LOGIN = re.compile(r"://[^/@]*@")


def asked_with(*told: Any, without: frozenset[str] = frozenset()) -> dict[str, str]:
    """Flatten what a log tells of how a run was asked.

    Args:
        told: Mappings by name, nested ones too; what is none, is passed over. Later ones win.
        without: Names that are told elsewhere.

    Returns:
        Values as text by name, sorted by name: those that are set, without secrets and without
        what no answer depends on.
    """
    found: dict[str, str] = {}
    for each in told:
        if isinstance(each, Mapping):
            found |= {
                name: text
                for name, value in _flat(each)
                if not _passed_over(name, without) and (text := _text(value))
            }
    return dict(sorted(found.items()))


def _passed_over(name: str, without: frozenset[str]) -> bool:
    parts = name.split(".")
    return (
        parts[0] in without
        or any(part in _NO_MATTER for part in parts)
        or any(_SECRET.search(part) for part in parts)
    )


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        elif value is not None:
            yield f"{before}{name}", value


def _text(value: Any) -> str:
    """A value for people: short, and the same for the same value."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        text = ",".join(map(_text, value))
    else:
        text = _LOGIN.sub("://", " ".join(str(value).split()))
    if "/" in text and "://" not in text and len(text) > _SHORT:
        text = text.rstrip("/").rpartition("/")[2]
    if len(text) <= _SHORT:
        return text
    digest = hashlib.sha256(str(value).encode(errors="replace")).hexdigest()[:6]
    return f"{text[:16].rstrip()}... ({digest})"
