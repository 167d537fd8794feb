"""A simulation that was interrupted goes on, and never with numbers of other code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

import anytime.statistics
from benchmarks import finished_cells
from benchmarks.coverage import Cell, coverage, size
from benchmarks.finished_cells import NO_PART, FinishedCells

CELLS = [Cell("flat", n, (1, 1), 10) for n in (15, 30)]


class Simulated:
    """Counts what it is asked to simulate; the second time it is interrupted."""

    def __init__(self, most: int = 9) -> None:
        self.cells: list[Cell] = []
        self.most = most

    def __call__(self, cells: Sequence[Cell]) -> Iterator[Mapping[str, float]]:
        for cell in cells:
            if len(self.cells) == self.most:
                raise KeyboardInterrupt
            self.cells.append(cell)
            yield {"index": cell.problems / 100, "false drift": float("nan")}


def test_what_is_finished_is_not_simulated_again(tmp_path: Path) -> None:
    file = tmp_path / "cells.jsonl"
    with pytest.raises(KeyboardInterrupt):
        FinishedCells(file).through("intervals", CELLS, Simulated(most=1))
    rest = Simulated()
    found = FinishedCells(file).through("intervals", CELLS, rest)
    assert rest.cells == CELLS[1:]
    assert [(cell, row["index"]) for cell, row in found] == [(CELLS[0], 0.15), (CELLS[1], 0.3)]
    nothing = Simulated(most=0)
    assert str(FinishedCells(file).through("intervals", CELLS, nothing)) == str(found)


def test_another_kind_seed_or_code_is_another_cell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cells.jsonl"
    FinishedCells(file).through("intervals", CELLS[:1], Simulated())
    others = [Cell("flat", 15, (1, 1), 10, seed=1), Cell("flat", 15, (1, 1), 20)]
    for kind, cells in (("gain 0.15", CELLS[:1]), ("intervals", others)):
        again = Simulated()
        FinishedCells(file).through(kind, cells, again)
        assert again.cells == cells
    monkeypatch.setattr(finished_cells, "code_version", lambda: "other")
    again = Simulated()
    FinishedCells(file).through("intervals", CELLS[:1], again)
    assert again.cells == CELLS[:1]


def test_without_a_file_nothing_is_kept() -> None:
    found = FinishedCells(None)
    assert found.through("intervals", CELLS, Simulated())[0][1]["index"] == 0.15
    again = Simulated()
    FinishedCells(None).through("intervals", CELLS, again)
    assert again.cells == CELLS


def test_files_that_take_no_part_take_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it takes part")

    folder = Path(next(iter(anytime.statistics.__path__)))
    monkeypatch.setattr("anytime.statistics.index.within_interval", refuse)
    monkeypatch.setattr("anytime.statistics.index.student_within", refuse)
    for name in ("sides", "difference_within", "p_within", "detectable_within"):
        monkeypatch.setattr(f"anytime.statistics.comparison.{name}", refuse)
    for file in NO_PART:
        assert (folder / file).exists()
    cell = Cell("plateau", 15, (2, 2), 2)
    coverage(cell)
    size(cell)
