"""The trace store: what it keeps, who asks for what, and stores of earlier versions."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from anytime.errors import AnytimeError
from anytime.hosts.lm_eval.store import AT_ONCE, TraceStore

MODEL = "Model m"
LINES = [
    {"format": "anytime traces 1", "model": MODEL},
    {"key": "a", "text": "A"},
    {"key": "b", "text": "B\ud800"},
]


def lines(records: list[dict[str, str]]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()


def test_what_was_added_is_kept(tmp_path: Path) -> None:
    texts = {f"key {number}": f"{number}\udcff \0 \u7b54" for number in range(3 * AT_ONCE + 1)}
    with TraceStore(tmp_path / "sub" / "store", MODEL) as store:
        store.add(texts)
        store.add({"key 1": "again"})
        assert store.kept([*texts, "other"]) == {**texts, "key 1": "again"}
    with TraceStore(tmp_path / "sub" / "store", MODEL) as store:
        assert len(store) == len(texts)
        assert store.kept(["key 0", "other"]) == {"key 0": texts["key 0"]}
    assert [file.name for file in (tmp_path / "sub").iterdir()] == ["store"]


def test_a_run_that_lives_has_what_it_claimed(tmp_path: Path) -> None:
    keys = [str(number) for number in range(2 * AT_ONCE)]
    path = tmp_path / "store"
    with TraceStore(path, MODEL) as second:
        with TraceStore(path, MODEL) as first:
            first.add({"0": "text"})
            assert first.claim(keys[:-1]) == set(keys[1:-1])
            assert first.claim(keys[1:3]) == {"1", "2"}, "what is its own it may ask again"
            assert second.claim(keys) == {keys[-1]}
            first.add({"1": "text"})
            assert second.kept(["0", "1", "2"]) == {"0": "text", "1": "text"}
            first.give_up()
            assert second.claim(["1", "2"]) == {"2"}
            assert first.claim(["3"]) == {"3"}
        assert second.claim(["2", "3"]) == {"2", "3"}, "the first has ended"


KILLED = """
import os, signal, sys
from pathlib import Path
from anytime.hosts.lm_eval.store import TraceStore
store = TraceStore(Path(sys.argv[1]), "Model m")
store.claim(["a", "b", "c"])
store.add({"a": "A"})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_run_has_claims_no_longer_and_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with TraceStore(path, MODEL) as store:
        for _ in range(2):
            command = [sys.executable, "-c", KILLED, str(path)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=600)
            assert done.returncode == -signal.SIGKILL, done.stderr
        assert store.claim(["a", "b"]) == {"b"}
        assert store.kept(["a", "b"]) == {"a": "A"}
        assert len(list(tmp_path.glob("*.lock"))) == 1, "its own"
    with TraceStore(path, MODEL) as store:
        assert store.claim(["c"]) == {"c"}
    assert not list(tmp_path.glob("*.lock"))


def test_a_store_under_two_names_is_one(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "store")
    with TraceStore(tmp_path / "store", MODEL) as one, TraceStore(link, MODEL) as other:
        assert one.claim(["a"]) == {"a"}
        assert other.claim(["a", "b"]) == {"b"}
        one.add({"a": "A"})
        assert other.kept(["a"]) == {"a": "A"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "store"]


def test_stores_of_the_version_before_are_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "store.jsonl"
    path.write_bytes(lines(LINES) + b'{"key": "torn')
    Path(f"{path}.rank1").write_bytes(lines([LINES[0], {"key": "c", "text": "C"}]))
    before = path.read_bytes()
    for told in (1, 0):
        caplog.clear()
        with TraceStore(path, MODEL) as store:
            assert store.kept("abc") == {"a": "A", "b": "B\ud800", "c": "C"}
            store.add({"d": "D"})
        assert caplog.text.count("store.jsonl is a trace store of an earlier version") == told
        assert caplog.text.count("torn by a kill and is dropped") == told
    assert path.read_bytes() == before
    with TraceStore(path, MODEL) as store:
        assert store.kept("ad") == {"a": "A", "d": "D"}
    other = sqlite3.connect(f"{path}.sqlite").execute("SELECT count(*) FROM traces").fetchone()
    assert other == (4,)


BAD = {
    "other model": (lines([{**LINES[0], "model": "X"}]), "holds traces of X, not of Model m"),
    "damaged": (lines([LINES[0], {"kex": "a", "text": "A"}]), "is damaged in line 2"),
    "no json": (b"{some other file\n", "damaged in line 1"),
    "other lines": (lines([{"format": "x", "model": "y"}]), "is no trace store"),
    "other file": (b"some other file, of some length\n" * 40, "is no trace store"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_store_is_one_sentence(name: str, tmp_path: Path) -> None:
    content, message = BAD[name]
    path = tmp_path / "store"
    path.write_bytes(content)
    with pytest.raises(AnytimeError, match=message):
        TraceStore(path, MODEL)
    assert path.read_bytes() == content
    assert not list(tmp_path.glob("*.lock"))


def test_databases_of_others_and_of_other_models_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "store"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE things (name TEXT)")
    with pytest.raises(AnytimeError, match="is no trace store: name another file"):
        TraceStore(path, MODEL)
    with TraceStore(tmp_path / "mine", MODEL):
        pass
    with pytest.raises(AnytimeError, match="holds traces of Model m, not of Model n"):
        TraceStore(tmp_path / "mine", "Model n")
    with sqlite3.connect(tmp_path / "mine") as mine:
        mine.execute("UPDATE about SET value = 'anytime traces 9' WHERE name = 'format'")
    with pytest.raises(AnytimeError, match="by a version that keeps 'anytime traces 9'"):
        TraceStore(tmp_path / "mine", MODEL)


def test_a_folder_in_its_place_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AnytimeError, match="cannot be used"):
        TraceStore(tmp_path, MODEL)
