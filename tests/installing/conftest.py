"""The package built and installed, once for all tests of a process."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import sysconfig
from pathlib import Path

import lm_eval
import pytest

from tests.installing.environments import OFFLINE, Environment, output, run

ROOT = Path(__file__).parents[2]

FEW = "arithmetic"
"""The folder of lm-eval's own tasks that is left in fresh environments."""

NOT_NEEDED = ("torch", "transformers", "accelerate")
"""Left out of fresh environments: `pip install` of ours brings none, and torch starts slowly."""


@pytest.fixture(scope="session")
def others(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of links to the installed packages, without ours.

    Inspect takes what is in a folder of that name for installed.
    """
    for tool in ("setuptools", "pip"):
        if importlib.util.find_spec(tool) is None:
            pytest.skip(f"{tool} is not installed, and nothing is downloaded here")
    folder = tmp_path_factory.mktemp("others") / "site-packages"
    folder.mkdir()
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


@pytest.fixture(scope="session")
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


@pytest.fixture(scope="session")
def wheel(tree: Path, others: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from a source distribution."""
    place = tmp_path_factory.mktemp("dist")
    build = f"from setuptools import build_meta; build_meta.build_sdist({str(place)!r})"
    output(sys.executable, "-c", build, folder=tree)
    (archive,) = place.glob("anytime_eval-*.tar.gz")
    shutil.unpack_archive(archive, place, filter="data")
    unpacked = place / archive.name.removesuffix(".tar.gz")
    output(sys.executable, "-m", "pip", "wheel", *OFFLINE, "--wheel-dir", place, unpacked)
    (built,) = place.glob("*.whl")
    return built


@pytest.fixture(scope="session", params=["wheel", "editable"])
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
