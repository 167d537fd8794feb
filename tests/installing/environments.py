"""Fresh virtual environments, and programs in them.

They get the packages of the running one without ours, as links in a folder that a plain line in a
`.pth` file puts on their path: nothing is downloaded, and no hook but the installed one can be at
work.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.lm_eval_offers import HOOK

OFFLINE = ("--no-build-isolation", "--no-deps", "--no-index")


def run(
    program: Path | str, *words: object, folder: Path | None = None, **env: str
) -> subprocess.CompletedProcess[str]:
    """A program that sees no setting of this process's Python."""
    return subprocess.run(
        [str(program), *map(str, words)],
        cwd=folder,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTHON")} | env,
        capture_output=True,
        text=True,
        timeout=600,
    )


def output(program: Path | str, *words: object, folder: Path | None = None, **env: str) -> str:
    done = run(program, *words, folder=folder, **env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files(folder: Path) -> set[Path]:
    """Everything below a folder but bytecode, relative to it."""
    found = {path.relative_to(folder) for path in folder.rglob("*")}
    return {path for path in found if "__pycache__" not in path.parts}


class Environment:
    """A fresh virtual environment that has everything but ours."""

    def __init__(self, folder: Path, others: Path) -> None:
        output(sys.executable, "-m", "venv", "--without-pip", folder)
        self.folder = folder
        self.python = folder / "bin" / "python"
        self.packages = Path(
            output(self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")[:-1]
        )
        (self.packages / "others.pth").write_text(f"{others}\n")
        self.hook = self.packages / HOOK.name
        self.fresh = files(folder)

    def pip(self, *words: object) -> str:
        return output(self.python, "-m", "pip", "--disable-pip-version-check", *words)

    def command(self, name: str) -> Path:
        """A command that an installed package brings."""
        return self.folder / "bin" / name

    def install(self, *what: object) -> None:
        self.pip("install", *OFFLINE, *what)


def silent(environment: Environment, code: str, *flags: str, folder: Path) -> None:
    """The interpreter starts, runs the code and says nothing of its own."""
    done = run(environment.python, *flags, "-c", f"{code}; print('up')", folder=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "up\n", "")
