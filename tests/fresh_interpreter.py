"""A fresh interpreter, and what it has loaded."""

from __future__ import annotations

import subprocess
import sys


def loaded_after(code: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after running the code."""
    names = "print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\n{names}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return set(done.stdout.split())
