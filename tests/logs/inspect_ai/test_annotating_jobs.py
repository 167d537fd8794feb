"""`anytime annotate` on logs of Inspect in several processes."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import zipfile
from pathlib import Path

import pytest
from inspect_ai.scorer import includes, match, pattern

from anytime.cli import main
from anytime.logs.annotation import annotate
from anytime.logs.inspect_ai import annotated_samples, annotating
from anytime.logs.inspect_ai.timed_search import TimedSearch
from tests.inspect_annotating import outcome, plain_log, sums
from tests.inspect_runs import Run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are not forked here")


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annotating, "BATCH", 3)


@pytest.fixture
def log(run: Run) -> Path:
    return plain_log(run, sums(match(), pattern(r"ANSWER: (\d+)"), includes()), epochs=10)


def members(path: Path) -> dict[str, bytes]:
    """All that a log holds, without the name it gives itself."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held["header.json"] = re.sub(rb'"eval_id": "\w+"', b"", held["header.json"])
    return held


def test_the_same_bytes_whoever_does_it(log: Path, tmp_path: Path) -> None:
    one = outcome(log, tmp_path / "one")
    three = outcome(log, tmp_path / "three", jobs=3)
    assert one.outcome is not None
    assert three.outcome is not None
    assert list(members(one.outputs[0]).items()) == list(members(three.outputs[0]).items())
    assert (three.outcome.samples, three.outcome.lost) == (20, 0)
    three.outcome.files = one.outcome.files
    assert one.outcome == three.outcome


def test_budgets_are_found_by_all_processes(log: Path, tmp_path: Path) -> None:
    grids = [annotate([log], tmp_path / str(jobs), jobs=jobs)[0] for jobs in (1, 3)]
    assert grids[0] == grids[1]


def test_a_process_that_dies_is_one_sentence_and_loses_nothing(
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    once = tmp_path / "once"
    whole = outcome(log, tmp_path / "whole")
    unfit = annotated_samples.unfit

    def dying(sample: dict[str, object]) -> str | None:
        if sample["epoch"] == 7 and once.exists():
            once.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return unfit(sample)

    monkeypatch.setattr(annotated_samples, "unfit", dying)
    once.touch()
    words = ["annotate", str(log), "-o", str(tmp_path / "out"), "--budgets", "2,4,8,16"]
    main([*words, "--jobs", "3"])
    assert not once.exists()
    told = capsys.readouterr().err
    assert f"{log}: a process died at work" in " ".join(told.split())
    assert "nothing is missing" in " ".join(told.split())
    assert members(tmp_path / "out" / log.name) == members(whole.outputs[0])


def test_a_log_that_ends_every_process_is_refused_alone(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying(sample: dict[str, object]) -> str | None:
        os._exit(1)

    monkeypatch.setattr(annotated_samples, "unfit", dying)
    told = outcome(log, tmp_path / "out", jobs=3)
    assert told.outcome is None
    assert "processes were ended while they were at it" in told.refused
    assert not list((tmp_path / "out").iterdir())


def _hasty(pattern: str, flags: int) -> TimedSearch:
    return TimedSearch(pattern, flags, limit=0.05)


def test_a_pattern_that_never_ends_leaves_out_the_same_samples(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three are tried; those after them are left out, also where the pattern would have ended."""
    monkeypatch.setattr("anytime.logs.inspect_ai.log_scorers.TimedSearch", _hasty)
    strange = tmp_path / "strange.eval"
    with zipfile.ZipFile(log) as source, zipfile.ZipFile(strange, "w") as made:
        for name in source.namelist():
            held = source.read(name)
            if name == "header.json":
                header = json.loads(held)
                # It takes long on texts with a 4 alone: those of every other sample.
                header["eval"]["scorers"][1]["options"]["pattern"] = (
                    r"(?=.*41)(.+)+\d{9}$|ANSWER: (\d)"
                )
                held = json.dumps(header).encode()
            made.writestr(name, held)
    one = outcome(strange, tmp_path / "one")
    three = outcome(strange, tmp_path / "three", jobs=3)
    assert one.outcome is not None
    assert three.outcome is not None
    assert one.outcome.skipped.total() >= 3
    assert one.outcome.samples >= 3
    assert members(one.outputs[0]) == members(three.outputs[0])
    assert one.outcome.skipped == three.outcome.skipped


def test_jobs_are_refused_where_a_model_is_asked(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["annotate", str(log), "-o", str(tmp_path / "out"), "--model", "mockllm/model"]
    with pytest.raises(SystemExit, match="2"):
        main([*words, "--jobs", "2"])
    assert "--jobs does nothing with --model" in " ".join(capsys.readouterr().err.split())
