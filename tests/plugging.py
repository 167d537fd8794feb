"""Plugins as installers leave them: a module, and metadata with an entry point beside it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["BROKEN", "lay_plugin"]

BROKEN = {
    "missing": ("import nothing_of_this_name", "ModuleNotFoundError: No module named"),
    "import": ("raise ImportError('numpy 99 is needed')", "ImportError: numpy 99 is needed"),
    "syntax": ("def anytime_domains(:", "SyntaxError: invalid syntax"),
    "exit": ("import sys; sys.exit('no licence')", "SystemExit: no licence"),
    "any error": ("1 / 0", "ZeroDivisionError: division by zero"),
    "hook raises": (
        "from anytime import hookimpl\n@hookimpl\ndef anytime_domains(): raise OSError('no disk')",
        "OSError: no disk",
    ),
    "hook exits": (
        "from anytime import hookimpl\n@hookimpl\ndef anytime_methods(): raise SystemExit(3)",
        "SystemExit: 3",
    ),
    "no list": (
        "from anytime import hookimpl\n@hookimpl\ndef anytime_domains(): return 'parity'",
        "its anytime_domains returns no list of Domains",
    ),
    "nothing": (
        "from anytime import hookimpl\n@hookimpl\ndef anytime_methods(): pass",
        "its anytime_methods returns no list of Methods",
    ),
    "wrong things": (
        "from anytime import hookimpl\n@hookimpl\ndef anytime_methods(): return ['hint']",
        "its anytime_methods returns no list of Methods",
    ),
    "no such hook": (
        "from anytime import hookimpl\n@hookimpl\ndef anytime_domain(): return []",
        "anytime has no hook anytime_domain",
    ),
    "other arguments": (
        "from anytime import hookimpl\n@hookimpl\ndef anytime_domains(harness): return []",
        "PluginValidationError",
    ),
    "method that is none": (
        "from anytime import Method, hookimpl\n"
        "@hookimpl\ndef anytime_methods(): return [Method('my method')]",
        "'my method' is no name of a method",
    ),
}
"""Code of plugins that cannot be used, each with what is said of it."""


def lay_plugin(folder: Path, name: str, code: str) -> None:
    """Lay a plugin into a folder on Python's path."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(code)
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[anytime]\n{name} = {name}\n")
