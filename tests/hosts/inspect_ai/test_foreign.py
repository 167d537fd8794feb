"""`anytime/budget` on tasks that are not ours, scored at each budget by their own scorers."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task, eval, score
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.event import ScoreEvent
from inspect_ai.model import ChatMessageUser, ContentImage, GenerateConfig, ModelOutput
from inspect_ai.scorer import Score, Target, accuracy, choice, includes, match, scorer
from inspect_ai.solver import TaskState

from anytime import AnytimeError
from anytime.hosts.inspect_ai.errors import PrerequisiteError
from anytime.hosts.inspect_ai.scoring import curve
from anytime.hosts.inspect_ai.verdicts import third_party_grade
from anytime.programs.elicit import GENERIC_CUE
from anytime.solvers import budget
from tests.inspect_runs import (
    Cli,
    Run,
    logs_in,
    metrics,
    model_events,
    samples,
    says,
    scripted,
    values,
)

BUDGETS = [4, 8, 16, 32]
SUMS = {"What is 3 + 4?": "7", "What is 20 + 22?": "42"}

TASK_FILE = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.scorer import includes

OPTIONS = "A) red\\nB) blue"

@task
def colours():
    questions = [f"Colour {n}?\\n\\n{OPTIONS}" for n in range(8)]
    samples = [Sample(input=q, target="Answer: A", id=n) for n, q in enumerate(questions, 1)]
    return Task(dataset=samples, scorer=includes())
"""


def adds(known_after: dict[str, int]) -> Callable[[Any, GenerateConfig], ModelOutput]:
    """Ten words and the right sum, which it knows after so many words; before that it says 0."""

    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        question = messages[0].text.partition("\n")[0]
        after, answer = known_after[question], SUMS[question]
        if len(messages) == 1:
            thoughts = ["so"] * (after - 1) + ["got-it"] + ["and"] * (9 - after)
            return says(f"{' '.join(thoughts)} {answer}")
        assert messages[2].text == GENERIC_CUE.ask
        return says(answer if "got-it" in messages[1].text else "0")

    return script


def sums(scorer: Any) -> Task:
    return Task(
        dataset=MemoryDataset([Sample(id=q, input=q, target=a) for q, a in SUMS.items()]),
        scorer=scorer,
        name="sums",
    )


def test_each_checkpoint_is_scored_by_the_tasks_own_scorer(run: Run) -> None:
    first, second = SUMS
    script = adds({first: 3, second: 7})
    log = run(sums(match(numeric=True)), scripted(script), solver=budget(BUDGETS))
    assert log.status == "success"
    assert metrics(log)["match"]["accuracy"] == 1.0
    shown = {
        sample.id: [
            e.score.value for e in sample.events if isinstance(e, ScoreEvent) and e.intermediate
        ]
        for sample in samples(log)
    }
    assert shown == {first: ["C", "C", "C", "C"], second: ["I", "C", "C", "C"]}
    # Both traces are ten words long: budgets 4 and 8 are asked.
    assert [len(model_events(sample)) for sample in samples(log)] == [3, 3]
    scored = score(log, curve(), action="append", display="plain")
    assert {id_: value["q@4"] for (id_, _), value in values(scored).items()} == {
        first: 1,
        second: 0,
    }
    assert metrics(scored)["q@4"]["mean"] == 0.5
    # (0.5 + 1) / 2 * 4 + 1 * 24, of 28
    assert metrics(scored)["curve"]["anytime_index"] == pytest.approx(27 / 28)
    assert metrics(scored)["match"]["accuracy"] == 1.0


