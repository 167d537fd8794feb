"""`anytime compare` on real runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.log import read_eval_log, write_eval_log

from anytime.cli import main
from anytime.hosts.inspect_ai.tasks import aime, trip

BUDGETS = [32, 128, 512]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A slow and a fast simulated reasoner on the same problems, and two runs of others."""
    folder = tmp_path_factory.mktemp("logs")
    runs = {
        "slow": (aime("builtin", budgets=BUDGETS), {"solve_tokens": 400}, 30),
        "fast": (aime("builtin", budgets=BUDGETS), {"solve_tokens": 100}, 30),
        "fewer": (aime("builtin", budgets=BUDGETS), {"solve_tokens": 101}, 20),
        "other grid": (aime("builtin", budgets=[32, 512]), {"solve_tokens": 102}, 20),
        "trips": (trip("builtin", budgets=BUDGETS), {"solve_tokens": 103}, 3),
        "contract": (aime("builtin", budgets=BUDGETS, mode="contract"), {}, 3),
    }
    made = {}
    for name, (task, options, limit) in runs.items():
        (log,) = inspect_eval(
            task, model="anytime/simulated", model_args=options, limit=limit, epochs=2,
            log_dir=str(folder / name), display="none",
        )  # fmt: skip
        made[name] = log.location
    return made


@pytest.mark.slow
def test_the_faster_one_is_better_by_what_the_table_says(
    logs: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["compare", logs["slow"], logs["fast"], "--json"])
    (found,) = json.loads(capsys.readouterr().out)
    assert found["problems"] == 30
    assert found["traces"] == [60, 60]
    index = found["index"]
    assert index["difference"] == pytest.approx(index["a"] - index["b"])
    low, high = index["interval"]
    assert 0 < low < index["difference"] < high
    assert index["p"] < 0.01
    assert list(found["by_budget"]) == ["32", "128", "512"]
    assert found["final"] == found["by_budget"]["512"]
    assert found["minimum_detectable_effect"] > 0
    main(["compare", logs["slow"], logs["fast"]])
    said = capsys.readouterr().out
    for words in ("anytime_index", "q@128", "average", "30 problems, 60 and 60 traces"):
        assert words in said


def test_a_run_does_not_differ_from_itself(
    logs: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.eval"
    copy.write_bytes(Path(logs["slow"]).read_bytes())
    main(["compare", logs["slow"], str(copy), "--json"])
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["index"]["difference"], found["index"]["p"]) == (0, 1)


def test_runs_that_are_identical_are_called_so(
    logs: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy.eval"
    copy.write_bytes(Path(logs["slow"]).read_bytes())
    main(["compare", logs["slow"], str(copy)])
    said = capsys.readouterr().out
    assert "The two runs have the same quality everywhere: there is nothing to compare." in said
    assert "or more" not in said
    main(["compare", logs["slow"], str(copy), "--json"])
    (found,) = json.loads(capsys.readouterr().out)
    assert found["identical"]
    assert found["minimum_detectable_effect"] is None


def test_a_planned_budget_is_judged_by_itself_and_has_its_own_power(
    logs: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["compare", logs["slow"], logs["fast"], "--budget", "128", "--json"])
    (found,) = json.loads(capsys.readouterr().out)
    planned = found["by_budget"]["128"]
    assert planned["p_holm"] == planned["p"]
    main(["compare", logs["slow"], logs["fast"], "--budget", "128"])
    said = capsys.readouterr().out
    assert said.startswith("A  solve_tokens 400\nB  solve_tokens 100\n")
    assert said.index("At 128 tokens B is better than A") < said.index("anytime_index")
    assert f"by {planned['difference']:.3f} (quality {planned['a']:.3f}" in said
    index = found["index"]
    assert (
        f"30 problems would show a true difference of the index of {index['detectable']:.3f} or "
        f"more, and at 128 tokens of {planned['detectable']:.3f} or more in 80 of 100"
    ) in said
    assert said.count("would show") == 1
    with pytest.raises(SystemExit):
        main(["compare", logs["slow"], logs["fast"], "--budget", "100"])
    assert "nothing was run at budget 100" in capsys.readouterr().err


def test_what_is_not_known_of_a_planned_budget_is_said_of_it_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    solved = {"one.csv": (0, 1, 0, 1, 0), "other.csv": (1, 1, 0, 1, 1)}
    for name, late in solved.items():
        rows = [f"{place},16,0\n{place},64,{right}\n" for place, right in enumerate(late)]
        (tmp_path / name).write_text(f"id,tokens,right\n{''.join(rows)}")
    files = [str(tmp_path / name) for name in solved]
    columns = ["--columns", "problem=id,budget=tokens,quality=right"]
    main(["compare", *files, *columns, "--budget", "16"])
    said = capsys.readouterr().out
    assert said.count("5 problems would show a true difference of the index of ") == 1
    assert (
        "What true difference at 16 tokens they would show is not known: the 5 problems came out "
        "alike there."
    ) in said
    assert said.count("would show") == 2
    assert "nan" not in said


def test_what_is_asked_about_can_be_other_traces_of_these_problems(
    logs: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["compare", logs["slow"], logs["fast"]])
    assert "taken as a sample of such problems (population=problems)." in capsys.readouterr().out
    main(["compare", logs["slow"], logs["fast"], "--population", "traces"])
    said = capsys.readouterr().out
    assert "other traces of them are asked about (population=traces)" in said
    assert "So many traces of these 30 problems would show a true difference of the index" in said
    main(["compare", logs["slow"], logs["fast"], "--population", "traces", "--json"])
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["population"], found["traces_tested"]) == ("traces", None)
    page = tmp_path / "page.html"
    main(["compare", logs["slow"], logs["fast"], "--population", "traces", "--html", str(page)])
    shown = page.read_text("utf-8")
    assert "other traces of them are asked about (population=traces)" in shown
    assert "P-values are the level at which an interval begins to leave 0 out" in shown
    assert "over problems" not in shown


