"""Everything of lm-eval that is used and not published, each with its reason.

Nothing else in the package names what begins with an underscore in lm-eval or changes its classes;
`tests/hosts/lm_eval/test_private.py` says what moved when lm-eval changes. Read in lm-eval 0.4.13.
Importing this imports nothing of lm-eval: the start-up hook needs it while that is being imported.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

__all__ = [
    "TakesInstances",
    "add_request_type",
    "answers_kept",
    "configuration_of",
    "finds_for_itself",
    "hearing",
    "loaded_from",
    "log_further",
    "log_samples_as",
    "look_further",
    "predicts_only",
    "print_arranged",
    "register_models",
    "seed_of",
    "set_measures",
    "share_configuration",
    "template_arguments",
    "understand_names",
    "with_instances",
    "with_the_state_of",
]

T = TypeVar("T")

# Finding tasks and models: lm-eval 0.4.13 has no plugins. See `discovery`.


def register_models(models: Mapping[str, str]) -> None:
    """Add models by name, each `module:class`, to a registry that has no public entry."""
    # Its mapping first: lm-eval fills its registry only while it is empty.
    import lm_eval.models  # type: ignore[import-untyped]  # noqa: F401
    from lm_eval.api.registry import model_registry  # type: ignore[import-untyped]

    for name, target in models.items():
        if name not in model_registry:
            model_registry.register(name, target=target)


def print_arranged(arrange: Callable[[Mapping[str, Any], str], tuple[dict[str, Any], str]]) -> None:
    """Let lm-eval print its table of other results than it files, with a note below.

    It sorts rows by name, in the function that prints them, and asks no task for an order.

    Args:
        arrange: From the results and the name of the column, what to print and the note.
    """
    import lm_eval.utils as utils  # type: ignore[import-untyped]

    table = utils.make_table

    @functools.wraps(table)
    def make_table(
        result_dict: Mapping[str, Any], column: str = "results", *given: Any, **named: Any
    ) -> str:
        shown, note = arrange(result_dict, column)
        text = table(shown, column, *given, **named)
        return f"{text}\n{note}" if note else str(text)

    utils.make_table = make_table


def log_further(
    prepare: Callable[[Mapping[str, Any]], dict[str, Any]],
    log: Callable[[Any, Mapping[str, Any], int | None], None],
) -> None:
    """Let lm-eval's W&B logger log further things behind its own.

    It makes one table of all numbers, and has no place where a task could add to it.

    Args:
        prepare: From the logger's copy of the results, what it shall log itself.
        log: Called with W&B's run, these results and the step, when it has.

    Raises:
        AttributeError: It logs in another way.
        ImportError: There is none.
    """
    from lm_eval.loggers import WandbLogger  # type: ignore[import-untyped]

    own = WandbLogger.log_eval_result

    @functools.wraps(own)
    def log_eval_result(self: Any, *given: Any, **named: Any) -> None:
        self.results = prepare(self.results)
        own(self, *given, **named)
        log(self.run, self.results, self.step)

    WandbLogger.log_eval_result = log_eval_result


def log_samples_as(
    name: Callable[[str], str], plain: Callable[[Sequence[Mapping[str, Any]]], list[dict[str, Any]]]
) -> None:
    """Let lm-eval's W&B logger log samples under names and with values that W&B takes.

    It logs the names and the answers of tasks as they are, and stops at what W&B refuses.

    Args:
        name: What the samples of a task are called.
        plain: From a task's samples those that are logged.

    Raises:
        AttributeError: It logs in another way.
        ImportError: There is none.
    """
    from lm_eval.loggers import WandbLogger

    own = WandbLogger.log_eval_samples

    @functools.wraps(own)
    def log_eval_samples(self: Any, samples: Mapping[str, Any]) -> None:
        names, configs = self.task_names, self.task_configs
        self.task_names = [name(task) for task in names]
        self.task_configs = {name(task): config for task, config in configs.items()}
        try:
            own(self, {name(task): plain(each) for task, each in samples.items()})
        finally:
            self.task_names, self.task_configs = names, configs

    WandbLogger.log_eval_samples = log_eval_samples


def finds_for_itself(manager: ModuleType, init: Callable[..., None], folders: list[Path]) -> bool:
    """Whether lm-eval's `TaskManager` finds the tasks of entry points without us.

    Tried, and not read off its source: one is made while lm-eval's own tasks, which take many
    seconds to list, are out of its sight. It looks for those beside its file.

    Args:
        manager: The module `lm_eval.tasks.manager`.
        init: The manager's own `__init__`.
        folders: Where the tasks of entry points lie.
    """
    tried = object.__new__(manager.TaskManager)
    given = vars(manager).get("__file__")
    vars(manager)["__file__"] = str(Path(__file__).with_name("nothing") / "manager.py")
    try:
        init(tried)
        files = [Path(entry.yaml_path) for entry in tried.task_index.values() if entry.yaml_path]
    except Exception:  # what it does is for the user's own call to show
        return False
    finally:
        vars(manager)["__file__"] = given
    return any(file.resolve().is_relative_to(folder) for file in files for folder in folders)


def look_further(
    manager: ModuleType,
    advertised: Callable[[], list[Path]],
    written: Callable[[], list[Path]] = list,
) -> None:
    """Let every new `TaskManager` look into further folders, between its own and the user's.

    Its `__init__` alone takes folders, and everything of lm-eval's makes managers.

    Args:
        manager: The module `lm_eval.tasks.manager`.
        advertised: Folders that entry points name, left out where it finds their tasks for itself.
        written: Folders that nothing but this names.
    """
    task_manager = manager.TaskManager
    init = task_manager.__init__
    signature = inspect.signature(init)
    found: list[bool] = []

    @functools.wraps(init)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
        given = signature.bind(self, *args, **kwargs)
        named = given.arguments.get("include_path")
        if not given.arguments.get("include_defaults", True):
            init(self, *args, **kwargs)
            return
        ours = advertised()
        if not found:
            found.append(finds_for_itself(manager, init, ours))
        ours = [*([] if found[0] else ours), *written()]
        if not ours:
            init(self, *args, **kwargs)
            return
        paths = named if isinstance(named, list | tuple) else [named] if named else []
        known = {Path(path).expanduser().resolve() for path in paths}
        # Before the user's own, which may override ours.
        given.arguments["include_path"] = [*(path for path in ours if path not in known), *paths]
        init(*given.args, **given.kwargs)
        self.include_path = named

    task_manager.__init__ = wrapped


def understand_names(
    task_manager: Any,
    *,
    match: Callable[[Any, Callable[[Any], list[str]], Any], list[str]],
    load: Callable[[Any, Callable[[Any], Any], Any], Any],
) -> None:
    """Stand before how `TaskManager` matches names and loads what is behind one.

    There is no public place where a name that stands in no folder could be given a meaning.

    Args:
        task_manager: The class.
        match: Called with a manager, its own way to match, and what is to be matched.
        load: Called with a manager, its own way to load, and what is to be loaded.

    Raises:
        AttributeError: It has no such methods.
    """
    own_match, own_load = task_manager.match_tasks, task_manager._load_spec

    @functools.wraps(own_match)
    def match_tasks(self: Any, task_list: Any) -> list[str]:
        return match(self, functools.partial(own_match, self), task_list)

    @functools.wraps(own_load)
    def load_spec(self: Any, spec: Any) -> Any:
        return load(self, functools.partial(own_load, self), spec)

    task_manager.match_tasks, task_manager._load_spec = match_tasks, load_spec


def configuration_of(known: Any, entry: Any) -> dict[str, Any]:
    """A task's whole configuration, its functions found, without making the task.

    Making it would load its data; what reads its YAML is not public.
    """
    config: dict[str, Any] = known._factory._load_full_config(entry, None)
    return config


# Tasks.


def with_the_state_of(inner: Any, kind: type[T]) -> T:
    """A task of another class, a subclass of its own, with all that it has.

    A task's `__init__` loads its data, and cannot be run twice.
    """
    task: T = kind.__new__(kind)
    vars(task).update(vars(inner))
    return task


def share_configuration(task: Any, inner: Any) -> Any:
    """Give a task a copy of another's configuration, and return that other as a copy with the same.

    What lm-eval sets later on the one is then seen by the other; `config` itself cannot be set.
    """
    shared = copy(inner)
    shared._config = task._config = copy(inner._config)
    return shared


def set_measures(
    task: Any,
    aggregations: Mapping[str, Callable[..., Any]],
    higher_is_better: Mapping[str, bool],
    filters: Sequence[Any],
) -> None:
    """Set what is measured of a task; `metric_list` in its configuration takes known names alone.

    `aggregation` and `higher_is_better` return these, and --predict_only replaces them.
    """
    task._aggregation_list = dict(aggregations)
    task._higher_is_better = dict(higher_is_better)
    task._metric_fn_list = dict.fromkeys(aggregations)
    task._filters = list(filters)


def predicts_only(task: Any) -> bool:
    """Whether --predict_only put one metric in the place of all: lm-eval itself asks like this."""
    return "bypass" in getattr(task, "_metric_fn_list", {})


def with_instances(task: Any, instances: Sequence[Any]) -> Any:
    """A copy of a task whose filters will see these requests; `instances` cannot be set."""
    seeing = copy(task)
    seeing._instances = instances
    return seeing


class TakesInstances:
    """What stands in a task's place for `with_instances`."""

    _instances: Sequence[Any] = ()

    @property
    def instances(self) -> Sequence[Any]:
        """As a task has them."""
        return self._instances


