"""One noun, one behaviour: whatever names a pool names it in both harnesses and in the command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import inspect_ai
import pytest

from anytime.domains.aime import AIME
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.tasks import aime
from anytime.hosts.lm_eval.models import Simulated
from anytime.plugins import get_domain
from anytime.preferences.opening import open_pool
from anytime.preferences.pairs import build_pairs, read_pairs
from anytime.preferences.pool_file import GrowingPool
from anytime.solvers import pdp
from tests.lm_eval_runs import evaluate
from tests.lm_eval_runs import samples as samples_in
from tests.refusals import refusal
from tests.small_runs import BUDGETS, Run, edit, results_of, run_inspect, run_lm_eval, sentence

NAMES = (
    "a log of Inspect",
    "its JSON",
    "a folder of logs",
    "samples",
    "results",
    "a folder of lm-eval's",
    "a pool file",
)


@pytest.fixture(scope="module")
def pools(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """Runs on dev problems, by what names them; nobody may change them."""
    folder = tmp_path_factory.mktemp("pools")
    log = run_inspect(folder / "one", "aime", split="dev")
    whole = run_inspect(folder / "json", "aime", split="dev", log_format="json")
    run_inspect(folder / "two", "aime", split="dev", epochs=2)
    shutil.copy(log, folder / "two")
    samples = run_lm_eval(folder / "lm_eval", "aime", split="dev")
    growing = GrowingPool(folder / "own.jsonl", open_pool(log).info)
    for trace in open_pool(log).traces():
        growing.add(trace)
    growing.finish()
    places = (
        log,
        whole,
        folder / "two",
        samples,
        results_of(samples),
        folder / "lm_eval",
        folder / "own.jsonl",
    )
    return dict(zip(NAMES, places, strict=True))


def by_the_command(pool: Path, run: Run) -> Any:
    code, _, err = run("pairs", "build", pool, "-o", "pairs.jsonl")
    assert code == 0, err
    pairs = read_pairs(Path("pairs.jsonl"), get_domain)
    return [(one.problem, one.budget) for one in pairs if not one.runner_up]


def by_inspect(pool: Path, run: Run) -> Any:
    task = aime("builtin", budgets=BUDGETS)
    solver = pdp(pool=str(pool))
    (log,) = inspect_ai.eval(
        task, "anytime/simulated", solver=solver, limit=1, log_dir="logs", display="none"
    )
    assert log.status == "success", log.error
    assert log.samples
    return shown(log.samples[0].store["anytime"]["method"])


def by_lm_eval(pool: Path, run: Run) -> Any:
    settings = {"budgets": BUDGETS, "method": "pdp", "pool": str(pool)}
    results = evaluate("anytime_aime_builtin", Simulated(), settings, limit=1)
    (sample,) = samples_in(results, "anytime_aime_builtin").values()
    return shown(json.loads(sample["resps"][0][0][1])["method"])


def shown(record: Mapping[str, Any]) -> Any:
    assert record["dropped"] == []
    return [(one["problem"], one["budget"]) for one in record["pairs"]]


PLACES: tuple[Callable[[Path, Run], Any], ...] = (by_the_command, by_inspect, by_lm_eval)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_a_pool_everywhere(
    pools: Mapping[str, Path], name: str, place: Callable[[Path, Run], Any], run: Run
) -> None:
    pool = pools[name]
    expected = [(one.problem, one.budget) for one in build_pairs(open_pool(pool), AIME)]
    assert len(expected) > 2
    assert sorted(place(pool, run)) == sorted(expected)


def test_a_folder_is_all_its_runs(pools: Mapping[str, Path]) -> None:
    draws = {trace.draw for trace in open_pool(pools["a folder of logs"]).scored()}
    assert draws == {1, 2, 3, 4, 5}
    same = [list(open_pool(pools[name]).scored()) for name in NAMES[3:6]]
    assert same[0] == same[1] == same[2]


def test_runs_of_two_models_are_no_one_pool(
    pools: Mapping[str, Path], tmp_path: Path, run: Run
) -> None:
    folder = tmp_path / "both"
    folder.mkdir()
    shutil.copy(pools["a log of Inspect"], folder)
    for file in (pools["samples"], pools["results"]):
        shutil.copy(file, folder)
    told = sentence(run("pairs", "build", folder, "-o", "pairs.jsonl"))
    assert "is of another model than" in told
    with pytest.raises(AnytimeError, match="is of another model than"):
        open_pool(str(folder))
    assert "is of another model than" in refusal(lambda: pdp(pool=str(folder)))


def test_samples_that_were_left_out_are_told_of_a_folder_too(tmp_path: Path, run: Run) -> None:
    log = run_inspect(tmp_path / "logs", "aime", split="dev")

    def forget(log: Any, samples: list[Any]) -> None:
        samples[0].scores = {"curve": samples[0].scores["curve"].model_copy(update={"value": {}})}

    edit(log, forget)
    code, _, err = run("pairs", "build", tmp_path / "logs", "-o", "pairs.jsonl")
    assert code == 0, err
    assert f"1 sample of {log} left out: 1 without checkpoints" in err
