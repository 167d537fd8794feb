"""Small real runs of both harnesses."""

from __future__ import annotations

from tests.small_runs import apart, logs, run  # noqa: F401
