"""Photographs a sample's checkpoints in `inspect view`: `python docs/screenshot.py`.

Needs `pip install playwright` and a Chromium; names its own with `CHROMIUM=/usr/bin/chromium`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from inspect_ai import eval
from inspect_ai.model import get_model
from playwright.sync_api import sync_playwright

from anytime.hosts.inspect_ai.tasks import aime

HERE = Path(__file__).parent
PORT = 7598
SAMPLE = "builtin-0-lattice_paths-3"
SECONDS_TO_START = 30


def main(folder: str) -> None:
    """Run a few problems, open one in the viewer, write docs/inspect_view.png.

    Their answers are short, so that all checkpoints of a sample are seen at once. The model is a
    simulator.
    """
    (log,) = eval(
        aime(dataset="builtin"),
        model=get_model("anytime/simulated", solve_tokens=1500, accuracy=1.0),
        limit=6,
        log_dir=folder,
        display="none",
    )
    view = subprocess.Popen(
        [sys.executable, "-m", "inspect_ai", "view", "--log-dir", folder, "--port", str(PORT)]
    )
    try:
        _wait_for(f"http://127.0.0.1:{PORT}/")
        _photograph(Path(log.location).name)
    finally:
        view.terminate()


def _wait_for(address: str) -> None:
    for _ in range(SECONDS_TO_START):
        try:
            urllib.request.urlopen(address).close()
        except urllib.error.URLError:
            time.sleep(1)
        else:
            return
    raise SystemExit(f"inspect view did not start at {address}")


def _photograph(log: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1200, "height": 1500})
        page.goto(f"http://127.0.0.1:{PORT}/#/logs/{log}/samples/sample/{SAMPLE}/1/transcript")
        first = page.get_by_text("Intermediate Score").first
        for _ in range(40):  # the list is virtual: scroll until the first score is drawn
            if first.is_visible():
                break
            page.mouse.move(600, 1000)
            page.mouse.wheel(0, 900)
            page.wait_for_timeout(400)
        first.scroll_into_view_if_needed()
        page.mouse.wheel(0, 560)
        page.wait_for_timeout(1500)
        # Without the viewer's first line, which names a temporary folder.
        below = {"x": 0, "y": 28, "width": 1200, "height": 1472}
        page.screenshot(path=str(HERE / "inspect_view.png"), clip=below)
        browser.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(name)
