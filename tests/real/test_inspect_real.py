"""The main job on real trips: `inspect eval anytime/trip` with the planner."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog

from anytime.hosts.inspect_ai.tasks import trip
from tests.real.trips import holds

BUDGETS = (128, 256, 512, 1024, 2048, 4096)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rows(data: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(
        (data / "naturalplan/trip_planning.json").read_text("utf-8")
    )
    return found


@pytest.fixture(scope="module")
def log(data: Path, tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    (found,) = inspect_eval(
        trip(str(data / "naturalplan/trip_planning.json")),
        model="anytime/planner",
        log_dir=str(tmp_path_factory.mktemp("logs")),
        display="plain",
    )
    assert found.status == "success"
    return found


def column(log: EvalLog, name: str, budget: int) -> Any:
    values = [(sample.scores or {})["curve"].value for sample in log.samples or []]
    return np.array([value[f"{name}@{budget}"] for value in values])  # type: ignore[index]


def test_the_mean_curve_of_400_real_trips_rises(log: EvalLog) -> None:
    assert len(log.samples or []) == 400
    means = [column(log, "q", budget).mean() for budget in BUDGETS]
    assert means == sorted(set(means))
    assert means[0] < 0.5
    assert means[-1] > 0.8
    assert log.results is not None
    block = {name: m.value for name, m in log.results.scores[0].metrics.items()}
    assert block["anytime_index_low"] < block["anytime_index"] < block["anytime_index_high"]
    assert block["final"] == pytest.approx(means[-1])
    assert block["drift"] == pytest.approx(0.0)


def test_plans_counted_valid_are_valid_day_by_day(
    log: EvalLog, rows: dict[str, dict[str, Any]]
) -> None:
    counted = 0
    for sample in log.samples or []:
        value: Any = (sample.scores or {})["curve"].value
        for checkpoint in sample.store["anytime"]["checkpoints"]:
            valid = value[f"valid@{checkpoint['budget']}"] == 1.0
            header = "Here is the trip plan"
            answer = checkpoint["answer"]
            plan = answer[answer.index(header) :] if header in answer else ""
            assert bool(plan and holds(rows[str(sample.id)], plan)) is valid, sample.id
            assert valid or value[f"em@{checkpoint['budget']}"] == 0.0
            assert valid is (value[f"q@{checkpoint['budget']}"] == 1.0)
            counted += valid
    assert counted > 600


def test_exact_matches_are_valid_plans_and_mostly_the_only_ones(log: EvalLog) -> None:
    for budget in BUDGETS:
        assert (column(log, "em", budget) <= column(log, "valid", budget)).all()
    valid, exact = column(log, "valid", BUDGETS[-1]), column(log, "em", BUDGETS[-1])
    # 19 of these 400 have more than one valid plan.
    assert 0 <= valid.sum() - exact.sum() <= 19
