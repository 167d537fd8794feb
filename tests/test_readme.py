"""The commands and code of README and docs run, so that they cannot rot.

The two commands in marked blocks are run in a fresh clone by whoever checks a release. The
first command is run here, with the table that README shows of it; all commands of all pages, in
their order, are run by `tests/test_pages.py`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import anytime
from anytime import plugins
from anytime.domains.aime import AIME
from anytime.domains.base import fingerprint
from anytime.domains.plugin import anytime_domains
from tests.feeding import feed
from tests.pooling import ListPool, problem, trace

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BIN = Path(sys.executable).parent


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def commands() -> list[str]:
    lines = [line for block in blocks(README, "bash") for line in block.splitlines()]
    alone = [line for line in lines if "--log-dir" not in line]
    return [line for line in alone if re.match("inspect eval anytime/(?!wrap)", line)]


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """By the executable itself."""
    return subprocess.run(
        [str(BIN / words[0]), *words[1:]],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "INSPECT_CACHE_DIR": str(folder / "cache"), "COLUMNS": "80"}


def test_the_readme_has_the_commands_that_matter() -> None:
    assert "<!-- newcomer: run -->" in README
    assert "<!-- newcomer: test -->" in README
    assert len(commands()) >= 6


FIRST, *_ = commands()


@pytest.mark.parametrize("code", blocks(README, "python"))
def test_python_of_the_readme(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(code, {})
    assert "anytime_index=" in capsys.readouterr().out


def test_the_table_of_the_readme_is_what_the_first_command_prints(tmp_path: Path) -> None:
    done = run(FIRST.split(), tmp_path)
    (table,) = [block for block in blocks(README, "text") if "anytime_index_low" in block]
    printed = [line.rstrip() for line in done.stdout.splitlines()]
    assert [line for line in table.splitlines() if line not in printed] == []


EXAMPLE = ROOT / "examples" / "anytime-parity"


def test_the_page_about_plugins_shows_the_example() -> None:
    page = (ROOT / "docs" / "extending.md").read_text()
    assert blocks(page, "python")[0] == (EXAMPLE / "anytime_parity.py").read_text()
    (shown,) = blocks(page, "toml")
    assert shown in (EXAMPLE / "pyproject.toml").read_text()


def test_the_frame_of_that_page() -> None:
    _, _, code, _ = blocks((ROOT / "docs" / "extending.md").read_text(), "python")
    made: dict[str, Any] = {}
    exec(code, made)
    (frame,) = made["anytime_frames"]()
    assert (frame.open, frame.close) == ("<mine>", "</mine>")


def test_the_stopping_rule_of_that_page() -> None:
    *_, code = blocks((ROOT / "docs" / "extending.md").read_text(), "python")
    made: dict[str, Any] = {}
    exec(code, made)
    (rule,) = made["anytime_stopping_rules"]()
    seen = [anytime.Probe(n, answer, None, None, n, 1, False) for n, answer in enumerate("abca")]
    stops = [rule.with_argument("2").decide(seen[: n + 1]) for n in range(4)]
    assert stops == [None, None, None, 3]


def test_the_method_that_learns_of_that_page() -> None:
    _, code, *_ = blocks((ROOT / "docs" / "extending.md").read_text(), "python")
    names = vars(anytime)["__all__"]
    made = {name: getattr(anytime, name) for name in names}
    exec(code, made)

    def refuse(request: anytime.Request) -> anytime.Reply:
        raise AssertionError(request)

    one = problem("a")
    pool = ListPool([trace(one, 1, [0, 1], tokens=9), trace(one, 2, [0, 1], tokens=5)])
    material, asked = feed(made["SHORTEST"].learn(anytime.Recipe(), pool, AIME), refuse)
    assert asked == []
    (lesson,) = material.lessons
    assert lesson.text.startswith(f"{one.prompt}\nDraw 2")
    for content, solutions in ((one.prompt, 0), ("Another?", 1)):
        target = anytime.Target(fingerprint(content), (8, 16), len)
        preface = made["SHORTEST"].write(anytime.Recipe(), material, target)
        assert preface.record == {"solutions": solutions}


def test_the_plugin_of_the_docs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLE)
    import anytime_parity  # type: ignore[import-not-found]

    manager = plugins.plugin_manager()
    manager.register(anytime_parity)
    try:
        domain = anytime.get_domain("parity")
        (problem,) = [p for p in domain.load("parity", None, 0).problems if p.id == "103"]
        assert domain.grade(problem, "It is odd, so no.").quality == 1
        assert not domain.grade(problem, "").parsed
        assert all(domain.grade(p, p.gold).quality == 1 for p in anytime_parity.PROBLEMS)
        assert anytime.get_method("hint") is anytime_parity.HINT
    finally:
        manager.unregister(anytime_parity)


def test_two_domains_of_one_name_are_refused() -> None:
    manager = plugins.plugin_manager()
    twin = type("Twin", (), {"anytime_domains": staticmethod(anytime_domains)})
    manager.register(twin)
    try:
        with pytest.raises(anytime.AnytimeError, match="two plugins bring a domain called"):
            plugins.known_domains()
    finally:
        manager.unregister(twin)


def test_an_unknown_domain_is_named() -> None:
    with pytest.raises(anytime.AnytimeError, match="unknown domain 'chess': choose one of aime"):
        anytime.get_domain("chess")


def test_the_layout_is_the_tree() -> None:
    (layout,) = [block for block in blocks(README, "text") if "anytime_plugin/  " in block]
    package = ROOT / "anytime_plugin" / "anytime"
    own, top = set(), set()
    for line in layout.splitlines():
        names = [word.rstrip("/") for word in line.split() if word.endswith(("/", ".py"))]
        if line.startswith("    "):
            own |= {name for name in names if (package / name).exists()}
        elif not line.startswith(" "):
            top.add(names[0])
    there = {path.name for path in package.iterdir() if not path.name.startswith("_")}
    assert own == there - {"py.typed"}
    assert {name for name in top if not (ROOT / name).is_dir()} == set()
