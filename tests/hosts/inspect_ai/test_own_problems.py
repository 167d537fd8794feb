"""Evaluated problems that the run learns from: left out, stood in for, or refused at once."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval_retry
from inspect_ai.log import EvalLog, read_eval_log

from anytime.hosts.inspect_ai.tasks import aime
from anytime.methods.pdp import QUESTION
from anytime.solvers import leap, pdp
from tests.inspect_runs import Cli, Run, logs_in, model_events, samples
from tests.own_problems import BUDGETS, DEV, EVERYONE, pairs_file, pairs_of, unparted
from tests.refusals import is_one_sentence

FEW: dict[str, Any] = {"traces": 2, "problems": 3}
LEARNS = {"accuracy": 0.8, "solve_tokens": 60, "linger_tokens": 1e9}
OTHERS = [problem for problem in EVERYONE if problem not in DEV]


def on_mine(run: Run, tmp_path: Path, solver: Any, split: Any = None, **options: Any) -> EvalLog:
    task = aime(unparted(tmp_path), split=split, budgets=list(BUDGETS))
    how = {"model_args": LEARNS, "max_samples": 1, **options}
    return run(task, "anytime/simulated", solver=solver, **how)


def refusal(log: EvalLog) -> str:
    assert log.status == "error"
    assert log.error is not None
    assert is_one_sentence(log.error.message), log.error.message
    return log.error.message


@pytest.mark.parametrize("solver", [pdp, leap])
def test_a_file_that_no_split_has_parted_is_refused_before_a_pool_is_paid(
    run: Run, asked: list[str], tmp_path: Path, solver: Any
) -> None:
    message = refusal(on_mine(run, tmp_path, solver(**FEW)))
    assert asked == []
    assert message == (
        "3 of the 12 evaluated problems are among the 3 dev problems that a pool would be sampled "
        "from, as in a file that no split has parted: add -T split=test, or name pairs or a pool "
        "of other problems"
    )
    log = on_mine(run, tmp_path, solver(**FEW), "test")
    assert log.status == "success", log.error
    assert {str(sample.id) for sample in samples(log)} == {problem.id for problem in OTHERS}


def test_what_is_not_evaluated_is_no_overlap(run: Run, asked: list[str], tmp_path: Path) -> None:
    log = on_mine(run, tmp_path, pdp(**FEW), sample_id=[OTHERS[0].id, OTHERS[-1].id])
    assert log.status == "success", log.error
    refusal(on_mine(run, tmp_path, pdp(**FEW), sample_id=[OTHERS[0].id, DEV[-1].id]))


@pytest.mark.parametrize("fails_on_error", [True, False])
def test_pairs_that_leave_nothing_are_refused_before_anything_is_asked(
    run: Run, asked: list[str], tmp_path: Path, fails_on_error: bool
) -> None:
    file = pairs_file(tmp_path, pairs_of(DEV[0]))
    log = on_mine(run, tmp_path, pdp(pairs=file), fail_on_error=fails_on_error)
    assert asked == []
    if fails_on_error:
        assert refusal(log) == (
            "every pair is about this very problem, which must not stand in its own prompt (1 of "
            "the 12 evaluated problems): add -T split=test, or use pairs of other problems"
        )
    log = on_mine(run, tmp_path, pdp(pairs=file), "test")
    assert log.status == "success", log.error


def test_where_the_test_split_is_evaluated_it_is_not_named(run: Run, tmp_path: Path) -> None:
    file = pairs_file(tmp_path, pairs_of(OTHERS[0]))
    message = refusal(on_mine(run, tmp_path, pdp(pairs=file), "test"))
    assert message.endswith("evaluated problems): use pairs of other problems")


def test_a_problems_own_pair_gives_way_to_one_of_another_problem(
    run: Run, asked: list[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own, other = DEV[:2]
    file = pairs_file(tmp_path, pairs_of(own, further=[other]))
    with caplog.at_level(logging.WARNING):
        log = on_mine(run, tmp_path, pdp(pairs=file))
    assert log.status == "success", log.error
    told = [one.getMessage() for one in caplog.records if "learned from" in one.getMessage()]
    assert [one[one.index("anytime:") :] for one in told] == [
        "anytime: 1 of the 12 evaluated problems is among those that pdp learned from, and shown "
        "what was learned from others alone; to keep them apart, add -T split=test"
    ]
    for sample in samples(log):
        record = sample.store["anytime"]["method"]
        is_own = sample.id == own.id
        assert {one["problem"] for one in record["pairs"]} == {other.id if is_own else own.id}
        assert [one["budget"] for one in record["pairs"]] == list(BUDGETS)
        assert record["left_out_as_same_problem"] == (len(BUDGETS) if is_own else 0)
        assert record.get("instead", []) == (record["pairs"] if is_own else [])
        for event in model_events(sample):
            shown = event.input[0].text.partition(QUESTION)[0]
            (prompt,) = (one.prompt for one in EVERYONE if one.id == sample.id)
            assert prompt not in shown


@pytest.mark.slow
def test_a_finished_pool_of_the_evaluated_problems_leaves_each_its_own_out(
    run: Run, asked: list[str], tmp_path: Path
) -> None:
    earlier = on_mine(run, tmp_path, None, epochs=3, limit=4, max_samples=8)
    before = len(asked)
    log = on_mine(run, tmp_path, pdp(pool=earlier.location), limit=4)
    assert log.status == "success", log.error
    assert len(asked) == before + 4 * (1 + len(BUDGETS))
    for sample in samples(log):
        shown = sample.store["anytime"]["method"]["pairs"]
        assert shown
        assert str(sample.id) not in {one["problem"] for one in shown}
    # Principles that were merged from all of them are shown to none, and not even asked for.
    before = len(asked)
    message = refusal(on_mine(run, tmp_path, leap(pool=earlier.location), limit=4))
    assert "among those that leap would learn from, and nothing else would be left" in message
    assert "add -T split=test, or name pairs or a pool of other problems" in message
    assert len(asked) == before
    # One of the four was ever answered wrongly: there are no principles from others for it.
    low = leap(pool=earlier.location, principles="low")
    assert refusal(on_mine(run, tmp_path, low, limit=4)).startswith("1 of the 4 evaluated problems")
    assert len(asked) == before
    more = on_mine(run, tmp_path, None, epochs=15, limit=4, max_samples=8)
    low = leap(pool=more.location, principles="low")
    assert on_mine(run, tmp_path, low, limit=4).status == "success"


def test_a_retried_run_knows_its_problems_too(run: Run, asked: list[str], tmp_path: Path) -> None:
    log = on_mine(run, tmp_path, pdp(pairs=pairs_file(tmp_path, pairs_of(DEV[0]))))
    assert log.status == "error"
    (again,) = eval_retry(log.location, log_dir=str(tmp_path / "again"), display="none")
    assert "every pair is about this very problem" in refusal(read_eval_log(again.location))
    assert asked == []


@pytest.mark.slow
def test_the_command_names_the_split(cli: Cli, tmp_path: Path) -> None:
    words = ["eval", "anytime/aime", "-T", f"dataset={unparted(tmp_path)}"]
    words += ["--model", "anytime/simulated", "--solver", "anytime/pdp"]
    words += ["-S", "traces=2", "-S", "problems=3"]
    done = cli(*words)
    said = " ".join((done.stdout + done.stderr).split())
    assert "add -T split=test" in said
    assert "Traceback" not in said
    (log,) = logs_in(tmp_path / "logs")
    assert log.stats.model_usage == {}
    done = cli(*words, "-T", "split=test")
    assert done.returncode == 0, done.stdout + done.stderr
    assert logs_in(tmp_path / "logs")[-1].status == "success"
