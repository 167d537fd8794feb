"""Runs on real problems, which are never part of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from anytime.hosts.lm_eval.models import Planner, Simulated
from tests.lm_eval_runs import evaluate, numbers, samples

DATA = Path(__file__).parents[3].parent / "shared" / "data"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason="real data is absent: ../shared/data beside the repository"
)


def test_aime_2024() -> None:
    knobs = {"dataset": str(DATA / "aime" / "aime_2024.jsonl")}
    found = evaluate("anytime_aime24", Simulated(accuracy=1.0), knobs)
    assert len(samples(found, "anytime_aime24")) == 30
    assert numbers(found, "anytime_aime24")["final"] > 0.5


def test_official_trips() -> None:
    knobs = {"dataset": str(DATA / "naturalplan" / "trip_planning.json")}
    found = evaluate("anytime_trip", Planner(), knobs, limit=20)
    assert numbers(found, "anytime_trip")["final"] > 0.9


def test_gpqa_diamond() -> None:
    knobs = {"dataset": str(DATA / "gpqa" / "gpqa_diamond_sample.csv")}
    found = evaluate("anytime_gpqa", Simulated(), knobs)
    assert len(samples(found, "anytime_gpqa")) == 60
