"""Runs of both hosts."""

from __future__ import annotations

from tests.clients import clean_runs, clients, tokenizer_file  # noqa: F401
from tests.lm_eval_runs import apart  # noqa: F401