# Models.


def add_request_type(answer: Callable[[Any, Any], Any]) -> None:
    """Let every model answer requests of the type that the function is named after.

    lm-eval calls the model's method of a request's type, and has no list of types to add to.
    """
    from lm_eval.api.model import LM  # type: ignore[import-untyped]

    setattr(LM, answer.__name__, answer)


def answers_kept(lm: Any) -> Any:
    """The answers behind --use_cache, by the hash of their request; None without.

    The cache stands before the model and knows lm-eval's own request types alone.
    """
    return getattr(lm.cache_hook, "dbdict", None)


class _Heard:
    """What stands in the place of a model's cache hook, and before it."""

    def __init__(self, before: Any, hear: Callable[[Any, str], None]) -> None:
        self._before, self._hear = before, hear

    def add_partial(self, attr: str, req: Any, res: Any) -> None:
        """As lm-eval's own: a request type, the arguments of a request, and what was answered."""
        self._before.add_partial(attr, req, res)
        if attr == "generate_until":
            self._hear(req, res)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._before, name)


@contextmanager
def hearing(lm: Any, hear: Callable[[Any, str], None]) -> Iterator[None]:
    """Hear of a model's answers when they arrive.

    Models tell a hook of each answer, or of those of a batch, for --use_cache to keep; nothing else
    sees an answer before the whole call ends.

    Args:
        lm: The model.
        hear: Called with the arguments of a request (context and settings) and its text.
    """
    before = lm.cache_hook
    lm.cache_hook = _Heard(before, hear)
    try:
        yield
    finally:
        lm.cache_hook = before


def seed_of(lm: Any) -> int | None:
    """The one seed that a completions service is sent; None for other models."""
    seed: int | None = getattr(lm, "_seed", None)
    return seed


@contextmanager
def template_arguments(lm: Any, **further: Any) -> Iterator[None]:
    """Give a model's chat template further arguments; not all models' templates take any.

    `apply_chat_template` has no parameter for them: models read them off this attribute.
    """
    given = getattr(lm, "chat_template_args", None)
    if not isinstance(given, dict):
        yield
        return
    lm.chat_template_args = {**given, **further}
    try:
        yield
    finally:
        lm.chat_template_args = given


def loaded_from(lm: Any) -> str:
    """Whose weights a model of `hf` has, where it was handed over ready: transformers tells."""
    return str(getattr(getattr(lm, "config", None), "_name_or_path", ""))
