"""Photographs what Weights & Biases is given of a run: `python docs/wandb_pictures.py [FOLDER]`.

W&B has no page without its service. So this runs lm-eval with `mode=offline`, reads the table that
lies in the run's own files, and draws it as it stands there: wandb-table.png, in docs/ unless told
otherwise. Needs `pip install wandb playwright` and a Chromium; names its own with
`CHROMIUM=/usr/bin/chromium`. The model is a simulator.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
TASK = "anytime_aime_builtin"
COMMAND = f"""
lm_eval --model anytime-simulated --model_args drift=0.3 --tasks {TASK} --limit 30 \
  --wandb_args project=anytime,mode=offline --output_path out --log_samples
"""
STYLE = """
body { font: 14px sans-serif; margin: 12px; }
table { border-collapse: collapse; font-size: 13px; }
th, td { padding: 4px 12px; border-bottom: 1px solid #ccc; text-align: right; }
"""


def main(target: Path) -> None:
    """Run, find the table, photograph it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = {
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "WANDB_MODE": "offline",
        }
        subprocess.run(
            ["bash", "-ec", COMMAND], cwd=folder, env=environment, check=True, capture_output=True
        )
        tables = sorted(folder.glob(f"wandb/*/files/media/table/{TASK}/quality_by_budget*.json"))
        table = json.loads(tables[0].read_text())
    _photograph(f"{TASK}/quality_by_budget", table, target / "wandb-table.png")


def _photograph(title: str, table: dict[str, Any], path: Path) -> None:
    heads = "".join(f"<th>{escape(str(head))}</th>" for head in table["columns"])
    lines = "".join(
        "<tr>" + "".join(f"<td>{_shown(cell)}</td>" for cell in line) + "</tr>"
        for line in table["data"]
    )
    page = (
        f'<meta charset="utf-8"><style>{STYLE}</style><b>{escape(title)}</b>'
        f"<table><tr>{heads}</tr>{lines}</table>"
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM"), args=["--no-sandbox", "--disable-gpu"]
        )
        view = browser.new_page(viewport={"width": 640, "height": 200})
        view.set_content(page)
        seen = view.screenshot(full_page=True)
        browser.close()
    Image.open(io.BytesIO(seen)).convert("RGB").quantize(32).save(path, optimize=True)


def _shown(cell: Any) -> str:
    return f"{cell:.4g}" if isinstance(cell, float) else escape(str(cell))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
