"""The same names in both harnesses however the package is installed, and whatever else is.

The distribution is `anytime-eval`; `anytime` on PyPI is somebody else's, with an import package of
the same name as ours.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from anytime.distribution import NAME
from tests.installing.environments import Environment, output, run

pytestmark = pytest.mark.slow

INSPECT = ("-m", "inspect_ai", "eval", "anytime/trip", "-T", "dataset=builtin", "--limit", "1")
PLANNER = ("--model", "anytime/planner", "--display", "plain", "--log-format", "json")

PARTS = """
import json
from anytime import inspect_registry
from inspect_ai.util import registry_info
parts = [getattr(inspect_registry, name) for name in inspect_registry.__all__]
print(json.dumps([[registry_info(part).type, registry_info(part).name] for part in parts]))
"""

MARKS = """
from anytime.inspect_registry import trip
print([name for name in vars(trip(dataset="builtin")) if name.startswith("__task_")])
"""

Installed = tuple[Environment, Path]


def header(folder: Path) -> dict[str, object]:
    (log,) = (folder / "logs").glob("*.json")
    found: dict[str, object] = json.loads(log.read_text())["eval"]
    return found


def inspect_eval(environment: Environment, folder: Path, *words: str) -> str:
    quiet = {"HF_HUB_OFFLINE": "1", "ANYTIME_CACHE_DIR": str(folder / "cache")}
    return output(environment.python, *INSPECT, *PLANNER, *words, folder=folder, **quiet)


def test_all_parts_have_the_prefix(installed: Installed, tmp_path: Path) -> None:
    environment, _ = installed
    parts = json.loads(output(environment.python, "-c", PARTS, folder=tmp_path))
    assert ["task", "anytime/trip"] in parts
    assert ["solver", "anytime/pdp"] in parts
    assert ["scorer", "anytime/curve"] in parts
    assert ["metric", "anytime/anytime"] in parts
    assert [name for _, name in parts if not name.startswith("anytime/")] == []


def test_tasks_are_no_files(installed: Installed, tmp_path: Path) -> None:
    """Else they would run in the folder of that file."""
    environment, _ = installed
    shown = output(environment.python, "-c", MARKS, folder=tmp_path)
    assert "__task_file__" not in shown
    assert "__task_run_dir__" not in shown


def test_inspect_finds_task_solver_and_model(installed: Installed, tmp_path: Path) -> None:
    environment, _ = installed
    words = ("--solver", "anytime/pdp", "-S", "traces=2", "-S", "problems=2")
    printed = inspect_eval(environment, tmp_path, *words)
    assert "anytime_index" in printed
    told = header(tmp_path)
    assert told["task"] == told["task_registry_name"] == "anytime/trip"
    assert told.get("task_file") is None
    assert told["solver"] == "anytime/pdp"
    assert told["model"] == "anytime/planner"
    assert told["packages"] is not None


def test_the_task_alone_is_enough(installed: Installed, tmp_path: Path) -> None:
    environment, _ = installed
    assert "anytime_index" in inspect_eval(environment, tmp_path)
    assert header(tmp_path).get("solver") in (None, "anytime/budget")


def test_lm_eval_finds_task_and_model(installed: Installed, tmp_path: Path) -> None:
    environment, _ = installed
    words = ("--model", "anytime-planner", "--tasks", "anytime_trip_builtin", "--limit", 1)
    assert "anytime_index" in output(environment.python, "-m", "lm_eval", *words, folder=tmp_path)


def test_the_command_knows_its_version(installed: Installed, tmp_path: Path) -> None:
    environment, _ = installed
    assert output(environment.command("anytime"), "--version", folder=tmp_path) == "anytime 0.1.0\n"


def strangers(folder: Path, version: str) -> Path:
    """A wheel of another distribution called `anytime`, whose import package is empty."""
    source = folder / f"anytime-{version}"
    (source / "anytime").mkdir(parents=True)
    (source / "anytime" / "__init__.py").touch()
    (source / "anytime" / "algorithm.py").write_text("theirs = True\n")
    (source / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"
        f"[project]\nname = 'anytime'\nversion = '{version}'\n"
        "[tool.setuptools]\npackages = ['anytime']\n"
    )
    return source


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, others: Path) -> Path:
    """A folder that pip finds somebody else's `anytime` 9.0 in."""
    folder = tmp_path_factory.mktemp("index")
    builder = Environment(tmp_path_factory.mktemp("builder") / "venv", others)
    source = strangers(tmp_path_factory.mktemp("strangers"), "9.0")
    builder.pip(
        "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", str(folder), str(source)
    )
    return folder


def test_upgrading_the_other_one_changes_nothing_of_ours(
    installed: Installed, index: Path, tmp_path: Path
) -> None:
    environment, _ = installed
    report = tmp_path / "report.json"
    environment.pip(
        *("install", "-U", "anytime", "--dry-run", "--no-index", "--find-links", str(index)),
        *("--report", str(report)),
    )
    would = [each["metadata"]["name"] for each in json.loads(report.read_text())["install"]]
    assert would == ["anytime"], "an addition; ours is neither upgraded nor taken away"
    listed = json.loads(environment.pip("list", "--format", "json"))
    assert NAME in {each["name"] for each in listed}


def test_another_package_laid_over_ours_is_named(
    wheel: Path, index: Path, others: Path, tmp_path: Path
) -> None:
    """Installers do it without a word; what is left is said, and mended by what is said."""
    environment = Environment(tmp_path / "venv", others)
    environment.install(wheel)
    command = environment.command("anytime")
    theirs = ("--no-index", "--no-deps", "--find-links", str(index), "anytime")
    sentence = (
        "anytime: another package called anytime was installed over this one: pip uninstall "
        "anytime, then pip install --force-reinstall --no-deps anytime-eval\n"
    )
    environment.pip("install", *theirs)
    done = run(command, "--version", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)
    assert "anytime_index" in inspect_eval(environment, tmp_path), "the harnesses go on"
    environment.pip("uninstall", "-y", "anytime")
    done = run(command, "--version", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", sentence)
    environment.install("--force-reinstall", wheel)
    assert output(command, "--version", folder=tmp_path) == "anytime 0.1.0\n"


def test_beside_an_editable_install_it_is_named_and_gone_when_it_goes(
    tree: Path, index: Path, others: Path, tmp_path: Path
) -> None:
    """It is found before ours, which lies elsewhere and stays whole."""
    environment = Environment(tmp_path / "venv", others)
    environment.install("-e", tree)
    command = environment.command("anytime")
    environment.pip("install", "--no-index", "--no-deps", "--find-links", str(index), "anytime")
    done = run(command, "--version", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "another package called anytime was installed over this one" in done.stderr
    environment.pip("uninstall", "-y", "anytime")
    assert output(command, "--version", folder=tmp_path) == "anytime 0.1.0\n"
