"""`python tests/stress/kill.py` in small."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.stress.kill import JOBS, beside, material, tried

# One in the middle each; those that ask nothing run for a second or two.
KILLS: Mapping[str, int] = {name: 1 if job.asks else 2 for name, job in JOBS.items()}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return material(tmp_path_factory.mktemp("made"))


@pytest.mark.parametrize("name", JOBS)
def test_a_killed_command_comes_to_the_same(name: str, made: Path, tmp_path: Path) -> None:
    found = tried(name, KILLS[name], random.Random(name), tmp_path / name, made)
    assert found.wrong == []
    assert found.kills


def test_runs_that_name_one_store_by_two_paths_ask_nothing_twice(tmp_path: Path) -> None:
    assert beside(2, tmp_path).wrong == []
