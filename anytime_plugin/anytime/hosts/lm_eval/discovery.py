"""How lm-eval finds our tasks and models, with nothing on its command line.

lm-eval 0.4.13 looks for tasks in its own folder and in `--include_path`. Its development is adding
a look at the entry points of installed packages (pull request 4015); until that is released, the
start-up hook `anytime_lm_eval.pth` puts a finder on `sys.meta_path` that waits for
`lm_eval.tasks.manager` and then calls `install` here. Environment variable
`ANYTIME_LM_EVAL_HOOK=0` switches the hook off.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from anytime.hosts.lm_eval.private import (
    log_further,
    log_samples_as,
    look_further,
    print_arranged,
    register_models,
    understand_names,
)
from anytime.hosts.lm_eval.task_lookup import PREFIX, matched

__all__ = ["MODELS", "find_spec", "install", "task_directories", "written_directories"]

GROUP = "lm_eval.tasks"

PLUGINS = "anytime"
"""The group of entry points in which other packages bring domains."""

MODELS = {
    "anytime-planner": "anytime.hosts.lm_eval.models:Planner",
    "anytime-simulated": "anytime.hosts.lm_eval.models:Simulated",
    "anytime-guesser": "anytime.hosts.lm_eval.models:Guesser",
}


def find_spec(name: str, path: Any = None, target: ModuleType | None = None) -> ModuleSpec | None:
    """The spec of a module of lm-eval, which runs `install` on the module once it is loaded.

    The hook's own finder answers once, so it is passed over here.
    """
    spec: ModuleSpec | None = None
    for finder in sys.meta_path:
        found = getattr(finder, "find_spec", None)
        spec = found(name, path, target) if found else None
        if spec is not None:
            break
    if spec is None or spec.loader is None or not hasattr(spec.loader, "exec_module"):
        return spec
    run = spec.loader.exec_module

    def run_and_install(module: ModuleType) -> None:
        run(module)
        try:
            install(module)
        # lm-eval has to work whatever becomes of us; what we raise in it may be a SystemExit.
        except (Exception, SystemExit) as error:
            warnings.warn(
                f"anytime's tasks cannot be discovered by this lm-eval ({error}): use "
                f'--include_path "$(anytime path)"',
                stacklevel=2,
            )

    spec.loader.exec_module = run_and_install  # type: ignore[method-assign]
    return spec


def install(manager: ModuleType) -> None:
    """Register our models, and let `TaskManager` look into the advertised directories too.

    And let it understand names that begin with `anytime:`.
    """
    register_models(MODELS)
    look_further(manager, task_directories, written_directories)
    print_arranged(_arranged)
    try:
        log_further(_prepared, _logged)
        log_samples_as(_plain_name, _plain_samples)
    except (AttributeError, ImportError) as error:
        warnings.warn(f"this lm-eval logs no curves to W&B ({error})", stacklevel=2)
    try:
        understand_names(manager.TaskManager, match=_match, load=_load)
    except AttributeError as error:
        warnings.warn(f"this lm-eval cannot run anytime:NAME ({error})", stacklevel=2)


def _arranged(results: Mapping[str, Any], column: str) -> tuple[dict[str, Any], str]:
    """What is printed of results; lm-eval's own where none are of ours."""
    try:
        from anytime.hosts.lm_eval.table import arranged

        return arranged(results, column)
    except Exception as error:  # a run that was paid for has to be printed, whatever we make of it
        warnings.warn(f"anytime could not arrange the table ({error})", stacklevel=2)
        return dict(results), ""


def _prepared(results: Mapping[str, Any]) -> dict[str, Any]:
    """What lm-eval's W&B logger logs of results."""
    from anytime.hosts.lm_eval.wandb_curves import numbers_alone

    return numbers_alone(results)


def _plain_name(task: str) -> str:
    """What lm-eval's W&B logger calls the samples of a task."""
    from anytime.hosts.lm_eval.wandb_curves import plain_name

    return plain_name(task)


def _plain_samples(samples: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The samples that it logs."""
    from anytime.hosts.lm_eval.wandb_curves import plain_samples

    return plain_samples(samples)


def _logged(run: Any, results: Mapping[str, Any], step: int | None) -> None:
    """Log curves to W&B behind lm-eval's own numbers."""
    try:
        from anytime.hosts.lm_eval.wandb_curves import log_curves

        log_curves(run, results, step)
    except Exception as error:  # a run that was paid for goes on to be filed
        warnings.warn(f"anytime could not log its curves to W&B ({error})", stacklevel=2)


def _match(manager: Any, match: Callable[[Any], list[str]], task_list: Any) -> list[str]:
    """Match names with the prefix by what is behind it, and others as lm-eval does."""
    asked = [task_list] if isinstance(task_list, str) else list(task_list)
    ours = [name for name in asked if name.startswith(PREFIX)]
    if not ours:
        return list(match(task_list))
    from anytime.hosts.lm_eval.errors import one_sentence

    with one_sentence():
        found = matched(ours, manager.task_index)
    return sorted({*match([name for name in asked if name not in ours]), *found})


def _load(manager: Any, load: Callable[[Any], Any], spec: Any) -> Any:
    """Load a name with the prefix: what is behind it is lm-eval's, and is wrapped."""
    if not isinstance(spec, str) or not spec.startswith(PREFIX):
        return load(spec)
    from anytime.hosts.lm_eval.wrapping import load_wrapped

    return load_wrapped(spec, load, manager.task_index, getattr(manager, "metadata", None))


def task_directories() -> list[Path]:
    """The directories that installed packages advertise for lm-eval.

    An entry point names a package; its directories are taken without importing more than that.
    """
    found: dict[Path, None] = {}
    for entry in importlib.metadata.entry_points(group=GROUP):
        try:
            spec = importlib.util.find_spec(entry.module)
        except (Exception, SystemExit):  # half removed, or what its parent does on import
            continue
        places: Iterable[str] = (spec and spec.submodule_search_locations) or ()
        for place in places:
            if Path(place).is_dir():
                found[Path(place).resolve()] = None
    return list(found)


def written_directories() -> list[Path]:
    """The directory of tasks on domains of other packages, which bring no files of their own."""
    if not importlib.metadata.entry_points(group=PLUGINS):
        return []  # as most often, and nothing has to be imported
    from anytime.hosts.lm_eval.plugin_tasks import plugin_directory

    written = plugin_directory()
    return [] if written is None else [written.resolve()]
