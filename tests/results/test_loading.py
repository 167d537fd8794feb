"""From logs to what Python compares, sums up and frames: the numbers are the command's."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import anytime
from anytime.errors import AnytimeError
from anytime.logs.opening import open_runs
from anytime.results import summaries
from anytime.results.loading import LoadedRun, LoadedRuns, loaded
from tests.finished import FALLING, RISING, Finished, info
from tests.small_runs import BUDGETS, Logs, Run

COLUMNS = {"problem": "id", "budget": "at", "quality": "ok"}


def table(path: Path, *solved: float, budgets: tuple[int, int] = (16, 64)) -> Path:
    """A table of problems that are solved late, or not."""
    rows = [f"{n},{budgets[0]},0\n{n},{budgets[1]},{late}\n" for n, late in enumerate(solved)]
    path.write_text(f"id,at,ok\n{''.join(rows)}")
    return path


def two(folder: Path) -> LoadedRuns:
    """Two runs that differ in their file alone."""
    files = (table(folder / "one.csv", 0, 1, 0, 1, 0), table(folder / "two.csv", 1, 1, 0, 1, 1))
    return anytime.load(files, columns=COLUMNS)


def of(**values: object) -> LoadedRun:
    (found,) = loaded(Finished(info(**values), RISING))
    return found


@pytest.mark.parametrize("harness", ["inspect_ai", "lm_eval"])
def test_a_loaded_run_has_the_numbers_of_the_summary(logs: Logs, harness: str) -> None:
    (run,) = anytime.load(logs[harness])
    (expected,) = summaries(open_runs(logs[harness]))
    assert (run.name, run.key) == ("cot", expected.key)
    assert expected.spent is not None
    assert run.spent.to_json() == expected.spent.to_json()
    assert run.doubts == expected.doubts
    found = anytime.summarize(run)
    assert found.anytime_index == expected.measures["anytime_index"]
    assert found.interval == expected.intervals["anytime_index"]
    assert dict(zip(found.budgets, found.quality, strict=True)) == expected.quality
    assert anytime.summarize(anytime.load(logs[harness])) == (found,)


def test_a_comparison_has_the_numbers_of_the_command(tmp_path: Path, run: Run) -> None:
    runs = two(tmp_path)
    files = [str(tmp_path / name) for name in ("one.csv", "two.csv")]
    columns = ["--columns", "problem=id,budget=at,quality=ok"]
    _, out, _ = run("compare", *files, *columns, "--json")
    (told,) = json.loads(out)
    found = anytime.compare(runs[1], runs[0])
    assert (found.a, found.b) == (told["a"], told["b"]) == ("two", "one")
    assert (found.index.difference, list(found.index.interval), found.index.p_holm) == (
        *(told["index"][name] for name in ("difference", "interval", "p_holm")),
    )
    assert [d.difference for d in found.by_budget] == [
        each["difference"] for each in told["by_budget"].values()
    ]
    assert anytime.compare_all(runs) == (found,)
    _, out, _ = run("compare", *files, *columns)
    assert anytime.verdict(found) in " ".join(out.split())


def test_the_options_of_a_run_are_used_unless_named() -> None:
    raw, best = of(envelope="none", scale="log2"), of(log="b.eval", created=None)
    assert anytime.summarize(raw) == anytime.summarize(raw, envelope="none", scale="log2")
    assert anytime.summarize(raw, envelope="mean", scale="linear").interval == (
        anytime.summarize(best).interval
    )
    found = anytime.compare(best.named("new"), raw.named("old"))
    assert found.index.a == pytest.approx(
        anytime.anytime_index(best.curve, envelope="none", scale="log2")
    )
    told = [note for note in found.notes if "was run with" in note]
    assert told == [
        "new was run with envelope=mean; compared with none, as old was.",
        "new was run with scale=linear; compared with log2, as old was.",
    ]
    named = anytime.compare(best, raw, envelope="mean", scale="linear")
    assert not any("was run with" in note for note in named.notes)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"domain": "gpqa"}, r"differ in the domain \(aime, gpqa\)"),
        ({"scorers": ("other",)}, r"differ in the scorer \(aime, other\)"),
        ({"revision": "other"}, "differ in the content of the dataset"),
    ],
)
def test_runs_of_different_things_are_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(AnytimeError, match=f"^logs/a.eval and b.eval cannot be compared.*{said}"):
        anytime.compare(of(log="b.eval", **changed), of())


def test_a_comparison_tells_what_else_differs_and_what_is_doubtful() -> None:
    run = Finished(info(log="b.eval", settings={"temperature": "0.7"}), RISING)
    run.skipped["that ended with an error"] = 3
    run.method = "pdp"
    (other,) = loaded(run)
    notes = anytime.compare(other.named("pdp"), of().named("cot")).notes
    assert notes[0] == (
        "The runs differ in temperature (0.7, not set) too: what is seen may come from that."
    )
    assert "pdp: left out: 3 that ended with an error." in notes
    assert "3 that ended with an error" in repr(anytime.compare(other, of()))
    assert "3 that ended with an error" in anytime.compare(other, of())._repr_html_()
    assert "3 that ended with an error" in repr(other)


def test_cuts_that_differ_are_told(logs: Logs) -> None:
    (run,) = anytime.load(logs["inspect_ai"])
    assert run.cuts
    other = run.named("other")
    object.__setattr__(other, "cuts", ("estimated",))
    (note,) = anytime.compare(other, run).notes
    assert note.startswith("The traces of other were cut otherwise (estimated) than those of cot (")


def test_runs_are_called_by_what_differs_or_as_one_says(tmp_path: Path) -> None:
    runs = two(tmp_path)
    assert [one.name for one in runs] == ["one", "two"]
    assert runs["two"] is runs[1]
    assert [one.name for one in runs[1:]] == ["two"]
    files = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for given in (["old", "new"], {"A": "old", "two": "new"}):
        named = anytime.load(files, labels=given, columns=COLUMNS)
        assert [one.name for one in named] == ["old", "new"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["old"], "labels has 1 names, and there are 2 runs: one, two"),
        ("old", "labels='old': name a list, with a name for each run"),
        (["x", "x"], "labels B=x: another run is called x already"),
        ({"A": "two"}, "labels ...=two: another run is called two already"),
        ({"three": "x"}, "labels three=...: there is no run three; there are A (one), B (two)"),
        ({"A": "x", "one": "y"}, "labels one=y: that run is called x already"),
    ],
)
def test_labels_that_fit_no_run_are_refused(tmp_path: Path, given: object, said: str) -> None:
    two(tmp_path)
    files = [tmp_path / "one.csv", tmp_path / "two.csv"]
    with pytest.raises(AnytimeError) as caught:
        anytime.load(files, labels=given, columns=COLUMNS)  # type: ignore[arg-type]
    assert str(caught.value) == said


def test_a_run_that_has_no_such_name_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(AnytimeError, match="no run is called 'three': there are 'one', 'two'"):
        two(tmp_path)["three"]


def test_what_is_no_run_of_a_directory_is_listed(tmp_path: Path, logs: Logs) -> None:
    log = Path(shutil.copy(logs["inspect_ai"], tmp_path))
    shutil.copy(log, tmp_path / "copy.eval")
    (tmp_path / "torn.eval").write_bytes(log.read_bytes()[:2000])
    runs = anytime.load(tmp_path)
    assert len(runs) == 1
    twice, torn = runs.left_out
    assert "is the same run as" in twice
    assert "torn.eval" in torn
    for text in (repr(runs), runs._repr_html_()):
        assert text.count("left out: ") == 2
    with pytest.raises(AnytimeError, match=r"torn\.eval"):
        anytime.load(tmp_path / "torn.eval")


def test_a_directory_without_any_run_says_why(tmp_path: Path, logs: Logs) -> None:
    for name in ("one.eval", "two.eval"):
        (tmp_path / name).write_bytes(logs["inspect_ai"].read_bytes()[:2000])
    with pytest.raises(AnytimeError, match=r"none of these files holds a run.*; .*one\.eval"):
        anytime.load(tmp_path)


def test_a_frame_of_runs_has_their_names(tmp_path: Path, logs: Logs) -> None:
    runs = two(tmp_path)
    made = anytime.frame(runs)
    assert list(made.columns)[:2] == ["label", "harness"]
    by = made.groupby(["label", "budget"])["quality"].mean()
    for one in runs:
        assert [by[one.name, b] for b in one.curve.budgets] == pytest.approx(one.curve.mean)
    assert anytime.frame(runs[0])["label"].unique().tolist() == ["one"]
    of_logs = anytime.frame(logs.values())
    again = anytime.frame(anytime.load(logs.values()))
    assert again.drop(columns="label").equals(of_logs)


def test_a_file_that_changed_is_not_framed_under_an_old_name(tmp_path: Path) -> None:
    runs = two(tmp_path)
    table(tmp_path / "two.csv", 1, 1, 0, 1, 0)
    with pytest.raises(AnytimeError, match=r"two\.csv is another than when it was loaded"):
        anytime.frame(runs)
    with pytest.raises(
        AnytimeError, match=r"a frame is of runs that were loaded, or of logs: a\.c"
    ):
        anytime.frame([runs[0], "a.csv"])  # type: ignore[list-item]


def test_traces_that_a_problem_lacks_are_framed_and_compared(tmp_path: Path) -> None:
    path = tmp_path / "gaps.csv"
    path.write_text("id,at,ok,no\na,1,0,1\na,2,1,1\na,1,1,3\na,2,1,3\nb,1,0,2\nb,2,0,2\n")
    (run,) = anytime.load(path, columns=COLUMNS | {"trace": "no"})
    assert run.curve.mean.tolist() == [0.25, 0.5]
    assert len(anytime.frame(run)) == 6


def test_a_table_of_runs_for_people(tmp_path: Path) -> None:
    runs = two(tmp_path)
    head, *lines = repr(runs).splitlines()
    heads = "run problems traces anytime_index 95% final tokens a trace"
    assert head.split() == heads.split()
    index = anytime.summarize(runs[0]).anytime_index
    assert lines[0].startswith("one")
    assert f"{index:.3f}" in lines[0]
    assert max(map(len, lines[:2])) <= 100
    (drawn,) = re.findall(r"<svg.*?</svg>", runs[0]._repr_html_())
    picture = ElementTree.fromstring(drawn)
    assert picture.get("aria-label") == "quality by budget: 0.000 at 16, 0.400 at 64"
    assert len(re.findall("<svg", runs._repr_html_())) == 2


NASTY = "<script>alert(1)</script> \x1b[31m& \u202eevil"


@pytest.mark.parametrize("shown", ["run", "runs", "comparison", "comparisons", "summary"])
def test_names_of_strangers_do_nothing(tmp_path: Path, shown: str) -> None:
    runs = two(tmp_path)
    one, other = runs[0].named(NASTY), runs[1]
    made = {
        "run": one,
        "runs": LoadedRuns((one, other), (NASTY,)),
        "comparison": anytime.compare(one, other),
        "comparisons": anytime.compare_all([one, other]),
        "summary": anytime.summarize(one),
    }[shown]
    html = made._repr_html_()  # type: ignore[union-attr]
    assert "alert(1)" in html
    for text in (html, repr(made)):
        assert not re.search("[\x1b\u202e]", text)
    assert "<script" not in html
    ElementTree.fromstring(f"<div>{html}</div>")


def test_a_single_problem_has_no_interval_and_is_shown(tmp_path: Path) -> None:
    (run,) = anytime.load(table(tmp_path / "one.csv", 1), columns=COLUMNS)
    assert "nan" not in repr(run)
    assert "nan" not in run._repr_html_()
    assert "nan" not in repr(anytime.summarize(run))


def test_a_run_that_cannot_be_summed_up_is_shown_with_the_reason() -> None:
    (run,) = loaded(Finished(info(population="traces"), FALLING))
    assert "population=traces" in repr(run)
    assert "population=traces" in run._repr_html_()


def test_plain_values_are_told_what_to_do(logs: Logs) -> None:
    from anytime.results import curves, iter_rows

    ((_, curve),) = curves(iter_rows(logs["inspect_ai"])).items()
    for call in (lambda: anytime.compare(curve, curve), lambda: anytime.compare_all([curve] * 2)):
        with pytest.raises(AnytimeError, match=r"RunCurve is none of: anytime\.load"):
            call()
    with pytest.raises(AnytimeError, match=r"or runs, as anytime\.load"):
        anytime.summarize(curve)  # type: ignore[call-overload]
    with pytest.raises(AnytimeError, match="write verdict"):
        anytime.verdict(curve)  # type: ignore[arg-type]


def test_budgets_and_problems_are_those_of_the_run(logs: Logs) -> None:
    (run,) = anytime.load(logs["lm_eval"])
    assert list(run.curve.budgets) == BUDGETS
    assert run.curve.quality.shape == (5, 3, len(BUDGETS))
    assert not np.isnan(run.curve.quality).any()
