"""`anytime/wrap`: any task that asks the model once, at every budget."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.event import ScoreEvent
from inspect_ai.log import EvalError, EvalLog, EvalSample, read_eval_log, write_eval_log
from inspect_ai.model import (
    ChatMessageAssistant,
    ContentReasoning,
    GenerateConfig,
    Model,
    ModelOutput,
)

from anytime.hosts.inspect_ai.errors import PrerequisiteError
from anytime.hosts.inspect_ai.wrapping import wrap
from anytime.programs.elicit import GENERIC_CUE
from anytime.results import open_runs, summaries
from tests.inspect_runs import (
    Cli,
    Run,
    logs_in,
    metrics,
    model_events,
    samples,
    says,
    scripted,
)

BUDGETS = [4, 8, 16, 32]

FILE = """
from inspect_ai import Task, task
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageUser, ContentImage, GenerateConfig, get_model
from inspect_ai.scorer import (
    Score, choice, f1, includes, match, mean, model_graded_qa, pattern, scorer, std
)
from inspect_ai.solver import (
    basic_agent, generate, multiple_choice, prompt_template, self_critique, solver, system_message,
    use_tools,
)
from inspect_ai.tool import bash

SUMS = {"What is 3 + 4?": "7", "What is 20 + 22?": "42"}
PICKS = {"Which is red?": "A", "Which is blue?": "B"}

def sums(scorer, **options):
    return Task(dataset=[Sample(id=q, input=q, target=a) for q, a in SUMS.items()], scorer=scorer,
                **options)

def picks(solver, scorer=None):
    samples = [Sample(id=q, input=q, target=a, choices=["a rose", "the sky"])
               for q, a in PICKS.items()]
    return Task(dataset=samples, solver=solver, scorer=scorer or choice())

@scorer(metrics=[mean()])
def completion():
    async def grade(state, target):
        return Score(value=0.75 if target.text in state.output.completion else 0.25)
    return grade

@scorer(metrics=[mean()])
def last_message():
    async def grade(state, target):
        said = [message.role for message in state.messages]
        assert said[-2:] == ["user", "assistant"], said
        return Score(value=target.text in state.messages[-1].text)
    return grade

@scorer(metrics=[mean()])
def reader():
    async def grade(state, target):
        return Score(value=state.metadata["read"] == target.text)
    return grade

@scorer(metrics=[mean()])
def sometimes():
    async def grade(state, target):
        return Score(value=1) if target.text in state.output.completion else None
    return grade

@scorer(metrics=[mean()])
def many():
    async def grade(state, target):
        return Score(value={"a": 1, "b": 0})
    return grade

@scorer(metrics=[mean()])
def beyond():
    async def grade(state, target):
        return Score(value=2)
    return grade

@solver
def setting_up():
    async def solve(state, generate):
        state.metadata["set_up"] = state.metadata.get("set_up", 0) + 1
        state.user_prompt.text = "Sum up. " + state.user_prompt.text
        return state
    return solve

@solver
def reading():
    async def solve(state, generate):
        state = await generate(state)
        state.metadata["read"] = state.output.completion.split()[-1]  # fails on no answer
        assert state.metadata["set_up"] == 1
        return state
    return solve

@solver
def again(times=2):
    async def solve(state, generate):
        for _ in range(times):
            state = await generate(state)
        return state
    return solve

@solver
def around():
    async def solve(state, generate):
        state.output = await get_model().generate(state.messages)
        return state
    return solve

@solver
def counting():
    asked = []
    async def solve(state, generate):
        asked.append(1)
        state.user_prompt.text += f" ({len(asked)})"
        return await generate(state)
    return solve

