"""Finished runs for Inspect Viz: its columns, the curves' numbers, and views that take them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import anytime
from anytime.errors import AnytimeError
from anytime.results import curves, iter_rows, viz_frame
from anytime.statistics.bands import curve_band
from tests.small_runs import BUDGETS, Logs, run_inspect

EXPECTED = [
    "eval_id",
    "task_id",
    "log",
    "created",
    "task_name",
    "task_display_name",
    "dataset_name",
    "model",
    "model_display_name",
    "score_headline_name",
    "score_headline_metric",
    "score_headline_value",
    "score_headline_stderr",
    "budget",
    "band_low",
    "band_high",
    "harness",
    "method",
    "mode",
    "source",
    "problems",
    "traces",
]
OF_EVALS_DF = EXPECTED[: EXPECTED.index("budget")]


def table(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.mark.parametrize("harness", ["inspect_ai", "lm_eval"])
def test_values_are_those_of_the_curves(logs: Logs, harness: str) -> None:
    made = viz_frame(logs[harness])
    assert list(made.columns) == EXPECTED
    ((key, run),) = curves(iter_rows(logs[harness])).items()
    assert made["budget"].tolist() == BUDGETS
    assert made["score_headline_value"].tolist() == run.curve.mean.tolist()
    spread = run.curve.by_problem.std(axis=0, ddof=1) / np.sqrt(5)
    assert made["score_headline_stderr"].to_numpy() == pytest.approx(spread)
    band = curve_band(run.curve)
    assert made["band_low"].tolist() == band.low.tolist()
    assert made["band_high"].tolist() == band.high.tolist()
    for column, value in {
        "eval_id": key.run,
        "task_name": key.task.removeprefix("anytime/"),
        "model": key.model,
        "model_display_name": f"{key.model}, cot",
        "score_headline_name": "trip",
        "harness": harness,
        "problems": 5,
        "traces": 15,
    }.items():
        assert made[column].unique().tolist() == [value]


def test_ids_are_those_of_evals_df(logs: Logs) -> None:
    from inspect_ai.analysis import evals_df

    (theirs,) = evals_df(str(logs["inspect_ai"])).to_dict("records")
    assert set(OF_EVALS_DF) - {"model_display_name"} <= set(theirs)  # that of `model_info()`
    for column in ("eval_id", "task_name", "task_display_name", "model"):
        assert viz_frame(logs["inspect_ai"])[column].unique().tolist() == [theirs[column]]


def test_every_curve_of_a_task_has_a_name_of_its_own(logs: Logs, tmp_path: Path) -> None:
    first, again = logs["inspect_ai"], tmp_path / "again" / logs["inspect_ai"].name
    again.parent.mkdir()
    shutil.copy(first, again)
    other = Path(shutil.copy(first, tmp_path / "other.eval"))
    made = viz_frame([first, again, other])
    names = made["model_display_name"].unique().tolist()
    start = "anytime/simulated, cot"
    assert names == [
        f"{start}, {first.stem} (1)",
        f"{start}, {first.stem} (2)",
        f"{start}, other",
    ]
    assert len(made) == 3 * len(BUDGETS)


def test_curves_are_told_apart_by_what_differs(tmp_path: Path) -> None:
    """A legend has no room for names of files: with them a plot was a quarter as wide."""
    runs = [run_inspect(tmp_path / str(t), epochs=1, temperature=t) for t in (0.2, 0.7)]
    start = "anytime/simulated, cot"
    names = viz_frame(runs)["model_display_name"].unique().tolist()
    assert names == [f"{start}, temperature 0.2", f"{start}, temperature 0.7"]


def test_runs_that_were_loaded_keep_their_names(logs: Logs) -> None:
    runs = anytime.load(logs["inspect_ai"], labels=["mine"])
    made = viz_frame(runs)
    assert made["model_display_name"].unique().tolist() == ["mine"]
    of_logs = viz_frame(logs["inspect_ai"])
    assert made.drop(columns="model_display_name").equals(
        of_logs.drop(columns="model_display_name")
    )
    with pytest.raises(AnytimeError, match=r"a\.eval is a log"):
        viz_frame([*runs, "a.eval"])  # type: ignore[list-item]


def test_modes_are_told_apart(logs: Logs, tmp_path: Path) -> None:
    contract = run_inspect(tmp_path, mode="contract")
    names = viz_frame([logs["inspect_ai"], contract])["model_display_name"].unique().tolist()
    assert names == ["anytime/simulated, cot", "anytime/simulated, cot, contract"]


def test_each_scorer_has_rows_of_its_own(tmp_path: Path) -> None:
    lines = [
        f"{id_},{at},{ok}"
        for id_, ok in (("a", "0,x"), ("a", "1,y"), ("b", "1,x"), ("b", "1,y"))
        for at in (10, 20)
    ]
    rows = "\n".join(["id,at,ok,who", *lines])
    columns = {"problem": "id", "budget": "at", "quality": "ok", "scorer": "who"}
    made = viz_frame(table(tmp_path / "theirs.csv", rows), columns)
    assert made["score_headline_name"].tolist() == ["x", "x", "y", "y"]
    assert made["score_headline_value"].tolist() == [0.5, 0.5, 1, 1]
    assert made["model_display_name"].tolist() == ["theirs, x"] * 2 + ["theirs, y"] * 2
    assert made["created"].isna().all()


def test_a_single_problem_has_no_interval(tmp_path: Path) -> None:
    columns = {"problem": "id", "budget": "at", "quality": "ok"}
    made = viz_frame(table(tmp_path / "one.csv", "id,at,ok\na,10,0\na,20,1\n"), columns)
    assert made["score_headline_value"].tolist() == [0, 1]
    assert made[["score_headline_stderr", "band_low", "band_high"]].isna().all(axis=None)


def test_mixed_budgets_are_refused(tmp_path: Path) -> None:
    columns = {"problem": "id", "budget": "at", "quality": "ok"}
    mixed = table(tmp_path / "mixed.csv", "id,at,ok\na,10,0\na,20,0\nb,20,1\n")
    with pytest.raises(AnytimeError, match="mixes budgets"):
        viz_frame(mixed, columns)


def components(logs: Logs) -> tuple[Any, pd.DataFrame]:
    return pytest.importorskip("inspect_viz"), viz_frame(logs.values())


def test_a_plot_of_quality_by_budget(logs: Logs) -> None:
    viz, made = components(logs)
    mark, plot = pytest.importorskip("inspect_viz.mark"), pytest.importorskip("inspect_viz.plot")
    data = viz.Data.from_dataframe(made)
    by, name = {"x": "budget", "y": "score_headline_value"}, "model_display_name"
    drawn = plot.plot(
        mark.area_y(data, **by, y1="band_low", y2="band_high", fill=name, fill_opacity=0.15),
        mark.line(data, **by, stroke=name),
        mark.dot(data, **by, fill=name),
        x_scale="log",
        y_domain=[0, 1],
    )
    assert isinstance(drawn, viz.Component)


def test_views_that_are_built_in(logs: Logs) -> None:
    viz, made = components(logs)
    view = pytest.importorskip("inspect_viz.view")
    everything = viz.Data.from_dataframe(made)
    drawn = view.scores_by_limit(
        everything,
        success="score_headline_value",
        stderr="score_headline_stderr",
        limit="budget",
    )
    assert isinstance(drawn, viz.Component)
    last = viz.Data.from_dataframe(made[made["budget"] == BUDGETS[-1]])
    for made_by in (view.scores_by_task, view.scores_heatmap):
        assert isinstance(made_by(last), viz.Component)
    one_task = made[(made["budget"] == BUDGETS[-1]) & (made["harness"] == "inspect_ai")]
    assert isinstance(view.scores_by_model(viz.Data.from_dataframe(one_task)), viz.Component)
