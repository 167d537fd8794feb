"""Curves in one line of Python."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

import anytime
from anytime import Run
from anytime.errors import AnytimeError
from anytime.statistics.bands import curve_band


def made(name: str, budgets: tuple[int, ...] = (128, 256, 512), gain: float = 0.2) -> Run:
    quality = np.random.default_rng(5).random((12, 2, len(budgets))) / 2 + gain
    return Run(name, budgets, dict(enumerate(quality)))


def lines_of(figure: Figure) -> list[list[float]]:
    return [list(line.get_ydata()) for axes in figure.axes for line in axes.lines]  # type: ignore[arg-type]


def test_curves_lie_over_each_other_with_their_bands() -> None:
    runs = [made("one"), made("other", gain=0.1)]
    figure = anytime.plot(runs)
    assert isinstance(figure, Figure)
    (axes,) = figure.axes
    assert lines_of(figure) == [run.curve.mean.tolist() for run in runs]
    for run, band in zip(runs, axes.collections, strict=True):
        low, high = curve_band(run.curve)[:2]
        ys = band.get_paths()[0].vertices[:, 1]  # type: ignore[index]
        assert {*map(float, (*low, *high))} <= {*map(float, ys)}
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["one", "other"]


def test_the_axis_is_in_doublings() -> None:
    (axes,) = anytime.plot(made("one")).axes
    assert np.diff(axes.get_xticks()).tolist() == [1, 1]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["128", "256", "512"]


def test_runs_at_other_budgets_share_the_axis() -> None:
    figure = anytime.plot([made("one"), made("other", (256, 1024))])
    (axes,) = figure.axes
    one, other = (list(line.get_xdata()) for line in axes.lines)  # type: ignore[arg-type]
    assert (one, other) == ([7, 8, 9], [8, 10])


def test_many_runs_have_axes_of_their_own_before_the_others() -> None:
    runs = [made(f"run {place}", gain=place / 20) for place in range(7)]
    figure = anytime.plot(runs)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [run.name for run in runs]
    for axes, run in zip(figure.axes, runs, strict=True):
        assert len(axes.lines) == len(runs)
        assert list(axes.lines[-1].get_ydata()) == run.curve.mean.tolist()  # type: ignore[arg-type]


def test_a_notebook_shows_it_whatever_the_users_style(tmp_path: Path) -> None:
    figure = anytime.plot(made("$x$ <b> \ud800"))
    shown = figure._repr_png_()  # type: ignore[attr-defined]
    assert shown.startswith(b"\x89PNG")
    with mpl.rc_context({"axes.grid": True, "savefig.dpi": 10, "font.size": 30}):
        again = anytime.plot(made("$x$ <b> \ud800"))
        assert again._repr_png_() == shown  # type: ignore[attr-defined]
    written = io.StringIO()
    figure.savefig(written, format="svg")
    ElementTree.fromstring(written.getvalue())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "plot takes runs, and there is none: anytime.load(logs) gives them"),
        (["a.eval"], "plot takes runs, and str is none: anytime.load(logs) gives them"),
    ],
)
def test_what_is_no_run_is_refused(given: list[object], said: str) -> None:
    with pytest.raises(AnytimeError) as caught:
        anytime.plot(given)  # type: ignore[arg-type]
    assert str(caught.value) == said


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(AnytimeError) as caught:
        anytime.plot(made("one"))
    assert str(caught.value) == "figures need matplotlib: pip install 'anytime-eval[plots]'"
