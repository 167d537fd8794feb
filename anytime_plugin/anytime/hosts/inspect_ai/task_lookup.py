"""An Inspect task by the name a user gives it, whosever it is."""

from __future__ import annotations

import difflib
import importlib.metadata
import importlib.util
import inspect
import sys
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from inspect_ai import Task

from anytime.errors import AnytimeError

__all__ = ["find_task"]


def find_task(name: str, arguments: Mapping[str, Any]) -> Task:
    """The task a user names: `package/task`, or `file.py@task`.

    Raises:
        AnytimeError: There is none, or it does not take these arguments.
    """
    path, at, function = name.rpartition("@")
    with _standing_in(Path(path).parent) if at else nullcontext():
        make = _in_file(Path(path), function) if at else _in_package(name)
        try:
            inspect.signature(make).bind(**arguments)
        except TypeError as error:
            raise AnytimeError(f"task {name} cannot be made: {error}") from None
        made = make(**arguments)
    if not isinstance(made, Task):
        raise AnytimeError(f"{name} is no task: it makes a {type(made).__name__}")
    return made


def _in_package(name: str) -> Any:
    package, slash, function = name.partition("/")
    if not slash or name.endswith(".py"):
        raise AnytimeError(
            f"task {name!r}: name it as PACKAGE/TASK (inspect_evals/gsm8k) or FILE.py@TASK"
        )
    if package == "anytime":
        raise AnytimeError(f"{name} shows the answer at every budget as it is: run it by itself")
    points = list(importlib.metadata.entry_points(group="inspect_ai"))
    for point in points:
        if point.name == package:
            module = point.load()
            found = getattr(module, function, None)
            if callable(found):
                return found
            near = difflib.get_close_matches(function, dir(module), n=1)
            hint = f": did you mean {near[0]}?" if near else ""
            raise AnytimeError(f"package {package} has no task {function!r}{hint}")
    known = ", ".join(sorted({point.name for point in points} - {"anytime"})) or "none"
    raise AnytimeError(f"no package {package!r} with Inspect tasks is installed: there is {known}")


def _in_file(path: Path, function: str) -> Any:
    file = Path(path.name)  # see `_standing_in`
    if not file.is_file():
        raise AnytimeError(f"there is no file {path} with a task {function}")
    name = file.resolve().as_posix()  # as Inspect calls the files it runs: no other module's name
    spec = importlib.util.spec_from_file_location(name, name)
    if spec is None or spec.loader is None:
        raise AnytimeError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise AnytimeError(f"{path} cannot be loaded: {error}") from error
    found = getattr(module, function, None)
    if not callable(found):
        raise AnytimeError(f"{path} has no task {function!r}")
    return found


@contextmanager
def _standing_in(folder: Path) -> Iterator[None]:
    """As Inspect does for the files it runs: they find what lies beside them."""
    if not folder.is_dir():
        raise AnytimeError(f"there is no folder {folder}")
    sys.path.insert(0, str(folder.resolve()))
    try:
        with chdir(folder):
            yield
    finally:
        sys.path.pop(0)
