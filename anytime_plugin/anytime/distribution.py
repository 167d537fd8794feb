"""What the package is called where packages are installed: `anytime-eval`.

The import package is `anytime`; a distribution of that name on PyPI is somebody else's.
"""

from __future__ import annotations

import sys

from anytime.errors import AnytimeError

__all__ = ["NAME", "check_whole", "extra", "version"]

NAME = "anytime-eval"
"""The distribution: what is installed, upgraded and asked for its version."""


def version() -> str:
    """The version that is installed."""
    import importlib.metadata

    return importlib.metadata.version(NAME)


def extra(name: str) -> str:
    """The command that installs what an extra needs."""
    return f"pip install '{NAME}[{name}]'"


def check_whole() -> None:
    """Refuse to run where another distribution's import package `anytime` was put over this one.

    Installers lay files of the same name over each other without a word, and take them away when
    the other one goes.

    Raises:
        AnytimeError: With the commands that mend it.
    """
    ours = getattr(sys.modules.get("anytime"), "__all__", ())
    if "anytime_index" not in ours:
        raise AnytimeError(
            f"another package called anytime was installed over this one: pip uninstall anytime, "
            f"then pip install --force-reinstall --no-deps {NAME}"
        )
