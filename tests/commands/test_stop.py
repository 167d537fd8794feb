"""`anytime stop` on real runs of both harnesses, and on tables of somebody else's."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from anytime.cli import main
from anytime.results.curves import iter_rows, write_jsonl
from tests.small_runs import BUDGETS, Logs, Run, run_inspect, sentence

COLUMNS = "problem=q,budget=b,quality=right,answer=said"
ROWS = [
    # Two problems: the first is right from 20 on, the second changes its mind to the worse.
    *({"q": "p", "b": b, "right": b >= 20, "said": "x" if b >= 20 else "y"} for b in (10, 20, 30)),
    *({"q": "r", "b": b, "right": b < 30, "said": "z" if b < 30 else "w"} for b in (10, 20, 30)),
]


def table(folder: Path, rows: list[dict[str, object]]) -> Path:
    path = folder / "theirs.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_table_of_somebody_elses(run: Run, tmp_path: Path) -> None:
    path = table(tmp_path, ROWS)
    words = ("stop", path, "--columns", COLUMNS, "--rule", "stable:2", "--rule", "fixed:20")
    code, out, _ = run(*words, "--rule", "vote", "--json")
    assert code == 0
    (told,) = json.loads(out)
    stable, fixed, vote = told["rules"]
    # p stops at 30 with x, r at 20 with z: both right, after 25 tokens on average.
    assert (stable["quality"], stable["tokens"], stable["early"]) == (1, 25, 0.5)
    assert (stable["fixed"]["low"], stable["fixed"]["high"]) == (20, 30)
    assert (stable["fixed"]["share"], stable["fixed"]["quality"]) == (0.5, 0.75)
    assert stable["difference"]["difference"] == 0.25
    assert (fixed["quality"], fixed["cost"], fixed["difference"]["difference"]) == (1, 20, 0)
    assert (vote["quality"], vote["tokens"], vote["early"]) == (1, 30, 0)
    assert told["budgets"] == [10, 20, 30]
    code, out, _ = run(*words)
    assert code == 0
    assert "2 problems, 2 traces, asked at 10, 20, 30." in out
    assert "stable:2 is better by 0.250 than a fixed budget of equal mean tokens" in out
    assert "Nobody told the tokens of up to 5 forced answers" in out
    assert "Tokens of 6 checkpoints are not told: the budget counts." in out


@pytest.mark.parametrize("harness", ["inspect_ai", "lm_eval"])
def test_a_run_of_a_harness(run: Run, logs: Logs, harness: str) -> None:
    rules = ("stable:2", "dynasor:2", "vote", f"fixed:{BUDGETS[-1]}", "stable:2..3")
    words = [word for text in rules for word in ("--rule", text)]
    code, out, err = run("stop", logs[harness], *words, "--json")
    assert (code, err) == (0, "")
    (told,) = json.loads(out)
    by_name = {one["written"]: one for one in told["rules"]}
    assert (told["problems"], told["traces"], told["budgets"]) == (5, 15, BUDGETS)
    whole = by_name[f"fixed:{BUDGETS[-1]}"]
    # By the rows themselves.
    rows = list(iter_rows(logs[harness]))
    last = [row for row in rows if row.budget == BUDGETS[-1]]
    assert whole["quality"] == pytest.approx(sum(row.quality for row in last) / len(last))
    assert whole["tokens"] == pytest.approx(sum(row.tokens or 0 for row in last) / len(last))
    forced = sum(row.answer_tokens or 0 for row in last)
    assert whole["probe_tokens"] == pytest.approx(forced / len(last))
    asked = sum(row.answer_tokens or 0 for row in rows)
    assert by_name["vote"]["probe_tokens"] == pytest.approx(asked / len(last))
    assert by_name["vote"]["unknown"] == 0
    assert by_name["stable:2"]["tokens"] < whole["tokens"]
    assert len(by_name["stable:2..3"]["chosen"]) == 2
    assert "These budgets double" in told["told"][0]


def test_the_table_fits_80_columns(run: Run, logs: Logs) -> None:
    _, out, _ = run("stop", *logs.values(), "--rule", "stable:2..3", "--rule", "fixed:256")
    lines = out.splitlines()
    tables = [line for line in lines if line.startswith(("rule ", "stable:2..3  ", "fixed:256  "))]
    assert len(tables) == 6
    assert max(map(len, tables)) <= 80
    assert out.count("asked at 32, 64, 128, 256") == 2


def test_fewer_probes_cost_less(run: Run, logs: Logs) -> None:
    words = ("stop", logs["inspect_ai"], "--rule", "vote", "--json")
    dense, sparse = (json.loads(run(*words, *more)[1])[0] for more in ((), ("--budgets", "64,256")))
    assert sparse["budgets"] == [64, 256]
    assert sparse["rules"][0]["probe_tokens"] < dense["rules"][0]["probe_tokens"]


def test_logprobs_are_kept_for_rules_of_confidence(run: Run, tmp_path: Path) -> None:
    log = run_inspect(tmp_path / "sure", "gpqa", logprobs=True)
    code, out, _ = run("stop", log, "--rule", "confident:0.9", "--json")
    assert code == 0
    (told,) = json.loads(out)
    # The built-in models are certain of every token.
    assert told["rules"][0]["tokens"] <= BUDGETS[0]
    forced = [row for row in iter_rows(log) if row.forced]
    assert {row.probability for row in forced} == {1.0}
    assert {row.probability for row in iter_rows(log) if not row.forced} <= {None}


def test_probabilities_of_a_table(run: Run, tmp_path: Path) -> None:
    sure = iter([0.5, 0.9, 0.9, 0.95, 0.2, 0.2])
    path = table(tmp_path, [row | {"p": next(sure)} for row in ROWS])
    words = ("stop", path, "--columns", f"{COLUMNS},probability=p", "--rule", "confident:0.9")
    (told,) = json.loads(run(*words, "--json")[1])
    assert (told["rules"][0]["quality"], told["rules"][0]["tokens"]) == (1, 15)
    assert "the probability" not in " ".join(told["told"])
    some = iter([None, 0.9, 0.9, 0.95, None, None])
    table(tmp_path, [row | {"p": next(some)} for row in ROWS])
    (told,) = json.loads(run(*words, "--json")[1])
    assert "Of 3 of 6 forced answers nobody told the probability" in " ".join(told["told"])


def test_what_is_refused(run: Run, logs: Logs, tmp_path: Path) -> None:
    log = logs["lm_eval"]
    assert "name a rule, such as --rule stable:2" in sentence(run("stop", log))
    told = sentence(run("stop", log, "--rule", "confident:0.9"))
    assert "confident:0.9 needs the token probabilities of forced answers" in told
    told = sentence(run("stop", log, "--rule", "stable:2", "--budgets", "32,100"))
    assert "was not asked at 100: choose among 32, 64, 128, 256" in told
    told = sentence(run("stop", log, "--rule", "stable:2", "--scorer", "nobody"))
    assert "no run has a scorer nobody: there is trip" in told
    told = sentence(run("stop", log, "--rule", "fixed:100"))
    assert "fixed:100 asks at a budget that the run was not asked at" in told
    bare = [{k: v for k, v in row.items() if k != "said"} for row in ROWS]
    path = table(tmp_path, bare)
    words = ("--columns", "problem=q,budget=b,quality=right", "--rule")
    assert "a table as --columns answer=COLUMN" in sentence(run("stop", path, *words, "vote"))
    assert run("stop", path, *words, "fixed:20")[0] == 0  # it needs no answers
    path = table(tmp_path, ROWS)
    told = sentence(run("stop", path, "--columns", COLUMNS, "--rule", "dynasor:2"))
    assert "the texts of forced answers, which stand in logs and in no table" in told


def test_a_scorers_verdict_is_no_answer(run: Run, tmp_path: Path) -> None:
    """It knows what is right, and a rule may not."""
    path = table(tmp_path, [row | {"said": "C" if row["right"] else "I"} for row in ROWS])
    told = sentence(run("stop", path, "--columns", COLUMNS, "--rule", "stable:2"))
    assert "its scorer left its verdicts in their place" in told
    assert "Score(answer=...)" in told


@pytest.mark.parametrize("options", [{"mode": "contract"}, {"mode": "vote", "k": 2}])
def test_runs_whose_budgets_are_not_of_one_trace_are_refused(
    run: Run, tmp_path: Path, options: dict[str, Any]
) -> None:
    log = run_inspect(tmp_path / "other", **options)
    told = sentence(run("stop", log, "--rule", "stable:2"))
    assert f"is of mode {options['mode']}" in told
    assert "whose budgets are not spent by one trace" in told


def test_where_nobody_was_asked_it_is_said_that_probes_were_free(
    run: Run, logs: Logs, tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    write_jsonl(path, (r._replace(mode="intrace") for r in iter_rows(logs["inspect_ai"])))
    code, out, _ = run("stop", path, "--rule", "stable:2")
    assert code == 0
    assert "Nobody was asked: what stands in each beginning of a trace was graded" in out


def test_it_is_listed_among_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "anytime stop " in capsys.readouterr().out
