"""The tutorial runs as it stands: files, commands and code in order, with what it shows printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
PAGE = (ROOT / "docs" / "tutorial.md").read_text()


class Block(NamedTuple):
    """A fenced block; `file` is the name it is to be kept under, if any."""

    file: str
    language: str
    text: str


def blocks() -> list[Block]:
    fence = r"(?:^<!-- file: (\S+) -->\n)?^```(\w+)\n(.*?)^```$"
    return [Block(*found) for found in re.findall(fence, PAGE, re.DOTALL | re.MULTILINE)]


def test_the_page_uses_the_commands_that_lead_to_a_decision() -> None:
    told = "\n".join(block.text for block in blocks() if block.language == "bash")
    for command in ("annotate", "summary", "compare", "report", "plan", "results", "export"):
        assert f"anytime {command} " in told, command
    assert "--budget" in told
    assert "--label" in told
    assert {block.language for block in blocks()} == {"bash", "python", "text"}


def run(words: list[str], folder: Path) -> str:
    done = subprocess.run(
        words,
        cwd=folder,
        env={
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "ANYTIME_CACHE_DIR": str(folder / "cache"),
            "INSPECT_CACHE_DIR": str(folder / "inspect"),
            "HF_HUB_OFFLINE": "1",
            "COLUMNS": "80",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{words[-1]}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_every_block_in_order(tmp_path: Path) -> None:
    printed: list[str] = []
    shown = 0
    for file, language, text in blocks():
        if file:
            (tmp_path / file).write_text(text)
        elif language == "text":
            missing = [line for line in text.splitlines() if line.rstrip() not in printed]
            assert missing == [], "\n".join([*missing, "is not in", *printed])
            shown += 1
        else:
            program = ["bash", "-ec"] if language == "bash" else [str(BIN / "python"), "-c"]
            output = run([*program, text], tmp_path)
            printed = [line.rstrip() for line in output.splitlines()]
    assert shown >= 5
    for made in ("comparison.html", "report.html", "rows.parquet", "leaderboard.md"):
        assert (tmp_path / made).stat().st_size > 0
