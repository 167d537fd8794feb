"""`anytime pairs` as users type it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import inspect_ai
import pytest

from anytime import cli
from anytime.domains.aime import AIME
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.tasks import trip
from anytime.plugins import get_domain
from anytime.preferences.opening import open_pool
from anytime.preferences.pairs import read_pairs, write_pairs
from anytime.preferences.pool_file import GrowingPool
from tests.pooling import INFO, pair, trace
from tests.pooling import problem as some_problem

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def log(tmp_path_factory: Any) -> Path:
    """A small real run."""
    folder = tmp_path_factory.mktemp("logs")
    (done,) = inspect_ai.eval(
        trip("builtin", budgets=[64, 128, 256, 1024]),
        "anytime/planner",
        limit=4,
        epochs=4,
        log_dir=str(folder),
        display="none",
    )
    return Path(done.location.removeprefix("file://"))


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Run:
    """The command in this process: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def command(*words: object) -> tuple[int, str, str]:
        code = 0
        try:
            cli.main(["pairs", *map(str, words)])
        except SystemExit as stop:
            code = int(stop.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


def test_build_show_stats_and_export(run: Run, log: Path, tmp_path: Path) -> None:
    code, out, err = run("build", log, "-o", "pairs.jsonl", "--per-budget", 2)
    assert code == 0, err
    assert "written to pairs.jsonl" in out
    pairs = read_pairs(tmp_path / "pairs.jsonl", get_domain)
    assert {pair.domain for pair in pairs} == {"trip"}
    assert "16 traces" in out

    code, out, err = run("stats", "pairs.jsonl")
    assert (code, err) == (0, "")
    shown = [pair for pair in pairs if not pair.runner_up]
    assert 0 < len(shown) < len(pairs)
    assert f"│ {len(shown)} │" in " ".join(out.split())
    assert f"│ {len(pairs) - len(shown)} │" in " ".join(out.split())
    assert "model: anytime/planner" in out
    assert "dataset: builtin (seed 0)" in out
    assert f"{pairs[0].pool.tokens:,} tokens" in out

    code, out, err = run("show", "pairs.jsonl", "--full")
    assert (code, err) == (0, "")
    for one in pairs:
        assert f"{one.problem} at {one.budget} tokens" in out
        for line in (one.chosen.text + "\n" + one.rejected.text).splitlines():
            assert line in out
    budget = pairs[-1].budget
    _, some, _ = run("show", "pairs.jsonl", "--budget", budget)
    assert some.count("rejected: quality") == sum(pair.budget == budget for pair in pairs)
    assert len(some) < len(out)

    code, out, err = run("export", log, "--format", "trl", "-o", "train.jsonl", "--most", 3)
    assert code == 0, err
    rows = [json.loads(line) for line in (tmp_path / "train.jsonl").read_text().splitlines()]
    assert f"{len(rows)} pairs written to train.jsonl" in out
    assert all(row["chosen_quality"] > row["rejected_quality"] for row in rows)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["pairs.jsonl", "train.jsonl"]


def test_a_pool_of_anytime_is_read(run: Run, tmp_path: Path) -> None:
    growing = GrowingPool(tmp_path / "own.jsonl", INFO)
    for draw in (1, 2):
        growing.add(trace(some_problem("a"), draw, [draw / 2, 0.5]))
    growing.finish()
    code, out, err = run("build", "own.jsonl", "-o", "pairs.jsonl")
    assert code == 0, err
    assert "no pair at 16 tokens" in err
    assert "1 problems, 2 traces" in out


def test_stats_tell_how_many_pairs_teach_format_alone(run: Run, tmp_path: Path) -> None:
    one, other = some_problem("a"), some_problem("b")
    empty = trace(one, 1, [0.0, 0.0])
    points = (empty.points[0]._replace(read=False), empty.points[1])
    growing = GrowingPool(tmp_path / "own.jsonl", INFO)
    for made in (replace(empty, points=points), trace(one, 2, [1.0, 1.0])):
        growing.add(made)
    growing.finish()
    code, out, err = run("build", "own.jsonl", "-o", "pairs.jsonl")
    assert code == 0, err
    told = (
        "read: 1 of 2 pairs (50%) have an answer on both sides; 1 (50%) teach format alone, since "
        "one side has none that could be read"
    )
    assert told in out
    assert "│ 0% │" in " ".join(out.split())
    assert "│ 100% │" in " ".join(out.split())
    _, out, _ = run("stats", "pairs.jsonl")
    assert told in out
    _, out, _ = run("show", "pairs.jsonl")
    assert out.count("rejected: quality 0.000, trace 1, no answer could be read") == 1

    # Of another problem there is a pair of answers: it goes first.
    growing = GrowingPool(tmp_path / "more.jsonl", INFO)
    for made in (
        replace(empty, points=points),
        trace(one, 2, [1.0, 1.0]),
        trace(other, 1, [0.25, 0.0]),
        trace(other, 2, [0.5, 0.0]),
    ):
        growing.add(made)
    growing.finish()
    code, out, _ = run("build", "more.jsonl", "-o", "more-pairs.jsonl")
    assert "read: 2 of 2 pairs (100%) have an answer on both sides" in out
    assert "format alone" not in out
    _, out, _ = run("show", "more-pairs.jsonl")
    assert "a at 8 tokens, a runner-up" in out


def test_stats_of_a_file_of_before_do_not_guess(run: Run, tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs.jsonl", [pair(AIME, "What is 1 + 1?")])
    _, out, _ = run("stats", "pairs.jsonl")
    assert "read: this file does not tell whether answers could be read; build it again" in out
    assert "│ ? │" in " ".join(out.split())


def test_two_logs_are_one_pool(run: Run, log: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.eval"
    copy.write_bytes(log.read_bytes())
    code, out, err = run("build", log, copy, "-o", "pairs.jsonl")
    assert code == 0, err
    assert "4 problems, 32 traces" in out
    code, out, err = run("build", log, log, "-o", "more.jsonl")
    assert code == 2
    assert "is named twice" in err


def sentence(told: tuple[int, str, str]) -> str:
    """The only thing that was said."""
    code, out, err = told
    assert code == 2
    assert out == ""
    assert err.startswith("anytime: ")
    assert err.count("\n") == 1
    return err


def test_an_existing_file_is_kept_unless_forced(run: Run, log: Path, tmp_path: Path) -> None:
    for words in (["build"], ["export", "--format", "trl"]):
        there = tmp_path / "there.jsonl"
        there.write_text("mine")
        told = run(*words, tmp_path / "no such log", "-o", there)  # it is not even looked for
        assert "there.jsonl is there already: name another file, or add --force" in sentence(told)
        assert there.read_text() == "mine"
        code, _, err = run(*words, log, "-o", there, "--force")
        assert code == 0, err
        assert there.read_text() != "mine"


def test_where_nothing_can_be_written_nothing_is_read(run: Run, log: Path, tmp_path: Path) -> None:
    assert "is a directory" in sentence(run("build", "no log", "-o", tmp_path))
    assert "there is no directory" in sentence(run("build", "no log", "-o", "a/b.jsonl"))
    copy = tmp_path / "copy.eval"
    copy.write_bytes(log.read_bytes())
    told = sentence(run("build", copy, "-o", copy, "--force"))
    assert "is one of the logs" in told
    assert copy.read_bytes() == log.read_bytes()


def test_a_failure_leaves_nothing(run: Run, log: Path, tmp_path: Path) -> None:
    (tmp_path / "kept.jsonl").write_text("mine")
    told = run("build", log, "-o", "kept.jsonl", "--force", "--min-gap", 1)
    assert "no budget has a gap of 1.0 or more in quality" in sentence(told)
    told = run("export", log, "--format", "trl", "-o", "new.jsonl", "--min-gap", 1)
    assert "no pair to export" in sentence(told)
    assert [p.name for p in tmp_path.iterdir()] == ["kept.jsonl"]
    assert (tmp_path / "kept.jsonl").read_text() == "mine"


FOREIGN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is no run: name a log of Inspect AI"),
    "binary": (b"\x00\xff\xfe\xfd", "is no run: name a log of Inspect AI"),
    "text": (b"Dear diary\n", "is no run: name a log of Inspect AI"),
    "other JSON": (b'{"a": 1}', "is no run: name a log of Inspect AI"),
    "pairs": (b'{"format": "anytime pair 1"}\n', "holds pairs already: name the log"),
    "a damaged pool": (b'{"format": "anytime pool 1", "x": 1}\n', "is no pool of anytime"),
    "a zip": (b"PK\x03\x04", "is no log of Inspect AI, or a damaged one"),
    "half a log": (b'{"version": 2, "status": "success", "eval": {', "is no log of Inspect AI"),
    "samples": (b'{"doc_id": 0, "doc": {}}', "is not named as lm-eval names its samples"),
}


@pytest.mark.parametrize(("content", "told"), FOREIGN.values(), ids=list(FOREIGN))
def test_what_is_no_run_is_refused(run: Run, tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "thing").write_bytes(content)
    assert told in sentence(run("build", "thing", "-o", "pairs.jsonl"))
    assert not (tmp_path / "pairs.jsonl").exists()


def test_a_missing_log_and_a_directory_without_one_are_refused(run: Run, tmp_path: Path) -> None:
    assert "there is no log nowhere" in sentence(run("build", "nowhere", "-o", "pairs.jsonl"))
    (tmp_path / "empty").mkdir()
    told = sentence(run("build", "empty", "-o", "pairs.jsonl"))
    assert "empty is a directory without a log of Inspect AI or lm-eval" in told


def test_a_damaged_file_of_pairs_is_one_sentence(run: Run, tmp_path: Path) -> None:
    for action in ("show", "stats"):
        assert "there is no file of pairs" in sentence(run(action, "nowhere.jsonl"))
    write_pairs(tmp_path / "pairs.jsonl", [pair(AIME, "What is 1 + 1?")])
    told = sentence(run("show", "pairs.jsonl", "--budget", 512))
    assert "has no pair at budget 512, only 8" in told


def test_odd_text_is_printed_as_it_is(run: Run, tmp_path: Path) -> None:
    odd = pair(AIME, "What is [bold]1[/bold]?", good="[red]Not \ud800 markup[/red] " + "x" * 300)
    write_pairs(tmp_path / "pairs.jsonl", [odd, replace(odd, budget=16, judge="self")])
    code, out, err = run("show", "pairs.jsonl")
    assert (code, err) == (0, "")
    assert "What is [bold]1[/bold]?" in out
    assert "[red]Not ? markup[/red] " + "x" * 300 in out
    assert "judged by self" in out


def test_the_judge_and_its_model_go_together(run: Run, log: Path) -> None:
    told = sentence(run("build", log, "-o", "pairs.jsonl", "--judge", "self"))
    assert "name it with --model" in told
    told = sentence(run("build", log, "-o", "pairs.jsonl", "--model", "some/model"))
    assert "--model names the judge of --judge self" in told


def test_the_model_judges_where_it_is_asked_to(
    run: Run, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    words = ["--judge", "self", "--model", "anytime/simulated"]
    code, _, err = run("build", log, "-o", "pairs.jsonl", *words)
    assert code == 0, err
    assert "the metric orders 100% of them alike" in err
    pairs = read_pairs(tmp_path / "pairs.jsonl", get_domain)
    assert {one.judge for one in pairs} == {"self"}


@pytest.mark.parametrize(
    "words",
    [
        ["--per-budget", "0"],
        ["--per-budget", "two"],
        ["--min-gap", "1.5"],
        ["--min-gap", "nan"],
        ["--judge", "me"],
    ],
)
def test_wrong_options_are_refused_by_name(run: Run, log: Path, words: list[str]) -> None:
    code, _, err = run("build", log, "-o", "pairs.jsonl", *words)
    assert code == 2
    assert f"argument {words[0]}" in err


@pytest.mark.parametrize("action", ["build", "show", "stats", "export"])
def test_help_teaches_with_an_example(run: Run, action: str) -> None:
    code, out, _ = run(action, "--help")
    assert code == 0
    assert f"  anytime pairs {action} " in out
    assert max(map(len, out.splitlines())) <= 100


def test_open_pool_refuses_by_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(AnytimeError, match="there is no log"):
        open_pool(tmp_path / "nowhere")


@pytest.mark.slow
def test_the_console_command_runs(log: Path, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("anytime")), "pairs"]
    done = subprocess.run(
        [*command, "build", log, "-o", "pairs.jsonl"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    done = subprocess.run(
        [sys.executable, "-m", "anytime.cli", "pairs", "build", log, "-o", "pairs.jsonl"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("anytime: pairs.jsonl is there already")
