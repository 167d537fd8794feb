"""A log is data: nothing that it names is run, unless somebody says so."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.scorer import includes, pattern

from anytime.hosts.inspect_ai.errors import PrerequisiteError
from anytime.logs.inspect_ai.annotating_live import annotate as annotate_task
from anytime.logs.inspect_ai.timed_search import TimedSearch
from anytime.results import frame
from tests.inspect_annotating import annotated, outcome, plain_log, sums
from tests.inspect_runs import Run

SCORER = """
from pathlib import Path
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer

Path(__file__).with_name("ran").touch()

@scorer(metrics=[mean()])
def {name}() -> Scorer:
    async def score(state, target: Target) -> Score:
        return Score(value=1.0)
    return score
"""


NUMBERS = itertools.count()


@pytest.fixture
def plain(run: Run) -> Path:
    """A log in JSON, whose header can be changed as a stranger would."""
    return plain_log(run, sums(includes()), log_format="json")


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A stranger's file; `ran` lies beside it once it was run."""
    folder = tmp_path / "from_somewhere"
    folder.mkdir()
    name = f"nice_{next(NUMBERS)}"  # what was registered once is known to this process
    (folder / f"{name}.py").write_text(SCORER.format(name=name))
    return folder / f"{name}.py"


def renamed(log: Path, scorer: str, task_file: str | None = None) -> Path:
    held = json.loads(log.read_text())
    held["eval"]["scorers"] = [{"name": scorer, "options": {}, "metrics": [{"name": "mean"}]}]
    held["eval"]["task_file"] = task_file
    made = log.with_name("strange.json")
    made.write_text(json.dumps(held))
    return made


def at_sign(log: Path, code: Path) -> Path:
    return renamed(log, f"{code}@{code.stem}")


def whole_file(log: Path, code: Path) -> Path:
    return renamed(log, str(code))


def file_of_task(log: Path, code: Path) -> Path:
    return renamed(log, code.stem, str(code))


def package_and_file_of_task(log: Path, code: Path) -> Path:
    return renamed(log, f"somebodys_package/{code.stem}", str(code))


WAYS = (at_sign, whole_file, file_of_task, package_and_file_of_task)
Way = Callable[[Path, Path], Path]


@pytest.mark.parametrize("way", WAYS)
def test_python_that_a_log_names_is_not_run(
    plain: Path, code: Path, tmp_path: Path, way: Way
) -> None:
    strange = way(plain, code)
    told = outcome(strange, tmp_path / "out")
    assert told.outcome is None
    assert "is none of an installed package" in told.refused
    assert str(code) in told.refused
    assert "--trust" in told.refused
    with pytest.raises(PrerequisiteError, match="trust=true"):
        annotate_task(log=str(strange))
    assert not code.with_name("ran").exists()


@pytest.mark.parametrize("way", [at_sign, file_of_task])
def test_python_that_a_log_names_is_run_when_it_is_trusted(
    plain: Path, code: Path, tmp_path: Path, way: Way
) -> None:
    made = annotated(way(plain, code), tmp_path / "out", trust=True)
    assert code.with_name("ran").exists()
    assert set(frame(made)["quality"]) == {1.0}


def test_a_domain_grades_without_the_code_of_the_log(
    plain: Path, code: Path, tmp_path: Path
) -> None:
    from anytime.plugins import get_domain

    annotated(at_sign(plain, code), tmp_path / "out", domain=get_domain("aime"))
    assert not code.with_name("ran").exists()


def test_trust_is_yes_or_no(plain: Path) -> None:
    with pytest.raises(PrerequisiteError, match="trust is true or false, not 'perhaps'"):
        annotate_task(log=str(plain), trust="perhaps")  # type: ignore[arg-type]


ENDLESS = r"(.+)+\d{9}$"


def test_a_pattern_that_never_ends_is_ended(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = plain_log(run, sums(pattern(r"ANSWER: (\d+)"), includes()), log_format="json")
    held = json.loads(log.read_text())
    held["eval"]["scorers"][0]["options"]["pattern"] = ENDLESS
    log.write_text(json.dumps(held))
    monkeypatch.setattr("anytime.logs.inspect_ai.log_scorers.TimedSearch", _hasty)
    told = outcome(log, tmp_path / "out")
    assert told.outcome is None
    assert "whose scorer's pattern is not done with its texts" in told.refused
    assert "2 whose" in told.refused


def _hasty(pattern: str, flags: int) -> TimedSearch:
    return TimedSearch(pattern, flags, limit=0.05)


def test_a_pattern_that_ends_grades_as_ever(run: Run, tmp_path: Path) -> None:
    log = plain_log(run, sums(pattern(r"ANSWER: (\d+)")))
    with_limit = frame(annotated(log, tmp_path / "out"))
    without = frame(annotated(log, tmp_path / "trusting", trust=True))
    assert list(with_limit["quality"]) == list(without["quality"])
    assert 0 < with_limit["quality"].mean() < 1


@pytest.mark.skipif(sys.platform == "win32", reason="there is no clock of processor time")
def test_a_search_goes_on_after_one_that_was_ended() -> None:
    search = TimedSearch(r"(a+)+$", 0, limit=0.1)
    good, endless = ["aaa", "b"], ["a", "a" * 60 + "b"]
    found = search.ends([good, endless, good, endless, endless, good])
    assert found == [True, False, True, False, False, False]  # three times is enough
    assert search.late == 3
    assert search.ends([good, endless], late=2) == [True, False]
    assert search.ends([good], late=3) == [False]
    assert search.ends([good]) == [True]


def test_without_a_clock_of_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows: by the clock on the wall, with patience."""
    monkeypatch.setattr("anytime.logs.inspect_ai.timed_search._CLOCK", None)
    search = TimedSearch(r"(a+)+$", 0, limit=2.0)
    assert search.ends([["aaa", "b"]]) == [True]
    search._wall = 0.2
    assert search.ends([["aaa"], ["a" * 60 + "b"]]) == [True, False]


@pytest.mark.parametrize("bad", ["(", "(?P<x>a)(?P<x>b)", "a{99999999999}"])
def test_what_is_no_pattern_ends_at_once(bad: str) -> None:
    search = TimedSearch(bad, 0)
    assert search.ends([["some text"]]) == [True]
    assert search.ends([["some more"]]) == [True]


def _texts() -> list[Any]:
    return ["", "\ud800", "\x00", "a\nb", "é" * 10_000]


@pytest.mark.parametrize("text", _texts())
def test_any_text_is_searched(text: str) -> None:
    assert TimedSearch("(.*)", 0).ends([[text], [text]]) == [True, True]
