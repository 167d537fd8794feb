"""The pages in a real browser, offline: nothing overflows, nothing complains, text can be read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from anytime.cli import main
from tests.small_runs import Logs

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: set CHROMIUM"),
]

CONTRAST = """() => {
  const light = c => { const [r, g, b] = c.match(/[0-9.]+/g).map(Number).map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const paper = light(getComputedStyle(document.documentElement).backgroundColor);
  return [...document.querySelectorAll("p, td, th, h2, summary, li")].map(e => {
    const ink = light(getComputedStyle(e).color);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05); });
}"""

OUTSIDE = """() => [...document.querySelectorAll("svg.plot")].flatMap(svg => {
  const box = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter(text => {
    const t = text.getBoundingClientRect();
    return t.left < box.left - 1 || t.right > box.right + 1 || t.top < box.top - 1
      || t.bottom > box.bottom + 1; }).map(text => text.textContent); })"""

BEYOND = """() => [...document.querySelectorAll("td, tbody th")].filter(cell => {
  const box = cell.getBoundingClientRect();
  return box.right > innerWidth + 1 || (cell.scrollWidth > cell.clientWidth + 1); })
  .map(cell => cell.textContent)"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: Any, logs: Logs) -> list[Path]:
    folder = tmp_path_factory.mktemp("pages")
    names = [str(log) for log in logs.values()]
    main(["report", *names, "-o", str(folder / "report.html")])
    twin = folder / "twin.eval"
    twin.write_bytes(logs["inspect_ai"].read_bytes())
    main(["compare", names[0], str(twin), "--html", str(folder / "comparison.html")])
    return sorted(folder.glob("*.html"))


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("mode", ["light", "dark"])
def test_pages_are_fit_to_be_read(pages: list[Path], width: int, mode: Any) -> None:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=mode, offline=True
        )
        for page in pages:
            _read(context.new_page(), page, width)
        browser.close()


def _read(opened: Any, page: Path, width: int) -> None:
    told: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda message: told.append(message.text))
    opened.on("pageerror", lambda error: told.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(page.as_uri())
    opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert told == []
    assert asked == [page.as_uri()]
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert min(opened.evaluate(CONTRAST)) >= 4.5
    assert opened.evaluate(OUTSIDE) == []
    if width < 600:  # a telephone shows every number without scrolling sideways
        assert opened.evaluate(BEYOND) == []
