"""How much of real traces is left, and how much of it is still read as an answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from anytime.domains.aime import AIME
from anytime.domains.base import Domain, Problem, fingerprint
from anytime.domains.gpqa import GPQA
from anytime.domains.trip import TRIP


def traces(data: Path, folder: str) -> list[tuple[Problem, str]]:
    file = data / folder / "reasoning_traces.jsonl"
    if not file.is_file():
        pytest.skip(f"real data is absent: {file}")
    lines = file.read_text("utf-8").split("\n")
    return [problem_and_text(json.loads(line)) for line in lines if line]


def problem_and_text(row: dict[str, Any]) -> tuple[Problem, str]:
    text = f"{row['reasoning'] or ''}\n{row['response'] or ''}"
    if "gold" in row:
        return Problem(row["id"], row["prompt"], row["gold"]), text
    asked = row["full_prompt"]
    prompt = asked[asked.index("You plan to visit") :].partition("\n\nProvide your response")[0]
    return Problem(row["id"], prompt, "", {"cities": ["X", "Y"], "durations": [1, 1]}), text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "domain", "count", "read_before", "kept"),
    # Those who think about a trip write itinerary after itinerary.
    [("aime", AIME, 60, 57, 0.9), ("naturalplan", TRIP, 33, 33, 0.7)],
    ids=["aime", "trip"],
)
def test_no_answer_is_read_from_a_stripped_trace(
    data: Path, folder: str, domain: Domain, count: int, read_before: int, kept: float
) -> None:
    before = after = 0
    shares = []
    for problem, text in traces(data, folder):
        # A cut at any budget is stripped as well as the whole.
        for part in (text[: len(text) // 3], text[: 2 * len(text) // 3]):
            assert not domain.grade(problem, domain.strip(part)).parsed
        left = domain.strip(text)
        assert domain.strip(left) == left
        before += domain.grade(problem, text).parsed
        after += domain.grade(problem, left).parsed
        shares.append(len(left) / len(text))
    shares.sort()
    print(
        f"{domain.name}: an answer is read from {before} of {len(shares)} traces, from {after} "
        f"once stripped; {shares[0]:.1%} to {shares[-1]:.1%} of the text is kept, "
        f"median {shares[len(shares) // 2]:.1%}"
    )
    assert (len(shares), before, after) == (count, read_before, 0)
    assert shares[0] > kept


def test_real_plans_in_the_asked_for_format_go_whole(data: Path) -> None:
    file = data / "naturalplan" / "model_outputs.jsonl"
    if not file.is_file():
        pytest.skip(f"real data is absent: {file}")
    loaded = TRIP.load(str(data / "naturalplan/trip_planning.json"), None, 0)
    problems = {problem.id: problem for problem in loaded.problems}
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    for row in rows:
        grade = TRIP.grade(problems[row["id"]], TRIP.strip(row["output"]))
        assert (grade.parsed, grade.metrics["em"]) == (False, 0.0), row["output"]
    assert len(rows) == 842


def test_a_real_question_has_one_content_in_every_order_of_its_options(data: Path) -> None:
    for name in ("gpqa_diamond_sample", "gpqa_main_not_diamond_sample"):
        file = data / "gpqa" / f"{name}.csv"
        if not file.is_file():
            pytest.skip(f"real data is absent: {file}")
        orders = [GPQA.load(str(file), None, seed).problems for seed in range(4)]
        for problems in zip(*orders, strict=True):
            assert len({fingerprint(GPQA.content(p.prompt)) for p in problems}) == 1
            assert all(p.prompt.startswith(f"{GPQA.content(p.prompt)}\n\nA) ") for p in problems)
        assert len({fingerprint(GPQA.content(p.prompt)) for p in orders[0]}) == len(orders[0])
