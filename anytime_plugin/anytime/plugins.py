"""The plugin host: the domains, methods and rules there are, ours and those of other packages.

A plugin that fails, on import or when it is asked, is named in one sentence and left out.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import logging
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import pluggy

from anytime import hookspecs
from anytime.errors import AnytimeError
from anytime.hookspecs import PROJECT

if TYPE_CHECKING:
    from anytime.cutting.frames import Frame
    from anytime.domains.base import Domain
    from anytime.methods.base import Method
    from anytime.statistics.stopping import Rule, StoppingRule

__all__ = [
    "OURS",
    "brought",
    "get_domain",
    "get_method",
    "get_stopping_rule",
    "known_domains",
    "known_frames",
    "known_methods",
    "known_stopping_rules",
    "plugin_manager",
    "third_party_domains",
]

log = logging.getLogger(__name__)

OURS = (
    "anytime.domains.plugin",
    "anytime.methods.plugin",
    "anytime.statistics.plugin",
    "anytime.logs.inspect_ai.harness",
    "anytime.logs.lm_eval.harness",
)
"""Modules of ours that implement hooks, imported like those of other packages: by name."""


class _Named(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_Named)


@functools.cache
def plugin_manager() -> pluggy.PluginManager:
    """The one plugin manager of this process, with every installed plugin loaded."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    for name in OURS:
        manager.register(importlib.import_module(name), name=name)
    for entry in importlib.metadata.entry_points(group=PROJECT):
        if manager.has_plugin(entry.value):
            continue
        try:
            plugin = entry.load()
            manager.register(plugin, name=entry.value)
            _check_hooks(manager, plugin)
        except (Exception, SystemExit) as error:  # whatever a package of others does on import
            _leave_out(manager, entry.value, error)
    return manager


def _check_hooks(manager: pluggy.PluginManager, plugin: Any) -> None:
    called = manager.get_hookcallers(plugin) or ()
    if unknown := sorted(hook.name for hook in called if not hook.has_spec()):
        raise AnytimeError(f"anytime has no hook {', '.join(unknown)}")


def _leave_out(manager: pluggy.PluginManager, name: str, error: BaseException) -> None:
    if manager.has_plugin(name):
        manager.unregister(name=name)
    kind = "" if isinstance(error, AnytimeError) else f"{type(error).__name__}: "
    reason = f"{kind}{error}".strip(": ")
    log.warning("plugin %s is left out: %s", name, " ".join(reason.split()))


def known_domains() -> Mapping[str, Domain]:
    """Every domain by name.

    Raises:
        AnytimeError: Two plugins bring a domain of one name.

    Example:
        >>> {"aime", "gpqa", "trip"} <= set(known_domains())
        True
    """
    return {domain.name: domain for domain, _ in _domains()}


def third_party_domains() -> Mapping[str, Domain]:
    """Those of other packages, by name.

    Raises:
        AnytimeError: Two plugins bring a domain of one name.
    """
    return {domain.name: domain for domain, plugin in _domains() if plugin not in OURS}


def _domains() -> list[tuple[Domain, str]]:
    kind = importlib.import_module("anytime.domains.base").Domain
    return brought("anytime_domains", kind)


def _implementations(hook: str) -> tuple[pluggy.HookImpl, ...]:
    return tuple(getattr(plugin_manager().hook, hook).get_hookimpls())


# Each checkpoint of a run asks for its domain, and plugins come and go in tests alone.
@functools.lru_cache(maxsize=4)
def _domains_of(implementations: tuple[pluggy.HookImpl, ...]) -> Mapping[str, Domain]:
    return known_domains()


def known_frames() -> tuple[Frame, ...]:
    """The frames that plugins bring."""
    return _frames_of(_implementations("anytime_frames"))


@functools.lru_cache(maxsize=4)
def _frames_of(implementations: tuple[pluggy.HookImpl, ...]) -> tuple[Frame, ...]:
    found = plugin_manager().hook.anytime_frames()
    return tuple(frame for frames in found for frame in frames)


def get_domain(name: str) -> Domain:
    """The domain of this name.

    Raises:
        AnytimeError: There is none.

    Example:
        >>> get_domain("gpqa").name
        'gpqa'
    """
    domains = _domains_of(_implementations("anytime_domains"))
    if name not in domains:
        raise AnytimeError(f"unknown domain {name!r}: choose one of {', '.join(sorted(domains))}")
    return domains[name]


def known_methods() -> Mapping[str, Method]:
    """Every method by name, ours first.

    Raises:
        AnytimeError: Two plugins bring a method of one name.

    Example:
        >>> list(known_methods())[0]  # what every other one is compared with
        'cot'
    """
    kind = importlib.import_module("anytime.methods.base").Method
    return {method.name: method for method, _ in brought("anytime_methods", kind)}


def get_method(name: str) -> Method:
    """The method of this name.

    Raises:
        AnytimeError: There is none.

    Example:
        >>> get_method("pdp").needs
        'pairs'
    """
    methods = known_methods()
    if name not in methods:
        raise AnytimeError(f"unknown method {name!r}: choose one of {', '.join(methods)}")
    return methods[name]


def known_stopping_rules() -> Mapping[str, StoppingRule]:
    """Every kind of stopping rule by name, ours first.

    Raises:
        AnytimeError: Two plugins bring one of the same name.

    Example:
        >>> list(known_stopping_rules())[:2]
        ['fixed', 'stable']
    """
    kind = importlib.import_module("anytime.statistics.stopping").StoppingRule
    return {rule.name: rule for rule, _ in brought("anytime_stopping_rules", kind)}


def get_stopping_rule(text: str) -> Rule:
    """The one stopping rule that a user wrote, such as `stable:2`.

    Raises:
        AnytimeError: It is none, or several.
    """
    named = importlib.import_module("anytime.statistics.stopping").rules_named
    rules: tuple[Rule, ...] = named(text, known_stopping_rules()).rules
    if len(rules) > 1:
        raise AnytimeError(
            f"{text} is {len(rules)} rules, and a run is stopped by one: name one, such as "
            f"{rules[0].written}"
        )
    return rules[0]


def brought(hook: str, kind: type[T]) -> list[tuple[T, str]]:
    """What plugins bring through a hook, each with the plugin's name, in order of registration.

    Raises:
        AnytimeError: Two plugins bring one of the same name.
    """
    found: dict[str, tuple[T, str]] = {}
    for one, plugin in _asked(hook, kind):
        if one.name in found:
            what = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()
            raise AnytimeError(f"two plugins bring a {what} called {one.name!r}")
        found[one.name] = one, plugin
    return list(found.values())


def _asked(hook: str, kind: type[T]) -> Iterator[tuple[T, str]]:
    manager = plugin_manager()
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        name = implementation.plugin_name
        try:
            brought = implementation.function()
            if not isinstance(brought, list | tuple) or not all(
                isinstance(one, kind) for one in brought
            ):
                name_of_many = f"{kind.__name__}{'es' if kind.__name__.endswith('s') else 's'}"
                raise AnytimeError(f"its {hook} returns no list of {name_of_many}")
        except (Exception, SystemExit) as error:  # whatever a package of others does
            if name in OURS:
                raise
            _leave_out(manager, name, error)
            continue
        for one in brought:
            yield one, name
