"""Finished runs of the Inspect host."""

from __future__ import annotations

from tests.inspect_runs import apart, cli, run  # noqa: F401
