"""Trip scoring, constraint satisfaction and exact match together, against exact match alone.

The alternative is exact match read plainly off the official rules (searches with greedy wildcards,
line by line), as the official evaluator does it; its own code is not part of this repository.
Responses: gold plans of the built-in problems, whole and cut, and real model outputs where
../shared/data has them.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

from anytime import Problem
from anytime.domains.trip import TRIP
from anytime.domains.trip.builtin import generate

REPEATS = 10
REAL = Path(__file__).parents[2] / "shared" / "data" / "naturalplan"


def plain_exact_match(cities: list[str], durations: list[int], text: str) -> bool:
    """Exact match by the published rules, line by line, without any care for speed."""
    total = 0
    visits: list[tuple[int, int]] = []
    flights: list[tuple[int, str, str]] = []
    for line in text.split("\n"):
        header = re.findall(r"European cities for (\d+) days", line)
        if header:
            total = int(header[0])
        visit = re.findall(r"\d+-\d+", line)
        if visit:
            first, last = visit[0].split("-")
            visits.append((int(first), int(last)))
            if int(last) == total:
                break
        flight = re.findall(r".*Day (\d+).*from (\w+) to (\w+)", line)
        if flight:
            day, start, end = flight[0]
            flights.append((int(day), start, end))
    if not flights or not visits:
        return False
    stays = []
    since = 1
    for day, start, _ in flights:
        stays.append((start, day - since + 1))
        since = day
    stays.append((flights[-1][2], visits[-1][1] - since + 1))
    return stays == list(zip(cities, durations, strict=False))


def main() -> None:
    problems = generate(0)
    for problem in problems:
        assert plain_exact_match(problem.facts["cities"], problem.facts["durations"], problem.gold)
    cut = [(p, p.gold[: len(p.gold) * part // 4]) for p in problems for part in (2, 3, 4)]
    _compare("plans of built-in problems", cut)
    if REAL.is_dir():
        official = TRIP.load(str(REAL / "trip_planning.json"), None, 0).problems
        by_id = {problem.id: problem for problem in official}
        rows = map(json.loads, (REAL / "model_outputs.jsonl").read_text().splitlines())
        _compare("real model outputs", [(by_id[row["id"]], row["output"] or "") for row in rows])


def _compare(name: str, responses: list[tuple[Problem, str]]) -> None:
    def ours() -> None:
        for problem, text in responses:
            TRIP.grade(problem, text)

    def plain() -> None:
        for problem, text in responses:
            plain_exact_match(problem.facts["cities"], problem.facts["durations"], text)

    own, theirs = (_microseconds(f, len(responses)) for f in (ours, plain))
    print(f"{len(responses)} {name}: CSR, validity and exact match {own:.0f} us each,")
    print(f"  exact match alone by the plain rules {theirs:.0f} us: ours takes {own / theirs:.2f}")


def _microseconds(run: Callable[[], None], responses: int) -> float:
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return 1e6 * best / responses
