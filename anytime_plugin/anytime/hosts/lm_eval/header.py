"""What lm-eval's results file tells of the run that a samples file is from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from anytime.errors import AnytimeError

__all__ = ["Header", "read_header"]

_SAMPLES = re.compile(r"samples_(?P<task>.+)_(?P<date>\d{4}-\d\d-\d\dT.+)\.jsonl")

_NAMES = ("peft", "delta", "pretrained", "model", "path", "engine")
"""The model arguments that name a model, in lm-eval's own order."""


class Header(NamedTuple):
    """What is known of a run before its samples are read.

    Attributes:
        results: The results file, beside the samples.
        task: Name of the task.
        date: What names the run.
        config: The task's configuration.
        metadata: That of the configuration, the task's settings.
        model: Who was asked.
        began: When and how the run was made, as in `RunInfo`.
    """

    results: Path
    task: str
    date: str
    config: Mapping[str, Any]
    metadata: Mapping[str, Any]
    model: str
    began: Mapping[str, Any]


def read_header(samples: Path) -> Header:
    """Read the results file beside a samples file.

    Raises:
        AnytimeError: It is not there, or cannot be read.
    """
    name = _SAMPLES.fullmatch(samples.name)
    if name is None:
        raise AnytimeError(
            f"{samples} is not named as lm-eval names its samples, samples_TASK_DATE.jsonl: keep "
            f"the name, by which its results_DATE.json is found"
        )
    path = samples.with_name(f"results_{name['date']}.json")
    results = _read_results(path, samples)
    config = results["configs"].get(name["task"]) or {}
    began = {
        "created": _date(results.get("date")),
        "version": results.get("lm_eval_version"),
        "sampling": _sampling(config.get("generation_kwargs") or {}),
    }
    model = _model(results.get("config") or {})
    metadata = config.get("metadata") or {}
    return Header(path, name["task"], name["date"], config, metadata, model, began)


def _read_results(path: Path, samples: Path) -> Mapping[str, Any]:
    try:
        results = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise AnytimeError(
            f"{samples} has no {path.name} beside it, which tells its budgets and dataset: keep "
            f"the two files together"
        ) from None
    except OSError as error:
        raise AnytimeError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise AnytimeError(f"{path} is damaged: it is no JSON object") from None
    if not isinstance(results, dict) or not isinstance(results.get("configs"), dict):
        raise AnytimeError(f"{path} is no results file of lm-eval")
    return results


def _model(config: Mapping[str, Any]) -> str:
    """Who was asked: `hf/gpt2`, or the kind of model alone where it has no name."""
    kind = str(config.get("model"))
    given = config.get("model_args") or {}
    if isinstance(given, str):
        given = dict(part.split("=", 1) for part in given.split(",") if "=" in part)
    names = [given[name] for name in _NAMES if given.get(name)]
    return f"{kind}/{names[0]}" if names else kind


def _date(seconds: Any) -> str | None:
    """When lm-eval began, from what it logs: seconds since 1970."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _sampling(arguments: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: value
        for name in ("temperature", "top_p", "top_k")
        if isinstance(value := arguments.get(name), int | float)
    }
