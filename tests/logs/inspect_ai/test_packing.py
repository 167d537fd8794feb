"""Members of an archive that were packed elsewhere, as everybody else reads them."""

from __future__ import annotations

import io
import zipfile

import pytest
import zipfile_zstd  # noqa: F401
from hypothesis import given
from hypothesis import strategies as st

from anytime.logs.inspect_ai.packing import ZSTANDARD, append, packed

KINDS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, ZSTANDARD]


NAMES = st.text(st.characters(exclude_characters="\0/\\", codec="utf-8"), min_size=1)
DATA = st.binary(max_size=200).map(lambda data: data * 50)


@given(held=st.dictionaries(NAMES, DATA), kind=st.sampled_from(KINDS))
def test_an_archive_is_read_as_it_was_written(held: dict[str, bytes], kind: int) -> None:
    place = io.BytesIO()
    with zipfile.ZipFile(place, "w") as made:
        for name, data in held.items():
            append(made, packed(name, data, kind))
        made.writestr("by zipfile/itself", b"a" * 1000)
        append(made, packed("last/one", b"b" * 1000, kind))
    with zipfile.ZipFile(place) as archive:
        assert archive.testzip() is None
        names = [*held, "by zipfile/itself", "last/one"]
        assert archive.namelist() == names
        assert [archive.read(name) for name in names[:-2]] == list(held.values())
        assert archive.read(names[-2]) + archive.read(names[-1]) == b"a" * 1000 + b"b" * 1000


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_member_says_of_itself(kind: int) -> None:
    """As `zipfile` writes it, but for how it is packed."""
    place, theirs = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(place, "w") as made:
        append(made, packed("samples/1_epoch_1.json", b"{}" * 999, kind))
    with zipfile.ZipFile(theirs, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("samples/1_epoch_1.json", b"{}" * 999)
    (ours,) = zipfile.ZipFile(place).infolist()
    (other,) = zipfile.ZipFile(theirs).infolist()
    for name in ("CRC", "file_size", "external_attr", "flag_bits", "filename", "header_offset"):
        assert getattr(ours, name) == getattr(other, name)
    assert ours.compress_type == (ZSTANDARD if kind == ZSTANDARD else zipfile.ZIP_DEFLATED)
    assert ours.compress_size < 100