@task
def matched(): return sums(match(numeric=True))
@task
def included(): return sums(includes())
@task
def patterned(): return sums(pattern(r"ANSWER: (\\d+)"))
@task
def f1ed(): return sums(f1())
@task
def completed(): return sums(completion())
@task
def messaged(): return sums(last_message())
@task
def picked(cot: bool = False): return picks(multiple_choice(cot=cot))
@task
def judged(): return sums(model_graded_qa())
@task
def several(): return sums([match(numeric=True), match(location="begin"), f1()])
@task
def overridden(): return sums(match(numeric=True), metrics=[std()])
@task
def repeated(epochs: int = 2): return sums(match(numeric=True), epochs=epochs)
@task
def shown(): return sums(match(numeric=True), solver=[
    system_message("1 + 1?\\n\\nANSWER: 2"), prompt_template("Sum:\\n{prompt}\\nEnd."), generate()])
@task
def set_up(): return sums(reader(), setup=setting_up(), solver=reading())
@task
def configured(): return sums(
    match(numeric=True), config=GenerateConfig(temperature=0.3, stop_seqs=["END"], max_tokens=2),
    solver=generate(max_tokens=3, temperature=0.7, top_p=0.9))
@task
def cached(): return sums(match(numeric=True), solver=generate(cache=True))
@task
def undecided(): return sums(sometimes())
@task
def undecided_twice(): return sums([sometimes(), match()])
@task
def valued_manifold(): return sums(many())

@task
def valued_otherwise(): return sums(beyond())

@task
def boxed(): return sums(match(), sandbox="docker")
@task
def boxed_samples(): return Task(dataset=[Sample(input="x", sandbox="docker")], scorer=match())
@task
def tooled(): return sums(match(), solver=[use_tools(bash()), generate()])
@task
def basic(): return sums(match(), solver=basic_agent(tools=[]))
@task
def reacting(): return sums(match(), solver=react())
@task
def critic(): return sums(match(), solver=[generate(), self_critique()])
@task
def twice(): return sums(match(), solver=again())
@task
def silent(): return sums(match(), solver=prompt_template("{prompt}"))
@task
def going_around(): return sums(match(), solver=around())
@task
def changing(): return sums(match(), solver=counting())
@task
def shuffled():
    samples = [Sample(input="Which?", target="A", choices=list("abcdefghijkl"))]
    return Task(dataset=samples, solver=multiple_choice(shuffle=True), scorer=choice())
@task
def unscored(): return Task(dataset=[Sample(input="x")])
@task
def pictured():
    image = ContentImage(image="data:image/png;base64,AA==")
    return Task(dataset=[Sample(input=[ChatMessageUser(content=[image])])], scorer=match())
def no_task(): return 7
"""

SUMS = {"What is 3 + 4?": "7", "What is 20 + 22?": "42"}
PICKS = {"Which is red?": "A", "Which is blue?": "B"}
AFTER = (3, 7)
"""After so many words the first and the second question's answer is known."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "tasks_of_others.py"
    path.write_text(FILE)
    return path


@pytest.fixture
def wrapped(file: Path, run: Run) -> Run:
    """Run a task of the file above at every budget."""

    def start(name: str, model: Model, arguments: Any = "{}", **options: Any) -> EvalLog:
        budgets = options.pop("budgets", BUDGETS)
        keys = ("mode", "envelope", "continuation")
        given = {key: options.pop(key) for key in keys if key in options}
        task = wrap(f"{file}@{name}", arguments, budgets=budgets, **given)
        return run(task, model, **options)

    return start


def knower(
    answers: Mapping[str, str] = SUMS,
    say: str = "ANSWER: {}",
    wrong: str = "0",
    then: str = "\n",
    seen: list[tuple[Any, GenerateConfig]] | None = None,
) -> Model:
    """Thinks nine words and answers; asked midway it answers what it knows by then."""
    known_after = dict(zip(answers, AFTER, strict=False))

    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        if seen is not None:
            seen.append((messages, config))
        user = next(message for message in messages if message.role == "user")
        (question,) = (q for q in answers if q in user.text)
        if messages[-1].text != GENERIC_CUE.ask:
            after = known_after[question]
            thoughts = ["so"] * (after - 1) + ["got-it"] + ["and"] * (9 - after)
            return says(f"{' '.join(thoughts)}{then}{say.format(answers[question])}")
        knows = "got-it" in messages[-2].text
        return says(say.format(answers[question] if knows else wrong))

    return scripted(script)


