"""`anytime annotate --model` on a log of Inspect, once more: no answer is asked for again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from inspect_ai.scorer import includes

from anytime.cli import main
from tests.inspect_annotating import plain_log, sums
from tests.inspect_runs import Run, asked, run  # noqa: F401


def test_answers_are_kept_for_the_next_time(
    run: Run,  # noqa: F811
    asked: list[str],  # noqa: F811
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = plain_log(run, sums(includes()))
    asked.clear()
    counts = []
    for folder in ("first", "again"):
        words = ("annotate", str(log), "-o", str(tmp_path / folder), "--budgets", "2,4")
        main([*words, "--model", "anytime/guesser"])
        counts.append(len(asked))
    assert 0 < counts[0] == counts[1]
    capsys.readouterr()
    main(["summary", "--json", str(tmp_path / "first"), str(tmp_path / "again")])
    first, again = json.loads(capsys.readouterr().out)
    assert first["quality"] == again["quality"]
