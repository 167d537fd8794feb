"""What is used of lm-eval, which comes without types."""

from __future__ import annotations

from lm_eval.api.filter import Filter, FilterEnsemble  # type: ignore[import-untyped]
from lm_eval.api.group import Group  # type: ignore[import-untyped]
from lm_eval.api.instance import Instance  # type: ignore[import-untyped]
from lm_eval.api.metrics import mean, mean_stderr  # type: ignore[import-untyped]
from lm_eval.api.model import LM, hash_args  # type: ignore[import-untyped]
from lm_eval.api.registry import AGGREGATION_REGISTRY  # type: ignore[import-untyped]
from lm_eval.api.samplers import FirstNSampler  # type: ignore[import-untyped]
from lm_eval.api.task import ConfigurableTask  # type: ignore[import-untyped]
from lm_eval.tasks import TaskManager  # type: ignore[import-untyped]

__all__ = [
    "AGGREGATION_REGISTRY",
    "LM",
    "ConfigurableTask",
    "Filter",
    "FilterEnsemble",
    "FirstNSampler",
    "Group",
    "Instance",
    "TaskManager",
    "hash_args",
    "mean",
    "mean_stderr",
]
