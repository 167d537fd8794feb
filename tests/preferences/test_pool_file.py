"""Pools on disk: what an interrupted building leaves, and damage."""

from __future__ import annotations

import dataclasses
import errno
import functools
import json
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anytime import AnytimeError, BudgetGrid, Problem
from anytime.preferences.pool import PoolInfo, PoolTrace
from anytime.preferences.pool_file import GrowingPool, PoolFile, is_pool_file
from tests.pooling import INFO, problem, trace

ODD = Problem(id='a "b"\\\n\u2028é', prompt="How\nmany \u2028 \ud800?", gold="4", facts={"n": [1]})
TRACES = [
    trace(one, draw, [0.25, 1.0], text=f"Draw {draw}.\n\u2028 Then é \x85 more.", tokens=7 * draw)
    for draw in (1, 2)
    for one in (problem("a"), ODD)
]


def build(path: Path, traces: Sequence[PoolTrace] = TRACES, info: PoolInfo = INFO) -> list[str]:
    """Add what is missing, finish, and say which traces had to be made."""
    growing = GrowingPool(path, info)
    asked = []
    for one in traces:
        if (one.problem.id, one.draw) not in growing.done:
            asked.append(f"{one.problem.id} {one.draw}")
            growing.add(one)
    growing.finish()
    return asked


@functools.cache
def whole() -> bytes:
    """The file of a building that nothing interrupted."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pool.jsonl"
        build(path)
        return path.read_bytes()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of lines are written here, and no power fails."""
    monkeypatch.setattr("os.fsync", lambda _: None)


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_what_was_added_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "pool.jsonl"
    growing = GrowingPool(path, INFO)
    for one in TRACES:
        growing.add(one)
        assert not path.exists()
    pool = growing.finish()
    assert list(path.parent.iterdir()) == [path]
    assert pool.info == dataclasses.replace(INFO, source=str(path))
    assert list(pool.traces()) == TRACES
    assert list(pool.scored()) == [one.scored for one in TRACES]
    assert list(pool.traces({(ODD.id, 2), ("nobody", 1)})) == [TRACES[3]]
    assert list(PoolFile(path).traces()) == TRACES
    assert is_pool_file(path)


def test_every_trace_is_on_disk_when_it_was_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", synced.append)
    growing = GrowingPool(tmp_path / "pool.jsonl", INFO)
    for number, one in enumerate(TRACES, 1):
        growing.add(one)
        lines = (tmp_path / "pool.jsonl.part").read_bytes().split(b"\n")
        assert len(synced) == number + 1
        assert len(lines) == number + 2
        assert lines[-1] == b""
    growing.close()


def test_a_kill_at_any_byte_costs_the_line_it_tore_and_no_other() -> None:
    content = whole()
    ends = [place + 1 for place in range(len(content)) if content[place : place + 1] == b"\n"]
    names = [f"{one.problem.id} {one.draw}" for one in TRACES]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pool.jsonl"
        part = path.with_name("pool.jsonl.part")
        for size in range(len(content) + 1):
            part.write_bytes(content[:size])
            kept = sum(end <= size for end in ends[1:])
            assert build(path) == names[kept:], size
            assert path.read_bytes() == content, size
            assert not part.exists()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=6))
