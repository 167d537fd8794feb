from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.domains.base import Problem
from anytime.domains.sources import git_blob_id
from anytime.domains.trip import TRIP, validate
from anytime.domains.trip.builtin import generate
from anytime.errors import AnytimeError, DatasetUnavailableError

PROBLEM = generate(0)[2]


def test_gold_is_worth_everything() -> None:
    grade = TRIP.grade(PROBLEM, PROBLEM.gold)
    assert (grade.quality, grade.parsed) == (1.0, True)
    assert grade.metrics == {"em": 1.0, "valid": 1.0}
    assert tuple(grade.metrics) == TRIP.metrics
    first = PROBLEM.facts["cities"][0]
    assert grade.answer.startswith(f"{first} 1-{PROBLEM.facts['durations'][0]} > ")


def test_no_plan_is_worth_nothing() -> None:
    grade = TRIP.grade(PROBLEM, "Let me think about day 5.")
    assert (grade.quality, grade.parsed, grade.answer) == (0.0, False, "")
    assert grade.metrics == {"em": 0.0, "valid": 0.0}


def test_the_cue_leads_into_the_golden_plan() -> None:
    begin = TRIP.cue(PROBLEM).begin
    assert PROBLEM.gold.startswith(begin)
    talk = "\n\nThis satisfies everything: Day 2-3: nothing else."
    grade = TRIP.grade(PROBLEM, begin + PROBLEM.gold.removeprefix(begin) + talk)
    assert grade.metrics == {"em": 1.0, "valid": 1.0}


def test_instructions_show_the_header_and_no_readable_plan() -> None:
    header = PROBLEM.gold.partition("\n")[0]
    for text in (TRIP.ask(PROBLEM), TRIP.cue(PROBLEM).ask):
        assert header in text
        assert not TRIP.grade(PROBLEM, text).parsed
    assert TRIP.ask(PROBLEM).startswith(PROBLEM.prompt)


@given(st.text())
def test_any_answer_gets_a_grade(text: str) -> None:
    assert 0.0 <= TRIP.grade(PROBLEM, text).quality <= 1.0


def row(problem: Problem = PROBLEM) -> dict[str, Any]:
    return {
        "num_cities": str(len(problem.facts["cities"])),
        "cities": "**".join(problem.facts["cities"]),
        "durations": "**".join(map(str, problem.facts["durations"])),
        "prompt_0shot": problem.prompt,
        "golden_plan": problem.gold,
    }


def test_a_file_in_the_official_schema(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({p.id: row(p) for p in generate(3)}))
    found = TRIP.load(str(path), None, 0)
    assert (found.name, found.split, found.note) == ("mine.json", "all", "")
    assert found.revision == git_blob_id(path.read_bytes())
    assert found.problems == generate(3)
    assert len(TRIP.load(str(path), "dev", 0).problems) == 8


def test_builtin_problems_say_what_they_are() -> None:
    found = TRIP.load("builtin", None, 5)
    assert (found.name, found.revision, found.split) == ("builtin", "seed 5", "test")
    assert found.note == "built-in stand-in: generated trips, not NaturalPlan"
    assert len(found.problems) == 40


def changed(**fields: Any) -> str:
    return json.dumps({"trip_1": {**row(), **fields}})


def without(field: str) -> str:
    return json.dumps({"trip_1": {k: v for k, v in row().items() if k != field}})


BAD_FILES = {
    "empty": ("", "dataset file {} is empty"),
    "truncated": (changed()[:-9], "dataset file {} is not valid JSON (Unterminated string"),
    "deep": ("[" * 100_000, "dataset file {} is not valid JSON ("),
    "list": ("[]", "dataset file {} holds no JSON object; the official schema is an object"),
    "no-entries": ("{}", "dataset file {} has no entries"),
    "row-type": ('{"trip_1": 3}', "dataset file {}, entry 'trip_1': is not a JSON object"),
    "missing": (
        without("golden_plan"),
        "dataset file {}, entry 'trip_1': 'golden_plan' is missing",
    ),
    "type": (changed(cities=["Rome"]), "dataset file {}, entry 'trip_1': 'cities' is not text"),
    "null": (changed(prompt_0shot=None), "dataset file {}, entry 'trip_1': 'prompt_0shot' is not"),
    "durations": (changed(durations="3**x"), "dataset file {}, entry 'trip_1': 'durations' is not"),
    "other-cities": (changed(cities="Rome", durations="3"), "dataset file {}, entry 'trip_1': 'c"),
    "prompt": (
        changed(prompt_0shot="Plan a trip."),
        "dataset file {}, entry 'trip_1': trip prompt has no line",
    ),
    "gold": (
        changed(golden_plan="none"),
        "dataset file {}, entry 'trip_1': 'golden_plan' satisfies 0% of the prompt's constraints",
    ),
    "gold-order": (
        changed(
            cities="**".join(PROBLEM.facts["cities"][::-1]),
            durations="**".join(map(str, PROBLEM.facts["durations"][::-1])),
        ),
        "dataset file {}, entry 'trip_1': 'golden_plan' is not the plan of 'cities' and",
    ),
}


@pytest.mark.parametrize(("content", "message"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_bad_file_is_named_with_what_is_wrong(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(AnytimeError) as error:
        TRIP.load(str(path), None, 0)
    assert str(error.value).startswith(message.format(path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (
            "offical",
            "unknown dataset 'offical': choose official, builtin, or a file in the official schema",
        ),
        ("", "unknown dataset '': choose official, builtin, or a file in the official schema"),
        ("nowhere.json", "dataset file nowhere.json does not exist"),
        ("no/where", "dataset file no/where does not exist"),
    ],
)
def test_an_unknown_dataset(dataset: str, message: str) -> None:
    with pytest.raises(AnytimeError) as error:
        TRIP.load(dataset, None, 0)
    assert str(error.value) == message


def test_a_directory_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(AnytimeError, match="cannot be read"):
        TRIP.load(str(tmp_path), None, 0)


def test_a_file_without_problems_in_the_split(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_text(changed())
    assert TRIP.load(str(path), "test", 0).problems
    with pytest.raises(AnytimeError, match="no problem in its dev split"):
        TRIP.load(str(path), "dev", 0)


def test_official_is_read_from_a_verified_copy_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from anytime.domains import sources
    from anytime.domains.trip import loading

    content = changed().encode()
    monkeypatch.setenv("ANYTIME_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(sources, "_get", lambda url, title: content)
    with pytest.raises(DatasetUnavailableError, match="not the pinned file"):
        TRIP.load("official", None, 0)
    monkeypatch.setattr(loading, "OFFICIAL_BLOB", git_blob_id(content))
    found = TRIP.load("official", None, 0)
    assert (found.name, found.split) == ("official", "test")
    assert found.revision == git_blob_id(content)


def test_validate_is_silent_on_a_good_problem() -> None:
    validate(PROBLEM)
