"""Photographs `anytime report` and `anytime compare --html`: `python docs/report_pictures.py`.

The runs are of built-in problems, and the model is a SIMULATOR with a known profile: no language
model is run. Needs `pip install playwright pillow` and a Chromium; names its own with
`CHROMIUM=/usr/bin/chromium`.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from inspect_ai import eval
from inspect_ai.model import get_model
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from anytime.cli import main as anytime
from anytime.hosts.inspect_ai.tasks import trip
from anytime.solvers import cot, leap, pdp

HERE = Path(__file__).parent
PROBLEMS, TRACES = 40, 4
PROFILE: dict[str, Any] = {
    "accuracy": 0.85,
    "solve_tokens": 500,
    "drift": 0.5,
    "guess": 0.2,
    "unparsed": 0.05,
    "examples_speedup": 1.4,
    "contrast_speedup": 1.6,
    "principles_speedup": 1.2,
}
COLOURS = 256
"""Of a picture: enough for text, and a third of the bytes."""


def main(folder: Path) -> None:
    """Run three methods, write both pages, photograph them into docs/."""
    os.environ.setdefault("ANYTIME_CACHE_DIR", str(folder / "cache"))
    logs = []
    for solver in (cot(), pdp(), leap()):
        (log,) = eval(
            trip(dataset="builtin"),
            model=get_model("anytime/simulated", **PROFILE),
            solver=solver,
            limit=PROBLEMS,
            epochs=TRACES,
            log_dir=str(folder),
            display="none",
        )
        logs.append(str(Path(log.location.removeprefix("file://"))))
    report, comparison = folder / "report.html", folder / "comparison.html"
    anytime(["report", *logs, "-o", str(report)])
    anytime(["compare", *logs[:2], "--html", str(comparison)])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM"), args=["--no-sandbox", "--disable-gpu"]
        )
        for mode in ("light", "dark"):
            wide = _photograph(browser, report, folder, (1280, 1700), mode)
            _write(wide, "report-wide-" + mode)
        phone = [
            _photograph(browser, report, folder, (390, 1700), mode) for mode in ("light", "dark")
        ]
        _write(_side_by_side(phone), "report-phone")
        _write(_photograph(browser, comparison, folder, (1280, 2000), "light"), "compare")
        browser.close()


def _photograph(
    browser: Browser, page: Path, folder: Path, size: tuple[int, int], mode: Any
) -> Image.Image:
    """The top of a page."""
    width, height = size
    opened = browser.new_page(viewport={"width": width, "height": height}, color_scheme=mode)
    opened.goto(page.as_uri())
    picture = folder / f"{page.stem}-{width}-{mode}.png"
    opened.screenshot(path=str(picture))
    opened.close()
    return Image.open(picture)


def _side_by_side(pictures: list[Image.Image]) -> Image.Image:
    gap = 20
    width = sum(one.width for one in pictures) + gap * (len(pictures) - 1)
    made = Image.new("RGB", (width, pictures[0].height), "#8a939c")
    left = 0
    for one in pictures:
        made.paste(one, (left, 0))
        left += one.width + gap
    return made


def _write(picture: Image.Image, name: str) -> None:
    reduced = picture.convert("RGB").quantize(
        COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
    )
    reduced.save(HERE / f"{name}.png", optimize=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
