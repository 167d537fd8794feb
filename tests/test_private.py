"""What the harnesses do not publish is touched in one file per harness, and nowhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import lm_eval
import pytest

import anytime.solvers

PLACES = [Path(anytime.__path__[0]), Path(anytime.solvers.__path__[0])]
SOURCES = sorted({file for place in PLACES for file in place.rglob("*.py")})
PRIVATE = {"inspect_ai": "hosts/inspect_ai/private.py", "lm_eval": "hosts/lm_eval/private.py"}

OWN_WORDS = {"_replace", "_asdict", "_fields", "_make"}
"""Of named tuples: public, whatever their underscore."""

PARSED_BEFORE = ("api", "tasks/manager.py", "tasks/_factory.py", "tasks/_index.py", "models")
"""Where lm-eval's classes are that we derive from or are handed."""


def elsewhere(harness: str) -> Iterator[tuple[Path, ast.AST]]:
    """Every node of every file but the one where a harness may be touched."""
    for file in SOURCES:
        if not file.as_posix().endswith(PRIVATE[harness]):
            for node in ast.walk(ast.parse(file.read_text())):
                yield file, node


def place(file: Path, node: ast.AST) -> str:
    return f"{file.name}:{getattr(node, 'lineno', '?')}"


def imported(node: ast.AST) -> list[str]:
    """The dotted names that an import brings."""
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [f"{node.module}.{name.name}" for name in node.names]
    return []


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@cache
def lm_eval_names() -> frozenset[str]:
    """Names with an underscore that lm-eval's classes define or set on themselves."""
    root = Path(lm_eval.__file__).parent
    files = [f for part in PARSED_BEFORE for f in ([root / part, *(root / part).rglob("*.py")])]
    found: set[str] = set()
    for file in filter(Path.is_file, files):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                found.add(node.attr)
            elif isinstance(node, ast.ClassDef):
                found |= {m.name for m in node.body if isinstance(m, ast.FunctionDef)}
    return frozenset(filter(is_private, found))


def test_the_files_are_found() -> None:
    assert len(SOURCES) > 100
    for touched in PRIVATE.values():
        assert any(file.as_posix().endswith(touched) for file in SOURCES)
    assert {"_config", "_instances", "_factory", "_seed", "_load_spec"} <= lm_eval_names()


@pytest.mark.parametrize("harness", PRIVATE)
def test_private_modules_and_names_are_imported_there_alone(harness: str) -> None:
    found = [
        f"{place(file, node)} imports {name}"
        for file, node in elsewhere(harness)
        for name in imported(node)
        if name.split(".")[0] == harness and any(map(is_private, name.split(".")))
    ]
    assert found == [], f"to {PRIVATE[harness]}, with the reason and a test"


def test_private_attributes_of_lm_eval_are_touched_there_alone() -> None:
    found = []
    for file, node in elsewhere("lm_eval"):
        own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            of_self = own and node.value.id in ("self", "cls")  # type: ignore[attr-defined]
            # What is ours has names of its own, which may be others' names elsewhere.
            if node.attr not in OWN_WORDS and not of_self and "lm_eval" in file.parts:
                found.append(f"{place(file, node)} touches {node.attr}")
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value in lm_eval_names()
        ):
            found.append(f"{place(file, node)} names {node.value}")
    assert found == [], f"to {PRIVATE['lm_eval']}, with the reason and a test"


def test_classes_of_ours_in_lm_eval_do_not_reach_into_their_base() -> None:
    bases = {"LM", "Task", "ConfigurableTask", "Filter", "AtEveryBudget", "BuiltIn"}
    found = []
    for file, node in elsewhere("lm_eval"):
        if not isinstance(node, ast.ClassDef):
            continue
        if not {getattr(base, "id", "") for base in node.bases} & bases:
            continue
        own = {part.name for part in node.body if isinstance(part, ast.FunctionDef)}
        found += [
            f"{place(file, part)} touches self.{part.attr}"
            for part in ast.walk(node)
            if isinstance(part, ast.Attribute)
            and isinstance(part.value, ast.Name)
            and part.value.id == "self"
            and part.attr in lm_eval_names() - own
        ]
    assert found == [], f"to {PRIVATE['lm_eval']}, with the reason and a test"


def test_private_attributes_of_inspect_are_touched_there_alone() -> None:
    found = [
        f"{place(file, node)} touches {node.attr}"
        for file, node in elsewhere("inspect_ai")
        if "inspect_ai" in file.parts or "solvers" in file.parts
        if isinstance(node, ast.Attribute) and is_private(node.attr)
        if node.attr not in OWN_WORDS
        if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    ]
    assert found == [], f"to {PRIVATE['inspect_ai']}, with the reason and a test"


def test_error_texts_of_a_harness_are_matched_there_alone() -> None:
    found = []
    for file, node in elsewhere("inspect_ai"):
        if not isinstance(node, ast.ExceptHandler) or node.name is None:
            continue
        for part in ast.walk(node):
            if isinstance(part, ast.Compare):
                sides = map(ast.unparse, [part.left, *part.comparators])
                found += [place(file, part) for side in sides if f"str({node.name})" in side]
    assert found == [], "what an error's text tells is a private touch of whoever raises it"


def test_members_of_inspect_archives_are_named_in_their_own_file_alone() -> None:
    """Which imports nothing, so that finished logs are read without Inspect."""
    members = ("samples/", "header.json", "reductions.json", "summaries.json", "_journal/")
    found = {
        file.name
        for file, node in elsewhere("inspect_ai")
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if "inspect_ai" in file.parts and node.value.startswith(members)
    }
    assert found == {"archive.py"}
    (archive,) = (file for file in SOURCES if file.name == "archive.py")
    names = [name for node in ast.walk(ast.parse(archive.read_text())) for name in imported(node)]
    assert names == ["__future__.annotations"]
