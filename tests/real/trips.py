"""Trips judged by the words of their prompts alone, apart from our reading of them."""

from __future__ import annotations

import re
from typing import Any

OFFICIAL_LINE = re.compile(
    r"\*\*Day (\d+)-(\d+):\*\* (?:Visit|Arriving in \w+ and visit) (\w+) for \d+ days?\."
    r"|\*\*Day \d+:\*\* Fly from \w+ to \w+\."
)


def holds(row: dict[str, Any], text: str) -> bool | None:
    """Whether a plan is valid, day by day from the prompt's words; None if oddly written."""
    lines = [line.strip() for line in text.strip().splitlines()[1:] if line.strip()]
    matches = [OFFICIAL_LINE.fullmatch(line) for line in lines]
    if not lines or not all(matches):
        return None
    where: dict[int, list[str]] = {}
    for match in matches:
        if match and match[3]:
            for day in range(int(match[1]), int(match[2]) + 1):
                where.setdefault(day, []).append(match[3])
    head, _, listing = row["prompt_0shot"].partition("direct flights:\n")
    total = int(head.split(" days in total")[0].split()[-1])
    if sorted(where) != list(range(1, total + 1)):
        return False
    wishes = dict(zip(row["cities"].split("**"), row["durations"].split("**"), strict=True))
    if any(
        sum(place == city for today in where.values() for place in today) != int(days)
        for city, days in wishes.items()
    ):
        return False
    for sentence in head.split(". "):
        window = re.findall(r"day (\d+)", sentence)
        city = next((name for name in wishes if name in sentence), "")
        if window and any(
            city not in where[day] for day in range(int(window[0]), int(window[1]) + 1)
        ):
            return False
    order = [where[1][0]]
    for today in (where[day] for day in range(1, total + 1)):
        if today[0] != order[-1] or len(today) > 2:
            return False
        if len(today) == 2:
            a, b = today
            if not re.search(rf"\b({a} and {b}|{b} and {a}|from {a} to {b})\b", listing):
                return False
            order.append(b)
    return sorted(order) == sorted(wishes)
