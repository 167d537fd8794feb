"""What a plugin can add. A plugin is one module and three lines of its pyproject:

    [project.entry-points.anytime]
    chess = "anytime_chess"

and in `anytime_chess.py`:

    from anytime import Domain, hookimpl

    @hookimpl
    def anytime_domains():
        return [Domain(name="chess", ...)]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from anytime.cutting.frames import Frame
    from anytime.domains.base import Domain

__all__ = ["PROJECT", "anytime_domains", "anytime_frames", "hookimpl"]

PROJECT = "anytime"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def anytime_domains() -> Sequence[Domain]:
    """Return the domains this plugin adds: `return [Domain(name="chess", ...)]`."""
    raise NotImplementedError


@hookspec
def anytime_frames() -> Sequence[Frame]:
    """Return tags that mark reasoning: `return [Frame("mine", "<mine>", "</mine>")]`."""
    raise NotImplementedError