def test_one_trace_tells_nothing_of_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one.csv", "other.csv"):
        rows = [f"{p},{b},{t},{(p + b + t) % 2}" for p in range(6) for b in (1, 2) for t in (0, 1)]
        if name == "other.csv":
            rows = [row for row in rows if not row.startswith(("4,1,1", "4,2,1"))]
        (tmp_path / name).write_text("\n".join(["problem,budget,trace,quality", *rows]) + "\n")
    files = [str(tmp_path / name) for name in ("one.csv", "other.csv")]
    columns = ["--columns", "problem=problem,budget=budget,quality=quality,trace=trace"]
    with pytest.raises(SystemExit):
        main(["compare", *files, *columns, "--population", "traces"])
    said = capsys.readouterr().err
    assert "other has one trace of 1 of its 6 problems, for example of '4'" in said
    assert "use population=problems" in said


def test_pages_of_runs_that_are_alike_name_no_number_that_is_none(
    logs: dict[str, str], tmp_path: Path
) -> None:
    copy, page = tmp_path / "copy.eval", tmp_path / "page.html"
    copy.write_bytes(Path(logs["slow"]).read_bytes())
    main(["compare", logs["slow"], str(copy), "--html", str(page)])
    shown = page.read_text("utf-8")
    assert "The two runs have the same quality everywhere: there is nothing to compare." in shown
    assert "nan or more" not in shown
    assert "0.000 lower" not in shown


def test_a_planned_budget_is_on_the_page_too(logs: dict[str, str], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    main(["compare", logs["slow"], logs["fast"], "--budget", "128", "--html", str(page)])
    shown = page.read_text("utf-8")
    assert "At 128 tokens " in shown
    assert "the planned budget is one of its own" in shown
    assert "(power 80 %)" in shown


def test_the_estimator_can_be_named(
    logs: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["summary", logs["slow"], "--json"])
    (alone,) = json.loads(capsys.readouterr().out)
    main(["compare", logs["fast"], logs["slow"], "--estimator", "plugin", "--json"])
    (found,) = json.loads(capsys.readouterr().out)
    assert found["index"]["a"] == pytest.approx(alone["anytime_index_plugin"])
    with pytest.raises(SystemExit):
        main(["compare", logs["fast"], logs["slow"], "--estimator", "best"])
    assert "unknown estimator 'best'" in capsys.readouterr().err


@pytest.mark.slow
def test_cuts_of_other_kinds_are_named(
    tmp_path: Path, logs: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    (log,) = inspect_eval(
        aime("builtin", budgets=BUDGETS), model="anytime/simulated", logprobs=True, limit=30,
        model_args={"solve_tokens": 100}, epochs=2, log_dir=str(tmp_path), display="none",
    )  # fmt: skip
    main(["compare", logs["fast"], log.location])
    said = capsys.readouterr().err
    assert "were cut otherwise (exact) than those of" in said
    assert "small differences may come from that" in said
    main(["compare", logs["fast"], logs["slow"]])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ("other grid", "only runs at the same budgets can be compared"),
        ("trips", "they differ in the domain (aime, trip)"),
        ("contract", "they differ in the mode (interrupt, contract)"),
        ("fewer", "10"),
    ],
)
def test_what_cannot_be_compared_is_told_why(
    logs: dict[str, str], capsys: pytest.CaptureFixture[str], other: str, sentence: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["compare", logs["slow"], logs[other]])
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("anytime: ")
    assert sentence in said
    assert len(said.splitlines()) == 1


def test_the_common_problems_alone(
    logs: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["compare", logs["slow"], logs["fewer"], "--common", "--json"])
    (found,) = json.loads(capsys.readouterr().out)
    assert found["problems"] == 20
    assert sorted(found["left_out"]) == [0, 10]


def test_a_file_that_is_no_run(
    logs: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(SystemExit) as stopped:
        main(["compare", logs["slow"], str(tmp_path / "notes.txt")])
    assert stopped.value.code == 2
    assert "notes.txt" in capsys.readouterr().err


def test_failures_of_a_run_are_told(
    logs: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = read_eval_log(logs["fast"])
    for sample in (log.samples or [])[:6]:
        sample.store["anytime"]["checkpoints"][0]["failed"] = "refusal"
    path = str(tmp_path / "failing.eval")
    write_eval_log(log, path)
    main(["compare", logs["slow"], path, "--common"])
    told = " ".join(capsys.readouterr().err.split())
    assert "6 of 60 traces have a budget at which the model gave no answer (6 refusal)" in told
    main(["compare", logs["slow"], logs["fast"]])
    assert "gave no answer" not in capsys.readouterr().err