def value_of(sample: EvalSample, name: str) -> Any:
    assert sample.scores is not None
    return sample.scores[name].value


def curves(log: EvalLog, name: str) -> dict[Any, list[float]]:
    """What the curve of a scorer holds for each sample."""
    return {
        sample.id: [value_of(sample, name)[f"q@{budget}"] for budget in BUDGETS]
        for sample in samples(log)
    }


def answers_in(sample: EvalSample) -> list[str]:
    return [checkpoint["answer"] for checkpoint in sample.store["anytime"]["checkpoints"]]


def verdicts(sample: EvalSample) -> list[Any]:
    """The intermediate scores, in order."""
    return [
        event.score.value
        for event in sample.events
        if isinstance(event, ScoreEvent) and event.intermediate
    ]


@pytest.mark.parametrize(
    ("name", "scorer", "arguments", "low", "answers"),
    [
        ("matched", "match", {}, 0, SUMS),
        ("included", "includes", {}, 0, SUMS),
        ("patterned", "pattern", {}, 0, SUMS),
        ("completed", "completion", {}, 0.25, SUMS),
        ("messaged", "last_message", {}, 0, SUMS),
        ("picked", "choice", {}, 0, PICKS),
        ("picked", "choice", {"cot": True}, 0, PICKS),
    ],
)
def test_the_tasks_own_scorer_sees_every_checkpoint(
    wrapped: Run, name: str, scorer: str, arguments: Any, low: float, answers: Any
) -> None:
    wrong = "0" if answers is SUMS else "C"
    log = wrapped(name, knower(answers, wrong=wrong), arguments)
    assert log.status == "success", log.error
    first, second = answers
    high = 0.75 if low else 1
    assert curves(log, f"{scorer}_anytime") == {
        first: [high, high, high, high],
        second: [low, high, high, high],
    }
    found = metrics(log)
    own = found[scorer]["mean" if "mean" in found[scorer] else "accuracy"]
    assert own == high
    block = found[f"{scorer}_anytime"]
    area = (high + (high + low) / 2) / 2 * 4 + high * 24
    assert block["anytime_index"] == pytest.approx(area / 28)
    assert block["final"] == high
    assert math.isnan(block["unparsed"])
    assert found["q@4"]["mean"] == (high + low) / 2
    for sample in samples(log):
        # Both traces are eleven words long: budgets 4 and 8 are asked.
        assert len(model_events(sample)) == 3
        assert len(verdicts(sample)) == len(BUDGETS)
        assert sample.output.completion.startswith("so")
        assert sample.messages[-1].text == sample.output.completion
        assert "anytime_checkpoint" not in sample.metadata


def test_scores_between_none_and_all_make_a_curve(wrapped: Run) -> None:
    log = wrapped("f1ed", knower(say="{}", then=" "))
    assert log.status == "success"
    first, second = SUMS
    found = curves(log, "f1_anytime")
    whole = metrics(log)["f1"]["mean"]  # of ten words the last is the answer
    assert 0 < whole < 0.5
    assert found == {first: [1, 1, whole, whole], second: [0, 1, whole, whole]}


def test_a_grading_model_grades_every_checkpoint(wrapped: Run) -> None:
    asked: list[str] = []

    def grade(messages: Any, config: GenerateConfig) -> ModelOutput:
        prompt = messages[-1].text
        asked.append(prompt)
        submission = prompt.partition("[Submission]:")[2].partition("***")[0]
        (right,) = (a for q, a in SUMS.items() if q in prompt)
        return says("GRADE: C" if f"ANSWER: {right}" in submission else "GRADE: I")

    log = wrapped("judged", knower(), model_roles={"grader": scripted(grade)})
    assert log.status == "success"
    first, second = SUMS
    assert curves(log, "model_graded_qa_anytime") == {first: [1, 1, 1, 1], second: [0, 1, 1, 1]}
    assert metrics(log)["model_graded_qa"]["accuracy"] == 1
    assert len(asked) == 2 * (len(BUDGETS) + 1)


