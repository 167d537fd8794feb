from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from anytime.domains.base import split_problems
from anytime.domains.trip.builtin import CITY_COUNTS, EVENT_FORMS, STAY_FORMS, generate, solutions
from anytime.domains.trip.grammar import Event, TripTask, parse_prompt
from anytime.domains.trip.loading import validate
from anytime.domains.trip.plan import Stay, format_plan
from tests.counting import calls_of

DIGEST = "a50cd33878d1ab926860301dbd99ad2bc9c94c98e421a11bb3367b64e825140a"


def digest(seed: int) -> str:
    parts = [text for p in generate(seed) for text in (p.id, p.prompt, p.gold)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def test_the_problems_of_a_seed_never_change() -> None:
    assert digest(0) == DIGEST
    assert digest(1) != DIGEST


def test_hash_randomisation_changes_nothing() -> None:
    code = "import test_trip_builtin as t; print(t.digest(0))"
    env = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == DIGEST


@pytest.mark.parametrize("seed", [0, 1, 42, -3])
def test_every_problem_has_exactly_one_plan(seed: int) -> None:
    for problem in generate(seed):
        validate(problem)
        task = parse_prompt(problem.prompt)
        (plan,) = solutions(task, 10)
        assert format_plan(plan) == problem.gold
        assert sum(task.stays.values()) == task.days + len(task.stays) - 1
        assert all(Stay(*event) in plan for event in task.events)
        assert {(a, b) for a, b in task.flights if (b, a) in task.flights}


def test_first_eight_of_every_split_have_all_numbers_of_cities() -> None:
    problems = generate(0)
    assert len(problems) == 48
    assert len({p.id for p in problems}) == 48
    for chosen in (problems, split_problems(problems, "test"), split_problems(problems, "dev")):
        assert [len(p.facts["cities"]) for p in chosen[:8]] == list(CITY_COUNTS)


def test_all_forms_of_sentences_occur() -> None:
    text = " ".join(p.prompt for p in generate(0))
    for form in (*STAY_FORMS, *EVENT_FORMS):
        assert re.search(re.sub(r"{\w+}", r"\\w+", form), text), form
    assert re.search(r", from \w+ to \w+,", text)


def test_generation_is_quick() -> None:
    assert calls_of(lambda: generate(7)) < 1_000_000  # 138,131 of them, in 0.03 s


def test_all_plans_are_found_up_to_the_limit() -> None:
    legs = [("A", "B"), ("B", "A"), ("B", "C"), ("C", "B"), ("A", "C")]
    task = TripTask(7, {"A": 3, "B": 3, "C": 3}, (), frozenset(legs))
    paths = [[stay.city for stay in plan] for plan in solutions(task, 10)]
    assert sorted(paths) == [["A", "B", "C"], ["A", "C", "B"], ["B", "A", "C"], ["C", "B", "A"]]
    assert len(solutions(task)) == 2
    fixed = TripTask(7, task.stays, (Event("A", 3, 5),), task.flights)
    assert solutions(fixed) == [(Stay("B", 1, 3), Stay("A", 3, 5), Stay("C", 5, 7))]


def test_no_plan_where_the_stays_do_not_fill_the_trip() -> None:
    assert solutions(TripTask(9, {"A": 3, "B": 3}, (), frozenset([("A", "B")]))) == []
