"""`anytime plan` on a real pilot, and on a guess."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anytime.cli import main
from anytime.commands.plan import _price
from anytime.programs.checkpoints import Checkpoint, Elicited
from anytime.results.spent import Spent
from tests.small_runs import Logs, Run, run_inspect, sentence


def test_a_pilot_tells_what_problems_and_traces_would_bring(run: Run, logs: Logs) -> None:
    code, out, _ = run("plan", logs["inspect_ai"], "--width", 0.1, "--json", "--price", 10)
    assert code == 0
    told = json.loads(out)
    assert told["problems"] == 5
    lines = told["lines"]
    widths = [line["width"] for line in lines]
    assert widths == sorted(widths, reverse=True)
    needed = [line["problems"] for line in lines]
    assert needed == sorted(needed, reverse=True)
    for line in lines:
        assert line["dollars"] == pytest.approx(line["tokens"] * 10 / 1e6)
    assert lines[1]["tokens"] / (needed[1] * 2) == pytest.approx(
        lines[0]["tokens"] / needed[0], rel=1e-6
    )
    code, out, _ = run("plan", logs["inspect_ai"], "--width", 0.1)
    assert "Traces alone cannot make it 0.1: more problems are needed." in out
    assert "is luck of the trace, the rest the problem." in out


def test_both_harnesses_tell_the_same_of_one_pilot(run: Run, logs: Logs) -> None:
    for log in logs.values():
        code, out, _ = run("plan", log, "--problems", 60, "--json")
        assert code == 0
        assert json.loads(out)["problems"] == 60


def test_a_difference_takes_a_pilot_of_both(run: Run, logs: Logs, tmp_path: Path) -> None:
    other = run_inspect(tmp_path / "other", seed=0, epochs=2)
    words = ("plan", logs["inspect_ai"], "--against", other, "--difference", 0.05, "--json")
    code, out, _ = run(*words)
    assert code == 0
    for line in json.loads(out)["lines"]:
        assert line["detectable"] >= 0
        assert line["problems"] is None or line["problems"] >= 2


def test_a_guess_instead_of_a_pilot(run: Run) -> None:
    code, out, _ = run("plan", "--spread", 0.4, "--quality", 0.6, "--width", 0.1)
    assert code == 0
    assert "problems for width 0.1" in " ".join(out.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "name a pilot run, or guess with --spread: one of them"),
        (("--spread", "0.7"), "--spread 0.7 is not above 0 and up to 0.50"),
        (("--spread", "0.3", "--difference", "0.1"), "name the other with --against"),
        (("--spread", "0.3", "--width", "2"), "--width 2 is not between 0 and 1"),
        (("--spread", "0.3", "--problems", "1"), "an interval takes two or more"),
    ],
)
def test_what_is_no_plan(run: Run, words: tuple[str, ...], told: str) -> None:
    assert told in sentence(run("plan", *words))


def test_it_is_listed_among_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "plan" in capsys.readouterr().out


def test_dollars_are_of_whole_traces_or_are_not_told() -> None:
    """A trace's own call stands at each budget after its end, and counts once."""
    asked = Checkpoint(8, "7", True, 8, 2, 0, "stop", seconds=1.0, cost=0.5)
    ends = [Checkpoint(b, "7", False, 12, 0, 0, "stop", cost=2.0) for b in (16, 32)]
    spent = Spent()
    spent.add(Elicited("interrupt", 12, "stop", (asked, *ends)))
    assert _price(spent) == (14, 2.5)
    # Of a trace that the largest budget cut off the own call is in no log.
    spent.add(Elicited("interrupt", 16, "length", (asked, asked)))
    assert _price(spent).dollars is None
    assert _price(Spent()) == (None, None)