def test_every_scorer_has_its_curve(wrapped: Run) -> None:
    log = wrapped("several", knower(say="{}"))
    assert log.status == "success"
    found = metrics(log)
    assert log.eval.scorers is not None
    first, second = SUMS
    assert curves(log, "match_anytime") == {first: [1, 1, 1, 1], second: [0, 1, 1, 1]}
    # match(location="begin"): what the model said at its end begins with its thoughts.
    assert curves(log, "match_anytime1") == {first: [1, 1, 0, 0], second: [0, 1, 0, 0]}
    assert curves(log, "f1_anytime")[second][:2] == [0, 1]
    assert found["match_anytime"]["drift"] == 0
    assert found["match_anytime1"]["drift"] > 0
    assert {"match", "match1", "f1"} <= set(found)
    assert [len(verdicts(sample)) for sample in samples(log)] == [12, 12]


def test_metrics_the_task_put_in_place_of_its_scorers_own(wrapped: Run) -> None:
    log = wrapped("overridden", knower())
    assert log.status == "success"
    found = metrics(log)
    assert list(found["match"]) == ["std"]
    assert found["match_anytime"]["final"] == 1
    assert found["q@4"]["mean"] == 0.5


@pytest.mark.slow
def test_epochs_of_the_task_are_traces(wrapped: Run) -> None:
    log = wrapped("repeated", knower())
    assert log.status == "success"
    assert len(samples(log)) == 4
    assert log.eval.config.epochs == 2
    assert metrics(log)["q@4"]["mean"] == 0.5
    log = wrapped("repeated", knower(), '{"epochs": 3}')
    assert len(samples(log)) == 6


@pytest.mark.slow
@pytest.mark.parametrize("envelope", ["none", "problem", "trace"])
def test_other_envelopes(wrapped: Run, envelope: str) -> None:
    log = wrapped("several", knower(say="{}"), envelope=envelope)
    assert log.status == "success"
    index = metrics(log)["match_anytime1"]["anytime_index"]
    # (1/2 + 1)/2 * 4 + 1 * 24 where the best so far counts, else the fall to 0 between 8 and 16
    assert index == pytest.approx(27 / 28 if envelope != "none" else (3 + 4) / 28)


def test_forced_answers_keep_the_tasks_prompt(wrapped: Run) -> None:
    seen: list[tuple[Any, GenerateConfig]] = []
    log = wrapped("shown", knower(seen=seen))
    assert log.status == "success"
    assert len(seen) == 6
    for messages, _ in seen:
        question = messages[1].text.splitlines()[1]
        assert messages[0].role == "system"
        assert messages[0].text == "1 + 1?\n\nANSWER: 2"
        assert messages[1].text == f"Sum:\n{question}\nEnd."
        assert len(messages) in (2, 4)
    assert metrics(log)["match_anytime"]["final"] == 1


def test_a_setup_runs_once_and_the_solver_reads_every_answer(wrapped: Run) -> None:
    seen: list[tuple[Any, GenerateConfig]] = []
    log = wrapped("set_up", knower(seen=seen))
    assert log.status == "success", log.error
    assert all(messages[0].text.startswith("Sum up. What is") for messages, _ in seen)
    first, second = SUMS
    assert curves(log, "reader_anytime") == {first: [1, 1, 1, 1], second: [0, 1, 1, 1]}
    assert {s.metadata["read"] for s in samples(log)} == {"7", "42"}


def test_settings_of_task_and_solver_reach_the_model_and_budgets_are_the_caps(wrapped: Run) -> None:
    seen: list[tuple[Any, GenerateConfig]] = []
    log = wrapped("configured", knower(seen=seen), max_tokens=5)
    assert log.status == "success"
    assert len(seen) == 6
    for messages, config in seen:
        assert config.temperature == 0.7
        assert config.top_p == 0.9
        assert config.stop_seqs == ["END"]
        assert config.max_tokens == (32 if len(messages) == 1 else 1024)


