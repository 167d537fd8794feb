"""One model, two harnesses and a program without either: the same numbers to the last digit."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from inspect_ai.model import get_model

from anytime import Curve, summarize
from tests.realmodel import reasoner
from tests.realmodel.running import Run, in_inspect, in_lm_eval
from tests.tiny_transformer import hf

pytestmark = pytest.mark.realmodel

BUDGETS = [4, 8, 16, 24, 48]
PROBLEMS = 16
ANSWER_TOKENS = 8
GREEDY = {"do_sample": False}


def model_here(folder: Path, **options: Any) -> Any:
    """The reasoner as Inspect's `hf` loads it."""
    return get_model("hf/local", model_path=str(folder), dtype="float32", device="cpu", **options)


@pytest.fixture(scope="module")
def asked() -> list[reasoner.Chain]:
    return reasoner.chains(PROBLEMS, seed=2)


@pytest.fixture(scope="module")
def problems(asked: list[reasoner.Chain], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reasoner.write_problems(tmp_path_factory.mktemp("problems") / "chains.jsonl", asked)


def inspect_run(
    folder: Path, problems: Path, place: Path, budgets: Sequence[int] = BUDGETS, **model: Any
) -> Run:
    return in_inspect(
        "anytime/aime",
        model_here(folder, **(model or GREEDY)),
        place,
        task_args={"dataset": str(problems), "budgets": list(budgets)},
        solver=_budget(budgets),
    )


def _budget(budgets: Sequence[int]) -> Any:
    from anytime.solvers.budget import budget

    return budget(budgets=list(budgets), answer_tokens=ANSWER_TOKENS)


def lm_eval_run(folder: Path, problems: Path, budgets: Sequence[int] = BUDGETS) -> Run:
    knobs = {
        "dataset": str(problems),
        "budgets": ",".join(map(str, budgets)),
        "answer_tokens": ANSWER_TOKENS,
    }
    return in_lm_eval("anytime_aime24", hf(folder), knobs)


@pytest.fixture(scope="module")
def runs(
    reasoner_folder: Path, problems: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Run, Run]:
    place = tmp_path_factory.mktemp("runs")
    return inspect_run(reasoner_folder, problems, place), lm_eval_run(reasoner_folder, problems)


def test_both_harnesses_and_a_program_without_either_give_one_curve(
    reasoner_folder: Path, asked: list[reasoner.Chain], runs: tuple[Run, Run]
) -> None:
    table = np.array(reasoner.own_curve(reasoner_folder, asked, BUDGETS))
    names = tuple(f"chain-{place:03d}" for place in range(len(asked)))
    own, mean = summarize(Curve(BUDGETS, table, problems=names)), table.mean(0)
    curve = {f"q@{budget}": value for budget, value in zip(BUDGETS, mean, strict=True)}
    for run in runs:
        assert {name: run.numbers[name] for name in curve} == pytest.approx(curve, abs=1e-12)
        assert run.numbers["anytime_index"] == pytest.approx(own.anytime_index, abs=1e-12)
        assert run.numbers["unparsed"] < 0.1
    assert mean[-1] > mean[0] + 0.3, "it shall be a model whose quality rises"


def test_traces_cuts_and_answers_are_equal_in_both_harnesses(runs: tuple[Run, Run]) -> None:
    left, right = runs
    assert left.traces.keys() == right.traces.keys()
    for id_, trace in left.traces.items():
        other = right.traces[id_]
        assert (trace.text, trace.cuts, trace.tokens) == (other.text, other.cuts, other.tokens)
        assert trace.answers == other.answers
        counted = [point["answer_tokens"] for point in trace.points]
        assert counted == [point["answer_tokens"] for point in other.points]
        assert max(counted) <= ANSWER_TOKENS


def test_a_truncated_trace_answers_as_a_run_that_was_capped_there(
    reasoner_folder: Path, problems: Path, runs: tuple[Run, Run], tmp_path: Path
) -> None:
    budgets = [8, 16]
    for full, short in (
        (runs[0], inspect_run(reasoner_folder, problems, tmp_path, budgets)),
        (runs[1], lm_eval_run(reasoner_folder, problems, budgets)),
    ):
        forced = 0
        for id_, trace in short.traces.items():
            point = trace.points[-1]
            (same,) = [p for p in full.traces[id_].points if p["budget"] == budgets[-1]]
            if trace.tokens == budgets[-1] - 1:
                continue  # a trace that ends within a token of its cap counts as cut off there
            forced += point["forced"]
            assert (point["forced"], point["tokens"]) == (same["forced"], same["tokens"])
            if point["forced"]:
                assert full.traces[id_].text.startswith(trace.text)
                assert (point["end"], point["answer"]) == (same["end"], same["answer"])
        assert forced


def test_a_trace_at_its_cap_is_forced_at_every_budget(
    reasoner_folder: Path, problems: Path, tmp_path: Path
) -> None:
    budgets = [4, 12]  # no chain is done in 12 tokens
    for run in (
        inspect_run(reasoner_folder, problems, tmp_path, budgets),
        lm_eval_run(reasoner_folder, problems, budgets),
    ):
        capped = [trace for trace in run.traces.values() if trace.tokens >= budgets[-1]]
        assert len(capped) > PROBLEMS // 2
        for trace in capped:
            assert trace.finish == "length"
            assert [point["forced"] for point in trace.points] == [True, True]


def test_temperature_0_is_greedy(
    reasoner_folder: Path, problems: Path, runs: tuple[Run, Run], tmp_path: Path
) -> None:
    run = in_inspect(
        "anytime/aime",
        model_here(reasoner_folder),
        tmp_path,
        task_args={"dataset": str(problems), "budgets": BUDGETS},
        solver=_budget(BUDGETS),
        limit=4,
        temperature=0.0,
    )
    for id_, trace in run.traces.items():
        assert trace.text == runs[0].traces[id_].text


def test_logprobs_change_nothing_where_the_tokenizer_is_at_hand(
    reasoner_folder: Path, problems: Path, runs: tuple[Run, Run], tmp_path: Path
) -> None:
    run = in_inspect(
        "anytime/aime",
        model_here(reasoner_folder, **GREEDY),
        tmp_path,
        task_args={"dataset": str(problems), "budgets": BUDGETS},
        solver=_budget(BUDGETS),
        logprobs=True,
    )
    for id_, trace in run.traces.items():
        like = runs[0].traces[id_]
        assert (trace.text, trace.tokens, trace.cuts) == (like.text, like.tokens, like.cuts)


def test_traces_are_sampled_at_the_temperature_of_the_run(
    reasoner_folder: Path, problems: Path, tmp_path: Path
) -> None:
    run = in_inspect(
        "anytime/aime",
        model_here(reasoner_folder),
        tmp_path,
        task_args={"dataset": str(problems), "budgets": [8, 24]},
        solver=_budget([8, 24]),
        limit=2,
        epochs=6,
        temperature=5.0,  # it is sure of what it says
    )
    texts = {(sample.id, sample.output.completion) for sample in run.log.samples}
    assert len(texts) > 2


def test_the_reasoner_is_made_anew_alike(tmp_path: Path) -> None:
    """A few steps: the same seed gives the same weights, so that a red test can be looked into."""
    import safetensors.numpy

    for name in ("one", "two"):
        reasoner.train(tmp_path / name, steps=3)
    one, two = (
        safetensors.numpy.load_file(tmp_path / name / "model.safetensors")
        for name in ("one", "two")
    )
    assert one.keys() == two.keys()
    assert all(np.array_equal(one[name], two[name]) for name in one)
    assert json.loads((tmp_path / "one" / "config.json").read_text())["num_hidden_layers"] == 2
