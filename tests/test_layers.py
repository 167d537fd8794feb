"""Which way arrows run: the floors of the house, who may know a harness; the rules of tests."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Collection, Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

import anytime.solvers
import anytime.task_configs

TESTS = Path(__file__).parent
HARNESSES = ("inspect_ai", "lm_eval")
ABOVE = ("anytime.hosts.", "anytime.logs.", "anytime.solvers.")


def test_lower_floors_never_import_higher_ones() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    config = Path(__file__).with_name("importlinter.ini")
    done = subprocess.run([lint, config, "--no-cache"], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_below_hosts_and_solvers_imports_a_harness() -> None:
    graph = grimp.build_graph("anytime", include_external_packages=True, cache_dir=None)
    importers = {
        harness: graph.find_modules_that_directly_import(harness)
        for harness in HARNESSES
        if harness in graph.modules
    }
    assert importers["inspect_ai"]
    for harness, modules in importers.items():
        assert [m for m in modules if not f"{m}.".startswith(ABOVE)] == [], harness


REGISTRY = ("anytime.hookspecs", "anytime.plugins")


def test_no_file_imports_itself_by_way_of_others() -> None:
    """Over all files, solvers too, which import-linter does not see; imports for types count.

    Those of the registry alone do not. Its functions are annotated with what plugins bring, and
    what plugins bring asks the registry for others: that is what it is there for.
    """
    files = dict(_modules())
    graph = {
        name: set(_imported(file, files, for_types=name not in REGISTRY))
        for name, file in files.items()
    }
    assert len(graph) > 150
    assert "anytime.solvers.budget" in graph["anytime.hosts.inspect_ai.tasks"]
    TopologicalSorter(graph).prepare()  # raises a CycleError, which names the files


def _modules() -> Iterator[tuple[str, Path]]:
    """Every file of the package by its name; in an editable install they lie in three places."""
    package = Path(anytime.__file__).parent
    for root, prefix in (
        (package, "anytime"),
        (Path(anytime.solvers.__path__[0]), "anytime.solvers"),
        (Path(anytime.task_configs.__path__[0]), "anytime.task_configs"),
    ):
        for file in sorted(root.rglob("*.py")):
            parts = file.relative_to(root).with_suffix("").parts
            yield ".".join([prefix, *(part for part in parts if part != "__init__")]), file


def _imported(file: Path, known: Collection[str], *, for_types: bool) -> Iterator[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    if not for_types:
        is_guard = "test=Name(id='TYPE_CHECKING'"
        tree.body = [node for node in tree.body if is_guard not in ast.dump(node)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file} imports by a relative name"
            for alias in node.names:
                # Of `from anytime import budgets, Pair` one is a file, one stands in the package's.
                inner = f"{node.module}.{alias.name}"
                yield from [name for name in (inner, node.module) if name in known][:1]


def test_no_test_imports_a_file_of_tests() -> None:
    """What two of them share is in a module of its own; code in strings is looked at too."""
    named = re.compile(r"\btests(?:\.\w+)*(?:\.| import )(?:test_\w+|conftest)\b")
    found = {
        str(file.relative_to(TESTS)): named.findall(text)
        for file, text in _sources()
        if named.search(text)
    }
    assert found == {}


def test_no_test_reads_a_clock() -> None:
    """Whether a bound of time holds depends on what else the machine does: calls are counted.

    `scaling.py` alone compares two times of one process with each other.
    """
    clocks = {"time", "monotonic", "perf_counter", "process_time", "thread_time", "timeit"}
    clocks |= {f"{name}_ns" for name in clocks}
    found = {
        f"{file.relative_to(TESTS)}:{node.lineno}"
        for file, text in _sources()
        for node in ast.walk(ast.parse(text))
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in ("time", "timeit")
            and node.attr in clocks
        )
        or (isinstance(node, ast.ImportFrom) and node.module in ("time", "timeit"))
    }
    assert {place for place in found if not place.startswith("scaling.py:")} == set()


@pytest.mark.slow
def test_every_case_that_is_called_quick_runs_by_default() -> None:
    """A name that fits no case would make all of its test slow, without a word."""
    named = sum(
        len(node.args)
        for _, text in _sources()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.quick"
    )
    collect = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0"]
    done = subprocess.run(
        [*collect, "-m", "quick and not slow"], cwd=TESTS.parent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert sum("::" in line for line in done.stdout.splitlines()) == named


def test_folders_of_tests_are_those_of_the_package() -> None:
    package = Path(anytime.__file__).parent
    folders = {file.parent.relative_to(TESTS) for file, _ in _sources()}
    strangers = {folder for folder in folders if not (package / folder).is_dir()}
    assert strangers == {Path("installing"), Path("real"), Path("realmodel"), Path("stress")}


def _sources() -> Iterator[tuple[Path, str]]:
    for file in sorted(TESTS.rglob("*.py")):
        yield file, file.read_text(encoding="utf-8")