def test_a_solver_that_asks_for_the_cache_has_it(wrapped: Run) -> None:
    seen: list[tuple[Any, GenerateConfig]] = []
    first, again = (wrapped("cached", knower(seen=seen)) for _ in range(2))
    assert len(seen) == 6
    assert curves(first, "match_anytime") == curves(again, "match_anytime")


def test_contract_mode_asks_once_per_budget(wrapped: Run) -> None:
    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        assert f"{config.max_tokens} tokens" in messages[-1].text
        (right,) = (a for q, a in SUMS.items() if q in messages[0].text)
        return says(f"ANSWER: {right if config.max_tokens != 4 else 0}")

    log = wrapped("matched", scripted(script), mode="contract")
    assert log.status == "success"
    assert set(map(tuple, curves(log, "match_anytime").values())) == {(0, 1, 1, 1)}
    assert [len(model_events(sample)) for sample in samples(log)] == [4, 4]
    assert metrics(log)["match"]["accuracy"] == 1
    assert log.eval.metadata is not None
    assert log.eval.metadata["anytime_wrap"]["mode"] == "contract"


def test_a_scorer_that_gives_no_score_leaves_the_sample_out(wrapped: Run) -> None:
    log = wrapped("undecided", knower())
    assert log.status == "success"
    first, second = SUMS
    found = {sample.id: value_of(sample, "sometimes_anytime") for sample in samples(log)}
    assert found[first]["q@4"] == 1
    assert math.isnan(found[second])
    log = wrapped("undecided_twice", knower())
    assert log.status == "error"
    assert log.error is not None
    assert "gave an answer no score" in log.error.message


def test_without_scoring_the_checkpoints_are_kept(wrapped: Run) -> None:
    log = wrapped("matched", knower(), score=False)
    assert log.status == "success"
    assert log.results is None or not log.results.scores
    for sample in samples(log):
        assert [len(answers_in(sample)), len(model_events(sample))] == [4, 3]
        assert "scores" not in sample.store["anytime"]


def test_a_sample_that_a_limit_stopped_is_not_scored(wrapped: Run) -> None:
    log = wrapped("matched", knower(), token_limit="output:5")
    assert log.status == "success"
    for sample in samples(log):
        assert sample.limit is not None
        assert math.isnan(value_of(sample, "match_anytime"))


def test_a_limit_reached_while_checkpoints_are_graded_scores_the_sample_itself(
    wrapped: Run,
) -> None:
    def grade(messages: Any, config: GenerateConfig) -> ModelOutput:
        return says("GRADE: C", tokens=100)

    log = wrapped(
        "judged", knower(), model_roles={"grader": scripted(grade)}, token_limit="output:150"
    )
    assert log.status == "success"
    for sample in samples(log):
        assert sample.limit is not None
        assert sample.output.completion.startswith("so")
        assert math.isnan(value_of(sample, "model_graded_qa_anytime"))


# The tasks of inspect_evals: their own code, their downloads replaced by rows of the same columns.

GSM8K = [{"question": q, "answer": f"By hand.\n#### {a}"} for q, a in SUMS.items()]
ARC = [
    {
        "id": q,
        "question": q,
        "choices": {"label": list("1234"), "text": ["rose", "sky", "snow", "coal"]},
        "answerKey": "12"["AB".index(a)],
    }
    for q, a in PICKS.items()
]
GPQA = [
    {
        "Record ID": q,
        "Question": q,
        "Correct Answer": "right",
        **{f"Incorrect Answer {n}": f"wrong {n}" for n in (1, 2, 3)},
        "High-level domain": "Physics",
        "Subdomain": "Optics",
    }
    for q in PICKS
]
AIME = [{"ID": q, "Problem": q, "Answer": int(a), "Solution": ""} for q, a in SUMS.items()]

