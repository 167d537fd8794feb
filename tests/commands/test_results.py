"""`anytime results` and `anytime summary` as users type them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from inspect_ai.log import EvalSampleLimit

from anytime.logs.opening import open_runs
from anytime.logs.tables import read_rows
from anytime.results.curves import iter_rows
from anytime.results.loading import frame
from anytime.results.summary import summaries
from tests.small_runs import Logs, Run, edit, run_inspect, sentence


def test_results_are_written_in_every_format(run: Run, logs: Logs, tmp_path: Path) -> None:
    for suffix in (".jsonl", ".parquet", ".csv"):
        code, out, err = run("results", *logs.values(), "-o", f"rows{suffix}")
        assert (code, err) == (0, "")
        assert out == f"120 rows of 2 runs written to rows{suffix}\n"
    rows = list(iter_rows(logs.values()))
    assert list(read_rows(tmp_path / "rows.jsonl")) == rows
    assert list(read_rows(tmp_path / "rows.parquet")) == rows
    table = frame(logs.values())
    read = pd.read_csv(tmp_path / "rows.csv", dtype=dict(table.dtypes))
    pd.testing.assert_frame_equal(read, table)


def test_summary_has_one_line_per_run(run: Run, logs: Logs) -> None:
    code, out, err = run("summary", *logs.values())
    assert (code, err) == (0, "")
    head, _, *lines = [line for line in out.splitlines() if line.strip()]
    told = lines[len(logs) :]
    assert told[0] == (
        "95 % intervals take the problems as a sample of such problems (population=problems)."
    )
    (tokens,) = [line for line in told if line.startswith("Tokens of a forced answer")][:1]
    first = summaries(open_runs(logs.values()))[0]
    assert tokens.endswith(
        ": " + ", ".join(f"{mean:.1f} at {b}" for b, mean in first.answer_tokens.items()) + "."
    )
    words = "task model method problems traces index 95 % final average drift overthinking unparsed"
    assert head.split() == words.split()
    for line, one in zip(lines, summaries(open_runs(logs.values())), strict=False):
        numbers = one.summary
        low, high = numbers.interval
        assert line.split() == [
            one.key.task,
            one.key.model,
            "cot",
            "5",
            "15",
            f"{numbers.anytime_index:.3f}",
            f"{low:.3f}-{high:.3f}",
            f"{numbers.final:.3f}",
            f"{numbers.average:.3f}",
            f"{numbers.drift:.3f}",
            f"{numbers.overthinking:.3f}",
            f"{one.unparsed:.3f}",
        ]


def test_the_curve_with_its_answer_tokens_is_shown_where_it_is_asked_for(
    run: Run, logs: Logs
) -> None:
    log = logs["inspect_ai"]
    _, plain, _ = run("summary", log)
    code, out, _ = run("summary", log, "--curve")
    assert code == 0
    assert out.startswith(plain.rstrip())
    (one,) = json.loads(run("summary", log, "--json")[1])
    shown = [line.split() for line in out[len(plain) :].splitlines() if line.strip()]
    rows = [row for row in shown if row[0].isdigit() and len(row) < 7]  # not what is missing
    assert [row[:2] for row in rows] == [[b, f"{q:.3f}"] for b, q in one["quality"].items()]
    told = {row[0]: row[3] for row in rows if len(row) == 4}
    assert told == {b: f"{tokens:.1f}" for b, tokens in one["answer_tokens"].items()}
    assert told


def test_summary_as_json_has_all_digits(run: Run, logs: Logs) -> None:
    code, out, _ = run("summary", *logs.values(), "--json")
    assert code == 0
    assert json.loads(out) == [one.to_json() for one in summaries(open_runs(logs.values()))]


def test_what_was_left_out_is_told(run: Run, tmp_path: Path) -> None:
    def spoil(log: Any, samples: list[Any]) -> None:
        samples[0].store["anytime"] = {}
        samples[0].limit = EvalSampleLimit(type="token", limit=10)
        samples[1].scores["curve"].value["q@32"] = 0.123

    path = edit(run_inspect(tmp_path), spoil)
    for words in (["results", path, "-o", "rows.csv"], ["summary", path]):
        code, _, err = run(*words)
        assert code == 0
        assert f"1 sample of {path} left out: 1 stopped by its token limit\n" in err
        assert f"1 of {path} graded otherwise than in the log" in err


def test_an_existing_file_is_kept_unless_forced(run: Run, logs: Logs, tmp_path: Path) -> None:
    there = tmp_path / "there.csv"
    there.write_text("mine")
    told = sentence(run("results", tmp_path / "no such log", "-o", there))
    assert "there.csv is there already: name another file, or add --force" in told
    assert there.read_text() == "mine"
    code, _, err = run("results", logs["lm_eval"], "-o", there, "--force")
    assert (code, err) == (0, "")
    assert there.read_text() != "mine"


def test_where_nothing_can_be_written_nothing_is_read(run: Run, tmp_path: Path) -> None:
    for name in ("rows.xlsx", "rows.json"):
        told = sentence(run("results", "no log", "-o", name))
        assert f"{name}: name a file that ends in one of .jsonl, .parquet, .csv" in told
    assert "there is no directory" in sentence(run("results", "no log", "-o", "a/b.csv"))
    (tmp_path / "rows").write_text("a file")  # a name without an end is a dataset's
    assert "is a file: name a directory" in sentence(run("results", "no log", "-o", "rows"))
    (tmp_path / "dir.csv").mkdir()
    assert "is a directory" in sentence(run("results", "no log", "-o", "dir.csv"))


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet", ".csv"])
def test_a_damaged_log_leaves_nothing(run: Run, logs: Logs, tmp_path: Path, suffix: str) -> None:
    for file in logs["lm_eval"].parent.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    samples = tmp_path / logs["lm_eval"].name
    samples.write_bytes(samples.read_bytes()[:-900])
    before = sorted(tmp_path.iterdir())
    told = sentence(run("results", logs["inspect_ai"], samples, "-o", f"rows{suffix}"))
    assert "line 5 is damaged" in told
    assert sorted(tmp_path.iterdir()) == before
    code, out, err = run("summary", logs["inspect_ai"], samples)
    assert (code, "line 5 is damaged" in err) == (2, True)
    assert "anytime/trip" in out  # the other is worth seeing all the same


@pytest.mark.parametrize("command", ["results", "summary"])
def test_a_missing_log_and_one_named_twice(run: Run, logs: Logs, command: str) -> None:
    output = ["-o", "rows.csv"] if command == "results" else []
    assert "there is no log nowhere" in sentence(run(command, "nowhere", *output))
    log = logs["lm_eval"]
    assert "is named twice" in sentence(run(command, log, log.parent, *output))


@pytest.mark.parametrize("command", ["results", "summary"])
def test_help_teaches_with_an_example(run: Run, command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"  anytime {command} logs/" in out
    assert max(map(len, out.splitlines())) <= 100


def test_the_console_command_runs(logs: Logs, tmp_path: Path) -> None:
    command = str(Path(sys.executable).with_name("anytime"))
    done = subprocess.run(
        [command, "summary", *logs.values()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "anytime/trip" in done.stdout
    done = subprocess.run(
        [command, "summary", "nowhere"], cwd=tmp_path, capture_output=True, text=True, timeout=600
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "anytime: there is no log nowhere\n"


def test_what_is_missing_is_told_by_budget(logs: Logs, run: Run) -> None:
    for name in ("inspect_ai", "lm_eval"):
        code, out, err = run("summary", logs[name], "--json")
        assert code == 0, err
        (one,) = json.loads(out)
        shares = one["missing"]["shares"]
        assert list(shares) == ["right", "unfinished", "never", "cut off", "lost", "unparsed"]
        for budget, quality in one["quality"].items():
            assert sum(share[budget] for share in shares.values()) == pytest.approx(1)
            assert shares["right"][budget] == pytest.approx(quality)
        assert one["missing"]["unknown_whether_ended"] == 0
        assert one["missing"]["traces_at_least"] == 3
    code, out, _ = run("summary", logs["inspect_ai"], "--curve")
    assert "Never solved in 3 at the largest budget:" in out
