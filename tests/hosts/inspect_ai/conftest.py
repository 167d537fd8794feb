"""Runs of the Inspect host."""

from __future__ import annotations

from tests.inspect_runs import apart, asked, cli, run  # noqa: F401
from tests.slow_inspect import folder  # noqa: F401
