"""The plugin host: the domains there are, ours and those other packages add."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pluggy

from anytime import hookspecs
from anytime.errors import AnytimeError
from anytime.hookspecs import PROJECT

if TYPE_CHECKING:
    from anytime.domains.base import Domain

__all__ = ["get_domain", "known_domains", "plugin_manager"]

OURS = ("anytime.domains.plugin",)
"""Modules of ours that implement hooks, imported like those of other packages: by name."""


@functools.cache
def plugin_manager() -> pluggy.PluginManager:
    """The one plugin manager of this process, with every installed plugin loaded."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    for name in OURS:
        manager.register(importlib.import_module(name), name=name)
    manager.load_setuptools_entrypoints(PROJECT)
    return manager


def known_domains() -> Mapping[str, Domain]:
    """Every domain by name.

    Raises:
        AnytimeError: Two plugins bring a domain of one name.
    """
    found: dict[str, Domain] = {}
    for domains in plugin_manager().hook.anytime_domains():
        for domain in domains:
            if domain.name in found:
                raise AnytimeError(f"two plugins bring a domain called {domain.name!r}")
            found[domain.name] = domain
    return found


def get_domain(name: str) -> Domain:
    """The domain of this name.

    Raises:
        AnytimeError: There is none.
    """
    domains = known_domains()
    if name not in domains:
        raise AnytimeError(f"unknown domain {name!r}: choose one of {', '.join(sorted(domains))}")
    return domains[name]
