from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anytime.domains.trip import TRIP, grade
from anytime.domains.trip.builtin import solutions
from anytime.domains.trip.grammar import parse_prompt
from anytime.domains.trip.plan import Stay, format_plan, parse_plan
from anytime.domains.trip.scoring import csr, is_valid
from tests.real.trips import holds


@pytest.fixture(scope="module")
def rows(data: Path) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads(
        (data / "naturalplan/trip_planning.json").read_text()
    )
    return found


@pytest.fixture(scope="module")
def outputs(data: Path, rows: dict[str, dict[str, Any]]) -> list[tuple[str, str, bool]]:
    """(id, answer, the official evaluator's verdict) of all models."""
    lines = (data / "naturalplan/model_outputs.jsonl").read_text().splitlines()
    verdicts = json.loads((data / "naturalplan/gemini_official_verdicts.json").read_text())
    found = [
        (r["id"], r["output"], bool(r["official_exact_match"])) for r in map(json.loads, lines)
    ]
    found += [(key, rows[key]["pred_5shot_pro"], bool(match)) for key, match in verdicts.items()]
    assert len(found) == 842 + 228
    return found


def test_all_prompts_and_gold_plans(data: Path, rows: dict[str, dict[str, Any]]) -> None:
    loaded = TRIP.load(str(data / "naturalplan/trip_planning.json"), None, 0)
    assert len(loaded.problems) == len(rows) == 400
    unique = 0
    for problem in loaded.problems:
        given = grade(problem, problem.gold)
        assert (given.quality, given.metrics) == (1.0, {"em": 1.0, "valid": 1.0})
        task = parse_prompt(problem.prompt)
        assert parse_prompt(rows[problem.id]["prompt_5shot"]) == task
        assert sum(task.stays.values()) == task.days + len(task.stays) - 1
        assert all(e.last - e.first + 1 == task.stays[e.city] for e in task.events)
        plan = parse_plan(problem.gold)
        assert format_plan(plan) == problem.gold.strip()
        found = solutions(task, 20)
        assert plan in found
        assert all(is_valid(task, other) for other in found)
        unique += len(found) == 1
    # 1535 of all 1600 have one plan; these are a quarter of them.
    assert unique == 381


def test_exact_match_is_the_official_verdict(
    data: Path, outputs: list[tuple[str, str, bool]]
) -> None:
    loaded = TRIP.load(str(data / "naturalplan/trip_planning.json"), None, 0)
    problems = {problem.id: problem for problem in loaded.problems}
    differing = [
        key
        for key, text, match in outputs
        if grade(problems[key], text).metrics["em"] != float(match)
    ]
    assert differing == []


def test_validity_agrees_with_a_day_by_day_check(
    rows: dict[str, dict[str, Any]], outputs: list[tuple[str, str, bool]]
) -> None:
    verdicts = []
    for key, text, _ in outputs:
        verdict = holds(rows[key], text)
        if verdict is not None:
            task = parse_prompt(rows[key]["prompt_0shot"])
            assert is_valid(task, parse_plan(text, task.days)) is verdict, (key, text)
            verdicts.append(verdict)
    assert len(verdicts) > 600
    assert sum(verdicts) > 200


def test_a_day_changed_in_a_gold_plan_costs_what_it_breaks(
    rows: dict[str, dict[str, Any]],
) -> None:
    for row in rows.values():
        task = parse_prompt(row["prompt_0shot"])
        plan = list(parse_plan(row["golden_plan"]))
        total = 3 * len(task.stays) + len(task.events)
        city, first, last = plan[-1]
        plan[-1] = Stay(city, first, last + 1)  # its length, and the end of the trip
        assert csr(task, plan) == pytest.approx((total - 2) / total)
