"""Which problems a run of Inspect evaluates: a solver is shown one sample at a time.

A task of ours notes its problems here when it is made, and Inspect knows which of them it runs. Of
a task of others nothing is known but the sample that is being solved.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from anytime.domains.base import Dataset, Domain, fingerprint
from anytime.hosts.inspect_ai.private import samples_of_run
from anytime.hosts.inspect_ai.records import entry_of
from anytime.methods.overlap import Evaluated

__all__ = ["evaluated_beside", "note_problems"]

TEST_SPLIT = "-T split=test"

_Key = tuple[str, str, str, str]
_noted: dict[_Key, dict[str, str]] = {}
"""Fingerprints of the problems of each dataset that a task was made of, by their ids."""


def note_problems(domain: Domain, loaded: Dataset) -> None:
    """Keep in mind what a task may evaluate."""
    key = (domain.name, loaded.name, loaded.revision, loaded.split)
    _noted[key] = {p.id: fingerprint(domain.content(p.prompt)) for p in loaded.problems}
    _evaluated.cache_clear()


def evaluated_beside(metadata: Mapping[str, Any]) -> Evaluated:
    """All problems of the run that a sample is from, its own included; none where that is unknown.

    Args:
        metadata: Of the sample.
    """
    entry = entry_of(metadata)
    ids = samples_of_run()
    if entry is None or not ids:
        return Evaluated()
    key = (entry["domain"], entry["dataset"], entry["revision"], entry["split"])
    return _evaluated(key, ids)


# Asked for by every sample.
@functools.lru_cache(maxsize=8)
def _evaluated(key: _Key, ids: tuple[str, ...]) -> Evaluated:
    noted = _noted.get(key, {})
    contents = tuple(noted[name] for name in ids if name in noted)
    return Evaluated(contents, "" if key[-1] == "test" else TEST_SPLIT)
