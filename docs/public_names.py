"""The public names of anytime, and the text of each: what the reference and its test read."""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
from pathlib import Path

import anytime

__all__ = ["data_text", "home", "public_names", "text_of"]


def public_names() -> list[str]:
    """All that `from anytime import ...` offers."""
    return sorted(vars(anytime)["__all__"])


def home(name: str) -> str:
    """The module that a public name is defined in; empty for what is none."""
    return str(vars(anytime)["_MODULE_OF"].get(name, ""))


def text_of(name: str) -> str:
    """The docstring of a public name, or the text below its assignment."""
    value = getattr(anytime, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        return inspect.getdoc(value) or ""
    return data_text(name)


def data_text(name: str) -> str:
    """The string that stands below `name = ...` in its module; empty where there is none."""
    module = importlib.import_module(home(name))
    body = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")).body
    for one, after in itertools.pairwise(body):
        if not isinstance(one, ast.Assign) or not isinstance(after, ast.Expr):
            continue
        named = [target.id for target in one.targets if isinstance(target, ast.Name)]
        if name in named and isinstance(after.value, ast.Constant):
            return inspect.cleandoc(str(after.value.value))
    return ""
