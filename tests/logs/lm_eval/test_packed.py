"""Samples that gzip packed: read within a bound, or refused in a sentence."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from anytime.errors import AnytimeError
from anytime.logs.annotation import annotate
from anytime.preferences.opening import open_pool
from anytime.results import open_runs, summaries
from tests.lm_eval_logs import GRID, annotated, by_hand, lines_of, refusal, samples_of, table

pytestmark = pytest.mark.usefixtures("few_tasks")


def packed(path: Path) -> Path:
    """The file packed, and gone itself."""
    made = path.with_name(f"{path.name}.gz")
    made.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return made


def test_packed_samples_are_annotated_as_plain_ones(plain_log: Path, tmp_path: Path) -> None:
    plain = annotated(samples_of(plain_log, "aime24"), tmp_path / "plain").outputs
    folder = tmp_path / "in"
    folder.mkdir()
    results = folder / plain_log.name
    results.write_bytes(plain_log.read_bytes())
    copy = folder / samples_of(plain_log, "aime24").name
    copy.write_bytes(samples_of(plain_log, "aime24").read_bytes())
    file = packed(copy)
    for given in (file, results, folder):
        out = tmp_path / f"out-{given.name}"
        made = annotated(given, out).outputs
        assert [path.name for path in made] == [path.name for path in plain]
        assert table(made[0], "aime24") == table(plain[0], "aime24")
        assert lines_of(made[1]) == lines_of(plain[1])


def test_a_packed_annotated_run_is_read_as_it_was(plain_log: Path, tmp_path: Path) -> None:
    _, samples = annotated(samples_of(plain_log, "aime24"), tmp_path / "out").outputs
    (before,) = summaries(open_runs(samples))
    file = packed(samples)
    for given in (file, tmp_path / "out"):
        (summary,) = summaries(open_runs(given))
        assert summary.quality == before.quality


def test_a_packed_file_beside_its_plain_one_is_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    path = by_hand(folder, "\\boxed{0}", "\\boxed{5}")
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    one = annotated(folder, tmp_path / "out")
    assert one.outcome is not None
    assert one.outcome.samples == 2


def test_what_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = packed(by_hand(tmp_path / "in", "\\boxed{0} " + "and on " * 200_000))
    monkeypatch.setattr("anytime.packed.LARGEST_UNPACKED", 1 << 20)
    assert file.stat().st_size < 10_000
    assert "holds more than 1 MiB: unpack it" in refusal(file, tmp_path / "out")
    monkeypatch.setattr("anytime.packed.LARGEST_UNPACKED", 2 << 20)
    assert annotated(file, tmp_path / "out").outcome is not None


def test_a_damaged_packing_is_refused(tmp_path: Path) -> None:
    file = packed(by_hand(tmp_path / "in", *["\\boxed{0}"] * 200))
    file.write_bytes(file.read_bytes()[:-20])
    assert "is damaged: it does not unpack to its end" in refusal(file, tmp_path / "out")


@pytest.mark.parametrize("name", ["log.json.gz", "rows.csv.gz", "rows.jsonl.gz", "log.eval"])
def test_other_packed_files_are_named_as_such(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(gzip.compress(b'{"version": 2, "eval": {}}'))
    sentence = "is compressed \\(gzip\\): unpack it"
    with pytest.raises(AnytimeError, match=sentence):
        open_runs(file)
    with pytest.raises(AnytimeError, match=sentence):
        open_pool(file)
    _, told = annotate([file], tmp_path / "out", budgets=GRID)
    assert "is compressed (gzip): unpack it" in next(told).refused
