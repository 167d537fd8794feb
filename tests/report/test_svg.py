"""Figures within a page: their text is as it was drawn, whatever it looks like."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from anytime.budgets import BudgetGrid
from anytime.report.figures import Drawn, Index, Line, curve_figures, index_figure, marks_of
from anytime.report.plotting import COLOURS, drawing, label_of
from anytime.report.svg import inline_svg

BUDGETS = BudgetGrid([0, 128, 256])


def index_of(label: str) -> Drawn:
    return index_figure([Index(label, 0.52828, 0.46555, 0.60767)])


def texts(svg: str) -> list[str]:
    root = ElementTree.fromstring(svg.encode(errors="replace"))  # as it is written
    assert {element.tag for element in root.iter()} <= {"svg", "g", "path", "defs", "use", "text",
                                                         "clipPath", "rect"}  # fmt: skip
    return [element.text or "" for element in root.iter("text")]


@pytest.mark.parametrize(
    "label",
    [
        "model-0.12345",
        "#0072b2",
        'a id="b" href="#c" url(#d)',
        "font: 12px Arial",
        "</text><script>alert(1)</script>",
        "<!-- a -->",
        "$x$ \\frac",
        "{{ 7*7 }}",
        "α 模型",
    ],
)
def test_names_stay_as_they_are(label: str) -> None:
    with drawing():
        assert label in texts(inline_svg(index_of(label), "a"))
        line = Line(label, np.array([0.1, 0.2, 0.3]))
        (drawn,) = curve_figures(BUDGETS, [line])
        assert label in texts(inline_svg(drawn, "b"))


def test_what_nothing_shows_is_left_out_of_names() -> None:
    with drawing():
        found = texts(inline_svg(index_of("a\ud800\u202eb\nc"), "a"))
    assert "a b c" in found
    assert label_of("x" * 100, 10) == "xxxxxx…xxx"


def test_numbers_keep_their_digits() -> None:
    with drawing():
        assert "0.528  [0.466, 0.608]" in texts(inline_svg(index_of("a"), "a"))


def test_of_one_problem_the_index_stands_alone() -> None:
    with drawing():
        drawn = index_figure([Index("a", 0.5, float("nan"), float("nan"))])
        assert "0.500" in texts(inline_svg(drawn, "a"))


def test_colours_are_the_pages_and_references_its_own() -> None:
    lines = [
        Line(str(n), np.array([0.1, n / 9, 1]), np.zeros(3), np.ones(3), mark)
        for n, mark in enumerate(marks_of(4))
    ]
    with drawing():
        (drawn,) = curve_figures(BUDGETS, lines)
        one, other = (inline_svg(drawn, name) for name in ("first", "second"))
    assert not re.findall("#[0-9a-f]{6}", one)
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", one))
    assert {f"series-{n}" for n in (1, 2, 3, 4)} <= used <= set(COLOURS.values())
    ids = re.findall(r' id="([^"]*)"', one)
    assert len(ids) == len(set(ids))
    assert not set(ids) & set(re.findall(r' id="([^"]*)"', other))
    referred = set(re.findall(r'href="#([^"]*)"', one)) | set(re.findall(r"url\(#([^)]*)\)", one))
    assert referred <= set(ids)
    assert referred


def test_the_same_figure_is_the_same_text() -> None:
    with drawing():
        assert inline_svg(index_of("a"), "a") == inline_svg(index_of("a"), "a")
