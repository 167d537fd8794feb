"""lm-eval tasks on the domains of other packages: YAML of the same kind as ours, written as needed.

lm-eval knows tasks by their files alone. A plugin brings a domain and no files, so they are written
into the cache folder, once for each set of domains, when lm-eval looks for tasks.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

from anytime.domains.base import Domain
from anytime.domains.sources import cache_dir
from anytime.errors import AnytimeError
from anytime.plugins import third_party_domains
from anytime.writing import make_folder, whole_file

__all__ = ["plugin_directory", "task_names"]

log = logging.getLogger(__name__)

OUR_TASKS = "anytime.task_configs"
SHARED = "_anytime_yaml"


def plugin_directory() -> Path | None:
    """The folder with the tasks of plugins' domains; None where no plugin brings one.

    What is wrong is logged in one sentence: lm-eval has to work whatever becomes of plugins.
    """
    try:
        domains = third_party_domains()
        return _written(domains) if domains else None
    except AnytimeError as error:
        log.warning("no tasks on domains of plugins: %s", error)
        return None


def task_names(domain: Domain) -> dict[str, str]:
    """The tasks of a domain, each with its dataset: `anytime_NAME` for the usual one."""
    usual, *others = domain.datasets
    return {
        f"anytime_{domain.name}": usual,
        **{f"anytime_{domain.name}_{dataset}": dataset for dataset in others},
    }


def _written(domains: Mapping[str, Domain]) -> Path:
    files = {f"{name}.yaml": text for name, text in _tasks(domains)}
    key = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    folder = cache_dir() / "task_configs" / key[:24]
    make_folder(folder)
    for name, text in files.items():
        if not (folder / name).exists():
            with whole_file(folder / name) as partial:
                partial.write_text(text, encoding="utf-8")
    return folder


def _tasks(domains: Mapping[str, Domain]) -> Iterator[tuple[str, str]]:
    ours = _our_tasks()
    for domain in domains.values():
        for name, dataset in task_names(domain).items():
            if (ours / f"{name}.yaml").exists():
                log.warning("a domain of a plugin would replace %s, which is ours", name)
                continue
            # A JSON string is one of YAML, too.
            values = {
                "include": str(ours / SHARED),
                "task": name,
                "dataset_path": domain.name,
                "dataset_name": dataset,
            }
            yield name, "".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items())


def _our_tasks() -> Path:
    spec = importlib.util.find_spec(OUR_TASKS)
    places = (spec and spec.submodule_search_locations) or ()
    for place in places:
        return Path(place).resolve()
    raise AnytimeError(f"{OUR_TASKS} is not installed: install anytime again")
