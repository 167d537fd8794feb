"""The same problems and the same models in both harnesses: one curve, one index."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog, read_eval_log

from anytime.hosts.inspect_ai import tasks as inspect_tasks
from anytime.hosts.lm_eval.models import Guesser, Planner, Simulated
from tests.inspect_runs import inspect_metrics
from tests.lm_eval_runs import evaluate, numbers, samples

CASES = {
    "trip-planner": ("trip", "planner", Planner, {}, "64,128,256,512"),
    "trip-guesser": ("trip", "guesser", Guesser, {}, "16,32,64"),
    "aime-simulated": (
        "aime",
        "simulated",
        Simulated,
        {"drift": 0.5, "fixes": 0.3, "breaks": 0.2},
        "256,1024,4096",
    ),
    "gpqa-simulated": ("gpqa", "simulated", Simulated, {"unparsed": 0.2}, "0,256,1024,4096"),
    "gpqa-guesser": ("gpqa", "guesser", Guesser, {}, "16,32,64"),
}


def inspect_log(
    tmp_path: Path, name: str, model: str, options: dict[str, Any], budgets: str, **knobs: Any
) -> EvalLog:
    epochs = knobs.pop("epochs", 1)
    task = getattr(inspect_tasks, name)(dataset="builtin", budgets=budgets, **knobs)
    (log,) = inspect_eval(
        task,
        model=f"anytime/{model}",
        model_args=options,
        logprobs=True,  # exact cuts
        epochs=epochs,
        limit=6,
        log_dir=str(tmp_path),
        display="none",
    )
    return read_eval_log(log.location)


MODES: dict[str, dict[str, Any]] = {
    "interrupt": {},
    "contract": {},
    "vote": {"k": 4},
    "check": {"k": 4},
    "tree": {"width": 2, "branch": 2, "thought": 32},
    "extend": {"waits": 2},
}
"""By mode its own options."""


@pytest.mark.quick(
    "trip-planner-interrupt",
    "trip-planner-contract",
    "aime-simulated-vote",
    "aime-simulated-extend",
)
@pytest.mark.parametrize("mode", list(MODES))
@pytest.mark.parametrize("case", list(CASES))
def test_every_checkpoint_and_the_index_agree(tmp_path: Path, case: str, mode: str) -> None:
    name, model, ours, options, budgets = CASES[case]
    if mode == "contract":
        budgets = budgets.removeprefix("0,")
    log = inspect_log(tmp_path, name, model, options, budgets, mode=mode, **MODES[mode])
    task = f"anytime_{name}_builtin"
    asked = {"budgets": budgets, "mode": mode, **MODES[mode]}
    results = evaluate(task, ours(**options), asked, limit=6)

    found = samples(results, task)
    assert log.samples
    assert {str(sample.id) for sample in log.samples} == set(found)
    for sample in log.samples:
        assert sample.scores is not None
        value = sample.scores["curve"].value
        assert isinstance(value, dict)
        theirs = {key: found[str(sample.id)][key] for key in value}
        assert theirs == pytest.approx(value, abs=0, rel=0, nan_ok=True)

    table = numbers(results, task)
    wanted = inspect_metrics(log)
    assert {key: table[key] for key in wanted} == pytest.approx(
        wanted, abs=0, rel=1e-15, nan_ok=True
    )
    assert table["anytime_index"] == wanted["anytime_index"]
    assert table["anytime_index_low"] == wanted["anytime_index_low"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "envelope",
    [
        "mean",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("problem", "trace", "none")),
    ],
)
def test_several_traces_are_epochs(tmp_path: Path, envelope: str) -> None:
    log = inspect_log(
        tmp_path, "aime", "simulated", {}, "256,1024,4096", epochs=3, envelope=envelope
    )
    knobs = {"budgets": "256,1024,4096", "traces": 3, "envelope": envelope}
    task = "anytime_aime_builtin"
    results = evaluate(task, Simulated(), knobs, limit=6)
    table = numbers(results, task)
    wanted = inspect_metrics(log)
    assert {key: table[key] for key in wanted} == pytest.approx(wanted, abs=1e-14, nan_ok=True)
    # Averaged per problem before any stderr: six values, not eighteen.
    assert results["results"][task]["sample_len"] == 6
    sample = next(iter(samples(results, task).values()))
    assert len(sample["resps"][0]) == 3
    assert len({trace for trace, _ in sample["resps"][0]}) == 3


def test_a_problem_carries_its_own_index() -> None:
    task = "anytime_trip_builtin"
    results = evaluate(task, Planner(), {"budgets": "64,128"}, limit=4)
    for sample in samples(results, task).values():
        assert sample["anytime_index_raw"] == np.mean([sample["q@64"], sample["q@128"]])


def test_reasoning_shown_apart_is_cut_and_handed_back() -> None:
    task = "anytime_trip_builtin"
    results = evaluate(task, Planner(reasoning=True), {"budgets": "64,128,2048"}, limit=4)
    plain = evaluate(task, Planner(), {"budgets": "64,128,2048"}, limit=4)
    assert numbers(results, task)["final"] == numbers(plain, task)["final"] == 1
    for sample in samples(results, task).values():
        assert sample["resps"][0][0][0].startswith("<think>\n")


def test_built_in_models_tell_their_tokens_without_being_asked(tmp_path: Path) -> None:
    task = inspect_tasks.trip(dataset="builtin", budgets="64,128,256")
    (log,) = inspect_eval(
        task, model="anytime/planner", limit=15, log_dir=str(tmp_path), display="none"
    )
    results = evaluate("anytime_trip_builtin", Planner(), {"budgets": "64,128,256"}, limit=15)
    wanted = inspect_metrics(log)
    table = numbers(results, "anytime_trip_builtin")
    assert {key: table[key] for key in wanted} == pytest.approx(wanted, abs=0, rel=1e-15)
