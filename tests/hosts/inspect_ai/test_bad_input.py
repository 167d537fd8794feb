"""Bad input gets one clear sentence, no traceback, and no log that passes for a result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from inspect_ai.model import (
    ContentReasoning,
    ContentText,
    GenerateConfig,
    Model,
    ModelOutput,
    get_model,
)

from anytime.domains.gpqa import COLUMNS
from anytime.domains.trip import TRIP
from anytime.domains.trip.plan import parse_plan
from anytime.hosts.inspect_ai.scoring import anytime
from anytime.hosts.inspect_ai.tasks import aime, gpqa, trip
from anytime.hosts.inspect_ai.wrapping import wrap
from anytime.solvers import budget
from tests.inspect_runs import Cli, logs_in, says, scripted
from tests.refusals import is_one_sentence, refusal


@pytest.mark.parametrize(
    ("budgets", "says"),
    [
        ("", "no budgets given"),
        ([], "no budgets given"),
        ("512,128", "budgets must increase: 128 stands after 512"),
        (["64", "64"], "budget 64 is given twice"),
        ("-5,64", "budget -5 is negative"),
        ("few,many", "budget 'few' is not a whole number"),
        ("64,128.5", "'128.5' is not a whole number"),
        ("64,nan", "'nan' is not a whole number"),
        ("64,inf", "'inf' is not a whole number"),
        ("64,,128", "'' is not a whole number"),
        (512, "one budget (512) makes no curve"),
        ("512", "one budget (512) makes no curve"),
        (True, "True is not a whole number"),
        ("geom:0:64:3", "cannot start at 0"),
        ("geom:64:128", "need three numbers"),
        ("log:64:128:3", "unknown spacing 'log'"),
        ("linear:64:128:1", "at least two"),
        ("64,99999999999", "larger than"),
        ([None, 3], "None is not a whole number"),
    ],
    ids=str,
)
def test_budgets(budgets: Any, says: str) -> None:
    assert says in refusal(lambda: trip("builtin", budgets=budgets))
    assert says in refusal(lambda: budget(budgets))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"dataset": "offical"}, "unknown dataset 'offical': choose official, builtin, or a"),
        ({"dataset": None}, "unknown dataset 'None'"),
        ({"split": "train"}, "unknown split 'train': choose one of all, test, dev"),
        ({"envelope": "best"}, "unknown envelope 'best': choose one of"),
        ({"scale": "log10"}, "unknown scale 'log10': choose one of linear, log2"),
        ({"q_max": 0}, "q_max 0"),
        ({"q_max": 1.5}, "q_max 1.5"),
        ({"q_max": "most"}, "q_max 'most'"),
        ({"continuation": "again"}, "unknown continuation 'again': choose one of auto"),
        ({"mode": "interupt"}, "unknown mode 'interupt': choose one of interrupt, contract"),
        ({"mode": "vote"}, "mode=vote needs k, such as k=4"),
        ({"k": 4}, "k is of mode=vote or mode=check, and this is mode=interrupt"),
        ({"mode": "vote", "k": 3, "budgets": "64,90"}, "budget 64 is not divided evenly among k=3"),
        ({"mode": "contract", "budgets": "0,64"}, "contract mode cannot run with budget 0"),
        ({"scale": "log2", "budgets": "0,64"}, "budget 0 has no place on the scale log2"),
        ({"tokenizer": "missing.json"}, "no tokenizer file missing.json"),
        ({"tokenizer": "/missing/file"}, "no tokenizer file /missing/file"),
        ({"seed": "many"}, "seed 'many'"),
        ({"seed": -1}, "seed -1"),
        ({"seed": 1.5}, "seed 1.5"),
    ],
    ids=str,
)
@pytest.mark.parametrize("task", [trip, gpqa])
def test_options(task: Any, options: dict[str, Any], says: str) -> None:
    assert says in refusal(lambda: task(**{"dataset": "builtin", **options}))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"answer_tokens": 0}, "answer_tokens 0"),
        ({"answer_tokens": "few"}, "answer_tokens 'few'"),
        ({"mode": "both"}, "unknown mode 'both'"),
    ],
    ids=str,
)
def test_solver_options(options: dict[str, Any], says: str) -> None:
    assert says in refusal(lambda: budget("64,128", **options))


def test_metric_options() -> None:
    assert "unknown scale" in refusal(lambda: anytime(scale="log10"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "options", "says"),
    [
        ("plannr", {}, "unknown model 'plannr': choose one of planner, simulated, guesser"),
        ("planner", {"speed": 9}, "unknown option 'speed' of model planner"),
        ("guesser", {"speed": 9}, "unknown option 'speed' of model guesser: it has none"),
        ("simulated", {"accuracy": 2}, "option accuracy of model simulated must be a number"),
        ("simulated", {"accuracy": "high"}, "must be a number from 0 to 1, not 'high'"),
        ("simulated", {"solve_tokens": 0}, "must be a number of tokens above 0"),
        ("planner", {"reasoning": "maybe"}, "must be true or false, not 'maybe'"),
    ],
)
def test_built_in_models(model: str, options: dict[str, Any], says: str) -> None:
    assert says in refusal(lambda: get_model(f"anytime/{model}", memoize=False, **options))


def problems_file(folder: Path, name: str) -> tuple[Path, bytes]:
    """A right file of a domain, in the official schema."""
    if name == "trip":
        problem = TRIP.load("builtin", None, 0).problems[0]
        stays = {stay.city: stay.last - stay.first + 1 for stay in parse_plan(problem.gold)}
        entry = {
            "num_cities": str(len(stays)),
            "cities": "**".join(stays),
            "durations": "**".join(map(str, stays.values())),
            "prompt_0shot": problem.prompt,
            "prompt_5shot": problem.prompt,
            "golden_plan": problem.gold,
            "pred_5shot_pro": None,
        }
        content = json.dumps({"trip_planning_example_0": entry})
        return folder / "trips.json", content.encode()
    if name == "aime":
        content = json.dumps({"id": "a", "problem": "What is 6 * 7?", "answer": "42"}) + "\n"
        return folder / "aime.jsonl", content.encode()
    row = ["r1", "Which é?", "this", "that", "both", "none"]
    return folder / "gpqa.csv", f"{','.join(COLUMNS)}\n{','.join(row)}\n".encode()


@pytest.mark.parametrize("task", [trip, aime, gpqa], ids=["trip", "aime", "gpqa"])
class TestFiles:
    def name(self, task: Any) -> str:
        return str({trip: "trip", aime: "aime", gpqa: "gpqa"}[task])

    def said(self, task: Any, folder: Path, content: bytes | None) -> str:
        path, _ = problems_file(folder, self.name(task))
        if content is not None:
            path.write_bytes(content)
        message = refusal(lambda: task(str(path)))
        assert str(path) in message
        return message

    def test_a_right_one_is_taken(self, task: Any, tmp_path: Path) -> None:
        path, content = problems_file(tmp_path, self.name(task))
        path.write_bytes(content)
        assert len(task(str(path)).dataset) == 1

    def test_missing(self, task: Any, tmp_path: Path) -> None:
        assert "does not exist" in self.said(task, tmp_path, None)

    def test_truncated(self, task: Any, tmp_path: Path) -> None:
        _, content = problems_file(tmp_path, self.name(task))
        assert self.said(task, tmp_path, content[: len(content) * 3 // 4])

    def test_empty(self, task: Any, tmp_path: Path) -> None:
        assert self.said(task, tmp_path, b"")

    def test_not_utf8(self, task: Any, tmp_path: Path) -> None:
        _, content = problems_file(tmp_path, self.name(task))
        assert "is not UTF-8" in self.said(task, tmp_path, content + "é".encode("latin1"))

    @pytest.mark.parametrize("content", [b"[1, 2]", b'{"a": {"b": 1}}', b"a,b\n1,2\n", b"null"])
    def test_wrong_schema(self, task: Any, tmp_path: Path, content: bytes) -> None:
        assert self.said(task, tmp_path, content)

    def test_a_folder(self, task: Any, tmp_path: Path) -> None:
        path, _ = problems_file(tmp_path, self.name(task))
        path.mkdir()
        assert "cannot be read" in self.said(task, tmp_path, None)

    def test_official_without_network_names_the_stand_in(self, task: Any) -> None:
        message = refusal(lambda: task())
        command = f"inspect eval anytime/{self.name(task)} -T dataset=builtin"
        assert message.endswith(f" {command}")


# What shows only while a sample runs


def stopped(task: Task, model: str | Model, folder: Path, capfd: Any) -> str:
    """The sentence a run ends with."""
    (log,) = inspect_eval(task, model=model, limit=2, log_dir=str(folder / "logs"), display="plain")
    shown = capfd.readouterr()
    assert "Traceback" not in shown.out + shown.err
    message = failure(log)
    assert message in " ".join(shown.out.split())
    return message


def failure(log: EvalLog) -> str:
    assert log.status == "error"
    assert log.error is not None
    message = log.error.message.replace("\\[", "[")
    assert is_one_sentence(message), message
    return message


def test_a_continuation_the_provider_refuses(tmp_path: Path, capfd: Any) -> None:
    task = trip("builtin", continuation="token_ids")
    message = stopped(task, "anytime/planner", tmp_path, capfd)
    assert "provider anytime takes no token ids: use continuation=auto" in message
    task = trip("builtin", continuation="prefill")
    message = stopped(task, scripted(lambda messages, config: says("x")), tmp_path, capfd)
    assert "provider scripted does not continue an assistant message" in message


def test_a_vote_of_traces_that_are_all_one(tmp_path: Path, capfd: Any) -> None:
    asked: list[Any] = []
    model = scripted(lambda messages, config: asked.append(messages) or says("x"))
    model.config.temperature = 0
    message = stopped(gpqa("builtin", budgets="8,64", mode="vote", k=4), model, tmp_path, capfd)
    assert "mode=vote samples several traces, and at temperature 0 they are one" in message
    assert not asked


def test_a_vote_of_answers_that_nobody_reads() -> None:
    refused = refusal(lambda: wrap("tests/any.py@task", mode="vote"))
    assert "mode=vote compares answers as a domain reads them, and this task is on none" in refused


def redacted(messages: Any, config: GenerateConfig) -> ModelOutput:
    output = says("Answer: A", 40, reasoning_tokens=30)
    secret = ContentReasoning(reasoning="gAAAAB", redacted=True)
    output.choices[0].message.content = [secret, ContentText(text="Answer: A")]
    return output


def withheld(messages: Any, config: GenerateConfig) -> ModelOutput:
    return says("Answer: A", 40, reasoning_tokens=30)


def spent_unseen(messages: Any, config: GenerateConfig) -> ModelOutput:
    return says("", config.max_tokens, stop="max_tokens")


@pytest.mark.parametrize("script", [redacted, withheld, spent_unseen])
def test_hidden_reasoning_names_contract_mode(script: Any, tmp_path: Path, capfd: Any) -> None:
    message = stopped(gpqa("builtin", budgets="8,64"), scripted(script), tmp_path, capfd)
    assert "reasoning is hidden" in message
    assert "use mode=contract" in message


@pytest.mark.parametrize("script", [redacted, withheld])
def test_contract_mode_runs_with_hidden_reasoning(script: Any, tmp_path: Path) -> None:
    (log,) = inspect_eval(
        gpqa("builtin", budgets="8,64", mode="contract"),
        model=scripted(script),
        limit=2,
        log_dir=str(tmp_path),
        display="plain",
    )
    assert log.status == "success"


def test_a_trace_nobody_counted(tmp_path: Path, capfd: Any) -> None:
    model = scripted(lambda messages, config: says("some words", -1))
    message = stopped(gpqa("builtin", budgets="8,64"), model, tmp_path, capfd)
    assert "name a tokenizer" in message


def test_the_simulator_on_problems_it_was_not_told(tmp_path: Path, capfd: Any) -> None:
    from inspect_ai.dataset import Sample
    from inspect_ai.scorer import includes

    task = Task(dataset=[Sample("Who?", target="I")], solver=budget("8,64"), scorer=includes())
    message = stopped(task, get_model("anytime/simulated"), tmp_path, capfd)
    assert "simulated knows only problems of the built-in domains" in message


# The same by the real command


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["-T", "budgets="], "no budgets given", id="budgets"),
        pytest.param(
            ["-M", "speed=9"],
            "unknown option 'speed' of model planner",
            id="model option",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ["-T", "continuation=token_ids"],
            "provider anytime takes no token ids",
            id="in a sample",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_the_command_says_one_sentence(
    cli: Cli, tmp_path: Path, words: list[str], sentence: str
) -> None:
    done = cli("eval", "anytime/trip", "-T", "dataset=builtin", "--model", "anytime/planner",
               "--limit", 1, *words)  # fmt: skip
    said = " ".join(done.stdout.split())
    assert sentence in said
    assert "Traceback" not in done.stdout + done.stderr
    logs = logs_in(tmp_path / "logs")
    # Inspect itself exits with 0 after a run whose samples failed; its log says so.
    assert done.returncode != 0 or [log.status for log in logs] == ["error"]
    assert all(log.status != "success" for log in logs)


@pytest.mark.slow
def test_the_command_without_network_names_the_stand_in(cli: Cli) -> None:
    done = cli("eval", "anytime/trip", "--model", "anytime/planner")
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    command = "inspect eval anytime/trip -T dataset=builtin"
    assert " ".join(done.stdout.split()).endswith(command)
