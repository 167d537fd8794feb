"""The names `anytime:NAME`: which tasks of lm-eval they stand for, and which cannot be wrapped.

Read off lm-eval's index of configurations, so that a task without a trace to cut is refused before
its data are loaded.
"""

from __future__ import annotations

import difflib
import fnmatch
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from anytime.errors import AnytimeError

__all__ = ["PREFIX", "RANKED", "check_name", "is_path", "matched", "named"]

log = logging.getLogger(__name__)

PREFIX = "anytime:"
"""Begins the names of third-party tasks that are to be run at every budget."""

RANKED = "answers are ranked, not written, so there is no trace to cut"

_GENERATES = "generate_until"
_OURS = ".hosts.lm_eval.task.AnytimeTask"
_LISTED = 3

Index = Mapping[str, Any]
"""lm-eval's entries by name: tasks, groups and tags."""


def matched(patterns: str | Sequence[str], index: Index) -> list[str]:
    """What names and patterns behind the prefix stand for, with the prefix.

    Of what a pattern matches, tasks that cannot be wrapped are left out and logged.

    Raises:
        AnytimeError: A name is unknown, or nothing is left of a pattern.
    """
    found: set[str] = set()
    for pattern in [patterns] if isinstance(patterns, str) else patterns:
        wanted = pattern.removeprefix(PREFIX)
        if not any(mark in wanted for mark in "*?["):
            check_name(wanted, index)
            found.add(wanted)
            continue
        hits = fnmatch.filter(index, wanted)
        left = {name: reason for name in hits if (reason := _reason(name, index))}
        if len(left) == len(hits):
            why = next(iter(left.values()), "it matches no task of lm-eval")
            raise AnytimeError(f"nothing is left of {pattern}: {why}")
        if left:
            log.warning("%s leaves out %s, which cannot be wrapped", pattern, _some(sorted(left)))
        found.update(name for name in hits if name not in left)
    return sorted(PREFIX + name for name in found)


def check_name(name: str, index: Index) -> None:
    """Refuse a name that lm-eval does not know, or a task that cannot be wrapped.

    Raises:
        AnytimeError: With the reason.
    """
    if name not in index:
        near = difflib.get_close_matches(name, index, n=_LISTED)
        hint = f": did you mean {' or '.join(PREFIX + other for other in near)}?" if near else ""
        raise AnytimeError(
            f"{PREFIX}{name} names no task, group or tag of lm-eval{hint or ' (lm_eval ls tasks)'}"
        )
    if reason := _reason(name, index):
        raise AnytimeError(reason)


def named(name: str, alias: str | None) -> str | None:
    """What a table shows for a wrapped task or group; None where its name will do."""
    return None if alias in (None, name) else f"{PREFIX}{alias}"


def _reason(name: str, index: Index) -> str:
    """Why this cannot be wrapped; empty where it can, as far as the index tells."""
    leaves = dict(_leaves(name, index, {}))
    if ours := [leaf for leaf, kind in leaves.items() if kind == _OURS]:
        shown = _some(ours)
        verb = "shows" if len(ours) == 1 else "show"
        return f"{shown} {verb} every budget as it is: name it without {PREFIX}"
    others = [leaf for leaf, kind in leaves.items() if kind not in (_GENERATES, None)]
    if not others:
        return ""
    if others == [name]:
        return f"{PREFIX}{name} cannot be wrapped: {RANKED} ({leaves[name]})"
    rest = [leaf for leaf in leaves if leaf not in others]
    hint = f"; name those that are written, such as {PREFIX}{rest[0]}" if rest else ""
    return f"{PREFIX}{name} holds {_some(others)}, where {RANKED}{hint}"


def _some(names: Sequence[str]) -> str:
    further = len(names) - _LISTED
    shown = ", ".join(names[:_LISTED])
    return f"{shown} and {further} more" if further > 0 else shown


def _leaves(
    name: str, index: Index, overrides: Mapping[str, Any]
) -> Iterator[tuple[str, str | None]]:
    """The tasks a name stands for, each with its output type; None where only its class knows."""
    entry = index[name]
    config = {**(entry.cfg or {}), **overrides}
    if entry.kind.name == "TAG":
        for task in sorted(entry.tags):
            if task in index:
                yield from _leaves(task, index, overrides)
    elif entry.kind.name == "GROUP":
        yield from _members(entry.cfg or {}, index, overrides)
    else:
        yield name, _output_type(config)


def _members(
    group: Mapping[str, Any], index: Index, overrides: Mapping[str, Any]
) -> Iterator[tuple[str, str | None]]:
    # Only what decides here is handed down; a caller's word goes before the group's own.
    handed = {k: v for k, v in group.items() if k == "output_type"} | dict(overrides)
    members = group.get("task") or []
    for member in [members] if isinstance(members, str) else members:
        own = {} if isinstance(member, str) else dict(member)
        name = member if isinstance(member, str) else own.get("task") or own.get("group")
        passed = handed | {k: v for k, v in own.items() if k == "output_type"}
        if isinstance(name, str) and name in index:
            yield from _leaves(name, index, passed)
        elif "group" in own:
            yield from _members(own, index, handed)
        else:
            yield str(name), _output_type(own | passed)


def _output_type(config: Mapping[str, Any]) -> str | None:
    """Of a task; `_OURS` for one of ours."""
    kind = config.get("class")
    if kind is None:
        return str(config.get("output_type") or _GENERATES)
    return _OURS if str(kind).endswith(_OURS) else None


def is_path(name: str) -> bool:
    """Whether a name is that of a file, which lm-eval takes in Python."""
    return Path(name).is_file()
