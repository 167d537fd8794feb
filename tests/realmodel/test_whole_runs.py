"""Modes, methods and other people's tasks with real models, each to its end in both harnesses.

What a model says is not looked at: that every problem has a curve, that caps hold and that what was
learned is told. Methods run on the small reasoner, whose pool has good and bad traces, and on the
one that was taught to judge and to name insights; modes and other people's tasks on SmolLM2.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.event import ModelEvent
from inspect_ai.model import get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import generate

from anytime.budgets import BudgetGrid
from anytime.hosts.inspect_ai.wrapping import wrap
from anytime.logs.inspect_ai.annotating_live import annotate as annotate_task
from anytime.logs.lm_eval.annotating_live import HandingBack
from anytime.results import open_runs, summaries
from tests.inspect_runs import says, scripted
from tests.lm_eval_logs import annotated, by_hand
from tests.lm_eval_runs import generated as generated  # a fixture
from tests.lm_eval_tasks import manager
from tests.lm_eval_tasks import run as run_lm_eval
from tests.realmodel import reasoner
from tests.realmodel.running import Run, in_inspect, in_lm_eval
from tests.tiny_transformer import hf

pytestmark = pytest.mark.realmodel

BUDGETS = [8, 16, 24]
ANSWER_TOKENS = 6
SHORT = [8, 16]


def of_inspect(folder: Path, **options: Any) -> Any:
    return get_model("hf/real", model_path=str(folder), dtype="float32", device="cpu", **options)


def check(run: Run, budgets: list[int], *, forced: bool = True) -> None:
    """Every problem has all its checkpoints, and every answer kept to its cap."""
    assert run.traces
    for trace in run.traces.values():
        assert [point["budget"] for point in trace.points] == budgets
        if forced:
            assert trace.cuts
        for point in trace.points:
            if point["forced"]:
                assert point["tokens"] <= point["budget"]
                assert point["answer_tokens"] <= ANSWER_TOKENS
    assert 0 <= run.numbers["anytime_index"] <= 1
    assert {f"q@{budget}" for budget in budgets} <= run.numbers.keys()


# Methods that learn, on the reasoner


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Files of chains: to learn from, and to be measured on."""
    folder = tmp_path_factory.mktemp("chains")
    drawn = reasoner.chains(10, seed=5)
    return (
        reasoner.write_problems(folder / "dev.jsonl", drawn[:4]),
        reasoner.write_problems(folder / "test.jsonl", drawn[4:]),
    )


