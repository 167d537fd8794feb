"""Photographs `summary`, `compare` and `spend` in terminals of 80 and 200 columns.

`python docs/terminal_pictures.py [FOLDER]` runs a few simulated problems, then each command in a
terminal of its own (a pseudo-terminal, with colours), and draws what it shows: terminal-80.png and
terminal-200.png, in docs/ unless told otherwise. Needs `pip install playwright` and a Chromium;
names its own with `CHROMIUM=/usr/bin/chromium`.
"""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
WIDTHS = (80, 200)

RUNS = """
inspect eval anytime/trip -T dataset=builtin --limit 30 --epochs 4 --model anytime/simulated \
  -M contrast_speedup=1.6 --log-dir cot --display none
inspect eval anytime/trip -T dataset=builtin --limit 30 --epochs 4 --model anytime/simulated \
  -M contrast_speedup=1.6 --log-dir pdp --solver anytime/pdp --display none
"""
SHOWN = (
    "anytime summary cot pdp",
    "anytime compare cot pdp --budget 1024",
    "anytime spend cot",
)


def main(target: Path) -> None:
    """Run the problems, photograph what the commands show."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        subprocess.run(["bash", "-ec", RUNS], cwd=folder, env=environment, check=True)
        for width in WIDTHS:
            shown = "".join(f"$ {command}\n{_seen(command, folder, width)}" for command in SHOWN)
            _photograph(shown, width, target / f"terminal-{width}.png")


def _seen(command: str, folder: Path, width: int) -> str:
    """What a terminal of so many columns shows of a command."""
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": str(width),
        "TERM": "xterm-256color",
    }
    outside, inside = pty.openpty()
    running = subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env=environment, stdout=inside, stderr=inside
    )
    os.close(inside)
    parts = []
    while True:
        try:
            part = os.read(outside, 1 << 16)
        except OSError:  # how a terminal says that nobody writes to it any more
            break
        if not part:
            break
        parts.append(part)
    os.close(outside)
    if running.wait():
        raise SystemExit(b"".join(parts).decode())
    return b"".join(parts).decode().replace("\r\n", "\n")


def _photograph(shown: str, width: int, path: Path) -> None:
    console = Console(record=True, width=width, file=io.StringIO(), color_system="truecolor")
    console.print(Text.from_ansi(shown), soft_wrap=True)
    drawn = console.export_svg(title=f"{width} columns")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM"), args=["--no-sandbox", "--disable-gpu"]
        )
        # As large as a terminal of 80 columns is; of a wide one the letters are smaller.
        page = browser.new_page(viewport={"width": 980 if width <= 80 else 1400, "height": 600})
        page.set_content(f"<style>body {{ margin: 0 }} svg {{ width: 100% }}</style>{drawn}")
        seen = page.locator("svg").screenshot()
        browser.close()
    # A terminal has few colours: as many take a third of the room.
    Image.open(io.BytesIO(seen)).convert("RGB").quantize(32).save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