Published = tuple[str, str, str, Sequence[Any], str, Mapping[str, str], str, str]
PUBLISHED: dict[str, Published] = {
    "gsm8k": ("gsm8k.gsm8k", "hf_dataset", "match", GSM8K, "{}", SUMS, "ANSWER: {}", "0"),
    "gsm8k few-shot": (
        "gsm8k.gsm8k",
        "hf_dataset",
        "match",
        GSM8K,
        '{"fewshot": 0}',
        SUMS,
        "ANSWER: {}",
        "0",
    ),
    "arc_easy": ("arc.arc", "hf_dataset", "choice", ARC, "{}", PICKS, "ANSWER: {}", "D"),
    "gpqa_diamond": (
        "gpqa.gpqa",
        "load_csv_dataset",
        "choice",
        GPQA,
        '{"shuffle_choices": false}',
        dict.fromkeys(PICKS, "A"),
        "ANSWER: {}",
        "none",
    ),
    "aime2024": (
        "aime2024.aime2024",
        "hf_dataset",
        "aime_scorer",
        AIME,
        "{}",
        SUMS,
        "ANSWER: \\boxed{{{}}}",
        "7",  # of both: right for the first
    ),
}


@pytest.mark.quick("gsm8k")
@pytest.mark.parametrize("case", PUBLISHED)
def test_a_published_task_gives_at_every_budget_what_it_gives_those_texts(
    run: Run, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    place, loader, scorer, rows, arguments, answers, say, wrong = PUBLISHED[case]
    name = case.partition(" ")[0]
    module = importlib.import_module(f"inspect_evals.{place}")

    def load(*_: Any, sample_fields: Callable[[Any], Sample], **options: Any) -> MemoryDataset:
        return MemoryDataset([sample_fields(row) for row in rows])

    monkeypatch.setattr(module, loader, load)
    monkeypatch.setattr(module, "download", lambda *_: None, raising=False)
    task = f"inspect_evals/{name}"
    model = knower(answers, say=say, wrong=wrong)
    log = run(wrap(task, arguments, budgets=BUDGETS), model)
    assert log.status == "success", log.error
    assert log.eval.metadata is not None
    assert log.eval.metadata["anytime_wrap"]["task"] == task
    own = metrics(log)[scorer]
    assert own["accuracy"] == 1

    measured: dict[tuple[Any, int], list[float]] = {}
    texts: dict[tuple[Any, int], list[str]] = {}
    for sample in samples(log):
        value = value_of(sample, f"{scorer}_anytime")
        measured[sample.input, sample.epoch] = [value[f"q@{b}"] for b in BUDGETS]
        texts[sample.input, sample.epoch] = answers_in(sample)

    # The host alone, with a model that says each of those texts.
    wanted: dict[tuple[Any, int], list[float]] = {key: [] for key in measured}
    for number, _ in enumerate(BUDGETS):

        def speak(messages: Any, config: GenerateConfig, number: int = number) -> ModelOutput:
            question = next(q for q, _ in texts if q in messages[-1].text)
            return says(texts[question, 1][number])

        alone = run(task, scripted(speak), task_args=json.loads(arguments))
        assert alone.status == "success"
        for sample in samples(alone):
            verdict = value_of(sample, scorer)
            wanted[sample.input, sample.epoch].append(float(verdict == "C"))
        means = [values[number] for values in measured.values()]
        accuracy = metrics(alone)[scorer]["accuracy"]
        assert metrics(log)[f"q@{BUDGETS[number]}"]["mean"] == pytest.approx(accuracy)
        assert accuracy == pytest.approx(sum(means) / len(means))
    assert measured == wanted
    assert len({tuple(row) for row in wanted.values()}) == 2  # not all the same
    block = metrics(log)[f"{scorer}_anytime"]
    assert 0.9 < block["anytime_index"] < 1
    assert block["final"] == 1


@pytest.mark.slow
def test_the_command_runs_retries_and_is_read_again(cli: Cli, file: Path, tmp_path: Path) -> None:
    words = ["eval", "anytime/wrap", "-T", f"task={file.name}@repeated", "-T", "budgets=16,64"]
    words += ["-T", 'arguments={"epochs": 3}', "--model", "anytime/guesser"]
    done = cli(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "match_anytime" in done.stdout
    (path,) = (tmp_path / "logs").glob("*.eval")
    log = read_eval_log(str(path))
    assert log.status == "success"
    assert log.eval.task_registry_name == "anytime/wrap"
    assert log.eval.task_args["task"] == f"{file.name}@repeated"
    assert len(samples(log)) == 6

    # As it stands after a run that was cut off.
    log.status = "error"
    log.samples = samples(log)[1:]
    log.error = EvalError(message="stopped", traceback="", traceback_ansi="")
    log.results = None
    write_eval_log(log, str(path))
    done = cli("eval-retry", path)
    assert done.returncode == 0, done.stdout + done.stderr
    retried = logs_in(tmp_path / "logs")[-1]
    assert retried.status == "success"
    assert len(samples(retried)) == 6
    assert retried.eval.task_registry_name == "anytime/wrap"
    assert {"match", "match_anytime", "q@16", "q@64"} <= set(metrics(retried))

    done = cli(*words, "--no-score")
    assert done.returncode == 0, done.stdout + done.stderr

    done = cli(
        "eval", "anytime/wrap", "-T", f"task={file.name}@tooled", "--model", "anytime/guesser"
    )
    assert done.returncode == 1
    assert "uses tools" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout + done.stderr


def test_the_file_sees_what_lies_beside_it(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "beside_it.py").write_text("NAME = 'x'\n")
    (folder / "rows.jsonl").write_text('{"input": "What is 3 + 4?", "target": "7"}\n')
    (folder / "json.py").write_text(
        "from inspect_ai import Task, task\n"
        "from inspect_ai.dataset import json_dataset\n"
        "from inspect_ai.scorer import match\n"
        "@task\n"
        "def it():\n"
        "    import beside_it\n"
        "    return Task(dataset=json_dataset('rows.jsonl'), scorer=match(numeric=True))\n"
    )
    log = run(wrap(f"{folder}/json.py@it", budgets=BUDGETS), knower())
    assert log.status == "success"
    assert metrics(log)["match_anytime"]["final"] == 1
    assert log.eval.task_file is None
    assert log.eval.task == "anytime/wrap"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("boxed", "runs in a sandbox"),
        ("boxed_samples", "runs in a sandbox"),
        ("tooled", "uses tools"),
        ("basic", "is an agent"),
        ("reacting", "is an agent"),
        ("critic", "asks the model more than once"),
        ("unscored", "has no scorer"),
        ("no_task", "is no task: it makes a int"),
        ("nothing", "has no task 'nothing'"),
    ],
)
def test_what_cannot_be_interrupted_is_refused_when_it_is_made(
    file: Path, name: str, sentence: str
) -> None:
    with pytest.raises(PrerequisiteError, match=sentence) as caught:
        wrap(f"{file}@{name}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "sentence", "calls"),
    [
        ("twice", "asks the model more than once", 0),
        ("silent", "did not ask the model through generate", 0),
        ("changing", "does not make the same prompt twice", 0),
        ("shuffled", "does not make the same prompt twice", 0),
        ("pictured", "not plain text", 0),
        ("going_around", "did not ask the model through generate", 1),
    ],
)
def test_what_only_the_solver_knows_is_refused_before_the_model_is_asked(
    wrapped: Run, name: str, sentence: str, calls: int
) -> None:
    asked: list[Any] = []

    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        asked.append(messages)
        return says("7")

    log = wrapped(name, scripted(script), max_samples=1)
    assert log.status == "error"
    assert log.error is not None
    assert sentence in log.error.message
    assert "\n" not in log.error.message
    assert len(asked) == calls


