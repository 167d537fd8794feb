"""What strangers wrote, where it must do nothing."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table
from rich.text import Text

from anytime.cli import main
from anytime.commands.terminal import console, print_table, tell
from anytime.harmless import for_spreadsheet, for_terminal, from_spreadsheet
from anytime.logs.opening import open_runs
from anytime.results import write_csv
from anytime.rows import rows_of
from tests.finished import Finished, info

OWNED = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202etxt.exe"


@given(st.text())
def test_no_control_character_reaches_a_terminal(text: str) -> None:
    shown = for_terminal(text)
    assert all(letter in "\n\t" or letter.isprintable() or ord(letter) > 0x9F for letter in shown)
    assert for_terminal(shown) == shown


@given(st.text())
def test_a_cell_begins_no_formula_and_is_read_back(text: str) -> None:
    cell = for_spreadsheet(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert from_spreadsheet(cell) == text


@pytest.mark.parametrize("text", ["", "plan", "3 + 4", "'quoted'", "a=b"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert for_spreadsheet(text) == text


def test_every_way_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(OWNED, title=OWNED)
    table.add_row(OWNED)
    table.add_row(Text(OWNED, "bold red"))
    print_table(table)
    console().print(f"written to {OWNED}")
    tell(f"there is no log {OWNED}")
    with pytest.raises(SystemExit):
        main(["summary", f"{OWNED}.eval"])
    told = "".join(capsys.readouterr())
    assert told.count("owned") >= 6
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(told)


def test_colours_of_our_own_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    screen = console()
    screen.file = io.StringIO()
    screen.print(Text("bold", "bold"), "\x1b[2J", highlight=False)
    assert screen.file.getvalue().count("\x1b") == 2  # begin and end of our own
    assert "[2J" in screen.file.getvalue()


def test_a_long_sentence_is_not_broken(capsys: pytest.CaptureFixture[str]) -> None:
    console().print("word " * 100, soft_wrap=True)
    assert capsys.readouterr().out.count("\n") == 1


FORMULA = '=HYPERLINK("http://example.com","x")'


def test_rows_in_csv_and_back(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    about = info(task="@SUM(A1)", model="-m")
    write_csv(file, rows_of(Finished(about, {FORMULA: [[0.5]]}, budgets=[16])))
    with file.open(newline="") as opened:
        (record,) = csv.DictReader(opened)
    assert record["problem"] == f"'{FORMULA}"
    assert record["model"] == "'-m"
    assert record["quality"] == "0.5"
    (run,) = open_runs([file])
    (trace,) = run.traces()
    assert (trace.problem, run.info.task, run.info.model) == (FORMULA, "@SUM(A1)", "-m")
