"""Draws the picture of the README: `python docs/pictures.py` (needs the extra `plots`).

Runs the commands that README.md shows under "From logs to a decision", up to the report, and keeps
the figure of curves that they make. The model is a simulator: no language model is run.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent


def decision_commands() -> list[list[str]]:
    """The words of each command of that section."""
    text = (HERE.parent / "README.md").read_text()
    section = text.partition("## From logs to a decision")[2]
    (block, *_) = re.findall(r"^```bash\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    return [shlex.split(line) for line in block.splitlines()]


def main(folder: Path) -> None:
    """Run them, keep docs/curve.png."""
    for words in decision_commands():
        if words[:2] in (["inspect", "eval"], ["anytime", "report"]):
            subprocess.run([str(BIN / words[0]), *words[1:]], cwd=folder, check=True)
    (curves,) = folder.glob("pictures/*-curves.png")
    shutil.copy(curves, HERE / "curve.png")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
