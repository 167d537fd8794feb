"""The cases that others wrote down, and real options and itineraries in the forms people write."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from anytime.domains.answers import LETTERS, last_integer, last_letter
from anytime.domains.base import Problem
from anytime.domains.gpqa import GPQA
from anytime.domains.trip import TRIP, grade
from anytime.domains.trip.grammar import parse_prompt
from anytime.domains.trip.plan import parse_plan

ROME = (
    "You plan to visit 3 European cities for 10 days in total. You only take direct flights to "
    "commute between cities. You would like to visit Rome for 4 days. You want to spend 5 days in "
    "Oslo. You plan to stay in Bonn for 3 days.\n\nHere are the cities that have direct flights:\n"
    "Rome and Oslo, Oslo and Bonn.\n\nFind a trip plan."
)


def cases(data: Path, name: str) -> list[dict[str, Any]]:
    file = data.parent / "cases" / name
    if not file.is_file():
        pytest.skip(f"cases are absent: {file.name}")
    return [json.loads(line) for line in file.read_text("utf-8").split("\n") if line]


def acceptable(right: str) -> set[str | None]:
    """ "204/none" and "204?" leave it open whether anything is read."""
    readings = {None if one == "none" else one for one in right.rstrip("?").split("/")}
    return readings | ({None} if right.endswith("?") else set())


def test_every_answer_of_the_cases_is_read_right(data: Path) -> None:
    wrong = []
    for row in cases(data, "answers.jsonl"):
        text = row["text"]
        read = last_integer(text) if row["domain"] == "aime" else last_letter(text, row["options"])
        if read not in acceptable(row["right"]):
            wrong.append((text, row["right"], read))
    assert wrong == []


def test_every_plan_of_the_cases_is_read_right(data: Path) -> None:
    problem = Problem(
        "rome", ROME, "", {"cities": ["Rome", "Oslo", "Bonn"], "durations": [4, 5, 3]}
    )
    for row in cases(data, "trip_plans.jsonl"):
        assert [list(stay) for stay in parse_plan(row["text"], 10)] == row["right"], row["name"]
        assert grade(problem, row["text"]).metrics["valid"] == 1.0, row["name"]


def test_a_list_of_options_is_no_answer_and_what_follows_it_is(data: Path) -> None:
    file = data.parent / "cases" / "10-each-option-read-as-A" / "text.txt"
    if not file.is_file():
        pytest.skip(f"cases are absent: {file.name}")
    text = file.read_text("utf-8")
    options = ["x1", "x2", "x3", "x4"]
    assert last_letter(text, options) == "D"
    assert last_letter(text[: text.index("B.")], options) is None
    assert last_letter(text[: text.index("Hence")], options) is None


@pytest.mark.parametrize(
    "form",
    ["Answer: {text}", "The correct answer is {text}.", "\\boxed{{{text}}}", "**Answer:**\n\n{text}",
     "## Final Answer\n{text}", "{text}"],
)  # fmt: skip
@pytest.mark.parametrize("file", ["gpqa_diamond_sample.csv", "gpqa_main_not_diamond_sample.csv"])
def test_the_text_of_a_real_option_stands_for_it(data: Path, file: str, form: str) -> None:
    for problem in GPQA.load(str(data / "gpqa" / file), None, 0).problems:
        options = problem.facts["options"]
        if all(len(option) == 1 for option in options):
            continue  # there a letter is the label
        for text in options:
            letter = last_letter(form.format(text=text), options)
            assert letter is not None, (problem.id, form)
            assert options[LETTERS.index(letter)] == text, (problem.id, form)


def test_real_itineraries_in_json_are_read_to_the_last_stay(data: Path) -> None:
    lines = (data / "naturalplan" / "reasoning_traces.jsonl").read_text("utf-8").split("\n")
    compared = 0
    for row in (json.loads(line) for line in lines if line):
        asked = row["full_prompt"]
        prompt = asked[asked.index("You plan to visit") :].partition("\n\nProvide your response")[0]
        task = parse_prompt(prompt)
        try:
            listed = json.loads(row["response"])["itinerary"]
        except ValueError:  # two of them hand in several
            continue
        wanted = [
            (stay["place"], *(int(day) for day in _ends(stay["day_range"]))) for stay in listed
        ]
        for text in (row["response"], f"{row['reasoning']}\n{row['response']}"):
            assert list(parse_plan(text, task.days, task.stays)) == wanted, row["id"]
        compared += 1
    assert compared == 31


def _ends(days: str) -> tuple[str, str]:
    numbers = re.findall(r"\d+", days)
    return numbers[0], numbers[-1]


def test_a_plan_that_the_official_evaluator_accepts_is_valid(data: Path) -> None:
    loaded = TRIP.load(str(data / "naturalplan/trip_planning.json"), None, 0)
    problems = {problem.id: problem for problem in loaded.problems}
    lines = (data / "naturalplan/model_outputs.jsonl").read_text("utf-8").splitlines()
    accepted = [row for row in map(json.loads, lines) if row["official_exact_match"]]
    assert len(accepted) > 150
    assert all(grade(problems[row["id"]], row["output"]).metrics["valid"] for row in accepted)


def test_refusals_and_talk_are_no_plan(data: Path) -> None:
    """Of the real outputs one more is read than before forms other than the official were."""
    rows = json.loads((data / "naturalplan/trip_planning.json").read_text("utf-8"))
    lines = (data / "naturalplan/model_outputs.jsonl").read_text("utf-8").splitlines()
    texts = [(row["id"], row["output"]) for row in map(json.loads, lines)]
    verdicts = json.loads((data / "naturalplan/gemini_official_verdicts.json").read_text("utf-8"))
    texts += [(key, rows[key]["pred_5shot_pro"]) for key in verdicts]
    tasks = {key: parse_prompt(rows[key]["prompt_0shot"]) for key, _ in texts}
    read = [bool(parse_plan(text, tasks[key].days, tasks[key].stays)) for key, text in texts]
    assert (len(read), sum(read)) == (1070, 881)
