"""How the package arrives: built, installed in two ways, taken away, beside an older lm-eval.

Fresh environments get the packages of the running one without ours, as links in a folder that a
plain line in a `.pth` file puts on their path: nothing is downloaded, and no hook but the installed
one can be at work.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import lm_eval
import pytest

from tests.lm_eval_offers import GROUPS, HOOK, TASKS
from tests.lm_eval_runs import manager

ROOT = Path(__file__).parents[3]

OFFLINE = ("--no-build-isolation", "--no-deps", "--no-index")

FEW = "arithmetic"
"""The folder of lm-eval's own tasks that is left in fresh environments."""

NOT_NEEDED = ("torch", "transformers", "accelerate")
"""Left out of fresh environments: `pip install` of ours brings none, and torch starts slowly."""

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
print([found.name for found in importlib.metadata.distributions() if found.name == "anytime"])
"""

SIMPLE_EVALUATE = """
import lm_eval
from lm_eval.utils import make_table
results = lm_eval.simple_evaluate(
    model="anytime-planner", tasks=["anytime_trip_builtin"], limit=2, bootstrap_iters=0
)
print(make_table(results))
"""


def run(
    program: Path | str, *words: object, folder: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """A program that sees no setting of this process's Python."""
    return subprocess.run(
        [str(program), *map(str, words)],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        capture_output=True,
        text=True,
        timeout=300,
    )


def output(program: Path | str, *words: object, folder: Path | None = None) -> str:
    done = run(program, *words, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files(folder: Path) -> set[Path]:
    """Everything below a folder but bytecode, relative to it."""
    found = {path.relative_to(folder) for path in folder.rglob("*")}
    return {path for path in found if "__pycache__" not in path.parts}


class Environment:
    """A fresh virtual environment that has everything but ours."""

    def __init__(self, folder: Path, others: Path) -> None:
        output(sys.executable, "-m", "venv", "--without-pip", folder)
        self.folder = folder
        self.python = folder / "bin" / "python"
        self.packages = Path(
            output(self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")[:-1]
        )
        (self.packages / "others.pth").write_text(f"{others}\n")
        self.hook = self.packages / HOOK.name
        self.fresh = files(folder)

    def pip(self, *words: object) -> None:
        output(self.python, "-m", "pip", "--disable-pip-version-check", *words)

    def install(self, *what: object) -> None:
        self.pip("install", *OFFLINE, *what)


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of links to the installed packages, without ours."""
    for tool in ("setuptools", "pip"):
        if importlib.util.find_spec(tool) is None:
            pytest.skip(f"{tool} is not installed, and nothing is downloaded here")
    folder = tmp_path_factory.mktemp("others")
    for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in Path(place).iterdir():
            name = entry.name.partition("-")[0]
            if "anytime" not in name and entry.name != "lm_eval" and name not in NOT_NEEDED:
                (folder / entry.name).symlink_to(entry)
    # Of lm-eval's own tasks a few, and no link: it takes twenty seconds to list them all.
    harness = Path(lm_eval.__file__).parent
    shutil.copytree(harness / "tasks" / FEW, folder / "lm_eval" / "tasks" / FEW)
    for part in {*harness.iterdir(), *harness.glob("tasks/*.py")} - {harness / "tasks"}:
        (folder / "lm_eval" / part.relative_to(harness)).symlink_to(part)
    return folder


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources to build in: what git would take from the checkout."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("which files to build from is known in a git checkout only")
    folder = tmp_path_factory.mktemp("source") / "tree"
    words = ("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = run("git", *words, folder=ROOT)
    if listed.returncode:
        pytest.skip(f"git does not list the files to build from: {listed.stderr}")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(tree: Path, others: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a source distribution."""
    place = tmp_path_factory.mktemp("dist")
    build = f"from setuptools import build_meta; build_meta.build_sdist({str(place)!r})"
    output(sys.executable, "-c", build, folder=tree)
    (archive,) = place.glob("anytime-*.tar.gz")
    shutil.unpack_archive(archive, place, filter="data")
    unpacked = place / archive.name.removesuffix(".tar.gz")
    output(sys.executable, "-m", "pip", "wheel", *OFFLINE, "--wheel-dir", place, unpacked)
    (built,) = place.glob("*.whl")
    return built


@pytest.fixture(scope="module", params=["wheel", "editable"])
def installed(
    request: pytest.FixtureRequest,
    tree: Path,
    others: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Environment, Path]:
    """An environment with ours in it, and the folder that ours is imported from."""
    environment = Environment(tmp_path_factory.mktemp(request.param) / "venv", others)
    if request.param == "editable":
        environment.install("-e", tree)
        return environment, tree
    environment.install(request.getfixturevalue("wheel"))
    return environment, environment.packages


@pytest.mark.slow
def test_the_wheel_of_a_source_distribution_holds_everything(
    wheel: Path, tree: Path, tmp_path: Path
) -> None:
    shutil.unpack_archive(wheel, tmp_path, "zip")
    (metadata,) = tmp_path.glob("anytime-*.dist-info")
    assert {path.name for path in tmp_path.iterdir()} == {"anytime", HOOK.name, metadata.name}
    assert (tmp_path / HOOK.name).read_bytes() == (tree / "anytime_plugin" / HOOK.name).read_bytes()
    for folder, where in (
        ("anytime_plugin/anytime", "anytime"),
        ("solvers", "anytime/solvers"),
        ("task_configs", "anytime/task_configs"),
    ):
        assert files(tree / folder) <= files(tmp_path / where), folder
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
    # More than one, since CPython reads the `.pth` files of a virtual environment twice.
    assert set(finders.split()) == {"_AnytimeFinder"}
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


def silent(environment: Environment, code: str, *flags: str, folder: Path) -> None:
    """The interpreter starts, runs the code and says nothing of its own."""
    done = run(environment.python, *flags, "-c", f"{code}; print('up')", folder=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "up\n", "")


@pytest.mark.slow
@pytest.mark.parametrize("way", ["wheel", "editable"])
def test_uninstalling_takes_everything_away(
    way: str, tree: Path, wheel: Path, others: Path, tmp_path: Path
) -> None:
    environment = Environment(tmp_path / "venv", others)
    environment.install(*(("-e", tree) if way == "editable" else (wheel,)))
    assert environment.hook.is_file()
    silent(environment, "import anytime", folder=tmp_path)
    environment.pip("uninstall", "-y", "anytime")
    assert files(environment.folder) == environment.fresh
    silent(environment, "import lm_eval.tasks", folder=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("left", ["hook and metadata", "hook alone", "editable finder"])
def test_half_removed_nothing_is_said(
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
        (metadata,) = environment.packages.glob("anytime-*.dist-info")
        shutil.rmtree(metadata)
    assert environment.hook.is_file()
    silent(environment, "pass", folder=tmp_path)
    silent(environment, "import lm_eval.tasks; lm_eval.tasks.TaskManager", folder=tmp_path)


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
