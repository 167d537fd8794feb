"""`inspect eval anytime/...`: the tasks, and their numbers against a computation by hand."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspect_ai.log import EvalLog
from inspect_ai.model import get_model

from anytime import get_domain, parse_budgets
from anytime.hosts.inspect_ai.errors import PrerequisiteError
from anytime.hosts.inspect_ai.scoring import anytime
from anytime.hosts.inspect_ai.tasks import aime, gpqa, trip
from anytime.statistics.bounded import mean_interval
from anytime.statistics.curve import Curve
from anytime.statistics.index import anytime_index, index_interval
from tests.inspect_runs import (
    Cli,
    Run,
    logs_in,
    metrics,
    model_events,
    samples,
    table,
    values,
)

BUDGETS = (32, 64, 128, 256)
WAVERING = {"accuracy": 0.8, "solve_tokens": 60, "drift": 0.7, "guess": 0.25, "unparsed": 0.1}

BLOCK = {
    "anytime_index",
    "anytime_index_low",
    "anytime_index_high",
    "anytime_index_plugin",
    "anytime_index_raw",
    "average",
    "drift",
    "drift_high",
    "drift_low",
    "failed",
    "final",
    "leaked_reasoning_tokens",
    "answer_tokens",
    "overthinking",
    "unparsed",
}


def area(curve: Sequence[float], at: Sequence[float]) -> float:
    steps = zip(itertools.pairwise(curve), itertools.pairwise(at), strict=True)
    return sum((a + b) / 2 * (y - x) for (a, b), (x, y) in steps) / (at[-1] - at[0])


def enveloped(quality: Any, envelope: str) -> Any:
    """The curve "best so far" of an array (problems, traces, budgets)."""
    if envelope == "trace":
        return np.maximum.accumulate(quality, axis=2).mean(axis=1).mean(axis=0)
    if envelope == "problem":
        return np.maximum.accumulate(quality.mean(axis=1), axis=1).mean(axis=0)
    mean = quality.mean(axis=1).mean(axis=0)
    return np.maximum.accumulate(mean) if envelope == "mean" else mean


def names_of(log: EvalLog) -> list[str]:
    """Of the problems, in the order of `table`."""
    return sorted({str(sample.id) for sample in samples(log)})


def check_by_hand(log: EvalLog, problems: int, traces: int, budgets: Sequence[int]) -> None:
    """The numbers of a run with the default options."""
    assert log.status == "success"
    quality = table(log, budgets)
    assert quality.shape == (problems, traces, len(budgets))
    found = metrics(log)
    block = found["curve"]
    assert set(block) == BLOCK
    by_problem = quality.mean(axis=1)
    for place, budget in enumerate(budgets):
        column = by_problem[:, place]
        assert found[f"q@{budget}"]["mean"] == pytest.approx(column.mean())
        error = column.std(ddof=1) / np.sqrt(problems)
        assert found[f"q@{budget}"]["stderr"] == pytest.approx(error)
    mean = by_problem.mean(axis=0)
    raw, best = area(mean, budgets), area(enveloped(quality, "mean"), budgets)
    curve = Curve(budgets, quality, names_of(log))
    assert block["anytime_index"] == pytest.approx(anytime_index(curve))
    assert block["anytime_index_plugin"] == pytest.approx(best)
    assert block["anytime_index_raw"] == pytest.approx(raw)
    assert block["drift"] == pytest.approx(max(0, anytime_index(curve) - raw))
    assert 0 <= block["drift_low"] <= block["drift"] <= block["drift_high"] + 1e-12
    assert block["final"] == pytest.approx(mean[-1])
    assert block["average"] == pytest.approx(mean.mean())
    lost = (quality.max(axis=2) > quality[:, :, -1]).mean()
    assert block["overthinking"] == pytest.approx(lost)
    assert block["unparsed"] == pytest.approx(
        np.mean([v["unparsed"] for v in values(log).values()])
    )
    for key in ("leaked_reasoning_tokens", "answer_tokens"):
        known = [v[key] for v in values(log).values() if not np.isnan(v[key])]
        expected = np.mean(known) if known else np.nan
        assert block[key] == pytest.approx(expected, nan_ok=True)
    low, high = index_interval(curve)
    assert (block["anytime_index_low"], block["anytime_index_high"]) == pytest.approx((low, high))
    assert low <= anytime_index(curve) <= best <= high


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("trip", "planner"),
        pytest.param("aime", "simulated", marks=pytest.mark.slow),
        pytest.param("gpqa", "simulated", marks=pytest.mark.slow),
    ],
)
def test_the_command_runs_and_its_numbers_are_those_by_hand(
    cli: Cli, tmp_path: Path, name: str, model: str
) -> None:
    words = ["eval", f"anytime/{name}", "-T", "dataset=builtin", "--model", f"anytime/{model}"]
    words += ["-T", "budgets=32,64,128,256", "--limit", "4", "--epochs", "2"]
    if model == "simulated":
        words += ["-M", "solve_tokens=60", "-M", "drift=0.7", "-M", "guess=0.25"]
    done = cli(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "anytime_index_low" in done.stdout
    (log,) = logs_in(tmp_path / "logs")
    check_by_hand(log, 4, 2, BUDGETS)
    described = (log.eval.metadata or {})["anytime"]
    assert "stand-in" in described["note"]
    if name == "trip":
        matches = table(log, BUDGETS, "em").mean(axis=(0, 1))
        shown = [metrics(log)[f"em@{budget}"]["mean"] for budget in BUDGETS]
        assert shown == pytest.approx(list(matches))


def test_contract_mode_runs_once_per_budget(run: Run) -> None:
    task = aime(dataset="builtin", budgets=list(BUDGETS), mode="contract")
    log = run(task, get_model("anytime/simulated", solve_tokens=60), limit=4, epochs=2)
    check_by_hand(log, 4, 2, BUDGETS)
    for sample in samples(log):
        asked = model_events(sample)
        assert sorted(event.config.max_tokens or 0 for event in asked) == list(BUDGETS)
        for event in asked:
            assert f"budget of {event.config.max_tokens} tokens" in event.input[-1].text
        assert not any(c["forced"] for c in sample.store["anytime"]["checkpoints"])


@pytest.mark.quick("mean")
@pytest.mark.parametrize("envelope", ["mean", "none", "problem", "trace"])
def test_every_envelope_gives_its_index_and_interval(run: Run, envelope: Any) -> None:
    task = gpqa(dataset="builtin", budgets=list(BUDGETS), envelope=envelope)
    log = run(task, get_model("anytime/simulated", **WAVERING), limit=8, epochs=3)
    quality = table(log, BUDGETS)
    block = metrics(log)["curve"]
    plugin = area(enveloped(quality, envelope), BUDGETS)
    assert block["anytime_index_plugin"] == pytest.approx(plugin)
    fair = anytime_index(Curve(BUDGETS, quality, names_of(log)), envelope=envelope)
    assert block["anytime_index"] == pytest.approx(fair)
    assert (fair == pytest.approx(plugin)) == (envelope != "mean")
    assert block["anytime_index_raw"] == pytest.approx(area(enveloped(quality, "none"), BUDGETS))
    # On these traces quality falls, and falls at different budgets: no two envelopes agree.
    indices = {
        e: area(enveloped(quality, e), BUDGETS) for e in ("none", "mean", "problem", "trace")
    }
    assert list(indices.values()) == sorted(set(indices.values()))
    if envelope != "mean":  # the interval of a mean of the values per problem
        each = [area(enveloped(quality[[i]], envelope), BUDGETS) for i in range(len(quality))]
        low, high = mean_interval(each)
        assert block["anytime_index_low"] == pytest.approx(low, abs=1e-6)
        assert block["anytime_index_high"] == pytest.approx(high, abs=1e-6)
    else:
        assert block["anytime_index_low"] < block["anytime_index"] < block["anytime_index_high"]


@pytest.mark.slow
def test_scale_and_full_quality_are_options(run: Run) -> None:
    model = get_model("anytime/simulated", **WAVERING)
    task = gpqa(dataset="builtin", budgets=list(BUDGETS), scale="log2", q_max="achieved")
    log = run(task, model, limit=8, epochs=3)
    curve = enveloped(table(log, BUDGETS), "mean")
    expected = area(curve, np.log2(BUDGETS).tolist()) / curve[-1]
    assert metrics(log)["curve"]["anytime_index_plugin"] == pytest.approx(expected)
    task = gpqa(dataset="builtin", budgets=list(BUDGETS), estimator="plugin")
    log = run(task, model, limit=8, epochs=3)
    block = metrics(log)["curve"]
    assert block["anytime_index"] == pytest.approx(area(curve, BUDGETS))
    assert block["anytime_index"] == block["anytime_index_plugin"]


def test_a_full_quality_below_that_of_a_right_answer_is_refused() -> None:
    told = "q_max 0.9 is below 1, the quality of a right answer in gpqa: leave it out, or use achi"
    with pytest.raises(PrerequisiteError, match=told):
        gpqa(dataset="builtin", budgets=list(BUDGETS), q_max=0.9)


def test_the_metric_cannot_tell_of_traces() -> None:
    told = "population=traces needs every trace.* anytime summary LOG --population traces"
    with pytest.raises(PrerequisiteError, match=told):
        anytime(population="traces")


def test_splits_are_disjoint_and_a_seed_draws_other_problems() -> None:
    sides = {split: trip("builtin", split).dataset for split in ("test", "dev", "all")}
    ids = {split: {sample.id for sample in side} for split, side in sides.items()}
    assert not ids["test"] & ids["dev"]
    assert ids["test"] | ids["dev"] == ids["all"]
    assert trip("builtin").dataset[0].input == sides["test"][0].input
    assert trip("builtin", seed=1).dataset[0].input != sides["test"][0].input


@pytest.mark.parametrize(("task", "budgets"), [(trip, 6), (aime, 7), (gpqa, 7)])
def test_default_budgets_double(task: Any, budgets: int) -> None:
    grid = parse_budgets(get_domain(task.__name__).budgets)
    assert len(grid) == budgets
    assert [b / a for a, b in itertools.pairwise(grid)] == [2.0] * (budgets - 1)
    assert grid[-1] == (4096 if task is trip else 16384)


@pytest.mark.slow
def test_without_scoring_the_checkpoints_are_kept_for_later(cli: Cli, tmp_path: Path) -> None:
    words = ("anytime/trip", "-T", "dataset=builtin", "--model", "anytime/planner", "--limit", 2)
    done = cli("eval", *words, "--no-score", "--log-dir", "logs")
    assert done.returncode == 0, done.stdout + done.stderr
    (log,) = logs_in(tmp_path / "logs")
    assert log.status == "success"
    done = cli("score", log.location, "--scorer", "anytime/curve", "--overwrite")
    assert done.returncode == 0, done.stdout + done.stderr
    (log,) = logs_in(tmp_path / "logs")
    assert log.results is not None
    blocks = [s.metrics for s in log.results.scores if "anytime_index" in s.metrics]
    assert [block["anytime_index"].value > 0 for block in blocks] == [True]
