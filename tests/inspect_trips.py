"""Runs of the trip task in Inspect, and what stands in their logs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import Model

from anytime.hosts.inspect_ai.tasks import trip

BUDGETS = (64, 128, 256, 512)


def run_trips(
    log_dir: Path,
    model: str | Model,
    *,
    problems: int = 3,
    mode: Any = "interrupt",
    continuation: str = "reprompt",
    **options: Any,
) -> EvalLog:
    task = trip(dataset="builtin", budgets=list(BUDGETS), mode=mode, continuation=continuation)
    # The built-in provider draws by the epoch, which is 1: a server must be given that seed.
    options = {"seed": 1, "fail_on_error": False, "log_dir": str(log_dir), **options}
    # Plain: the other displays lay out tables even where nobody sees them.
    (log,) = inspect_eval(task, model=model, limit=problems, display="none", **options)
    return log


def curves(log: EvalLog, problems: int = 8) -> dict[str | int, Any]:
    """What the scorer found for the first so many; nothing for a problem that failed."""
    scored = [one for one in samples(log)[:problems] if one.scores and not one.error]
    return {sample.id: sample.scores["curve"].value for sample in scored if sample.scores}


def samples(log: EvalLog) -> list[EvalSample]:
    assert log.samples
    return log.samples


def forced_ones(sample: EvalSample) -> list[dict[str, Any]]:
    return [c for c in sample.store["anytime"]["checkpoints"] if c["forced"]]
