"""How the package arrives: built, installed in two ways, taken away, beside an older lm-eval."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.installing.environments import Environment, files, output, run, silent
from tests.lm_eval_offers import GROUPS, HOOK, TASKS
from tests.lm_eval_runs import manager

STATE = """
import sys
print(*(finder.__name__ for finder in sys.meta_path if "nytime" in getattr(finder, "__name__", "")))
try:
    import anytime, anytime.solvers, anytime.task_configs
    print(anytime.__file__, anytime.solvers.__path__[0], anytime.task_configs.__path__[0])
except ModuleNotFoundError as error:
    print(error)
"""

OURS = """
import importlib.metadata, lm_eval.models, lm_eval.tasks
from lm_eval.api.registry import model_registry
print([name for name in model_registry if name.startswith("anytime")])
print([found.name for found in importlib.metadata.distributions() if "anytime" in found.name])
"""

SIMPLE_EVALUATE = """
import lm_eval
from lm_eval.utils import make_table
results = lm_eval.simple_evaluate(
    model="anytime-planner", tasks=["anytime_trip_builtin"], limit=2, bootstrap_iters=0
)
print(make_table(results))
"""


@pytest.mark.slow
def test_the_wheel_of_a_source_distribution_holds_everything(
    wheel: Path, tree: Path, tmp_path: Path
) -> None:
    shutil.unpack_archive(wheel, tmp_path, "zip")
    (metadata,) = tmp_path.glob("anytime_eval-*.dist-info")
    assert {path.name for path in tmp_path.iterdir()} == {"anytime", HOOK.name, metadata.name}
    assert (tmp_path / HOOK.name).read_bytes() == (tree / "anytime_plugin" / HOOK.name).read_bytes()
    for folder, where in (
        ("anytime_plugin/anytime", "anytime"),
        ("solvers", "anytime/solvers"),
        ("task_configs", "anytime/task_configs"),
    ):
        # A page for readers of the repository is none of the package's files.
        wanted = {name for name in files(tree / folder) if not str(name).endswith("README.md")}
        assert wanted <= files(tmp_path / where), folder
    names = {path.stem for path in (tmp_path / "anytime" / "task_configs").glob("*.yaml")}
    assert names == TASKS | GROUPS
    entries = importlib.metadata.Distribution.at(metadata).entry_points
    assert {(entry.group, entry.name, entry.value) for entry in entries} == {
        ("console_scripts", "anytime", "anytime.cli:main"),
        ("inspect_ai", "anytime", "anytime.inspect_registry"),
        ("lm_eval.tasks", "anytime", "anytime.task_configs"),
    }


@pytest.mark.slow
def test_a_fresh_environment_has_lm_eval_and_nothing_of_ours(others: Path, tmp_path: Path) -> None:
    fresh = Environment(tmp_path / "venv", others)
    assert output(fresh.python, "-c", STATE) == "\nNo module named 'anytime'\n"
    assert output(fresh.python, "-c", OURS, folder=tmp_path) == "[]\n[]\n"


@pytest.mark.slow
def test_what_is_imported_is_what_was_installed(
    installed: tuple[Environment, Path], tmp_path: Path
) -> None:
    environment, source = installed
    finders, places = output(environment.python, "-c", STATE, folder=tmp_path).splitlines()
    # Once, though CPython 3.11 reads the `.pth` files of a virtual environment twice.
    assert finders.split() == ["_AnytimeFinder"]
    assert [place for place in places.split() if not Path(place).is_relative_to(source)] == []
    script = output(environment.python.with_name("anytime"), "path", folder=tmp_path)
    assert Path(script.strip()).is_relative_to(source)


@pytest.mark.slow
def test_lm_eval_lists_the_tasks(installed: tuple[Environment, Path], tmp_path: Path) -> None:
    environment, source = installed
    listed = output(environment.python, "-m", "lm_eval", "ls", "tasks", folder=tmp_path)
    rows = [[cell.strip() for cell in line.split("|")] for line in listed.splitlines()]
    places = {row[1]: row[2] for row in rows if len(row) > 2}
    assert "arithmetic_2da" in places
    ours = {name: place for name, place in places.items() if name.startswith("anytime")}
    assert set(ours) == TASKS | GROUPS
    assert [place for place in ours.values() if not Path(place).is_relative_to(source)] == []


@pytest.mark.slow
def test_the_command_prints_the_table(installed: tuple[Environment, Path], tmp_path: Path) -> None:
    environment, _ = installed
    words = ("--model", "anytime-simulated", "--tasks", "anytime_aime_builtin", "--limit", 2)
    printed = output(environment.python, "-m", "lm_eval", *words, folder=tmp_path)
    assert "|anytime_aime_builtin|" in printed
    assert "|anytime_index " in printed


@pytest.mark.slow
def test_simple_evaluate_finds_task_and_model(
    installed: tuple[Environment, Path], tmp_path: Path
) -> None:
    environment, _ = installed
    printed = output(environment.python, "-c", SIMPLE_EVALUATE, folder=tmp_path)
    assert "|anytime_trip_builtin|" in printed
    assert "|anytime_index " in printed


@pytest.mark.slow
@pytest.mark.parametrize("way", ["wheel", "editable"])
def test_uninstalling_takes_everything_away(
    way: str, tree: Path, wheel: Path, others: Path, tmp_path: Path
) -> None:
    environment = Environment(tmp_path / "venv", others)
    environment.install(*(("-e", tree) if way == "editable" else (wheel,)))
    assert environment.hook.is_file()
    silent(environment, "import anytime", folder=tmp_path)
    environment.pip("uninstall", "-y", "anytime-eval")
    assert files(environment.folder) == environment.fresh
    silent(environment, "import lm_eval.tasks", folder=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("left", ["hook and metadata", "hook alone", "editable finder"])
def test_half_removed_it_is_said_once_where_tasks_are_wanted(
    left: str, tree: Path, wheel: Path, others: Path, tmp_path: Path
) -> None:
    environment = Environment(tmp_path / "venv", others)
    if left == "editable finder":
        shutil.copytree(tree, tmp_path / "tree")
        environment.install("-e", tmp_path / "tree")
        shutil.rmtree(tmp_path / "tree")
    else:
        environment.install(wheel)
        shutil.rmtree(environment.packages / "anytime")
    if left == "hook alone":
        (metadata,) = environment.packages.glob("anytime_eval-*.dist-info")
        shutil.rmtree(metadata)
    assert environment.hook.is_file()
    silent(environment, "pass", folder=tmp_path)
    done = subprocess.run(
        [str(environment.python), "-c", "import lm_eval.tasks; lm_eval.tasks.TaskManager"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    assert done.stderr.count("anytime: its tasks are missing from lm-eval (") == 1


@pytest.mark.slow
def test_an_unreadable_hook_is_passed_over_in_silence(
    wheel: Path, others: Path, tmp_path: Path
) -> None:
    environment = Environment(tmp_path / "venv", others)
    environment.install(wheel)
    environment.hook.chmod(0)
    if os.access(environment.hook, os.R_OK):
        pytest.skip("root reads every file")
    for flags in ((), ("-S",), ("-I",), ("-E",)):
        silent(environment, "pass", *flags, folder=tmp_path)
    silent(environment, "import lm_eval.tasks", folder=tmp_path)


@pytest.mark.slow
def test_an_older_lm_eval_is_refused_in_one_sentence(
    wheel: Path, others: Path, tmp_path: Path
) -> None:
    environment = Environment(tmp_path / "venv", others)
    environment.install(wheel)
    metadata = environment.packages / "lm_eval-0.4.9.dist-info"  # found before the links
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: lm_eval\nVersion: 0.4.9\n")
    words = ("--model", "anytime-planner", "--tasks", "anytime_trip_builtin", "--limit", 1)
    done = run(environment.python, "-m", "lm_eval", *words, folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "anytime needs lm-eval 0.4.13 or newer, and 0.4.9 is installed: "
        "pip install --upgrade lm-eval"
    )
    assert "Traceback" not in done.stderr
    assert "anytime_index" not in done.stdout


@pytest.mark.parametrize(
    ("version", "enough"),
    [
        ("0.3.0", False),
        ("0.4", False),
        ("0.4.9", False),
        ("0.4.12.post1", False),
        ("0.4.12rc1", False),
        ("0.4.13", True),
        ("0.4.13.dev1", True),
        ("0.4.13rc1", True),
        ("0.4.13+cpu", True),
        ("0.4.14rc1", True),
        ("0.5", True),
        ("0.5rc1", True),
        ("1.0.dev0", True),
    ],
)
def test_which_versions_of_lm_eval_will_do(
    version: str, enough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    actual = importlib.metadata.version
    monkeypatch.setattr(
        importlib.metadata,
        "version",
        lambda name: version if name == "lm_eval" else actual(name),
    )
    tasks = manager()
    if enough:
        assert tasks.load(["anytime_trip_builtin"])
    else:
        with pytest.raises(SystemExit, match=r"needs lm-eval 0\.4\.13 or newer"):
            tasks.load(["anytime_trip_builtin"])
