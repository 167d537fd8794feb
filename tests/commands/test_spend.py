"""`anytime spend` on real runs, and on what is none."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import read_eval_log

from tests.small_runs import Logs, Run, run_inspect, run_lm_eval

Made = Callable[..., Path]
GRID = [32, 64, 128, 256]


def spent(run: Run, *words: object) -> dict[str, Any]:
    code, out, err = run("spend", *words, "--json")
    assert code == 0, err
    (found,) = json.loads(out)
    return found


def quality(found: dict[str, Any], strategy: str) -> dict[int, float]:
    (one,) = (one for one in found["strategies"] if one["strategy"] == strategy)
    return dict(zip(one["budgets"], one["quality"], strict=True))


@pytest.mark.parametrize(
    "make", [run_inspect, pytest.param(run_lm_eval, marks=pytest.mark.slow)], ids=["inspect", "lm"]
)
def test_a_live_vote_is_the_spent_pool_of_its_own_traces(
    make: Made, tmp_path: Path, run: Run
) -> None:
    """Three traces of a problem vote; a vote of three has the same three traces."""
    several = "traces" if make is run_lm_eval else "epochs"
    pool = make(tmp_path / "pool", "aime", **{several: 3})
    live = make(
        tmp_path / "live", "aime", **{several: 1}, mode="vote", k=3, budgets=[3 * b for b in GRID]
    )
    found = spent(run, pool, "--k", "1,3")
    code, out, _ = run("summary", live, "--json")
    (summed,) = json.loads(out)
    assert code == 0
    assert summed["mode"] == "vote:3"
    told = {int(budget): value for budget, value in summed["quality"].items()}
    assert quality(found, "vote:3") == pytest.approx(told)
    # What was spent: the traces of the largest budget, and all forced answers.
    assert summed["spent"]["calls"] > 3 * 5
    if make is run_inspect:
        log = read_eval_log(str(live))
        (usage,) = log.stats.model_usage.values()
        assert summed["spent"]["tokens_per_trace"] * 5 == usage.output_tokens


def test_the_table_and_its_sentences(logs: Logs, run: Run) -> None:
    code, out, err = run("spend", logs["inspect_ai"])
    assert code == 0, err
    for words in ("1 trace", "vote 2", "oracle", "chosen on", "Tokens really spent"):
        assert words in out
    table, _, _ = out.partition("Budgets are totals")
    assert max(map(len, table.splitlines())) <= 80


def test_a_vote_of_trips_reads_plans(logs: Logs, run: Run) -> None:
    """Equal plans are equal answers, whatever stands around them."""
    found = spent(run, logs["inspect_ai"])
    assert found["unread"] < 1
    assert quality(found, "interrupt")[256] == pytest.approx(
        json.loads(run("summary", logs["inspect_ai"], "--json")[1])[0]["quality"]["256"]
    )


def test_rows_are_runs_like_any(logs: Logs, tmp_path: Path, run: Run) -> None:
    code, out, err = run("spend", logs["inspect_ai"], "--k", "1,2", "-o", tmp_path / "spent")
    assert code == 0, err
    one, two = tmp_path / "spent/interrupt.parquet", tmp_path / "spent/vote-2.parquet"
    code, out, err = run("compare", one, two, "--budget", 256)
    assert code == 0, err
    assert "vote:2" in out
    code, out, err = run("spend", logs["inspect_ai"], "--k", "1,2", "-o", tmp_path / "all.csv")
    assert code == 0, err
    code, out, err = run("summary", tmp_path / "all.csv", "--json")
    assert code == 0, err
    assert [each["mode"] for each in json.loads(out)] == ["interrupt", "vote:2", "oracle:2"]
    found = spent(run, logs["inspect_ai"], "--k", "1,2")
    for each in json.loads(out):
        told = quality(found, each["mode"])
        for budget, value in each["quality"].items():
            assert value == pytest.approx(told[int(budget)])


def table(path: Path, **columns: list[Any]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


COLUMNS = "problem=p,budget=b,quality=q,trace=t"


def test_a_table_of_somebody_else_s_with_answers(tmp_path: Path, run: Run) -> None:
    """Three traces, two budgets, one problem: worked out by hand."""
    made = table(
        tmp_path / "theirs.csv",
        p=["x"] * 6 + ["y"] * 6,
        t=[1, 1, 2, 2, 3, 3] * 2,
        b=[10, 20] * 6,
        a=["7", "8", "8", "8", "9", "8", "1", "2", "2", "2", "1", "1"],
        q=[0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 1, 1],
    )
    found = spent(run, made, "--columns", f"{COLUMNS},answer=a", "--k", "1,2,3")
    # x at 10: one right of three; two tie; three tie. At 20 all are right. y at 10: 1, 2, 1.
    assert quality(found, "unknown")[10] == pytest.approx((1 / 3 + 2 / 3) / 2)
    assert quality(found, "vote:2")[20] == pytest.approx((1 / 3 + (1 + 0.5 + 0.5) / 3) / 2)
    assert quality(found, "vote:3")[30] == pytest.approx((1 / 3 + 1) / 2)
    assert quality(found, "vote:3")[60] == pytest.approx((1 + 0) / 2)
    assert quality(found, "oracle:2")[20] == pytest.approx((2 / 3 + 1) / 2)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (None, "holds no answers that could be compared, qualities alone: name their column"),
        (["C", "I", "I", "C"] * 2, "are verdicts of the scorer table (C, I)"),
    ],
)
def test_answers_that_say_nothing(
    answers: list[str] | None, told: str, tmp_path: Path, run: Run
) -> None:
    columns: dict[str, list[Any]] = {
        "p": ["x"] * 4 + ["y"] * 4,
        "t": [1, 1, 2, 2] * 2,
        "b": [10, 20] * 4,
        "q": [1, 0, 0, 1] * 2,
    }
    if answers:
        columns["a"] = answers
    made = table(tmp_path / "theirs.csv", **columns)
    named = COLUMNS + (",answer=a" if answers else "")
    code, out, err = run("spend", made, "--columns", named)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1


def test_whole_texts_in_place_of_answers_are_told(tmp_path: Path, run: Run) -> None:
    made = table(
        tmp_path / "theirs.csv",
        p=["x"] * 8,
        t=[1, 1, 2, 2, 3, 3, 4, 4],
        b=[10, 20] * 4,
        a=[f"I think that {word}" for word in "abcdefgh"],
        q=[0, 1] * 4,
    )
    code, out, err = run("spend", made, "--columns", f"{COLUMNS},answer=a")
    assert code == 0, err
    assert "Nearly all answers of a problem differ from each other" in " ".join(out.split())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--k", "4"], "k=4 needs as many traces of every problem, and"),
        (["--k", "0,2"], "--k 0,2 is no list of whole numbers from 1 on"),
        (["--k", "two"], "--k two is no list of whole numbers from 1 on"),
        (["-o", "rows.txt"], "rows.txt: name a file that ends in one of"),
    ],
)
def test_what_cannot_be_spent(words: list[str], told: str, logs: Logs, run: Run) -> None:
    code, _, err = run("spend", logs["inspect_ai"], *words)
    assert code == 2
    assert told in err
    assert err.count("\n") == 1


def test_one_trace_and_a_contract_are_no_pool(tmp_path: Path, run: Run) -> None:
    single = run_inspect(tmp_path / "one", "aime", epochs=1)
    code, _, err = run("spend", single)
    assert code == 2
    assert "has one trace of some problem" in err
    told = run_inspect(tmp_path / "told", "aime", mode="contract")
    code, _, err = run("spend", told)
    assert code == 2
    assert "mode=contract: each budget has traces of its own" in err
    shared = run_inspect(tmp_path / "shared", "aime", mode="vote", k=2)
    code, _, err = run("spend", shared)
    assert code == 2
    assert "mode=vote:2: each budget has traces of its own" in err


def test_a_terminal_is_told_of_work_before_its_result(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Drawing the figures of many runs takes seconds: something is said before, on a terminal."""
    rows: dict[str, list[Any]] = {"p": [], "b": [], "q": [], "model": []}
    for model in "abcd":
        for problem in range(3):
            for budget in (10, 20):
                for name, value in zip(rows, (problem, budget, budget > 10, model), strict=True):
                    rows[name].append(value)
    made = table(tmp_path / "four.csv", **rows)
    named = "problem=p,budget=b,quality=q,model=model"
    code, out, err = run("report", made, "--columns", named, "-o", "quiet.html")
    assert (code, err) == (0, "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    code, out, err = run("report", made, "--columns", named, "-o", "loud.html")
    assert code == 0
    assert "anytime: drawing the figures of 4 runs\n" in err
    assert out.startswith("4 runs written to loud.html")
