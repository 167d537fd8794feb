"""A file of the user's that no split has parted, and pairs of its problems."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from anytime.domains.aime import AIME
from anytime.domains.base import Problem
from anytime.preferences.pairs import Pair, write_pairs
from tests.pooling import pair

BUDGETS = (32, 64, 256)

EVERYONE: Sequence[Problem] = AIME.load("builtin", "all", 0).problems[1:13]
"""Twelve problems."""

DEV = [p for p in AIME.load("builtin", "dev", 0).problems if p in EVERYONE]
"""Those of them that the dev split takes; they do not come first."""


def unparted(folder: Path) -> str:
    """The file."""
    rows = [{"id": p.id, "problem": p.prompt, "answer": p.gold} for p in EVERYONE]
    file = folder / "mine.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(file)


def pairs_of(*problems: Problem, further: Sequence[Problem] = ()) -> list[Pair]:
    """A pair for each budget in turn, and at every budget runners-up."""
    shown = [
        pair(AIME, problems[place % len(problems)].prompt, budget, name=name)
        for place, budget in enumerate(BUDGETS)
        for name in [problems[place % len(problems)].id]
    ]
    rest = [pair(AIME, p.prompt, b, name=p.id) for b in BUDGETS for p in further]
    return [*shown, *(replace(one, runner_up=True) for one in rest)]


def pairs_file(folder: Path, pairs: Sequence[Pair]) -> str:
    """A file of them."""
    write_pairs(folder / "pairs.jsonl", pairs)
    return str(folder / "pairs.jsonl")
