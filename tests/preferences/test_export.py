"""Training data: every pair of a pool, in TRL's format."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import datasets
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.plugins import get_domain
from anytime.preferences.export import trl_rows
from anytime.preferences.pairs import write_lines
from anytime.preferences.pool import PoolTrace, cut_text, merged
from tests.pooling import ListPool, trace
from tests.preferences.pools import PROBLEMS, memory_pools, pool_of

AIME = get_domain("aime")

COLUMNS = ["prompt", "chosen", "rejected", "budget", "gap", "chosen_quality", "rejected_quality"]
COLUMNS += ["domain", "problem", "model", "dataset", "revision"]


def completion(of: PoolTrace, place: int) -> str:
    said = cut_text(of, place)
    point = of.points[place]
    return said if point.end is None else f"{said}\n\n{point.answer}".lstrip("\n")


def texts(row: dict[str, Any]) -> tuple[str, str]:
    return row["chosen"][0]["content"], row["rejected"][0]["content"]


@given(memory_pools(), st.sampled_from([0.0, 0.3, 0.5]))
def test_every_pair_has_a_row_with_the_better_one_chosen(pool: ListPool, least: float) -> None:
    rows = list(trl_rows(pool, AIME, min_gap=least))
    made = {(row["problem"], *texts(row)) for row in rows}
    assert len(made) == len(rows)
    expected = set()
    quality: dict[tuple[str, int, str], set[float]] = {}
    for place, budget in enumerate(pool.info.budgets):
        for one in pool.kept:
            key = (one.problem.id, budget, completion(one, place))
            quality.setdefault(key, set()).add(one.points[place].quality)
        for one, other in combinations(pool.kept, 2):
            gap = one.points[place].quality - other.points[place].quality
            better, worse = (one, other) if gap > 0 else (other, one)
            both = completion(better, place), completion(worse, place)
            apart = both[0] != both[1] and one.problem == other.problem
            if budget > 0 and gap and abs(gap) >= least and apart:
                expected.add((one.problem.id, *both))
    assert made == expected
    for row in rows:
        assert row["chosen_quality"] > row["rejected_quality"]
        assert row["gap"] == row["chosen_quality"] - row["rejected_quality"] >= least
        chosen, rejected = texts(row)
        assert row["chosen_quality"] in quality[row["problem"], row["budget"], chosen]
        assert row["rejected_quality"] in quality[row["problem"], row["budget"], rejected]


@given(memory_pools(), st.integers(1, 4))
def test_most_keeps_the_largest_gaps_whatever_the_order(pool: ListPool, most: int) -> None:
    rows = list(trl_rows(pool, AIME, most=most))
    counts = Counter((row["problem"], row["budget"]) for row in rows)
    assert all(count <= most for count in counts.values())
    again = trl_rows(ListPool(list(reversed(pool.kept)), pool.info), AIME, most=most)
    key = json.dumps
    assert sorted(map(key, again)) == sorted(map(key, rows))
    everything = list(trl_rows(pool, AIME))
    assert bool(everything) == bool(rows)
    smallest = next(budget for budget in pool.info.budgets if budget > 0)
    for name in {row["problem"] for row in everything}:
        kept, there = (
            [r["gap"] for r in some if (r["problem"], r["budget"]) == (name, smallest)]
            for some in (rows, everything)
        )
        assert kept == sorted(there, reverse=True)[:most]


def test_a_completion_is_whole() -> None:
    traces = [
        trace(PROBLEMS[0], 1, [1.0, 0.0], text="I say it.", reasoning="I think about it."),
        trace(PROBLEMS[0], 2, [0.0, 1.0], text="I say something else.", reasoning="Hm."),
    ]
    first, second = trl_rows(pool_of(traces), AIME)
    assert texts(first) == ("I think about\n\nanswer 1.0", "Hm.\n\nI say som\n\nanswer 0.0")
    assert texts(second) == ("Hm.\n\nI say something else.", "I think about it.\n\nI say it.")
    assert first["prompt"] == [{"role": "user", "content": AIME.ask(PROBLEMS[0])}]
    assert first["chosen"][0]["role"] == first["rejected"][0]["role"] == "assistant"


def test_equal_texts_make_one_row_at_the_smallest_budget() -> None:
    traces = []
    for draw in (1, 2):
        long = trace(PROBLEMS[0], draw, [0.0, 0.0, draw / 2])
        traces.append(replace(long, points=(long.points[-1],) * 3))
    (row,) = trl_rows(pool_of(traces, [8, 16, 32]), AIME)
    assert row["budget"] == 8


def test_pairs_of_two_runs_of_one_problem_are_found() -> None:
    runs = [
        pool_of([trace(problem, 1, [quality, 0.5]) for problem in PROBLEMS[:2]])
        for quality in (0.0, 1.0)
    ]
    longer = [
        trace(problem, 1, [1.0, 0.5], text=f"Now {problem.id}. " * 9) for problem in PROBLEMS[:2]
    ]
    runs[1] = pool_of(longer)
    rows = list(trl_rows(merged(runs), AIME))
    assert [(row["problem"], row["budget"]) for row in rows] == [(p.id, 16) for p in PROBLEMS[:2]]


def test_datasets_loads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    traces = [
        trace(problem, draw, [draw / 4, 1 - draw / 4])
        for problem in PROBLEMS[:3]
        for draw in (1, 2, 4)
    ]
    path = tmp_path / "train.jsonl"
    count = write_lines(path, trl_rows(pool_of(traces), AIME))
    loaded = datasets.load_dataset(
        "json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert len(loaded) == count == 3 * 3 * 2
    assert loaded.column_names == COLUMNS
    kinds = {
        name: feature.dtype for name, feature in loaded.features.items() if name in COLUMNS[3:]
    }
    assert kinds == {
        **{"budget": "int64", "gap": "float64"},
        **{"chosen_quality": "float64", "rejected_quality": "float64"},
        **dict.fromkeys(["domain", "problem", "model", "dataset", "revision"], "string"),
    }
    for row in loaded:
        assert row["chosen_quality"] > row["rejected_quality"]
        for name in ("prompt", "chosen", "rejected"):
            (message,) = row[name]
            assert sorted(message) == ["content", "role"]
            assert message["content"].strip()
