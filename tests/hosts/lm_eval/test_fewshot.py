"""Which examples `--num_fewshot` shows: the source's own, or those of the dev split."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from anytime.domains.base import Problem
from anytime.domains.trip import TRIP
from anytime.domains.trip.builtin import generate
from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.models import Planner
from tests.lm_eval_models import Scripted, counting
from tests.lm_eval_runs import evaluate, numbers, samples
from tests.trip_rows import SHOWN, five_shot, row

DATA = Path(__file__).parents[3].parent / "shared" / "data" / "naturalplan" / "trip_planning.json"
TASK = "anytime_trip"
SEP = "\n\n"
"""Stands between turns where they are text, and before the reply."""

PROBLEMS = generate(3)
ASKED = PROBLEMS[0]


@pytest.fixture
def official(tmp_path: Path) -> str:
    """A file in the official schema; its second problem has no five-shot prompt."""
    rows = {p.id: row(p, prompt_5shot=five_shot(p)) for p in PROBLEMS}
    del rows[PROBLEMS[1].id]["prompt_5shot"]
    return written(tmp_path, rows)


def written(folder: Path, rows: dict[str, Any]) -> str:
    path = folder / "mine.json"
    path.write_text(json.dumps(rows))
    return str(path)


def contexts(dataset: str, **options: Any) -> list[str]:
    """The first prompt of each problem, as the model sees it."""
    model = Scripted(counting)
    knobs = {"budgets": "8,16", "dataset": dataset}
    found = evaluate(TASK, model, knobs, **{"limit": 1, **options})
    for sample in samples(found, TASK).values():
        assert sample["doc"].keys() == {"id", "prompt", "gold", "facts"}
        assert sample["doc"]["facts"].keys() == {"cities", "durations"}
    return [context for context, kwargs in model.asked if kwargs["max_gen_toks"] == 16]


def turns(shown: Sequence[Problem], asked: Problem = ASKED) -> list[str]:
    """User, assistant, user, ...: what the examples and the problem say."""
    said = [text for example in shown for text in (TRIP.ask(example), example.gold)]
    return [*said, TRIP.ask(asked)]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_first_of_the_official_examples_as_text(official: str, count: int) -> None:
    (context,) = contexts(official, num_fewshot=count)
    assert context == SEP.join(turns(SHOWN[:count])) + SEP


def test_the_official_examples_as_turns(official: str) -> None:
    said = turns(SHOWN)
    roles = ["<user>", "<assistant>"] * 5 + ["<user>"]
    (context,) = contexts(
        official, num_fewshot=5, apply_chat_template=True, fewshot_as_multiturn=True
    )
    shown = "".join(f"{role}{text}" for role, text in zip(roles, said, strict=True))
    assert context == f"{shown}<assistant>"


def test_the_official_examples_in_one_turn(official: str) -> None:
    (context,) = contexts(
        official, num_fewshot=5, apply_chat_template=True, fewshot_as_multiturn=False
    )
    assert context == f"<user>{SEP.join(turns(SHOWN))}<assistant>"


def test_without_examples_the_prompt_is_the_problem(official: str) -> None:
    (context,) = contexts(official)
    assert context == TRIP.ask(ASKED) + SEP


def test_more_than_five_come_from_the_dev_split(official: str) -> None:
    (context,) = contexts(official, num_fewshot=6)
    assert context.count("days in total") == 7
    assert context.count(ASKED.prompt) == 1
    assert not any(example.prompt in context for example in SHOWN)


def test_a_problem_without_official_examples_is_shown_the_dev_split(official: str) -> None:
    dev = TRIP.load(official, "dev", 0).problems
    own, other, again = contexts(official, num_fewshot=5, limit=3)
    for context, asked in ((own, ASKED), (again, PROBLEMS[2])):
        assert context == SEP.join(turns(SHOWN, asked)) + SEP
    assert not any(example.prompt in other for example in SHOWN)
    assert sum(problem.prompt in other for problem in dev) == 5
    assert other.count(PROBLEMS[1].prompt) == 1


def test_built_in_problems_are_shown_their_dev_split() -> None:
    dev = TRIP.load("builtin", "dev", 0).problems
    (context,) = contexts("builtin", num_fewshot=5)
    assert sum(problem.prompt in context for problem in dev) == 5


def test_a_problem_among_its_own_examples(tmp_path: Path) -> None:
    rows = {p.id: row(p, prompt_5shot=five_shot(p, (*SHOWN[:4], p))) for p in PROBLEMS}
    dataset = written(tmp_path, rows)
    with pytest.raises(AnytimeError, match=f"problem '{ASKED.id}' of .* its own examples"):
        contexts(dataset, num_fewshot=2)
    assert contexts(dataset)


@pytest.mark.parametrize("change", [str.upper, lambda text: text.replace(" ", "\n ")])
def test_a_problem_among_its_own_examples_in_other_guise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    copy = Problem("copy", change(ASKED.prompt), ASKED.gold, ASKED.facts)
    monkeypatch.setattr(
        "anytime.domains.trip.loading.examples_of", lambda *found: (*SHOWN[:4], copy)
    )
    dataset = written(tmp_path, {p.id: row(p) for p in PROBLEMS})
    with pytest.raises(AnytimeError, match=f"problem '{ASKED.id}' of .* its own examples"):
        contexts(dataset, num_fewshot=2)


def test_a_bad_prompt_shows_before_anything_is_generated(tmp_path: Path) -> None:
    rows = {p.id: row(p, prompt_5shot=five_shot(PROBLEMS[1])) for p in PROBLEMS}
    dataset = written(tmp_path, rows)
    model = Scripted(counting)
    with pytest.raises(AnytimeError, match="'prompt_5shot': the last task is not that of"):
        evaluate(TASK, model, {"dataset": dataset}, limit=1, num_fewshot=5)
    assert model.asked == []
    assert contexts(dataset)


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_file(), reason="real data is absent: ../shared/data")
def test_naturalplans_own_five() -> None:
    rows = json.loads(DATA.read_text())
    problems = TRIP.load(str(DATA), None, 0).problems
    found = contexts(str(DATA), num_fewshot=5, limit=None)
    assert len(found) == len(problems) == 400
    for problem, context in zip(problems, found, strict=True):
        # The official prompt without instruction and labels, our format behind each task.
        _, *tasks = rows[problem.id]["prompt_5shot"].split("TASK: ")
        said = []
        for task in tasks:
            prompt, _, plan = task.partition("\nSOLUTION:")
            said += [TRIP.ask(Problem("", prompt, "")), plan.strip()]
        assert context == SEP.join(said)  # there is no solution behind the last


@pytest.mark.skipif(not DATA.is_file(), reason="real data is absent: ../shared/data")
def test_a_planner_is_not_misled_by_naturalplans_own_five() -> None:
    knobs = {"dataset": str(DATA), "budgets": "64,4096"}
    found = evaluate(TASK, Planner(), knobs, limit=10, num_fewshot=5)
    assert numbers(found, TASK)["q@4096"] > 0.9
