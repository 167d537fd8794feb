"""A fresh interpreter, and what it has loaded."""

from __future__ import annotations

import subprocess
import sys


def loaded_after(code: str, *, whole: bool = False) -> set[str]:
    """Modules that a fresh interpreter has loaded after running the code.

    Args:
        code: Run by it.
        whole: Modules by their whole names; else top-level ones alone.
    """
    shown = "name" if whole else "name.partition('.')[0]"
    names = f"print(*{{{shown} for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\n{names}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return set(done.stdout.split())
