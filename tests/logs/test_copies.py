"""Copies of one run in a folder are counted once, and it is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from anytime.cli import main
from anytime.logs.opening import open_runs
from tests.small_runs import Logs


@pytest.mark.parametrize("harness", ["inspect_ai", "lm_eval"])
def test_a_run_is_counted_once(
    logs: Logs, harness: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "other"):
        shutil.copytree(logs[harness].parent, tmp_path / name)
    told: list[str] = []
    alone = open_runs(logs[harness].parent, left_out=lambda error: None)
    found = open_runs(tmp_path, left_out=lambda error: told.append(str(error)))
    assert len(found) == len(alone)
    assert len(told) == len(alone)
    assert all("is the same run as" in one and "other" in one.split()[0] for one in told)
    main(["summary", str(tmp_path)])
    assert capsys.readouterr().err.count("which is counted") == len(alone)


def test_copies_that_are_named_are_meant(logs: Logs, tmp_path: Path) -> None:
    copy = tmp_path / "copy.eval"
    copy.write_bytes(logs["inspect_ai"].read_bytes())
    told: list[str] = []
    found = open_runs([logs["inspect_ai"], copy], left_out=lambda error: told.append(str(error)))
    assert (len(found), told) == (2, [])
