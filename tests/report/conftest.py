"""Small real runs of both harnesses."""

from __future__ import annotations

from tests.results.conftest import apart, logs  # noqa: F401
