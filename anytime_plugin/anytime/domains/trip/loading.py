"""Where trips come from: the official file, a user's file in its schema, or generated ones."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from anytime.domains.base import Dataset, Problem, Split, split_problems
from anytime.domains.sources import download, git_blob_id, read_text
from anytime.domains.trip.builtin import generate
from anytime.domains.trip.examples import FIVE_SHOT, examples_of
from anytime.domains.trip.grammar import parse_prompt
from anytime.domains.trip.plan import parse_itinerary, parse_plan
from anytime.domains.trip.scoring import csr, exact_match
from anytime.errors import AnytimeError

__all__ = ["from_log", "load", "validate"]

OFFICIAL_URL = (
    "https://raw.githubusercontent.com/google-deepmind/natural-plan/main/data/trip_planning.json"
)
OFFICIAL_BLOB = "de8f16dd532578efed5de226fbd8a998441b5f13"
OFFICIAL_TITLE = "NaturalPlan's trip_planning.json"
BUILTIN_NOTE = "built-in stand-in: generated trips, not NaturalPlan"

# The official row also has pred_5shot_pro, which is not kept, and prompt_5shot (11 kB), which is
# kept beside the problems and read when examples are asked for.
FIELDS = ("prompt_0shot", "golden_plan", "cities", "durations")


def load(dataset: str, split: Split | None, seed: int) -> Dataset:
    """Load and validate trips.

    Args:
        dataset: `official`, `builtin`, or a file in the official schema.
        split: None means `test` for `official` and `builtin`, `all` for a file.
        seed: Determines the generated trips of `builtin`; unused otherwise.

    Raises:
        DatasetUnavailableError: The official file cannot be had from here.
        AnytimeError: Anything else, in one sentence naming the file and the entry.
    """
    note = title = ""
    prompts: Mapping[str, Any] = {}
    if dataset == "official":
        content = download(OFFICIAL_URL, OFFICIAL_TITLE, OFFICIAL_BLOB, git_blob_id)
        name, revision, split, title = dataset, OFFICIAL_BLOB, split or "test", OFFICIAL_TITLE
        problems, prompts = _read(content.decode(), title)
    elif dataset == "builtin":
        name, revision, split, note = dataset, f"seed {seed}", split or "test", BUILTIN_NOTE
        problems = generate(seed)
        for problem in problems:
            validate(problem)
    elif _may_be_file(dataset):
        path = Path(dataset).expanduser()
        title = f"dataset file {path}"
        problems, prompts = _read(read_text(path), title)
        name, revision, split = path.name, git_blob_id(path.read_bytes()), split or "all"
    else:
        raise AnytimeError(
            f"unknown dataset {dataset!r}: choose official, builtin, or a file in the official "
            "schema"
        )
    chosen = split_problems(problems, split)
    if not chosen:
        raise AnytimeError(f"dataset {name} has no problem in its {split} split: choose another")
    return Dataset(name, revision, split, chosen, note, partial(examples_of, prompts, title))


def _may_be_file(dataset: str) -> bool:
    separators = {os.sep, os.altsep or os.sep}
    return bool(dataset) and (
        any(separator in dataset for separator in separators)
        or Path(dataset).suffix.lower() == ".json"
        or Path(dataset).is_file()
    )


def _read(text: str, title: str) -> tuple[tuple[Problem, ...], Mapping[str, Any]]:
    """The problems of a file, and the five-shot prompts it has for them."""
    if not text.strip():
        raise AnytimeError(f"{title} is empty")
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise AnytimeError(f"{title} is not valid JSON ({error})") from None
    if not isinstance(rows, dict):
        raise AnytimeError(
            f"{title} holds no JSON object; the official schema is an object with "
            "one entry for each problem"
        )
    if not rows:
        raise AnytimeError(f"{title} has no entries")
    problems = tuple(_problem(key, row, f"{title}, entry {key!r}:") for key, row in rows.items())
    for problem in problems:
        try:
            validate(problem)
        except AnytimeError as error:
            raise AnytimeError(f"{title}, {error}") from None
    return problems, {key: row[FIVE_SHOT] for key, row in rows.items() if FIVE_SHOT in row}


def _problem(key: str, row: Any, where: str) -> Problem:
    if not isinstance(row, dict):
        raise AnytimeError(f"{where} is not a JSON object")
    for field in FIELDS:
        if field not in row:
            raise AnytimeError(f"{where} {field!r} is missing")
        if not isinstance(row[field], str):
            raise AnytimeError(f"{where} {field!r} is not text")
    durations = row["durations"].split("**")
    if not all(days.isdecimal() and len(days) <= 4 for days in durations):
        raise AnytimeError(f"{where} 'durations' is not numbers of days joined by '**'")
    facts = {"cities": row["cities"].split("**"), "durations": [int(days) for days in durations]}
    return Problem(key, row["prompt_0shot"], row["golden_plan"], facts)


def from_log(problem: Problem, asked: str, document: Mapping[str, Any]) -> Problem:
    """The row of the official schema where a log holds it, else the stays of its golden plan.

    Raises:
        AnytimeError: The row is damaged.
    """
    if all(name in document for name in FIELDS):
        row = _problem(problem.id, document, "with a document that is no trip:")
        return replace(row, prompt=problem.prompt if "TASK:" in problem.prompt else row.prompt)
    stays = parse_plan(problem.gold)
    if len(stays) < 2:
        return problem  # without facts, which is refused by their name
    days = [stay.last - stay.first + 1 for stay in stays]
    facts = {"cities": [stay.city for stay in stays], "durations": days}
    return replace(problem, facts=facts)


def validate(problem: Problem) -> None:
    """Check, without a model, that a problem can be solved and that its gold answer scores 1.

    Raises:
        AnytimeError: The prompt is not in the official grammar, the golden cities and durations
            are not those of the prompt, or the golden plan does not satisfy every constraint or
            is no exact match.
    """
    entry = f"entry {problem.id!r}:"
    try:
        task = parse_prompt(problem.prompt)
    except AnytimeError as error:
        raise AnytimeError(f"{entry} {error}") from None
    cities, durations = problem.facts["cities"], problem.facts["durations"]
    if len(cities) != len(durations) or dict(zip(cities, durations, strict=True)) != task.stays:
        raise AnytimeError(f"{entry} 'cities' and 'durations' are not the stays of the prompt")
    quality = csr(task, *parse_itinerary(problem.gold, task.days))
    if quality < 1.0:
        raise AnytimeError(
            f"{entry} 'golden_plan' satisfies {quality:.0%} of the prompt's constraints, not all"
        )
    if not exact_match(cities, durations, problem.gold):
        raise AnytimeError(f"{entry} 'golden_plan' is not the plan of 'cities' and 'durations'")
