"""Trip scoring, constraint satisfaction and exact match together, against exact match alone.

The alternative is exact match read plainly off the official rules (searches with greedy wildcards,
line by line), as the official evaluator does it; its own code is not part of this repository.
Responses: gold plans of the built-in problems, whole and cut.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from anytime.domains.trip import TRIP
from anytime.domains.trip.builtin import generate

REPEATS = 20


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
    return stays == list(zip(cities, durations, strict=True))


def main() -> None:
    problems = generate(0)
    responses = [
        (problem, problem.gold[: len(problem.gold) * part // 4])
        for problem in problems
        for part in (2, 3, 4)
    ]

    def ours() -> None:
        for problem, text in responses:
            TRIP.grade(problem, text)

    def plain() -> None:
        for problem, text in responses:
            facts = problem.facts
            plain_exact_match(facts["cities"], facts["durations"], text)

    for problem in problems:
        facts = problem.facts
        assert plain_exact_match(facts["cities"], facts["durations"], problem.gold)
    own, theirs = (_microseconds(f, len(responses)) for f in (ours, plain))
    print(f"{len(responses)} responses: CSR, validity and exact match {own:.0f} us each,")
    print(f"  exact match alone by the plain rules {theirs:.0f} us: ours takes {own / theirs:.2f}")


def _microseconds(run: Callable[[], None], responses: int) -> float:
    best = float("inf")
    for _ in range(REPEATS):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return 1e6 * best / responses
