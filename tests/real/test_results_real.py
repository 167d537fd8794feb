"""Real logs and tables of others: annotated, or refused for the right reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log

from anytime.logs.annotation import Told, annotate
from anytime.results import curves, frame, iter_rows, open_runs, summaries
from anytime.statistics.index import anytime_index
from tests.real.tables import COLUMNS


def told(path: Path, folder: Path) -> Told:
    _, found = annotate([path], folder)
    (one,) = found
    return one


def test_popularity_is_annotated(data: Path, tmp_path: Path) -> None:
    one = told(data / "logs" / "inspect" / "popularity.eval", tmp_path)
    assert one.outcome is not None
    assert one.outcome.samples == 100
    (path,) = one.outputs
    source, log = (
        read_eval_log(str(p)) for p in (data / "logs" / "inspect" / "popularity.eval", path)
    )
    assert source.results is not None
    assert log.results is not None
    (old, *curve) = log.results.scores
    assert old == source.results.scores[0]
    shown = {score.name: score.metrics for score in curve}
    # One word is an answer from the first budget on, so the curve is flat at the log's accuracy.
    assert shown["match_anytime"]["anytime_index"].value == pytest.approx(0.63)
    assert shown["match_anytime"]["final"].value == old.metrics["accuracy"].value == 0.63
    (found,) = summaries(open_runs(path))
    assert found.summary.anytime_index == pytest.approx(0.63)
    assert log.samples is not None
    assert source.samples is not None
    assert [s.output.completion for s in log.samples] == [
        s.output.completion for s in source.samples
    ]


def test_a_log_of_rewritten_answers_is_refused(data: Path, tmp_path: Path) -> None:
    one = told(data / "logs" / "inspect" / "gpqa-diamond_gpt-4o-mini_cancelled.eval", tmp_path)
    assert "its solver shuffled the options" in one.refused
    assert list(tmp_path.iterdir()) == []


def test_hidden_reasoning_is_refused(data: Path, tmp_path: Path) -> None:
    one = told(data / "logs" / "inspect" / "gpqa-diamond_gpt-5_encrypted-reasoning.eval", tmp_path)
    assert "4 with hidden reasoning, which cannot be cut" in one.refused
    assert "mode=contract" in one.refused
    assert list(tmp_path.iterdir()) == []


def test_the_gemma_trajectory_gives_the_check_value(data: Path) -> None:
    gemma = data / "gpqa" / "gemma_trajectory.csv"
    table = frame(gemma, COLUMNS)
    assert len(table) == 1089
    assert sorted(table["budget"].unique()) == list(range(0, 101, 10))
    ((_, run),) = curves(iter_rows(gemma, COLUMNS)).items()
    index = {
        e: anytime_index(run.curve, envelope=e, estimator="plugin")  # type: ignore[arg-type]
        for e in ("none", "mean", "trace")
    }
    assert index == pytest.approx({"none": 0.523737, "mean": 0.528283, "trace": 0.693939}, abs=1e-6)
    achieved = anytime_index(run.curve, q_max="achieved", estimator="plugin")
    assert achieved == pytest.approx(0.830159, abs=1e-6)
    (found,) = summaries(open_runs(gemma, COLUMNS))
    numbers = found.summary
    assert numbers.plugin == pytest.approx(0.528283, abs=1e-6)
    # Without the bias of a maximum: below the raw one, by luck, so that there is no drift.
    assert numbers.interval.low < numbers.anytime_index < numbers.raw < numbers.plugin
    assert numbers.drift == 0
    assert (numbers.final, numbers.average, numbers.overthinking) == pytest.approx(
        (0.585859, 0.514233, 0.272727), abs=1e-6
    )
