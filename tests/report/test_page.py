"""The pages of `anytime report` and `anytime compare --html`: what they hold and must not hold."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from matplotlib.colors import to_hex

from anytime.cli import main
from anytime.logs.opening import open_runs
from anytime.results import summaries
from tests.pages import elements
from tests.small_runs import Logs, results_of

COLUMNS = "problem=id,budget=tokens,quality=right,answer=said,model=model,trace=trace"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% raw %}",
    "$\\frac{1}{2}$ & <b>",
    "\u202eabc\u2066\x07",
    "x" * 3000,
    "javascript:alert(1)",
]


def table(path: Path, rows: list[tuple[Any, ...]]) -> Path:
    import pandas as pd

    names = ["id", "tokens", "right", "said", "model", "trace"]
    pd.DataFrame(rows, columns=names).to_json(path, orient="records", lines=True)
    return path


def grid(problems: int, models: list[str], budgets: list[int], said: str = "7") -> list[Any]:
    """Every second problem is right at the first budget and wrong afterwards."""
    return [
        (f"p{number}", budget, (number + place) % 2, said, model, 1)
        for model in models
        for number in range(problems)
        for place, budget in enumerate(budgets)
    ]


def report(tmp_path: Path, *words: str) -> Path:
    page = tmp_path / "report.html"
    main(["report", *words, "-o", str(page), "--force"])
    return page


def test_the_numbers_are_those_of_the_summary(tmp_path: Path, logs: Logs) -> None:
    page = elements(report(tmp_path, *map(str, logs.values())))
    for found in summaries(open_runs(logs.values())):
        low, high = found.summary.interval
        assert f"{found.summary.anytime_index:.3f}" in page.text
        assert f"{low:.3f} to {high:.3f}" in page.text
        assert found.key.log in page.text
    assert page.text.count("No language model") == 1  # of both at once
    assert "How to read this" in page.text


def test_nothing_is_loaded_and_nothing_runs(tmp_path: Path, logs: Logs) -> None:
    page = report(tmp_path, *map(str, logs.values()))
    parsed = elements(page)
    tags = {tag for tag, _ in parsed.tags}
    assert not tags & {"script", "link", "iframe", "img", "object", "embed", "form", "base"}
    for tag, attributes in parsed.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href"):
            value = attributes.get(name) or ""
            allowed = tag == "a" and value.startswith("https://arxiv.org/")
            assert allowed or value.startswith("#") or not value, (tag, value)
    text = page.read_text(encoding="utf-8")
    assert "@import" not in text
    assert not re.findall(r"url\((?!#)", text)
    assert "default-src 'none'" in text


@pytest.mark.parametrize("words", HOSTILE)
def test_what_models_and_users_wrote_stays_text(tmp_path: Path, words: str) -> None:
    rows = [
        (f"{words} {number}", budget, quality, words, words, 1)
        for number in range(3)
        for budget, quality in ((10, 1), (20, 0))
    ]
    path = table(tmp_path / "theirs.jsonl", rows)
    page = report(tmp_path, str(path), "--columns", COLUMNS)
    parsed = elements(page)
    tags = {tag for tag, _ in parsed.tags}
    assert not tags & {"script", "img"}
    assert not [n for _, attributes in parsed.tags for n in attributes if n.startswith("on")]
    assert "49" not in parsed.text or "7*7" in parsed.text
    plain = "".join(words.split()).replace("\x07", "")[:60]
    assert plain in "".join(parsed.text.split())


@pytest.mark.slow
def test_budgets_problems_and_runs_of_all_numbers(tmp_path: Path) -> None:
    one = table(tmp_path / "one.jsonl", grid(1, ["m"], [0, 16]))
    page = elements(report(tmp_path, str(one), "--columns", COLUMNS))
    assert "A single problem: there is no interval." in page.text
    many = table(tmp_path / "many.jsonl", grid(70, ["m"], [1, 2, 4]))
    page = elements(report(tmp_path, str(many), "--columns", COLUMNS))
    assert "Every problem" not in page.text
    assert "35 of 70 problems" in page.text or "70 of 70 problems" in page.text
    runs = table(tmp_path / "runs.jsonl", grid(4, [f"m{n}" for n in range(20)], [1, 2, 4]))
    page = elements(report(tmp_path, str(runs), "--columns", COLUMNS))
    assert "20 runs" in page.text
    assert sum(tag == "svg" for tag, _ in page.tags) >= 21  # one each, and the index


def test_what_fell_is_shown_with_its_text(tmp_path: Path, logs: Logs) -> None:
    page = elements(report(tmp_path, str(logs["inspect_ai"])))
    falls = [attributes for tag, attributes in page.tags if attributes.get("class") == "fall"]
    assert falls
    assert "cut at" in page.text
    path = table(tmp_path / "t.jsonl", grid(4, ["m"], [1, 2]))
    page = elements(report(tmp_path, str(path), "--columns", COLUMNS))
    assert "The text is not in what was read." in page.text


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def start(*words: object) -> tuple[int, str, str]:
        code = 0
        try:
            main([str(word) for word in words])
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return start


def test_pictures_and_what_is_there_already(tmp_path: Path, logs: Logs, run: Run) -> None:
    page, folder = tmp_path / "a.html", tmp_path / "pictures"
    log = logs["inspect_ai"]
    code, out, _ = run("report", log, "-o", page, "--png", folder)
    assert code == 0
    pictures = sorted(folder.iterdir())
    assert f"1 run written to {page}, and {len(pictures)} pictures to {folder}" in out
    assert pictures[0].name == "01-index.png"
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert "is there already" in run("report", log, "-o", page)[2]
    other = tmp_path / "b.html"
    code, _, err = run("report", log, "-o", other, "--png", folder)
    assert (code, "01-index.png is there already" in err) == (2, True)
    assert run("report", log, "-o", page, "--png", folder, "--force")[0] == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-o", "report.pdf"], "report.pdf: name a file that ends in .html"),
        (["-o", "nowhere/report.html"], "there is no directory nowhere"),
        (["-o", "."], "name a file that ends in .html"),
        (["-o", "a.html", "--png", "log.eval"], "log.eval is a file: name a directory"),
        (["-o", "a.html", "--png", "no/where"], "there is no directory no"),
    ],
)
def test_outputs_that_cannot_be(
    tmp_path: Path, logs: Logs, run: Run, monkeypatch: Any, words: list[str], told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("log.eval").write_bytes(logs["inspect_ai"].read_bytes())
    code, _, err = run("report", "log.eval", *words)
    assert (code, told in err) == (2, True), err
    assert [file.name for file in tmp_path.iterdir()] == ["log.eval"]


def test_without_matplotlib_nothing_is_read(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    for words in (["report", "nothing.eval", "-o"], ["compare", "a.eval", "b.eval", "--html"]):
        code, _, err = run(*words, tmp_path / "a.html")
        assert (code, err) == (
            2,
            "anytime: figures need matplotlib: pip install 'anytime-eval[plots]'\n",
        )


def test_a_damaged_run_leaves_no_page(tmp_path: Path, logs: Logs, run: Run) -> None:
    samples = tmp_path / logs["lm_eval"].name
    samples.write_bytes(logs["lm_eval"].read_bytes()[:-900])
    results = results_of(logs["lm_eval"])
    (tmp_path / results.name).write_bytes(results.read_bytes())
    before = sorted(tmp_path.iterdir())
    page = tmp_path / "a.html"
    code, _, err = run("report", logs["inspect_ai"], samples, "-o", page, "--png", tmp_path / "p")
    assert (code, "is damaged" in err) == (2, True)
    assert sorted(tmp_path.iterdir()) == before


def test_a_comparison_as_a_page(tmp_path: Path, run: Run) -> None:
    better = [
        (f"p{n}", budget, float(n % 3 < place + 1), "7", "better", 1)
        for n in range(30)
        for place, budget in enumerate((16, 32, 64))
    ]
    worse = [(id_, b, q * (int(id_[1:]) % 2), s, "worse", t) for id_, b, q, s, _, t in better]
    paths = [table(tmp_path / f"{r[0][4]}.jsonl", r) for r in (worse, better)]
    page = tmp_path / "c.html"
    words = ["compare", *paths, "--columns", COLUMNS, "--html", page]
    code, out, err = run(*words)
    assert code == 0, err
    shown = elements(page).text
    assert "better minus worse" in shown
    assert ": shown, as luck alone gives so much in" in " ".join(shown.split())
    for line in out.splitlines():
        if line.strip().startswith("anytime_index"):
            assert all(number in shown for number in line.split()[1:4])
    assert "is there already" in run(*words)[2]
    alike = ["compare", paths[0], paths[0], "--columns", COLUMNS, "--html", tmp_path / "d.html"]
    run(*alike)
    same = elements(tmp_path / "d.html").text
    assert "The two runs have the same quality everywhere" in same
    assert "nan" not in same.partition(" minus ")[2]


def test_many_runs_are_small_figures_and_a_table_in_any_order(tmp_path: Path) -> None:
    rows = [
        (f"p{n}", budget, float(n % (m + 2) < place), "7", f"model {m}", 1)
        for m in range(6)
        for n in range(12)
        for place, budget in enumerate((16, 32, 64))
    ]
    page = report(tmp_path, str(table(tmp_path / "t.jsonl", rows)), "--columns", COLUMNS)
    text = page.read_text("utf-8")
    assert text.count("<script") == 0
    shown = elements(page).text
    for words in ("Order by", "as named", "Numbers by budget", "with the other runs as thin lines"):
        assert words in shown or words in text
    # The order by a number is that of the numbers, and every order holds each run once.
    indices = [
        one.summary.anytime_index for one in summaries(open_runs(tmp_path / "t.jsonl", named()))
    ]
    by = [
        dict(re.findall(r"--by-(\d+): (\d+)", row)) for row in re.findall(r"<tr style=.*?>", text)
    ]
    assert len(by) == 6
    for order in by[0]:
        assert sorted(int(ranks[order]) for ranks in by) == list(range(6))
    place = str(1 + ORDERS.index("index"))
    ranked = sorted(range(6), key=lambda run: int(by[run][place]))
    assert [indices[run] for run in ranked] == sorted(indices, reverse=True)


ORDERS = ["as named", "label", "index"]


def named() -> dict[str, str]:
    return dict(pair.split("=") for pair in COLUMNS.split(","))  # type: ignore[misc]


def test_a_run_has_one_mark_in_every_figure(tmp_path: Path) -> None:
    """One that has nothing to show in a figure leaves the marks of the others as they are."""
    from anytime.report.digest import digests
    from anytime.report.page import pictures_of
    from anytime.report.plotting import MARKS, drawing

    rows = [
        (f"p{n}", budget, float(n < 4), said, model, 1)
        for model, said in (("first", "7"), ("second", ""))
        for n in range(12)
        for budget in (16, 32)
    ]
    found = digests(open_runs(table(tmp_path / "t.jsonl", rows), named()))
    with drawing():
        for picture in pictures_of(found):
            for axes in picture.drawn.figure.axes:
                drawn = [line.get_color() for line in axes.lines if line.get_marker() in "os^D"]
                told = (
                    [each.get_text() for each in picture.drawn.figure.legends[0].get_texts()]
                    if picture.drawn.figure.legends
                    else ["1 first", "2 second"]
                )
                expected = {"1 first": MARKS[0].colour, "2 second": MARKS[1].colour}
                if picture.section == "missing":  # a figure of one run, its right answers first
                    told = [next(name for name in expected if name in picture.drawn.about)]
                    drawn = [to_hex(axes.patches[0].get_facecolor())]
                assert {expected[name] for name in told if name in expected} == set(drawn)


def test_traces_that_the_largest_budget_cut_are_counted(tmp_path: Path, logs: Logs) -> None:
    (found,) = summaries(open_runs(logs["inspect_ai"]))
    assert found.spent is not None
    assert found.spent.limited is not None
    shown = report(tmp_path, str(logs["inspect_ai"])).read_text("utf-8")
    count = f"{found.spent.limited} of {found.traces}" if found.spent.limited else "0"
    assert f'data-name="cut at the end">{count}</td>' in shown
