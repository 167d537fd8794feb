"""Every public name stands in the reference once, and its text has an example, which runs."""

from __future__ import annotations

import doctest
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

import anytime

ROOT = Path(__file__).parent.parent


def _loaded() -> ModuleType:
    """What the site's own configuration reads the names with."""
    path = ROOT / "docs" / "public_names.py"
    spec = importlib.util.spec_from_file_location("public_names", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


NAMES = _loaded()


def test_the_reference_has_every_name_once() -> None:
    page = (ROOT / "docs" / "reference.md").read_text()
    shown = re.findall(r"^\.\. auto\w+:: anytime\.(\w+)$", page, re.MULTILINE)
    assert sorted(shown) == sorted(set(shown)) == NAMES.public_names()


@pytest.mark.parametrize("name", NAMES.public_names())
def test_example(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # for examples that write
    text = NAMES.text_of(name)
    scope = {one: getattr(anytime, one) for one in NAMES.public_names()} | {"Path": Path}
    found = doctest.DocTestParser().get_doctest(text, scope, name, NAMES.home(name), 0)
    used = [example for example in found.examples if re.search(rf"\b{name}\b", example.source)]
    assert used, f"the docstring of anytime.{name} has no example that uses it"
    said: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(found, out=said.append)
    assert runner.failures == 0, "".join(said)
