"""Files elsewhere: named as URLs, read by range, written whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from anytime.errors import AnytimeError
from anytime.places import (
    absolute,
    expanded,
    is_remote,
    log_dir,
    name_of,
    opened,
    place,
    same_place,
)
from anytime.writing import make_folder, whole_file


@pytest.fixture
def memory() -> Iterator[Any]:
    store = fsspec.filesystem("memory")
    yield store
    store.rm("/", recursive=True)


@pytest.mark.parametrize("name", ["logs/a.eval", "/tmp/x", "a:b", "http:/x", "://x", ""])
def test_what_is_no_url_is_a_path(name: str) -> None:
    assert place(name) == Path(name)
    assert not is_remote(place(name))


def test_urls_of_this_machine_are_paths(tmp_path: Path) -> None:
    assert place(f"file://{tmp_path}/a%20b.eval") == tmp_path / "a b.eval"
    assert place("~/x") == Path.home() / "x"
    assert absolute(place("x")) == str(Path.cwd() / "x")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nobody://bucket/x", "nobody"),
        ("gs://bucket/x", "pip install gcsfs"),
        ("az://bucket/x", "pip install adlfs"),
    ],
)
def test_places_that_nobody_reaches_are_told(name: str, told: str) -> None:
    with pytest.raises(AnytimeError, match=told):
        place(name)


def test_a_place_is_used_as_a_path_is(memory: Any) -> None:
    there = place("memory://bucket/runs/a.eval")
    assert is_remote(there)
    assert not there.exists()
    memory.pipe("/bucket/runs/a.eval", b"one two")
    assert place(there) is there
    assert (there.name, there.suffix, there.parent.is_dir()) == ("a.eval", ".eval", True)
    with opened(there) as file:
        assert file.read(3) == b"one"
    assert absolute(there) == same_place(there) == str(there)


def test_patterns_are_expanded_where_no_shell_looks(memory: Any, tmp_path: Path) -> None:
    for name in ("b", "a"):
        memory.pipe(f"/bucket/{name}.eval", b"")
    memory.pipe("/bucket/c[1].eval", b"")
    found = expanded(place("memory://bucket/?.eval"))
    assert [one.name for one in found] == ["a.eval", "b.eval"]
    assert [one.name for one in expanded(place("memory://bucket/c[1].eval"))] == ["c[1].eval"]
    assert expanded(tmp_path / "*.eval") == [tmp_path / "*.eval"]
    with pytest.raises(AnytimeError, match="nothing is named like"):
        expanded(place("memory://bucket/*.json"))


def test_a_file_appears_there_when_it_is_whole(memory: Any) -> None:
    there = place("memory://bucket/new/table.parquet")
    make_folder(there.parent)
    with pytest.raises(ZeroDivisionError), whole_file(there) as partial:
        partial.write_bytes(b"half" * (1 // 0))
    assert not there.exists()
    with whole_file(there) as partial:
        assert partial.suffix == ".parquet"
        partial.write_bytes(b"whole")
        assert not there.exists()
    assert there.read_bytes() == b"whole"


def test_what_cannot_be_written_there_is_told(memory: Any, monkeypatch: Any) -> None:
    def refuse(*given: Any, **options: Any) -> Any:
        raise PermissionError("Access Denied")

    there = place("memory://bucket/x.csv")
    monkeypatch.setattr(type(memory), "_open", refuse)
    with pytest.raises(AnytimeError, match=r"x\.csv cannot be written: Access Denied"):  # noqa: SIM117
        with whole_file(there) as partial:
            partial.write_bytes(b"")


def test_what_a_link_leads_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    real = tmp_path / "elsewhere" / "rows.csv"
    link = tmp_path / "rows.csv"
    link.symlink_to(real)
    for text in ("first", "second"):
        with whole_file(link) as partial:
            partial.write_text(text)
        assert link.is_symlink()
        assert real.read_text() == text
    assert os.listdir(real.parent) == ["rows.csv"]  # noqa: PTH208


def test_what_a_killed_process_left_goes_with_the_next_and_nothing_else(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from anytime.writing import whole_file\n"
        "with whole_file(Path(sys.argv[1])) as partial:\n"
        "    partial.write_text('half'); os.kill(os.getpid(), 9)"
    )
    path = tmp_path / "rows.csv"
    command = [sys.executable, "-c", code, str(path)]
    assert subprocess.run(command, timeout=600).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".rows.csv.")
    assert left.name.endswith(".part")
    machine, process = left.name.split(".")[-2].split("-")
    others = [
        f".rows.csv.{machine}-{os.getppid()}.part",  # of one that lives
        f".rows.csv.another-{process}.part",
        f".rows.csv2.{machine}-{process}.part",
    ]
    for name in others:
        (tmp_path / name).touch()
    with whole_file(tmp_path / "other.csv") as partial:
        partial.write_text("whole")
    assert left.exists()
    with whole_file(path) as partial:
        partial.write_text("whole")
    assert path.read_text() == "whole"
    kept = {entry.name for entry in tmp_path.iterdir()}
    assert kept == {"rows.csv", "other.csv", *others}


def test_where_runs_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("INSPECT_LOG_DIR", raising=False)
    with pytest.raises(AnytimeError, match="stand where logs/ is"):
        log_dir()
    (tmp_path / "logs").mkdir()
    assert log_dir() == Path("logs")
    monkeypatch.setenv("INSPECT_LOG_DIR", str(tmp_path / "none"))
    with pytest.raises(AnytimeError, match=r"INSPECT_LOG_DIR names .*none, which is not there"):
        log_dir()
    monkeypatch.setenv("INSPECT_LOG_DIR", f"file://{tmp_path}")
    assert log_dir() == tmp_path


@pytest.mark.parametrize("text", ["a/b/run.eval", "s3://a/b/run.eval", "run.eval", "run"])
def test_names_of_places_in_records(text: str) -> None:
    assert name_of(text) == "run"
