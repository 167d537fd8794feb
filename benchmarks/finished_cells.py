"""Cells of the simulation that are finished, kept in a file, so that an interrupted run goes on.

A cell's draws hang on its seed alone, so one that was simulated earlier is the one that would be
simulated now, as long as the code and the libraries are the same: what they are is part of a
cell's name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple
from pathlib import Path

import numpy
import scipy

import anytime.budgets
import anytime.settings
import anytime.statistics
from benchmarks import coverage
from benchmarks.coverage import Cell

Found = tuple[Cell, Mapping[str, float]]
"""A cell, and what was found in it."""

Simulate = Callable[[Sequence[Cell]], Iterator[Mapping[str, float]]]


class FinishedCells:
    """A file with one line per cell."""

    def __init__(self, file: Path | None) -> None:
        """Read what there is.

        Args:
            file: May not exist yet; without one nothing is kept.
        """
        self.file = file
        self.code = code_version()
        self.known: dict[str, Mapping[str, float]] = {}
        if file is not None and file.exists():
            for line in file.read_text("utf-8").splitlines():
                name, row = json.loads(line)
                self.known[name] = row

    def through(self, kind: str, cells: Sequence[Cell], simulate: Simulate) -> list[Found]:
        """What is found in each cell: what is known, the others simulated and kept one by one.

        Args:
            kind: Of simulation; part of a cell's name.
            cells: Wanted.
            simulate: Gives a row for each cell it is given, in their order.
        """
        missing = [cell for cell in cells if self._name(kind, cell) not in self.known]
        for cell, row in zip(missing, simulate(missing), strict=True):
            self.known[self._name(kind, cell)] = row
            if self.file is not None:
                with self.file.open("a", encoding="utf-8") as end:
                    end.write(json.dumps([self._name(kind, cell), dict(row)]) + "\n")
        return [(cell, self.known[self._name(kind, cell)]) for cell in cells]

    def _name(self, kind: str, cell: Cell) -> str:
        return json.dumps([self.code, kind, *astuple(cell)])


NO_PART = ("paired_within.py", "planning.py", "within.py")
"""Of the statistics: nothing is simulated here over traces, and nothing is planned."""


def code_version() -> str:
    """Hash of all that a cell's numbers come from: statistics, simulation, numpy and scipy."""
    sources = [Path(each.__file__ or "") for each in (anytime.budgets, anytime.settings, coverage)]
    statistics = sorted(Path(next(iter(anytime.statistics.__path__))).glob("*.py"))
    sources += [source for source in statistics if source.name not in NO_PART]
    found = hashlib.sha256(f"{numpy.__version__} {scipy.__version__}".encode())
    for source in sources:
        found.update(source.read_bytes())
    return found.hexdigest()[:16]
