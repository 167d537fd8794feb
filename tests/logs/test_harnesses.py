"""A harness of another package: its files are read by every command, through the hook alone."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from anytime import hookimpl
from anytime.domains.aime import AIME
from anytime.errors import AnytimeError
from anytime.harnesses import (
    Annotation,
    Answering,
    GradedBy,
    Harness,
    NamedModel,
    Refused,
    harness_of,
    known_harnesses,
)
from anytime.logs.tables import read_table
from anytime.plugins import get_domain, plugin_manager
from anytime.preferences.opening import open_pool
from anytime.preferences.pairs import read_pairs
from anytime.preferences.pool import Pool
from anytime.runs import FinishedRun
from tests.pooling import INFO, ListPool, problem, trace
from tests.small_runs import Logs, Run, sentence


class Toy:
    """Files with a table of answers, or with the qualities of a pool's traces."""

    name = "toy"
    title = "Toy"
    files = "a file of Toy (.toy)"

    def claims(self, path: Path, head: bytes) -> bool:
        return path.suffix == ".toy"

    def logs_of(self, path: Path) -> Sequence[Path]:
        return list(path.rglob("*.toy")) if path.is_dir() else [path]

    def open_run(self, path: Path) -> FinishedRun:
        columns = {"problem": "problem", "budget": "budget", "quality": "quality"}
        table = path.with_suffix(".jsonl")
        rows = json.loads(path.read_text())["rows"]
        table.write_text("".join(json.dumps(row) + "\n" for row in rows))
        (run,) = read_table(table, columns)
        table.unlink()
        return run

    def open_pool(self, path: Path) -> Pool:
        qualities = json.loads(path.read_text())["pool"]
        traces = [trace(problem("a"), draw, each) for draw, each in enumerate(qualities, 1)]
        return ListPool(traces, INFO)

    def annotations(
        self, logs: Sequence[Path], graded_by: GradedBy, answering: Answering | None
    ) -> Mapping[Path, Annotation | Refused]:
        return {log: Refused(log, f"{log} of Toy has no traces") for log in logs}

    def answering(self, model: NamedModel) -> Answering:
        raise AnytimeError(f"Toy has no model {model.name}")


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[Path]:
    """A file of Toy, which anytime knows while the test runs."""
    path = tmp_path / "run.toy"
    rows = [{"problem": "a", "budget": b, "quality": q} for b, q in ((8, 0.25), (16, 0.75))]
    path.write_text(json.dumps({"rows": rows, "pool": [[0.0, 0.0], [0.5, 1.0]]}))
    manager = plugin_manager()
    manager.register(SimpleNamespace(anytime_harnesses=hookimpl(lambda: [Toy()])), "toy")
    try:
        yield path
    finally:
        manager.unregister(name="toy")


def test_ours_are_brought_by_the_hook_that_others_use(toy: Path) -> None:
    assert list(known_harnesses()) == ["inspect_ai", "lm_eval", "toy"]
    assert all(isinstance(one, Harness) for one in known_harnesses().values())


def test_whose_a_file_is(toy: Path, logs: Logs) -> None:
    found = {name: harness_of(path) for name, path in {**logs, "toy": toy}.items()}
    assert {name: one and one.name for name, one in found.items()} == {
        name: name for name in ("inspect_ai", "lm_eval", "toy")
    }
    table = toy.with_suffix(".csv")
    table.write_text("a,b\n1,2\n")
    assert harness_of(table) is None


def test_every_command_reads_its_files(toy: Path, run: Run) -> None:
    for named in (toy, toy.parent):
        code, out, err = run("summary", "--json", named)
        assert (code, err) == (0, "")
        (one,) = json.loads(out)
        assert (one["final"], one["problems"]) == (0.75, 1)
    code, _, err = run("results", toy, "-o", "rows.csv")
    assert (code, err) == (0, "")
    with Path("rows.csv").open() as file:
        assert [row["quality"] for row in csv.DictReader(file)] == ["0.25", "0.75"]
    code, _, err = run("pairs", "build", toy, "-o", "pairs.jsonl")
    assert (code, err) == (0, "")
    pairs = read_pairs(Path("pairs.jsonl"), get_domain)
    assert [(one.budget, one.gap) for one in pairs] == [(8, 0.5), (16, 1.0)]
    code, _, err = run("annotate", toy, "-o", "annotated")
    assert code == 2
    assert f"{toy} of Toy has no traces" in err
    assert "Toy has no model x" in sentence(run("annotate", toy, "-o", "annotated", "--model", "x"))
    assert "a file of Toy (.toy), or a table" in sentence(run("summary", "rows.csv", __file__))


def test_a_pool_of_it_is_a_pool(toy: Path) -> None:
    assert get_domain(open_pool(str(toy)).info.domain) is AIME


def test_one_model_answers_logs_of_one_harness(toy: Path, logs: Logs, run: Run) -> None:
    told = sentence(run("annotate", toy, logs["lm_eval"], "-o", "annotated", "--model", "x"))
    assert "one model answers logs of one harness" in told


def test_what_is_no_harness_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    half = SimpleNamespace(name="half", claims=lambda path, head: True)
    manager = plugin_manager()
    manager.register(SimpleNamespace(anytime_harnesses=hookimpl(lambda: [half])), "half")
    try:
        assert list(known_harnesses()) == ["inspect_ai", "lm_eval"]
    finally:
        if manager.has_plugin("half"):
            manager.unregister(name="half")
    assert "half is left out: its anytime_harnesses returns no list of Harnesses" in caplog.text
