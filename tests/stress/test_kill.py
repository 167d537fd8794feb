"""`python tests/stress/kill.py` in small."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.stress.kill import JOBS, material, tried

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return material(tmp_path_factory.mktemp("made"))


@pytest.mark.parametrize("name", JOBS)
def test_a_killed_command_comes_to_the_same(name: str, made: Path, tmp_path: Path) -> None:
    found = tried(name, 1, random.Random(name), tmp_path / name, made)
    assert found.wrong == []
    assert found.kills
