"""Photographs the notebook as it runs: `python docs/decision_pictures.py FOLDER`.

Needs `pip install playwright nbclient` and a Chromium; names its own with
`CHROMIUM=/usr/bin/chromium`. Writes decision-light.png, -dark.png and -phone.png, to be looked at.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import nbclient
import nbformat
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
STYLE = """
:root { color-scheme: light dark; }
body { font: 14px sans-serif; max-width: 860px; margin: 12px; }
pre { background: light-dark(#f4f4f4, #2a2a2a); padding: 8px; overflow-x: auto; }
table { border-collapse: collapse; font-size: 12px; display: block; overflow-x: auto; }
th, td { padding: 3px 8px; }
img { max-width: 100%; width: 420px; }
"""
SHOWN = {
    "light": ("light", 900),
    "dark": ("dark", 900),
    "phone": ("light", 390),
}


def main(target: Path) -> None:
    """Run the notebook in a folder of its own, and photograph what its cells show."""
    target.mkdir(parents=True, exist_ok=True)
    book = nbformat.read(HERE / "decision.ipynb", as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        nbclient.NotebookClient(book, resources={"metadata": {"path": folder}}).execute()
        page = Path(folder) / "page.html"
        page.write_text("".join(_page(book)), encoding="utf-8")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("CHROMIUM"), args=["--no-sandbox", "--disable-gpu"]
            )
            for name, (scheme, width) in SHOWN.items():
                view = browser.new_page(
                    viewport={"width": width, "height": 800},
                    color_scheme=scheme,  # type: ignore[arg-type]
                )
                view.goto(page.as_uri())
                view.screenshot(path=str(target / f"decision-{name}.png"), full_page=True)
            browser.close()


def _page(book: Any) -> Iterator[str]:
    yield f'<meta charset="utf-8"><style>{STYLE}</style>'
    for cell in book.cells:
        if cell.cell_type == "markdown":
            yield from (f"<p>{escape(part)}</p>" for part in cell.source.split("\n\n"))
            continue
        yield f"<pre>{escape(cell.source)}</pre>"
        for output in cell.outputs:
            yield _shown(output)


def _shown(output: Any) -> str:
    data = output.get("data", {})
    if "application/vnd.jupyter.widget-view+json" in data:  # empty when a run has ended
        return ""
    if "text/html" in data:
        return str(data["text/html"])
    if "image/png" in data:
        return f'<img src="data:image/png;base64,{data["image/png"]}">'
    return f"<pre>{escape(output.get('text') or data.get('text/plain', ''))}</pre>"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
