"""Finished runs of the lm-eval host."""

from __future__ import annotations

from tests.lm_eval_runs import apart, cli, few_tasks, generated, plain_log  # noqa: F401
