"""Samples are read past `zipfile`, and through it where anything is unusual."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
import zipfile_zstd  # noqa: F401
from inspect_ai.scorer import includes

from anytime.hosts.inspect_ai.archive import is_sample_member
from anytime.logs.inspect_ai import sample_reader
from anytime.logs.inspect_ai.log_file import InspectLog
from anytime.logs.inspect_ai.packing import ZSTANDARD
from anytime.logs.inspect_ai.raw_samples import raw_sample
from anytime.logs.inspect_ai.sample_reader import SampleReader
from tests.inspect_annotating import plain_log, sums
from tests.inspect_runs import Run


@pytest.fixture
def log(run: Run) -> Path:
    return plain_log(run, sums(includes()), epochs=2)


def names_of(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return [name for name in archive.namelist() if is_sample_member(name)]


def through_zipfile(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Which archives `zipfile` had to open."""
    asked: list[Path] = []
    as_it_is = sample_reader.archive_of

    def archive_of(path: Path):  # type: ignore[no-untyped-def]
        asked.append(path)
        return as_it_is(path)

    monkeypatch.setattr(sample_reader, "archive_of", archive_of)
    return asked


def repacked(path: Path, kind: int, place: Path) -> Path:
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(place, "w", kind) as made:
        for name in source.namelist():
            made.writestr(name, source.read(name))
    return place


@pytest.mark.parametrize("kind", [None, zipfile.ZIP_DEFLATED, ZSTANDARD])
def test_as_inspect_and_as_others_pack(
    kind: int | None, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = through_zipfile(monkeypatch)
    path = log if kind is None else repacked(log, kind, tmp_path / "other.eval")
    with zipfile.ZipFile(path) as archive, SampleReader(InspectLog(path)) as read:
        for name in names_of(path):
            assert read(name) == raw_sample(name, archive.read(name))
    assert not asked


@pytest.mark.parametrize("kind", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2])
def test_packed_in_another_way(
    kind: int, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = through_zipfile(monkeypatch)
    path = repacked(log, kind, tmp_path / "other.eval")
    with zipfile.ZipFile(path) as archive, SampleReader(InspectLog(path)) as read:
        for name in names_of(path):
            assert read(name) == raw_sample(name, archive.read(name))
    assert asked == [path]  # once, however many samples


@pytest.mark.parametrize("kind", [zipfile.ZIP_DEFLATED, ZSTANDARD])
@pytest.mark.parametrize("where", [0, 4, -9])
def test_damage_is_told_as_zipfile_tells_it(
    kind: int, where: int, log: Path, tmp_path: Path
) -> None:
    path = repacked(log, kind, tmp_path / "other.eval")
    name = names_of(path)[-1]
    with zipfile.ZipFile(path) as archive:
        about = archive.getinfo(name)
    begin = about.header_offset + 30 + len(name)
    data = bytearray(path.read_bytes())
    data[(begin if where >= 0 else begin + about.compress_size) + where] ^= 0xFF
    path.write_bytes(data)
    with zipfile.ZipFile(path) as archive, SampleReader(InspectLog(path)) as read:
        with pytest.raises(Exception) as theirs:  # noqa: PT011
            raw_sample(name, archive.read(name))
        with pytest.raises(type(theirs.value)):
            read(name)
        assert read(names_of(path)[0]).fields["epoch"] == 1


def test_a_name_that_stands_there_twice_is_the_last(log: Path, tmp_path: Path) -> None:
    path = shutil.copy(log, tmp_path / "twice.eval")
    (name, *_) = names_of(path)
    with zipfile.ZipFile(path, "a") as archive:
        changed = json.loads(archive.read(name)) | {"epoch": 7}
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(name, json.dumps(changed))
    with zipfile.ZipFile(path) as archive, SampleReader(InspectLog(path)) as read:
        assert read(name) == raw_sample(name, archive.read(name))
        assert read(name).fields["epoch"] == 7