@pytest.fixture(scope="module")
def pool(
    reasoner_folder: Path,
    problems: tuple[Path, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A finished run of Inspect with several traces a problem."""
    from anytime.solvers.budget import budget

    run = in_inspect(
        "anytime/aime",
        of_inspect(reasoner_folder),
        tmp_path_factory.mktemp("pool"),
        task_args={"dataset": str(problems[0]), "budgets": BUDGETS},
        solver=budget(budgets=BUDGETS, answer_tokens=ANSWER_TOKENS),
        epochs=20,  # they differ in numbers mostly, which pairs do not show
        temperature=2.5,
        seed=1,
    )
    return Path(run.log.location)


@pytest.mark.parametrize("method", ["pdp", "pdp_plus"])
def test_pairs_of_a_real_pool_are_shown_in_inspect(
    reasoner_folder: Path, problems: tuple[Path, Path], pool: Path, tmp_path: Path, method: str
) -> None:
    from anytime.solvers import pdp, pdp_plus

    solver = {"pdp": pdp, "pdp_plus": pdp_plus}[method]
    run = in_inspect(
        "anytime/aime",
        of_inspect(reasoner_folder, do_sample=False),
        tmp_path,
        task_args={"dataset": str(problems[1]), "budgets": BUDGETS},
        solver=solver(pool=str(pool), answer_tokens=ANSWER_TOKENS),
    )
    check(run, BUDGETS, forced=False)  # it was never shown examples, and may answer at once
    for sample in run.log.samples:
        learned = sample.store["anytime"]["method"]
        assert learned["added_tokens"] > 0


def test_pairs_of_a_pool_of_the_other_harness_are_shown_in_lm_eval(
    reasoner_folder: Path, problems: tuple[Path, Path], pool: Path
) -> None:
    knobs = {
        "dataset": str(problems[1]),
        "budgets": ",".join(map(str, BUDGETS)),
        "answer_tokens": ANSWER_TOKENS,
        "method": "pdp",
        "pool": str(pool),
    }
    run = in_lm_eval("anytime_aime24", hf(reasoner_folder), knobs)
    check(run, BUDGETS, forced=False)
    assert run.numbers["added_tokens"] > 0


# What asks a model to follow instructions, on one that was taught to


def learning(method: str, pool: Path) -> Any:
    from anytime.solvers import leap, pdp

    if method == "leap":
        return leap(pool=str(pool), answer_tokens=ANSWER_TOKENS)
    return pdp(pool=str(pool), judge="self", answer_tokens=ANSWER_TOKENS)


@pytest.mark.parametrize("method", ["leap", "judge"])
def test_a_model_learns_from_its_mistakes_and_by_its_own_judgement_in_inspect(
    instructed_folder: Path, problems: tuple[Path, Path], pool: Path, tmp_path: Path, method: str
) -> None:
    run = in_inspect(
        "anytime/aime",
        of_inspect(instructed_folder, do_sample=False),
        tmp_path,
        task_args={"dataset": str(problems[1]), "budgets": BUDGETS},
        solver=learning(method, pool),
    )
    check(run, BUDGETS, forced=False)
    for sample in run.log.samples:
        learned = sample.store["anytime"]["method"]
        assert learned["added_tokens"] > 0
        if method == "leap":
            assert learned["principles"]
        else:
            # It is absent where the metric tells no pair of the judge's apart.
            assert 0 <= learned.get("judge_agreement", 1) <= 1
            # Its scores are hundredths of the answers' numbers; the metric's gaps are all 1.
            assert all(0 < shown["gap"] < 1 for shown in learned["pairs"])
            assert learned["pairs"]


@pytest.mark.parametrize("method", ["leap", "judge"])
def test_a_model_learns_from_its_mistakes_and_by_its_own_judgement_in_lm_eval(
    instructed_folder: Path, problems: tuple[Path, Path], pool: Path, method: str
) -> None:
    knobs = {
        "dataset": str(problems[1]),
        "budgets": ",".join(map(str, BUDGETS)),
        "answer_tokens": ANSWER_TOKENS,
        "pool": str(pool),
        **({"method": "leap"} if method == "leap" else {"method": "pdp", "judge": "self"}),
    }
    run = in_lm_eval("anytime_aime24", hf(instructed_folder), knobs)
    check(run, BUDGETS, forced=False)
    assert run.numbers["added_tokens"] > 0


@pytest.mark.parametrize(
    ("method", "sentence"),
    [("leap", "LEAP needs a model that follows instructions"), ("judge", "take judge=metric")],
)
def test_a_model_that_does_not_do_as_it_is_told_is_refused_in_a_sentence(
    reasoner_folder: Path,
    problems: tuple[Path, Path],
    pool: Path,
    tmp_path: Path,
    method: str,
    sentence: str,
) -> None:
    with pytest.raises(AssertionError, match=sentence):
        in_inspect(
            "anytime/aime",
            of_inspect(reasoner_folder, do_sample=False),
            tmp_path,
            task_args={"dataset": str(problems[1]), "budgets": BUDGETS},
            solver=learning(method, pool),
            limit=1,
        )


# Modes and tasks of others, on SmolLM2


def test_contract_mode_runs_to_its_end_in_both_harnesses(smol_folder: Path, tmp_path: Path) -> None:
    there = in_inspect(
        "anytime/gpqa",
        of_inspect(smol_folder, do_sample=False),
        tmp_path,
        task_args={"dataset": "builtin", "budgets": SHORT, "mode": "contract"},
        limit=1,
    )
    knobs = {"budgets": "8,16", "mode": "contract"}
    here = in_lm_eval(
        "anytime_gpqa_builtin", hf(smol_folder, 1), knobs, limit=1, apply_chat_template=True
    )
    for run in (there, here):
        check(run, SHORT, forced=False)
        (trace,) = run.traces.values()
        assert all(point["tokens"] <= point["budget"] for point in trace.points)
    counted = [
        [point["tokens"] for point in t.points] for r in (there, here) for t in r.traces.values()
    ]
    assert counted[0] == counted[1]


def sums() -> Task:
    samples = [Sample(id="sum", input="What is 3 + 4?", target="7")]
    return Task(dataset=samples, solver=generate(), scorer=includes(), name="sums")


def test_a_task_of_others_has_a_curve_in_inspect(smol_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "sums.py").write_text(
        "from inspect_ai import Task, task\n"
        "from inspect_ai.dataset import Sample\n"
        "from inspect_ai.scorer import includes\n"
        "from inspect_ai.solver import generate\n"
        "@task\n"
        "def sums():\n"
        "    samples = [Sample(id='sum', input='What is 3 + 4?', target='7')]\n"
        "    return Task(dataset=samples, solver=generate(), scorer=includes())\n"
    )
    run = in_inspect(
        wrap(f"{tmp_path}/sums.py@sums", budgets=SHORT, answer_tokens=ANSWER_TOKENS),
        of_inspect(smol_folder, do_sample=False),
        tmp_path,
    )
    (trace,) = run.traces.values()
    assert [point["budget"] for point in trace.points] == SHORT
    assert any("anytime_index" in name for name in run.numbers)


@pytest.mark.usefixtures("generated")
def test_a_task_of_others_has_a_curve_in_lm_eval(smol_folder: Path) -> None:
    known = manager("aime24", budgets=SHORT, answer_tokens=ANSWER_TOKENS)
    results = run_lm_eval(hf(smol_folder, 1), ["anytime:aime24"], known, limit=1)
    (name,) = results["results"]
    table = results["results"][name]
    assert any("anytime_index" in metric for metric in table)
    (sample,) = results["samples"][name]
    record = json.loads(sample["resps"][0][0][1])
    assert [point["budget"] for point in record["checkpoints"]] == SHORT


def test_finished_logs_are_handed_back_in_inspect(smol_folder: Path, tmp_path: Path) -> None:
    model = of_inspect(smol_folder, do_sample=False)
    (log,) = inspect_eval(
        sums(), model=model, max_tokens=24, log_dir=str(tmp_path / "plain"), display="plain"
    )
    assert log.status == "success"
    task = annotate_task(log.location, budgets=SHORT, answer_tokens=ANSWER_TOKENS)
    run = in_inspect(task, model, tmp_path / "annotated")
    assert log.samples
    (trace,) = run.traces.values()
    assert trace.text == log.samples[0].output.completion
    assert [point["budget"] for point in trace.points] == SHORT


REASONING = "First I add what there is to add, and then I look at it once more, and that is all."
FRAMED = f"<think>\n{REASONING}\n</think>\n\nSo the sum of the two is 7, and nothing else."


def handed_back(text: str) -> str:
    """Checks that the frame of a cut trace is opened and closed once; what follows it."""
    assert (text.count("<think>"), text.count("</think>")) == (1, 1)
    reasoning, _, after = text.partition("</think>")
    assert f"<think>\n{REASONING}".startswith(reasoning[reasoning.index("<think>") :].rstrip())
    return after


def test_frames_of_finished_logs_are_closed_before_a_model_answers_in_inspect(
    smol_folder: Path, tmp_path: Path
) -> None:
    (log,) = inspect_eval(
        sums(),
        model=scripted(lambda messages, config: says(FRAMED, 32)),
        log_dir=str(tmp_path / "plain"),
        display="plain",
    )
    task = annotate_task(
        log.location, budgets=SHORT, answer_tokens=ANSWER_TOKENS, tokenizer=str(smol_folder)
    )
    run = in_inspect(task, of_inspect(smol_folder, do_sample=False), tmp_path / "annotated")
    (trace,) = run.traces.values()
    assert [point["forced"] for point in trace.points] == [True, True]
    asked = [event for event in run.log.samples[0].events if isinstance(event, ModelEvent)]
    assert len(asked) == len(SHORT)
    for event in asked:
        assert event.input[-1].role == "assistant"
        assert handed_back(event.input[-1].text).strip()
    for point in trace.points:
        assert point["leaked_reasoning_tokens"] <= point["answer_tokens"] <= ANSWER_TOKENS


@pytest.mark.usefixtures("generated")
def test_frames_of_finished_logs_are_closed_before_a_model_answers_in_lm_eval(
    smol_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anytime.logs.lm_eval import log_scorers

    monkeypatch.setattr(log_scorers, "index_of", lambda folder: manager("aime24"))
    model = hf(smol_folder, 1)
    asked: list[str] = []
    ask = model.generate_until

    def generate_until(requests: list[Any], **options: Any) -> list[str]:
        for request in requests:
            asked.append(request.args[0])
            request.args[1]["max_gen_toks"] = ANSWER_TOKENS  # logs are answered at full length
        return list(ask(requests, **options))

    monkeypatch.setattr(model, "generate_until", generate_until)
    one = annotated(
        by_hand(tmp_path / "plain", FRAMED),
        tmp_path / "out",
        budgets=BudgetGrid(SHORT),
        answering=HandingBack(model, cue=" The answer is"),
        tokenizer=None,
    )
    assert one.outcome is not None
    assert len(asked) == len(SHORT)
    for text in asked:
        assert handed_back(text).rstrip().endswith("The answer is")


@pytest.mark.usefixtures("generated")
def test_finished_logs_are_handed_back_in_lm_eval(
    smol_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anytime.logs.lm_eval import log_scorers

    monkeypatch.setattr(log_scorers, "index_of", lambda folder: manager("aime24"))
    text = "First I add what there is to add, and then I look at it once more. So it is 7. " * 2
    one = annotated(
        by_hand(tmp_path / "plain", text),
        tmp_path / "out",
        budgets=BudgetGrid(SHORT),
        answering=HandingBack(hf(smol_folder, 1), cue=" The answer is"),
        tokenizer=None,
    )
    assert one.outcome is not None
    (samples,) = [path for path in one.outputs if path.suffix == ".jsonl"]
    (opened,) = open_runs(samples)
    assert {found.key.mode for found in summaries([opened])} == {"interrupt"}
