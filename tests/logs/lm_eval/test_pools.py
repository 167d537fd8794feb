"""Finished lm-eval runs as pools."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from anytime.errors import AnytimeError
from anytime.logs.lm_eval.pools import LmEvalPool
from anytime.plugins import get_domain
from anytime.preferences.pairs import build_pairs
from anytime.preferences.pool import cut_text, merged
from tests.small_runs import BUDGETS, WAVERING, run_lm_eval

Logged = Callable[..., Path]


@pytest.fixture
def logged(tmp_path: Path) -> Logged:
    def run(domain: str = "gpqa", folder: str = "out", **metadata: Any) -> Path:
        return run_lm_eval(tmp_path / folder, domain, **{"traces": 4, **metadata})

    return run


def records(samples: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in samples.read_text().splitlines()]


def results_of(samples: Path) -> Path:
    (file,) = samples.parent.glob("results_*.json")
    return file


@pytest.mark.parametrize("name", ["trip", "aime", "gpqa"])
def test_the_pool_is_what_the_samples_say(logged: Logged, name: str) -> None:
    samples = logged(name)
    pool = LmEvalPool(samples)
    scored = list(pool.scored())
    assert len(scored) == 20
    traces = list(pool.traces())
    assert [trace.scored for trace in traces] == scored
    logged_values = {
        record["doc"]["id"]: [record[f"q@{budget}"] for budget in BUDGETS]
        for record in records(samples)
    }
    for problem, means in logged_values.items():
        own = [s.quality for s in scored if s.problem == problem]
        assert np.mean(own, axis=0).tolist() == pytest.approx(means, abs=1e-12)
    info = pool.info
    assert (info.domain, info.dataset, info.split) == (name, "builtin", "test")
    assert (info.model, info.judge) == ("anytime-simulated", "metric")
    assert info.budgets == tuple(BUDGETS)
    domain = get_domain(name)
    dataset = domain.load("builtin", "test", 0)
    assert info.revision == dataset.revision
    problems = {problem.id: problem for problem in dataset.problems}
    for trace in traces:
        assert trace.problem == problems[trace.problem.id]
        for place in range(len(BUDGETS)):
            assert trace.text.startswith(cut_text(trace, place))
    assert build_pairs(pool, domain)


def test_wanted_traces_are_found_before_and_after_all_were_read(logged: Logged) -> None:
    samples = logged()
    everything = {(t.problem.id, t.draw): t for t in LmEvalPool(samples).traces()}
    wanted = [*sorted(everything)[3:15:4], ("nobody", 1)]
    expected = {key: everything[key] for key in wanted[:-1]}
    pool = LmEvalPool(samples)
    for _ in range(2):
        assert {(t.problem.id, t.draw): t for t in pool.traces(wanted)} == expected
        assert list(pool.traces([])) == []
        assert len(list(pool.scored())) == 20


def test_the_results_file_and_the_directory_name_the_same_pool(logged: Logged) -> None:
    samples = logged()
    expected = list(LmEvalPool(samples).scored())
    for path in (results_of(samples), samples.parent, samples.parent.parent):
        assert list(LmEvalPool(path).scored()) == expected


def test_several_tasks_in_one_directory_have_to_be_told_apart(logged: Logged) -> None:
    first, second = logged("gpqa"), logged("aime")
    with pytest.raises(AnytimeError, match=r"has samples of 2 tasks or runs: name one of them"):
        LmEvalPool(first.parent.parent)
    assert LmEvalPool(second).info.domain == "aime"


def test_two_runs_are_one_pool(logged: Logged) -> None:
    pools = [LmEvalPool(logged(folder=f"run{count}", traces=count)) for count in (2, 3)]
    both = merged(pools)
    scored = list(both.scored())
    assert len(scored) == 25
    assert {s.draw for s in scored} == {1, 2, 3, 4, 5}
    assert {t.scored for t in both.traces()} == set(scored)


def test_shown_reasoning_is_cut_where_it_was(tmp_path: Path) -> None:
    knobs = {"budgets": BUDGETS, "traces": 2}
    samples = run_lm_eval(tmp_path, "aime", WAVERING | {"reasoning": True}, **knobs)
    within = 0
    for trace in LmEvalPool(samples).traces():
        assert trace.reasoning
        for place, point in enumerate(trace.points):
            if point.end is not None and point.end <= len(trace.reasoning):
                assert cut_text(trace, place) == trace.reasoning[: point.end]
                within += 1
    assert within


@pytest.mark.parametrize(
    ("args", "name"),
    [
        ({"pretrained": "gpt2", "peft": "mine"}, "hf/mine"),
        ("pretrained=org/some-model,dtype=auto", "hf/org/some-model"),
        ({}, "hf"),
        ("", "hf"),
        (None, "hf"),
    ],
)
def test_the_model_is_named_by_its_arguments(logged: Logged, args: Any, name: str) -> None:
    samples = logged()
    results = json.loads(results_of(samples).read_text())
    results["config"] |= {"model": "hf", "model_args": args}
    results_of(samples).write_text(json.dumps(results))
    assert LmEvalPool(samples).info.model == name


def test_contract_mode_is_refused(logged: Logged) -> None:
    samples = logged(mode="contract")
    with pytest.raises(AnytimeError, match=r"mode=contract.* needs mode=interrupt"):
        LmEvalPool(samples)


def change(samples: Path, **changes: Any) -> None:
    """Change metadata in the results file."""
    results = json.loads(results_of(samples).read_text())
    (config,) = results["configs"].values()
    config["metadata"] |= changes
    results_of(samples).write_text(json.dumps(results))


def test_a_results_file_of_another_run_is_refused(logged: Logged) -> None:
    samples = logged()
    change(samples, budgets=[8, 16])
    with pytest.raises(AnytimeError, match="is not of the run in its results file"):
        list(LmEvalPool(samples).scored())


def test_a_results_file_of_another_task_is_refused(logged: Logged) -> None:
    samples = logged()
    results = json.loads(results_of(samples).read_text())
    (config,) = results["configs"].values()
    config["metadata"] = {"version": 1.0}
    results_of(samples).write_text(json.dumps(results))
    with pytest.raises(AnytimeError, match="anytime_gpqa_builtin, which is no task of anytime"):
        LmEvalPool(samples)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "has no results_.* beside it, which tells its budgets"),
        ("{", "is damaged: it is no JSON object"),
        ("[1]", "is no results file of lm-eval"),
    ],
    ids=["missing", "damaged", "foreign"],
)
def test_samples_without_their_results_are_refused(
    logged: Logged, content: str | None, sentence: str
) -> None:
    samples = logged()
    results_of(samples).unlink()
    if content is not None:
        date = samples.stem.rpartition("_")[2]
        (samples.parent / f"results_{date}.json").write_text(content)
    with pytest.raises(AnytimeError, match=sentence):
        LmEvalPool(samples)


def test_results_without_samples_say_how_to_get_them(logged: Logged, tmp_path: Path) -> None:
    samples = logged()
    samples.unlink()
    for path in (results_of(samples), samples.parent):
        with pytest.raises(AnytimeError, match="run lm_eval with --log_samples"):
            LmEvalPool(path)


def test_a_samples_file_by_another_name_is_refused(logged: Logged, tmp_path: Path) -> None:
    shutil.copy(logged(), tmp_path / "mine.jsonl")
    with pytest.raises(AnytimeError, match="is not named as lm-eval names its samples"):
        LmEvalPool(tmp_path / "mine.jsonl")


def without_ends(line: str) -> str:
    record = json.loads(line)
    for response in record["resps"][0]:
        told = json.loads(response[1])
        for checkpoint in told["checkpoints"]:
            checkpoint.pop("end", None)
        response[1] = json.dumps(told)
    return json.dumps(record) + "\n"


def with_response(line: str, written: str) -> str:
    record = json.loads(line)
    record["resps"][0][1][1] = written
    return json.dumps(record) + "\n"


DAMAGED: dict[str, tuple[Callable[[str], str], str]] = {
    "truncated": (lambda line: line[:900], "line 2 is damaged"),
    "other JSON": (lambda line: '{"a": 1}\n', "line 2 is damaged"),
    "a list": (lambda line: "[1]\n", "line 2 is damaged"),
    "twice": (lambda line: line * 2, "twice"),
    "old": (without_ends, "do not tell where the trace was cut"),
    "checkpoints": (lambda line: with_response(line, "{}"), "trace 2 of problem .* no checkpoints"),
    "no JSON": (lambda line: with_response(line, "so"), "trace 2 of problem .* no checkpoints"),
}


@pytest.mark.parametrize(("damage", "sentence"), DAMAGED.values(), ids=list(DAMAGED))
def test_damaged_samples_are_refused(
    logged: Logged, damage: Callable[[str], str], sentence: str
) -> None:
    samples = logged()
    first, second, *rest = samples.read_text().splitlines(keepends=True)
    samples.write_text("".join([first, damage(second), *rest]))
    pool = LmEvalPool(samples)
    with pytest.raises(AnytimeError, match=sentence) as caught:
        list(pool.scored())
    assert "\n" not in str(caught.value)


def test_padding_between_ranks_is_left_out(logged: Logged) -> None:
    samples = logged()
    padded = records(samples)
    for record in padded:
        record["resps"][0].append(record["resps"][0][0])
    expected = list(LmEvalPool(samples).scored())
    samples.write_text("".join(json.dumps(record) + "\n" for record in padded))
    assert list(LmEvalPool(samples).scored()) == expected
