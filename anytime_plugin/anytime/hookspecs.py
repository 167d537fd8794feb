"""What a plugin can add. A plugin is one module and three lines of its pyproject:

    [project.entry-points.anytime]
    chess = "anytime_chess"

and in `anytime_chess.py`:

    from anytime import Domain, hookimpl

    @hookimpl
    def anytime_domains():
        return [Domain(name="chess", ...)]

docs/extending.md has a whole one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from anytime.cutting.frames import Frame
    from anytime.domains.base import Domain
    from anytime.harnesses import Harness
    from anytime.methods.base import Method
    from anytime.statistics.stopping import StoppingRule

__all__ = [
    "PROJECT",
    "anytime_domains",
    "anytime_frames",
    "anytime_harnesses",
    "anytime_methods",
    "anytime_stopping_rules",
    "hookimpl",
]

PROJECT = "anytime"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as one of the hooks that `anytime.hookspecs` lists.

Example:
    >>> @hookimpl
    ... def anytime_domains():
    ...     return [get_domain("aime")]
"""


@hookspec
def anytime_domains() -> Sequence[Domain]:
    """Return the domains this plugin adds: `return [Domain(name="chess", ...)]`."""
    raise NotImplementedError


@hookspec
def anytime_frames() -> Sequence[Frame]:
    """Return tags that mark reasoning: `return [Frame("mine", "<mine>", "</mine>")]`."""
    raise NotImplementedError


@hookspec
def anytime_methods() -> Sequence[Method]:
    """Return the methods this plugin adds: `return [Method(name="hint", write=write)]`."""
    raise NotImplementedError


@hookspec
def anytime_harnesses() -> Sequence[Harness]:
    """Return the harnesses whose finished files this plugin reads: `return [MyHarness()]`."""
    raise NotImplementedError


@hookspec
def anytime_stopping_rules() -> Sequence[StoppingRule]:
    """Return the stopping rules this plugin adds: `return [StoppingRule("mine", decide)]`."""
    raise NotImplementedError
