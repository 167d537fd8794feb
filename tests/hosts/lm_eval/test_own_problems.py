"""Evaluated problems that the run learns from: left out, stood in for, or refused at once."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.models import Simulated
from anytime.methods.pdp import QUESTION
from tests.lm_eval_learning import BUDGETS, LEARNS, Taught
from tests.lm_eval_runs import Cli, Counting, evaluate, samples
from tests.own_problems import DEV, EVERYONE, pairs_file, pairs_of, unparted
from tests.refusals import is_one_sentence

TASK = "anytime_aime24"
FEW = {"pool_traces": 2, "pool_problems": 3}
OTHERS = [problem for problem in EVERYONE if problem not in DEV]


def refusal(knobs: dict[str, Any]) -> str:
    """The sentence, before anything was asked."""
    model = Simulated(**LEARNS)
    counted = Counting(model)
    with pytest.raises(AnytimeError) as caught:
        evaluate(TASK, model, {"budgets": list(BUDGETS), "method": "pdp", **knobs})
    assert counted.calls == []
    assert is_one_sentence(str(caught.value)), str(caught.value)
    return str(caught.value)


def taught(knobs: dict[str, Any]) -> Taught:
    return Taught({"method": "pdp", **knobs}, task=TASK, limit=len(EVERYONE))


@pytest.mark.parametrize("method", ["pdp", "leap"])
def test_a_file_that_no_split_has_parted_is_refused_before_a_pool_is_paid(
    tmp_path: Path, method: str
) -> None:
    knobs = {"method": method, "dataset": unparted(tmp_path), **FEW}
    assert refusal(knobs) == (
        "3 of the 12 evaluated problems are among the 3 dev problems that a pool would be sampled "
        'from, as in a file that no split has parted: add "split": "test" to --metadata, or name '
        "pairs or a pool of other problems"
    )
    run = taught({**knobs, "split": "test"})
    assert set(samples(run.results, TASK)) == {problem.id for problem in OTHERS}


def test_pairs_that_leave_nothing_are_refused_before_anything_is_asked(tmp_path: Path) -> None:
    file = pairs_file(tmp_path, pairs_of(DEV[0]))
    knobs = {"dataset": unparted(tmp_path), "pairs": file, "traces": 2}
    assert refusal(knobs) == (
        "every pair is about this very problem, which must not stand in its own prompt (1 of the "
        '12 evaluated problems): add "split": "test" to --metadata, or use pairs of other problems'
    )
    assert len(taught({**knobs, "split": "test"}).records) == 2 * len(OTHERS)
    file = pairs_file(tmp_path, pairs_of(OTHERS[0]))
    message = refusal({**knobs, "split": "test", "pairs": file})
    assert message.endswith("evaluated problems): use pairs of other problems")


def test_a_problems_own_pair_gives_way_to_one_of_another_problem(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    own, other = DEV[:2]
    file = pairs_file(tmp_path, pairs_of(own, further=[other]))
    with caplog.at_level(logging.WARNING):
        run = taught({"dataset": unparted(tmp_path), "pairs": file})
    told = [one.getMessage() for one in caplog.records if "learned from" in one.getMessage()]
    assert told == [
        "anytime: 1 of the 12 evaluated problems is among those that pdp learned from, and shown "
        'what was learned from others alone; to keep them apart, add "split": "test" to --metadata'
    ]
    for name, sample in samples(run.results, TASK).items():
        record = json.loads(sample["resps"][0][0][1])["method"]
        assert {one["problem"] for one in record["pairs"]} == {
            other.id if name == own.id else own.id
        }
        assert record["left_out_as_same_problem"] == (len(BUDGETS) if name == own.id else 0)
        assert record.get("instead", []) == (record["pairs"] if name == own.id else [])
    for text in run.asked:
        shown, _, question = text.partition(QUESTION)
        assert own.prompt not in shown or own.prompt not in question


def test_a_finished_pool_of_the_evaluated_problems_leaves_each_its_own_out(
    tmp_path: Path,
) -> None:
    pool = tmp_path / "pool"
    done: dict[str, Any] = {"dataset": unparted(tmp_path), "split": "dev", **FEW}
    Taught({"method": "pdp", **done, "split": "test"}, task=TASK, limit=1)
    (pool,) = (tmp_path / "anytime-cache" / "pools").glob("*.jsonl")
    everyone = {"dataset": unparted(tmp_path), "pool": str(pool)}
    run = taught(everyone)
    assert len(run.asked) == len(EVERYONE) * (1 + len(BUDGETS))
    for name, sample in samples(run.results, TASK).items():
        shown = json.loads(sample["resps"][0][0][1])["method"]["pairs"]
        assert shown
        assert name not in {one["problem"] for one in shown}
    message = refusal({**everyone, "method": "leap"})
    assert "among those that leap would learn from, and nothing else would be left" in message
    assert 'add "split": "test" to --metadata' in message


@pytest.mark.slow
def test_the_command_names_the_split(cli: Cli, tmp_path: Path) -> None:
    words = ["lm_eval", "--model", "anytime-simulated", "--tasks", TASK, "--metadata"]
    knobs = {"method": "pdp", "dataset": unparted(tmp_path), **FEW}
    done = cli(*words, json.dumps(knobs))
    assert done.returncode == 1
    assert 'add "split": "test" to --metadata' in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "anytime-cache").rglob("*.jsonl*")) == []
    done = cli(*words, json.dumps({**knobs, "split": "test"}))
    assert done.returncode == 0, done.stderr