def test_killed_again_and_again_the_file_is_the_same_in_the_end(kills: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pool.jsonl"
        part = path.with_name("pool.jsonl.part")
        for kill in kills:
            growing = GrowingPool(path, INFO)
            missing = [t for t in TRACES if (t.problem.id, t.draw) not in growing.done]
            for one in missing[: kill % 3]:
                growing.add(one)
            growing.close()
            left = part.read_bytes()
            part.write_bytes(left[: len(left) - kill % 50])
        build(path)
        assert path.read_bytes() == whole()


def test_a_torn_line_is_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    written(tmp_path / "pool.jsonl.part", whole()[:-5])
    GrowingPool(tmp_path / "pool.jsonl", INFO).close()
    assert "the last line was torn by a kill and is dropped" in caplog.text


def test_a_finished_pool_asks_for_nothing_when_only_its_name_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    written(tmp_path / "pool.jsonl.part", whole())
    assert build(path) == []
    assert path.read_bytes() == whole()


# Damage

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda line: line[: len(line) // 2],
    "blank": lambda line: b"",
    "not-utf-8": lambda line: line.replace(b"Draw", b"Dr\xffw"),
    "nul": lambda line: bytes(len(line)),
    "null": lambda line: b"null",
    "list": lambda line: b"[1, 2]",
    "number": lambda line: b"17",
    "deep": lambda line: b"[" * 100_000,
    "a-field-less": lambda line: line.replace(b'"draw": 1, ', b""),
    "a-field-more": lambda line: line.replace(b'"draw"', b'"drew": 1, "draw"'),
    "no-problem": lambda line: line.replace(b'"prompt"', b'"prmpt"'),
    "points-of-two": lambda line: line.replace(b'"answer 0.25", ', b""),
    "a-point-less": lambda line: line.replace(b', [1.0, "answer 1.0", null]', b""),
    "a-point-more": lambda line: line.replace(b"null]]", b'null], [1.0, "", null]]'),
    "quality-in-words": lambda line: line.replace(b'[1.0, "', b'["good", "'),
    "quality-above-1": lambda line: line.replace(b'[1.0, "', b'[10.0, "'),
    "quality-nan": lambda line: line.replace(b'[1.0, "', b'[NaN, "'),
    "answer-no-text": lambda line: line.replace(b'"answer 1.0"', b"1"),
    "draw-no-number": lambda line: line.replace(b'"draw": 1', b'"draw": "1"'),
    "text-no-text": lambda line: line.replace(b'"reasoning": ""', b'"reasoning": null'),
    "tokens-no-number": lambda line: line.replace(b'"tokens": 7', b'"tokens": null'),
    "id-no-text": lambda line: line.replace(b'"id": "a"', b'"id": ["a"]'),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("growing", [False, True])
def test_a_damaged_line_is_named(tmp_path: Path, damage: str, growing: bool) -> None:
    path = tmp_path / "pool.jsonl"
    lines = whole().split(b"\n")
    changed = DAMAGES[damage](lines[1])
    assert changed != lines[1]
    content = b"\n".join([lines[0], lines[2], changed, *lines[3:]])
    name = written(tmp_path / "pool.jsonl.part" if growing else path, content)

    def read() -> None:
        if growing:
            GrowingPool(path, INFO)
        else:
            list(PoolFile(path).scored())

    with pytest.raises(AnytimeError) as error:
        read()
    assert str(error.value) == (
        f"{name}, line 3 is damaged: remove that line, or build the pool again"
    )
    assert name.read_bytes() == content


def test_lines_before_a_damaged_one_are_read(tmp_path: Path) -> None:
    lines = whole().split(b"\n")
    lines[3] = lines[3][:-1]
    traces = PoolFile(written(tmp_path / "pool.jsonl", b"\n".join(lines))).traces()
    assert [next(traces), next(traces)] == TRACES[:2]
    with pytest.raises(AnytimeError, match="line 4 is damaged"):
        next(traces)


@given(st.integers(0, 10_000), st.integers(0, 255))
@settings(deadline=None)
def test_any_byte_may_change_and_reading_ends_in_traces_or_a_sentence(
    place: int, byte: int
) -> None:
    content = bytearray(whole())
    content[place % len(content)] = byte
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pool.jsonl"
        path.write_bytes(content)
        try:
            traces = list(PoolFile(path).traces())
        except AnytimeError as error:
            refused = str(error)
        else:
            refused = str(path)
            assert len(traces) == len(TRACES)
            assert all(0 <= q <= 1 for one in traces for q in one.scored.quality)
        assert str(path) in refused
        assert "\n" not in refused


FOREIGN = {
    "empty": b"",
    "text": b"Some text.\nMore of it.\n",
    "binary": b"PK\x03\x04\xff\xfe\x00",
    "null": b"null\n",
    "list": b"[]\n",
    "deep": b"[" * 100_000 + b"\n",
    "pairs": b'{"format": "anytime pair 1"}\n',
    "a-later-format": whole().replace(b"anytime pool 1", b"anytime pool 2"),
    "no-format": b'{"domain": "aime"}\n',
    "a-field-less": whole().replace(b'"model": "some/model", ', b""),
    "a-field-more": whole().replace(b'"model"', b'"nodel": 1, "model"'),
    "no-grid": whole().replace(b"[8, 16]", b"[16, 8]"),
    "grid-in-words": whole().replace(b"[8, 16]", b'"few"'),
    "torn": whole().split(b"\n")[0][:-1],
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_no_pool_is_one_sentence(tmp_path: Path, kind: str) -> None:
    assert FOREIGN[kind] != whole()
    path = written(tmp_path / "pool.jsonl", FOREIGN[kind])
    with pytest.raises(AnytimeError, match=r"pool\.jsonl is no pool"):
        PoolFile(path)


@pytest.mark.parametrize("kind", sorted(set(FOREIGN) - {"empty", "torn"}))
def test_a_part_that_is_no_pool_is_left_alone(tmp_path: Path, kind: str) -> None:
    content = FOREIGN[kind] + (b"" if FOREIGN[kind].endswith(b"\n") else b"\n")
    part = written(tmp_path / "pool.jsonl.part", content)
    with pytest.raises(AnytimeError, match=r"pool\.jsonl\.part is no pool"):
        GrowingPool(tmp_path / "pool.jsonl", INFO)
    assert part.read_bytes() == content


@pytest.mark.parametrize(
    "other",
    [
        dataclasses.replace(INFO, domain="gpqa"),
        dataclasses.replace(INFO, revision="seed 1"),
        dataclasses.replace(INFO, model="some/other"),
        dataclasses.replace(INFO, budgets=BudgetGrid([8, 32])),
    ],
)
def test_a_part_of_another_pool_is_not_grown(tmp_path: Path, other: PoolInfo) -> None:
    path = tmp_path / "pool.jsonl"
    GrowingPool(path, INFO).close()
    with pytest.raises(AnytimeError, match=r"pool\.jsonl\.part is of another run"):
        GrowingPool(path, other)


def test_a_part_under_another_name_of_the_dataset_is_grown(tmp_path: Path) -> None:
    path = tmp_path / "pool.jsonl"
    build(path, TRACES[:1])
    path.replace(path.with_name("pool.jsonl.part"))
    growing = GrowingPool(path, dataclasses.replace(INFO, dataset="renamed", source="else"))
    assert growing.done == {("a", 1)}
    growing.close()


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AnytimeError, match=r"pool .*none\.jsonl cannot be read: No such file"):
        PoolFile(tmp_path / "none.jsonl")
    assert not is_pool_file(tmp_path / "none.jsonl")
    assert not is_pool_file(tmp_path)


def test_a_place_where_nothing_can_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(AnytimeError, match="cannot be used"):
        GrowingPool(tmp_path / "file" / "pool.jsonl", INFO)


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    growing = GrowingPool(tmp_path / "pool.jsonl", INFO)
    growing.add(TRACES[0])

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(AnytimeError, match="cannot be written: No space left on device"):
        growing.add(TRACES[1])
    assert growing.done == {("a", 1)}
    growing.close()


def test_only_the_first_line_makes_a_pool(tmp_path: Path) -> None:
    path = written(tmp_path / "x", b"{" + b" " * 300 + b'"format": "anytime pool 1"}')
    assert not is_pool_file(path)
    assert json.loads(whole().split(b"\n")[0])["format"] == "anytime pool 1"
