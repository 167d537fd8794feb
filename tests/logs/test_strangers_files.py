"""What lies in a folder of somebody else's: told in a sentence, and no reason to stop."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log, write_eval_log, write_log_dir_manifest

from anytime.cli import main
from anytime.errors import AnytimeError
from anytime.logs.inspect_ai.log_file import UNPACKED, InspectLog
from anytime.logs.opening import open_runs
from tests.refusals import is_one_sentence
from tests.small_runs import Logs


def refused(path: Path) -> str:
    with pytest.raises(AnytimeError) as caught:
        open_runs(path)
    message = str(caught.value)
    assert is_one_sentence(message.replace(str(path.parent), "")), message
    return message


def pipe(path: Path) -> None:
    os.mkfifo(path)


def nowhere(path: Path) -> None:
    path.symlink_to("not_there.eval")


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def garbage(path: Path) -> None:
    path.write_bytes(os.urandom(64))


def half(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 and no more")


def empty(path: Path) -> None:
    path.touch()


KINDS: dict[Callable[[Path], None], str] = {
    pipe: "is no file but a pipe",
    nowhere: "is a link that leads nowhere",
    loop: "cannot be read: Too many levels of symbolic links",
    device: "is no file but a device",
    garbage: "is no run: name",
    half: "is no log of Inspect AI, or a damaged one",
    empty: "is no run: name",
}


@pytest.mark.parametrize("kind", KINDS)
def test_one_odd_file_does_not_stop_a_folder(
    kind: Callable[[Path], None], tmp_path: Path, logs: Logs
) -> None:
    shutil.copy(logs["inspect_ai"], tmp_path / "whole.eval")
    odd = tmp_path / "odd.eval"
    kind(odd)
    told: list[AnytimeError] = []
    assert len(open_runs(tmp_path, left_out=told.append)) == 1
    assert [KINDS[kind] in str(error) for error in told] == [True]
    assert KINDS[kind] in refused(odd)


def test_odd_files_of_other_names_are_passed_over(tmp_path: Path, logs: Logs) -> None:
    shutil.copy(logs["inspect_ai"], tmp_path / "whole.eval")
    (tmp_path / "latest.eval").symlink_to("whole.eval")
    (tmp_path / "package.json").write_text('{"name": 1}')
    pipe(tmp_path / "pipe.json")
    nowhere(tmp_path / "link.json")
    assert len(open_runs(tmp_path)) == 1  # the file that a link leads to is counted once


def test_lists_of_logs_that_inspect_writes_are_no_logs(
    tmp_path: Path, logs: Logs, capsys: pytest.CaptureFixture[str]
) -> None:
    """An eval set leaves `logs.json` with the headers of all its logs beside them."""
    shutil.copy(logs["inspect_ai"], tmp_path / "2026-01-01_whole.eval")
    write_log_dir_manifest(str(tmp_path))
    listed = tmp_path / "logs.json"
    assert b'"eval"' in listed.read_bytes()
    told: list[AnytimeError] = []
    assert len(open_runs(tmp_path, left_out=told.append)) == 1
    assert told == []
    assert "logs.json is no run: name" in refused(listed)
    log = read_eval_log(str(logs["inspect_ai"]))
    write_eval_log(log, str(tmp_path / "same.json"), "json")
    assert len(open_runs(tmp_path, left_out=told.append)) == 2
    main(["summary", str(tmp_path)])
    err = capsys.readouterr().err
    assert "2026-01-01_whole.eval and " in err
    assert f"same.json hold one run, {log.eval.eval_id}: it counts 2 times here" in err


def test_an_odd_file_does_not_stop_annotating_a_folder(
    tmp_path: Path, logs: Logs, capsys: pytest.CaptureFixture[str]
) -> None:
    for kind in KINDS:
        kind(tmp_path / f"{kind.__name__}.eval")
    with pytest.raises(SystemExit):
        main(["annotate", str(tmp_path), "-o", str(tmp_path / "out")])
    told = capsys.readouterr().err
    assert all(sentence in told for sentence in KINDS.values())


@pytest.mark.parametrize("member", ["header.json", "summaries.json", "samples/x_epoch_1.json"])
def test_a_part_that_unpacks_to_much_is_refused_before_it_is_unpacked(
    member: str, tmp_path: Path, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = tmp_path / "bomb.eval"
    with (
        zipfile.ZipFile(logs["inspect_ai"]) as source,
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as made,
    ):
        for name in source.namelist():
            if name != member:
                made.writestr(name, source.read(name))
        made.writestr(member, b" " * (3 << 20))
    assert bomb.stat().st_size < 1 << 20
    monkeypatch.setenv(UNPACKED, "2")
    message = refused(bomb)
    assert f"holds {member}, which takes 3 MiB unpacked, and 2 are allowed" in message
    assert f"{UNPACKED}=3 allows it" in message
    monkeypatch.setenv(UNPACKED, "3")
    if member == "header.json":
        assert "or a damaged one" in refused(bomb)  # white space is no header
    else:
        assert len(open_runs(bomb)) == 1
    monkeypatch.setenv(UNPACKED, "much")
    assert "is a whole number of MiB, not 'much'" in refused(bomb)


def test_a_gigabyte_is_too_much_where_nobody_says_otherwise(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.eval"
    with zipfile.ZipFile(bomb, "w") as made:
        made.writestr("header.json", b"{}")
    data = bytearray(bomb.read_bytes())
    place = data.rindex(b"PK\x01\x02") + 24  # the size, as the directory of the archive has it
    data[place : place + 4] = (1 << 30).to_bytes(4, "little")
    bomb.write_bytes(data)
    assert "takes 1024 MiB unpacked, and 256 are allowed" in refused(bomb)


def test_a_log_of_a_later_inspect_is_named(tmp_path: Path, logs: Logs) -> None:
    known = InspectLog(logs["inspect_ai"]).header.version
    later = tmp_path / "later.eval"
    with zipfile.ZipFile(logs["inspect_ai"]) as source, zipfile.ZipFile(later, "w") as made:
        for name in source.namelist():
            data = source.read(name)
            if name == "header.json":
                data = json.dumps(json.loads(data) | {"version": known + 1}).encode()
            made.writestr(name, data)
    message = refused(later)
    assert f"is of version {known + 1} of Inspect's format" in message
    assert "pip install -U inspect-ai" in message


def test_a_json_log_of_a_later_inspect_is_named(tmp_path: Path, logs: Logs) -> None:
    later = tmp_path / "later.json"
    write_eval_log(read_eval_log(str(logs["inspect_ai"])), str(later))
    later.write_text(json.dumps(json.loads(later.read_text()) | {"version": 99}))
    assert "is of version 99 of Inspect's format" in refused(later)
