"""The site builds, its links lead somewhere, and the files for registers are what those read."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from anytime import AnytimeError

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def loaded(name: str) -> ModuleType:
    """A script of the folder `docs`, which is no package."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


LINKS = loaded("links")
REGISTER = loaded("register")


def test_links_within_the_repository_lead_somewhere() -> None:
    assert LINKS.faults() == []
    assert len([link for page in LINKS.PAGES for link in LINKS.links(page)]) > 60


@pytest.mark.parametrize("target", ["nowhere.md", "#nowhere", "annotate.md#nowhere", "../../x.md"])
def test_a_link_to_nowhere_is_found(target: str) -> None:
    assert target in LINKS.fault(LINKS.Link(DOCS / "index.md", target))


def test_links_elsewhere_are_encrypted_and_listed() -> None:
    addresses = LINKS.elsewhere()
    assert "https://arxiv.org/abs/2601.11038" in addresses
    assert [address for address in addresses if not address.startswith("https://")] == []


def test_every_page_stands_in_the_contents_once() -> None:
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```", (DOCS / "index.md").read_text(), re.M | re.S)
    named = [line for tree in trees for line in tree.splitlines() if line and line[0] != ":"]
    pages = sorted(page.stem for page in DOCS.glob("*.md") if page.stem != "index")
    assert sorted(named) == sorted([*pages, "genindex"])


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("sphinx", reason="pip install '.[docs]'")
    words = ["-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    return subprocess.run(
        [sys.executable, *words, str(source), str(target)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    done = build(DOCS, tmp_path)
    assert done.returncode == 0, done.stderr
    for page in DOCS.glob("*.md"):
        made = (tmp_path / f"{page.stem}.html").read_text()
        assert re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"https?:[^>]*", made) == []
    assert (tmp_path / "search.html").exists()
    entries = (tmp_path / "genindex.html").read_text()
    assert "reference.html#anytime.Curve" in entries
    searched = (tmp_path / "searchindex.js").read_text()
    assert "tutorial" in searched


@pytest.mark.slow
@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("[x](nowhere.md)", "nowhere.md"),
        ("[x](annotate.md#nowhere)", "nowhere"),
        ("```{eval-rst}\n.. autofunction:: anytime.nowhere\n```", "nowhere"),
    ],
)
def test_the_build_fails_on_what_leads_nowhere(added: str, said: str, tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path / "docs")
    for page in ROOT.glob("*.md"):
        shutil.copy(page, tmp_path)
    page = tmp_path / "docs" / "strategies.md"
    page.write_text(f"{page.read_text()}\n{added}\n")
    done = build(tmp_path / "docs", tmp_path / "site")
    assert done.returncode != 0
    assert said in done.stderr


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"]
    assert citation["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= set(citation)
    # An address that is nowhere in the project's own metadata would be an invented one.
    assert citation.get("repository-code") == project.get("urls", {}).get("Repository")


SOURCE = REGISTER.Source("https://github.com/owner/name", "0" * 40, ("owner",))


def test_entries_of_the_register_are_what_it_reads(tmp_path: Path) -> None:
    metadata = pytest.importorskip("inspect_evals.metadata")
    said = REGISTER.write(SOURCE, tmp_path)
    found = sorted(tmp_path.glob("*/eval.yaml"))
    assert [path.parent.name for path in found] == ["anytime_aime", "anytime_gpqa", "anytime_trip"]
    for path in found:
        entry = metadata.ExternalEvalMetadata(**metadata._load_single_eval_yaml(path))
        (task,) = entry.tasks
        assert f"def {task.name}(" in (ROOT / task.task_path).read_text()
        assert entry.package == "name"
    assert len(said) == len(found)


def test_the_command_on_the_page_writes_them(tmp_path: Path) -> None:
    pytest.importorskip("inspect_evals.metadata")
    page = (DOCS / "publishing.md").read_text()
    (command,) = re.findall(r"^(python docs/register\.py (?:.*\\\n)*.*)\n", page, re.M)
    _, *words, _ = shlex.split(command.replace("\\\n", " "))
    done = subprocess.run(
        [sys.executable, *words, str(tmp_path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("/tasks.py#L") == 3
    assert len(list(tmp_path.glob("*/eval.yaml"))) == 3


@pytest.mark.parametrize("entry", REGISTER.ENTRIES, ids=lambda entry: str(entry.task))
def test_a_submission_points_at_the_line_of_its_task(entry: REGISTER.Entry) -> None:  # type: ignore[name-defined]
    path, line = REGISTER.place_of(entry)
    lines = (ROOT / path).read_text().splitlines()
    assert lines[line - 1] == "@task"
    assert lines[line].startswith(f"def {entry.task}(")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"repository": "git@github.com:owner/name"}, "https://github.com/OWNER/NAME"),
        ({"repository": "https://github.com/owner"}, "https://github.com/OWNER/NAME"),
        ({"commit": "main"}, "git rev-parse HEAD"),
        ({"maintainers": ()}, "--maintainer"),
    ],
)
def test_what_the_register_would_refuse(
    change: dict[str, object], said: str, tmp_path: Path
) -> None:
    with pytest.raises(AnytimeError, match=re.escape(said)):
        REGISTER.write(SOURCE._replace(**change), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_entry_that_the_schema_refuses_is_refused() -> None:
    pytest.importorskip("inspect_evals.metadata")
    values = REGISTER.metadata(REGISTER.ENTRIES[0], SOURCE)
    REGISTER.validate(values, "anytime_trip")
    with pytest.raises(AnytimeError, match="none of the register's entries"):
        REGISTER.validate({**values, "group": "Reasoning"}, "anytime_trip")


def test_the_datasets_file_of_the_hub_is_what_inspect_reads() -> None:
    from inspect_ai._eval.task.hf import HFTask

    page = (DOCS / "publishing.md").read_text()
    (shown,) = re.findall(r"<!-- hub: eval.yaml -->\n```yaml\n(.*?)^```", page, re.M | re.S)
    (task,) = yaml.safe_load(shown)["tasks"]
    assert HFTask.model_validate(task).id == "my_aime"
    template = task["solvers"][0]["args"]["template"]
    assert template.format(prompt="P").endswith(r"\boxed{}.")


def test_the_page_for_lm_eval_names_its_tasks() -> None:
    folder = ROOT / "task_configs"
    told = set(re.findall(r"`(anytime_\w+)`", (folder / "README.md").read_text()))
    assert told == {path.stem for path in folder.glob("anytime_*.yaml")}
