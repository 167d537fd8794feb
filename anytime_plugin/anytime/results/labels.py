"""Short names of runs: what differs between them, and nothing that does not.

Two runs of one model at two temperatures are called `temperature 0` and `temperature 0.7`. The
model and the method come first, a setting next, the date last; the file stands for a run only
where nothing else tells it from another.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from anytime.errors import AnytimeError
from anytime.logs.tables import UNKNOWN
from anytime.places import name_of
from anytime.results.curves import RunKey
from anytime.runs import RunInfo

__all__ = ["Named", "also_differ", "given_labels", "heads_of", "labels", "letters", "with_given"]

_FIRST = ("temperature", "reasoning_effort", "effort", "reasoning_tokens", "max_tokens")
"""Settings that people vary most, in the order in which they name a run."""


class Named(NamedTuple):
    """What a run may be called by.

    Attributes:
        info: Where it is from.
        key: What its curve is of.
    """

    info: RunInfo
    key: RunKey


def labels(runs: Sequence[Named], *, always: Iterable[str] = ()) -> list[str]:
    """Call each run by what tells it from the others.

    Args:
        runs: The runs.
        always: Of `model`, `method`, `mode`: those that are named whether they differ or not.

    Returns:
        One for each, no two alike.
    """
    always = set(always) or ({"method"} if len(runs) == 1 else set())
    parts: list[list[str]] = [[] for _ in runs]
    groups: list[list[int]] = [list(range(len(runs)))]
    for name, values in _fields(runs).items():
        finer: list[list[int]] = []
        for group in groups:
            of = [values[place] for place in group]
            if name in always or len(set(of)) > 1:
                for place, text in zip(group, _short(name, of, values), strict=True):
                    parts[place] += [text] if text else []
            alike: dict[str | None, list[int]] = {}
            for place, value in zip(group, of, strict=True):
                alike.setdefault(value, []).append(place)
            finer += alike.values()
        groups = finer
    return _numbered(
        [", ".join(each) or name_of(one.key.log) for each, one in zip(parts, runs, strict=True)]
    )


def also_differ(runs: Sequence[Named]) -> dict[str, list[str]]:
    """What differs between runs beside what their labels say, by name: one value for each run.

    Two runs that differ in their method and in their temperature are called by their method: that
    the temperature may be what made the difference has to be said. Not told: dates and files.
    """
    known = _fields(runs)
    labelled = labels(runs)
    return {
        name: ["" if value is None else value for value in values]
        for name, values in known.items()
        if len(set(values)) > 1
        and name not in ("created", "log", "harness", "source")
        and not all(
            value is None or _as_part(name, value) in label or value in label
            for label, value in zip(labelled, values, strict=True)
        )
    }


def letters(count: int) -> list[str]:
    """A, B, C and on: what runs are called where their labels are too long for a column."""
    return [chr(ord("A") + place) if count <= 26 else f"R{place + 1}" for place in range(count)]


WIDEST = 7
"""A longer label at the head of a column makes a table too wide for 80 columns."""


def heads_of(labelled: Sequence[str]) -> list[str]:
    """What runs are called at the head of a column: their labels, or letters if one is long."""
    return letters(len(labelled)) if max(map(len, labelled)) > WIDEST else list(labelled)


def given_labels(
    runs: Sequence[Named], given: Sequence[str], where: str = "--label"
) -> dict[int, str]:
    """The labels that a user gave, by the place of the run.

    Args:
        runs: The runs.
        given: Each `RUN=LABEL`, where RUN is a letter of `letters`, or a log: its path, its name,
            or its name without what stands behind the last dot.
        where: They were given, for errors.

    Raises:
        AnytimeError: It names no run, or several; a label or a run is there twice.
    """
    found: dict[int, str] = {}
    for one in given:
        which, equals, label = one.partition("=")
        if not (which and equals and label.strip()):
            raise AnytimeError(f"{where} {one}: write it as RUN=LABEL, such as A=baseline")
        place = _place(runs, which, where)
        if place in found:
            raise AnytimeError(f"{where} {one}: that run is called {found[place]} already")
        if label.strip() in found.values():
            raise AnytimeError(f"{where} {one}: another run is called {label.strip()} already")
        found[place] = label.strip()
    return found


def with_given(
    labelled: Sequence[str], given: Mapping[int, str], where: str = "--label"
) -> list[str]:
    """Labels with those of the user in place of their own.

    Raises:
        AnytimeError: Two runs would be called alike.
    """
    found = [given.get(place, label) for place, label in enumerate(labelled)]
    for name, count in Counter(found).items():
        if count > 1:
            raise AnytimeError(f"{where} ...={name}: another run is called {name} already")
    return found


def _place(runs: Sequence[Named], which: str, where: str) -> int:
    logs = [one.info.log for one in runs]
    called = letters(len(runs))
    for names in (
        called,
        logs,
        [re.split(r"[/\\]", log)[-1] for log in logs],
        [name_of(log) for log in logs],
    ):
        if names.count(which) == 1:
            return names.index(which)
        if which in names:
            raise AnytimeError(
                f"{where} {which}=...: {names.count(which)} runs are of {which}: name one by its "
                f"letter, {called[0]} to {called[-1]} in their order"
            )
    raise AnytimeError(
        f"{where} {which}=...: there is no run {which}; there are "
        + ", ".join(f"{letter} ({name_of(log)})" for letter, log in zip(called, logs, strict=True))
    )


def _fields(runs: Sequence[Named]) -> dict[str, list[str | None]]:
    """What runs may differ in, the first to be named first; None where one does not tell."""
    settings = {name for one in runs for name in one.info.settings}
    modes = [one.key.mode for one in runs]
    usual = not any(":" in mode for mode in modes)
    first = [name for name in _FIRST if name in settings]
    found: dict[str, list[str | None]] = {
        "model": [one.key.model for one in runs],
        "method": [one.key.method for one in runs],
        # One trace is what is usual, unless others spend the same budget otherwise.
        "mode": [None if mode == "interrupt" and usual else mode for mode in modes],
    }
    for name in [*first, *sorted(settings - {*first})]:
        found[name] = [one.info.settings.get(name) for one in runs]
    found |= {
        "task": [one.key.task for one in runs],
        "split": [one.info.split for one in runs],
        "scorer": [one.key.scorer for one in runs],
        "source": [None if one.key.source == "elicited" else one.key.source for one in runs],
        "harness": [one.key.harness for one in runs],
        "created": [one.info.created for one in runs],
        "log": [name_of(one.key.log) for one in runs],
    }
    return {
        name: [None if value in (UNKNOWN, "") else value for value in values]
        for name, values in found.items()
    }


def _short(name: str, values: Sequence[str | None], of_all: Sequence[str | None]) -> list[str]:
    """The parts of labels that one field gives to runs that are alike so far.

    Args:
        name: Of the field.
        values: Of these runs.
        of_all: Of all runs, among which a model's short name has to be unique.
    """
    if name == "model":
        values = _last_parts(values, of_all)
    if name == "created":
        values = _dates(values)
    unset = f"{name.rpartition('.')[2]} unset" if len(set(values)) > 1 else ""
    return [
        ("" if name in _BARE else unset) if value is None else _as_part(name, value)
        for value in values
    ]


_BARE = ("model", "method", "mode", "task", "scorer", "source", "harness", "created", "log")
"""Fields whose values say what they are of."""


def _as_part(name: str, value: str) -> str:
    return value if name in _BARE else f"{name.rpartition('.')[2]} {value}"


def _last_parts(values: Sequence[str | None], of_all: Sequence[str | None]) -> Sequence[str | None]:
    """Models without who made or serves them, unless that is what tells them apart."""
    short = {value: value and value.rstrip("/").rpartition("/")[2] for value in of_all}
    return [short[value] for value in values] if len(set(short.values())) == len(short) else values


def _dates(values: Sequence[str | None]) -> list[str | None]:
    """Days where these tell runs apart, else minutes, else seconds."""
    shown: list[str | None] = list(values)
    for length in (10, 16, 19):
        shown = [value and re.sub("T", " ", value[:length]) for value in values]
        if len(set(shown)) == len(set(values)):
            break
    return shown


def _numbered(made: Sequence[str]) -> list[str]:
    """What is still alike is counted."""
    alike = Counter(made)
    seen: Counter[str] = Counter()
    told = []
    for one in made:
        seen[one] += 1
        told.append(f"{one} ({seen[one]})" if alike[one] > 1 else one)
    return told
