"""Runs of both hosts."""

from __future__ import annotations

from tests.clients import clients, tokenizer_file  # noqa: F401
from tests.lm_eval_runs import apart  # noqa: F401
