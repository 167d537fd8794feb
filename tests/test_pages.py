"""Pages that run as they stand: files, commands and code in order, with what they show printed."""

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


class Block(NamedTuple):
    """A fenced block, or a quoted sentence; `file` is the name it is kept under, if any."""

    file: str
    language: str
    text: str


def blocks(page: str) -> list[Block]:
    text = (ROOT / "docs" / f"{page}.md").read_text()
    fence = r"(?:^<!-- file: (\S+) -->\n)?^```(\w+)\n(.*?)^```$"
    found = re.findall(rf"{fence}|((?:^> [^\n]*\n)+)", text, re.DOTALL | re.MULTILINE)
    return [
        Block("", "quote", quote.replace("\n> ", " ").removeprefix("> "))
        if quote
        else Block(file, language, content)
        for file, language, content, quote in found
    ]


def test_the_tutorial_uses_the_commands_that_lead_to_a_decision() -> None:
    told = "\n".join(block.text for block in blocks("tutorial") if block.language == "bash")
    for command in ("annotate", "summary", "compare", "report", "plan", "results", "export"):
        assert f"anytime {command} " in told, command
    assert "--budget" in told
    assert "--label" in told
    assert {block.language for block in blocks("tutorial")} == {"bash", "python", "text", "quote"}


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
@pytest.mark.parametrize(
    ("page", "shows", "makes"),
    [
        ("tutorial", 8, ("comparison.html", "report.html", "rows.parquet", "leaderboard.md")),
        ("strategies", 0, ("cot", "pdp", "contract")),
        ("stopping", 0, ("run", "live", "out")),
    ],
)
def test_every_block_in_order(
    page: str, shows: int, makes: tuple[str, ...], tmp_path: Path
) -> None:
    printed: list[str] = []
    shown = 0
    for file, language, text in blocks(page):
        if file:
            (tmp_path / file).write_text(text)
        elif language in ("text", "quote"):
            missing = [line for line in text.splitlines() if line.rstrip() not in printed]
            assert missing == [], "\n".join([*missing, "is not in", *printed])
            shown += 1
        else:
            program = ["bash", "-ec"] if language == "bash" else [str(BIN / "python"), "-c"]
            output = run([*program, text], tmp_path)
            printed = [line.rstrip() for line in output.splitlines()]
    assert shown >= shows
    assert [name for name in makes if not (tmp_path / name).exists()] == []
