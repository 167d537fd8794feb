"""The scorer `anytime/curve` and its metrics, from finished logs too."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task, eval, score, task_with
from inspect_ai.log import EvalLog
from inspect_ai.model import GenerateConfig, ModelOutput, get_model
from inspect_ai.scorer import SampleScore, Score
from inspect_ai.solver import generate

from anytime.hosts.inspect_ai.errors import PrerequisiteError
from anytime.hosts.inspect_ai.scoring import anytime, curve
from anytime.hosts.inspect_ai.tasks import aime, gpqa, trip
from tests.inspect_runs import (
    Cli,
    Run,
    logs_in,
    metrics,
    says,
    scripted,
    values,
)

BUDGETS = [32, 64, 128, 256]
WAVERING = {"accuracy": 0.8, "solve_tokens": 60, "drift": 0.7, "guess": 0.25, "unparsed": 0.1}


def waver(run: Run, **options: Any) -> Any:
    task = gpqa("builtin", budgets=BUDGETS, **options)
    return run(task, get_model("anytime/simulated", **WAVERING), limit=6, epochs=2)


@pytest.mark.slow
@pytest.mark.parametrize("action", ["append", "overwrite"])
def test_the_command_scores_again_to_the_same_values(
    cli: Cli, run: Run, tmp_path: Path, action: str
) -> None:
    log = waver(run)
    again = tmp_path / "again" / "scored.eval"
    again.parent.mkdir()
    words = ["score", log.location, "--scorer", "anytime/curve", "--action", action]
    done = cli(*words, "--output-file", again)
    assert done.returncode == 0, done.stdout + done.stderr
    (scored,) = logs_in(again.parent)
    assert scored.results is not None
    name = {"append": "curve1", "overwrite": "curve"}[action]
    before = metrics(log)
    blocks = {s.name for s in scored.results.scores if "anytime_index" in s.metrics}
    assert blocks == ({"curve", name} if action == "append" else {"curve"})
    after = metrics(scored)[name]
    assert after == before["curve"]
    for sample in scored.samples or []:
        assert sample.scores is not None
        assert sample.scores[name].value == values(log)[sample.id, sample.epoch]


@pytest.mark.slow
def test_another_envelope_can_be_asked_of_a_finished_log(run: Run) -> None:
    log = waver(run)
    best = metrics(waver(run, envelope="trace"))["curve"]
    scored = score(log, curve("trace"), action="overwrite", display="plain")
    assert {key for value in values(scored).values() for key in value if "best" in key} == {
        f"best@{budget}" for budget in BUDGETS
    }
    assert metrics(scored)["curve"]["anytime_index_raw"] == best["anytime_index_raw"]


def test_the_best_of_each_trace_needs_the_scores_that_hold_it() -> None:
    scores = [SampleScore(score=Score(value={"q@1": 0.0, "q@2": 1.0, "overthinking": 0.0}))]
    with pytest.raises(PrerequisiteError, match="envelope=trace"):
        anytime(envelope="trace")(scores)


def test_before_the_first_sample_every_number_is_nan() -> None:
    block = anytime()([])
    assert isinstance(block, dict)
    assert "anytime_index" in block
    assert all(math.isnan(float(value or 0)) for value in block.values())


def test_a_block_by_hand() -> None:
    """Two problems at budgets 0, 1, 3: means 0.25, 0.75, 0.5."""
    rest = {"overthinking": 0.5, "unparsed": 0.25, "leaked_reasoning_tokens": 3.0}
    rows = ([0.0, 1.0, 1.0], [0.5, 0.5, 0.0])
    scores = [
        SampleScore(score=Score(value=dict(zip(("q@0", "q@1", "q@3"), row, strict=True)) | rest))
        for row in rows
    ]
    block = anytime(estimator="plugin")(scores)
    assert isinstance(block, dict)
    # none: (0.25 + 0.75) / 2 * 1 + (0.75 + 0.5) / 2 * 2 = 1.75, of 3; mean: 0.5 + 1.5, of 3.
    assert block["anytime_index_raw"] == pytest.approx(1.75 / 3)
    assert block["anytime_index"] == pytest.approx(2 / 3)
    assert block["drift"] == pytest.approx(0.25 / 3)
    assert (block["final"], block["average"]) == (0.5, 0.5)
    assert (block["overthinking"], block["unparsed"]) == (0.5, 0.25)
    assert block["leaked_reasoning_tokens"] == 3.0
    # Each problem where the other was best: 0, 1, 1 of the first and 0.5, 0.5, 0 of the second.
    fair = anytime()(scores)
    assert isinstance(fair, dict)
    assert fair["anytime_index"] == pytest.approx((2.5 / 3 + 1 / 3) / 2)
    assert fair["anytime_index_plugin"] == block["anytime_index"]
    assert fair["drift"] == pytest.approx(0)


def test_a_share_of_unparsed_answers_is_counted_and_worth_nothing(run: Run) -> None:
    model = get_model("anytime/simulated", unparsed=1.0, accuracy=0.0)
    log = run(aime("builtin", budgets=BUDGETS), model, limit=3)
    assert metrics(log)["curve"]["unparsed"] == 1.0
    assert metrics(log)["curve"]["final"] == 0.0


def test_an_empty_completion_is_quality_0_and_unparsed(run: Run) -> None:
    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        return says("", 0)

    for task in (trip("builtin", budgets=BUDGETS), aime("builtin", budgets=BUDGETS)):
        log = run(task, scripted(script), limit=2)
        assert log.status == "success"
        assert metrics(log)["curve"]["unparsed"] == 1.0
        assert metrics(log)["curve"]["anytime_index"] == 0.0


def test_a_plain_solver_still_gets_its_answer_graded(run: Run) -> None:
    task: Task = task_with(trip("builtin"), solver=generate())
    log = run(task, "anytime/planner", limit=3)
    assert log.status == "success"
    assert {value["final"] for value in values(log).values()} == {1.0}
    assert all("q@128" not in value for value in values(log).values())


def test_a_sample_stopped_by_a_limit_is_left_out_and_not_worth_nothing(tmp_path: Path) -> None:
    def run(**limits: int) -> EvalLog:
        task = trip("builtin", budgets=[128, 256])
        options = {"model": "anytime/planner", "limit": 8, "display": "none", **limits}
        (log,) = eval(task, log_dir=str(tmp_path), **options)
        assert log.status == "success"
        return log

    whole = {s.id: s.scores["curve"].value for s in run().samples}
    stopped = {s.id: s.scores["curve"].value for s in run(token_limit=1600).samples}
    scored = {name: value for name, value in stopped.items() if isinstance(value, dict)}
    assert 0 < len(scored) < len(stopped)
    assert scored == {name: whole[name] for name in scored}
    assert all(math.isnan(v) for name, v in stopped.items() if name not in scored)