@pytest.mark.slow
def test_the_commands_run_and_score_a_task_of_others(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "colours.py").write_text(TASK_FILE)
    words = ["eval", "colours.py", "--solver", "anytime/budget", "-S", "budgets=16,64,256"]
    done = cli(*words, "--model", "anytime/guesser", "--epochs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    (log,) = logs_in(tmp_path / "logs")
    assert log.status == "success"
    (file,) = (tmp_path / "logs").glob("*.eval")
    words = ["score", file, "--scorer", "anytime/curve", "--action", "append", "--overwrite"]
    done = cli(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    (scored,) = logs_in(tmp_path / "logs")
    block = metrics(scored)["curve"]
    verdicts = [[v[f"q@{b}"] for b in (16, 64, 256)] for v in values(scored).values()]
    means = [sum(column) / len(verdicts) for column in zip(*verdicts, strict=True)]
    assert len(verdicts) == 16
    assert all(0 < mean < 1 for mean in means)
    assert block["average"] == pytest.approx(sum(means) / 3)
    assert block["final"] == pytest.approx(means[-1])
    # The guesser's trace never ends, so that the sample's own completion holds no answer.
    assert metrics(scored)["includes"]["accuracy"] == 0.0


def test_a_published_task_runs_by_its_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """GSM8K of inspect_evals, its download replaced by two records in its own schema."""
    module = importlib.import_module("inspect_evals.gsm8k.gsm8k")

    def load(sample_fields: Callable[[dict[str, Any]], Sample], **options: Any) -> MemoryDataset:
        rows = [{"question": q, "answer": f"By hand.\n#### {a}"} for q, a in SUMS.items()]
        return MemoryDataset([sample_fields(row) for row in rows])

    monkeypatch.setattr(module, "hf_dataset", load)
    first, second = SUMS
    script = adds({first: 3, second: 7})
    log = run("inspect_evals/gsm8k", scripted(script), solver=budget(BUDGETS))
    assert log.status == "success"
    assert metrics(log)["match"]["accuracy"] == 1.0
    scored = score(log, curve(), action="append", display="plain")
    assert metrics(scored)["curve"]["anytime_index"] == pytest.approx(27 / 28)


def test_a_task_that_is_not_plain_text_is_refused_in_one_sentence(run: Run) -> None:
    picture = ChatMessageUser(content=[ContentImage(image="data:image/png;base64,AA==")])
    task = Task(dataset=[Sample(input=[picture], target="7")], scorer=includes())
    log = run(task, scripted(lambda messages, config: says("7")), solver=budget(BUDGETS))
    assert log.status == "error"
    assert log.error is not None
    assert "not plain text" in log.error.message
    assert "\n" not in log.error.message


@scorer(metrics=[accuracy()])
def grams() -> Any:
    async def grade(state: TaskState, target: Target) -> Score:
        return Score(value=7.0)

    return grade


def test_a_verdict_that_is_no_quality_is_refused_in_one_sentence(run: Run) -> None:
    first, second = SUMS
    log = run(sums(grams()), scripted(adds({first: 3, second: 7})), solver=budget(BUDGETS))
    assert log.status == "success"
    with pytest.raises(PrerequisiteError, match="no quality in"):
        score(log, curve(), action="append", display="plain")


def test_a_log_without_checkpoints_is_refused_in_one_sentence(run: Run) -> None:
    log = run(sums(includes()), scripted(lambda messages, config: says("7")))
    with pytest.raises(PrerequisiteError, match="--solver anytime/budget"):
        score(log, curve(), action="append", display="plain")


def test_options_that_only_the_tasks_own_solver_shows_are_refused(tmp_path: Path) -> None:
    task = Task(
        dataset=[Sample(input="Pick one.", choices=["Mars", "dog"], target="A")],
        solver=budget(budgets=[8, 16]),
        scorer=choice(),
    )
    (log,) = eval(task, model="anytime/planner", log_dir=str(tmp_path), display="none")
    assert log.status == "error"
    assert "shown and read by its own solver" in log.error.message


def test_a_task_without_a_scorer_keeps_its_checkpoints(tmp_path: Path) -> None:
    task = Task(dataset=[Sample(input="Plan.")], solver=budget(budgets=[8, 16]))
    (log,) = eval(task, model="anytime/planner", log_dir=str(tmp_path), display="none")
    assert log.status == "success"
    assert len(log.samples[0].store["anytime"]["checkpoints"]) == 2


@pytest.mark.parametrize("verdict", ["good", {"a": 1.0}, 7.5])
def test_verdicts_that_are_no_quality_make_no_curve(verdict: Any) -> None:
    with pytest.raises(AnytimeError, match="which is no quality in"):
        third_party_grade(verdict)


@pytest.mark.parametrize(
    ("verdict", "quality"), [("C", 1), ("I", 0), ("P", 0.5), ("N", 0), (True, 1), (0.25, 0.25)]
)
def test_verdicts_that_are_a_quality(verdict: Any, quality: float) -> None:
    assert third_party_grade(verdict).quality == quality