def test_a_scorer_of_several_numbers_has_a_curve_of_each(wrapped: Run) -> None:
    log = wrapped("valued_manifold", knower())
    assert log.status == "success"
    assert math.isnan(metrics(log)["many_anytime"]["anytime_index"])
    (run,) = open_runs(log.location.removeprefix("file://"))
    curves = {one.key.scorer: one.summary.anytime_index for one in summaries([run])}
    assert curves == pytest.approx({"many/a": 1.0, "many/b": 0.0})


def test_a_verdict_that_is_no_quality_is_refused(wrapped: Run) -> None:
    log = wrapped("valued_otherwise", knower())
    assert log.status == "error"
    assert log.error is not None
    assert "no quality in [0, 1]" in log.error.message.replace("\\[", "[")


def test_hidden_reasoning_names_the_mode_that_works(wrapped: Run) -> None:
    def script(messages: Any, config: GenerateConfig) -> ModelOutput:
        output = says("ANSWER: 7", tokens=20)
        reasoning = ContentReasoning(reasoning="gibberish", redacted=True)
        output.choices[0].message = ChatMessageAssistant(content=[reasoning])
        return output

    log = wrapped("matched", scripted(script))
    assert log.status == "error"
    assert log.error is not None
    assert "use mode=contract" in log.error.message
    assert wrapped("matched", scripted(script), mode="contract").status == "success"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"task": ""}, "name it as PACKAGE/TASK"),
        ({"task": "gsm8k"}, "name it as PACKAGE/TASK"),
        ({"task": "some/file.py"}, "name it as PACKAGE/TASK .* or FILE.py@TASK"),
        ({"task": "no_such_package/gsm8k"}, "no package 'no_such_package' .* inspect_evals"),
        ({"task": "inspect_evals/gsm8m"}, "no task 'gsm8m': did you mean gsm8k"),
        ({"task": "anytime/trip"}, "run it by itself"),
        ({"task": "nowhere.py@x"}, "no file nowhere.py with a task x"),
        ({"task": "no/where.py@x"}, "no folder no"),
        ({"arguments": "{"}, "arguments are the task's own, as JSON"),
        ({"arguments": "[1]"}, "arguments are the task's own, as JSON"),
        ({"arguments": None}, "arguments are the task's own, as JSON"),
        ({"arguments": '{"fewshot": 1}'}, "unexpected keyword argument 'fewshot'"),
        ({"budget": [4]}, "unknown option 'budget': did you mean budgets"),
        ({"budgets": ""}, "no budgets given"),
        ({"mode": "cut"}, "unknown mode 'cut'"),
        ({"mode": "contract", "budgets": [0, 4]}, "contract mode cannot run with budget 0"),
        ({"continuation": "x"}, "unknown continuation 'x'"),
        ({"envelope": "best"}, "unknown envelope 'best'"),
        ({"scale": "ln"}, "scale"),
        ({"seed": -1}, "seed -1 is not a whole number"),
        ({"answer_tokens": 0}, "answer_tokens 0 is not a whole number above 0"),
    ],
)
def test_options_that_are_wrong_are_refused_in_one_sentence(
    file: Path, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(PrerequisiteError, match=sentence) as caught:
        wrap(**{"task": f"{file}@matched", **options})
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_loaded_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import no_such_module_anywhere\n")
    with pytest.raises(PrerequisiteError, match="cannot be loaded: No module named"):
        wrap(f"{tmp_path}/broken.py@x")
    (tmp_path / "broken.txt").write_text("words\n")
    with pytest.raises(PrerequisiteError, match="is no Python file"):
        wrap(f"{tmp_path}/broken.txt@x")


def test_the_host_finds_it_by_name(run: Run, file: Path) -> None:
    arguments = {"task": f"{file}@matched", "budgets": BUDGETS}
    log = run("anytime/wrap", knower(), task_args=arguments)
    assert log.status == "success"
    assert metrics(log)["match_anytime"]["final"] == 1
    assert log.eval.task_args["task"] == f"{file}@matched"
