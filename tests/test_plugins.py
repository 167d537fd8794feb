"""What plugins bring, and that one which is broken changes nothing but one sentence."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import anytime
from anytime import plugins
from tests.plugging import BROKEN, lay_plugin

SOUND = """
from anytime import Cue, Dataset, Domain, Grade, Method, Preface, Problem, StoppingRule, hookimpl

SOUND = Domain(
    name="sound",
    budgets="8,16",
    answer_tokens=8,
    load=lambda dataset, split, seed: Dataset(dataset, "1", "test", (Problem("1", "1?", "1"),)),
    ask=lambda problem: problem.prompt,
    cue=lambda problem: Cue("Now?", "Answer: "),
    grade=lambda problem, text: Grade(1.0, True, text),
    datasets=("small", "large"),
)

@hookimpl
def anytime_domains():
    return [SOUND]

@hookimpl
def anytime_methods():
    return (Method("hint", lambda recipe, material, target: Preface("Hint. ", {})),)

@hookimpl
def anytime_stopping_rules():
    return [StoppingRule("first", lambda probes, argument: 0)]
"""

OURS = ["trip", "aime", "gpqa"]
RULES = ["fixed", "stable", "dynasor", "vote", "confident"]
METHODS = ["cot", "pdp", "pdp_plus", "leap"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on Python's path, whose plugins are loaded when it is first asked for them."""
    place = tmp_path / "site"
    place.mkdir()
    monkeypatch.syspath_prepend(place)
    monkeypatch.setenv("ANYTIME_CACHE_DIR", str(tmp_path / "cache"))
    plugins.plugin_manager.cache_clear()
    before = set(sys.modules)
    try:
        yield place
    finally:
        plugins.plugin_manager.cache_clear()
        for name in set(sys.modules) - before:
            if getattr(sys.modules[name], "__file__", "") == str(place / f"{name}.py"):
                del sys.modules[name]


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_one_sentence(
    folder: Path, case: str, caplog: pytest.LogCaptureFixture
) -> None:
    code, said = BROKEN[case]
    lay_plugin(folder, "broken", code)
    lay_plugin(folder, "sound", SOUND)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert list(anytime.known_domains()) == [*OURS, "sound"]
            assert list(anytime.known_methods()) == [*METHODS, "hint"]
            assert list(anytime.known_stopping_rules()) == [*RULES, "first"]
    (record,) = caplog.records
    message = record.getMessage()
    assert message.startswith("plugin broken is left out: ")
    assert said in message
    assert "\n" not in message


def test_of_a_plugin_left_out_nothing_stays(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    lay_plugin(folder, "half", f"{SOUND}\n@hookimpl\ndef anytime_nothing(): return []")
    assert list(anytime.known_domains()) == OURS
    assert list(anytime.known_methods()) == METHODS
    assert list(anytime.known_stopping_rules()) == RULES
    assert plugins.third_party_domains() == {}


def test_an_error_of_ours_is_none_of_a_plugin(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    manager = plugins.plugin_manager()
    (ours,) = manager.hook.anytime_domains.get_hookimpls()
    monkeypatch.setattr(ours, "function", broken)
    with pytest.raises(ZeroDivisionError):
        anytime.known_domains()


@pytest.mark.parametrize("what", ["domain", "method", "stopping rule"])
def test_two_of_one_name_are_refused(folder: Path, what: str) -> None:
    lay_plugin(folder, "sound", SOUND)
    lay_plugin(folder, "twin", SOUND)
    known, name = {
        "domain": (anytime.known_domains, "sound"),
        "method": (anytime.known_methods, "hint"),
        "stopping rule": (anytime.known_stopping_rules, "first"),
    }[what]
    with pytest.raises(anytime.AnytimeError, match=f"two plugins bring a {what} called '{name}'"):
        known()


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(anytime.AnytimeError, match="unknown method 'pdq': choose one of cot, pdp"):
        anytime.get_method("pdq")


# lm-eval's tasks on the domains of plugins.


def test_every_dataset_of_a_domain_is_a_task(folder: Path, tmp_path: Path) -> None:
    from anytime.hosts.lm_eval.discovery import written_directories

    assert written_directories() == []
    plugins.plugin_manager.cache_clear()
    lay_plugin(folder, "sound", SOUND)
    (written,) = written_directories()
    assert written.is_relative_to(tmp_path)
    assert {path.name for path in written.iterdir()} == {
        "anytime_sound.yaml",
        "anytime_sound_large.yaml",
    }
    before = {path: path.stat().st_mtime_ns for path in written.iterdir()}
    assert written_directories() == [written]
    assert {path: path.stat().st_mtime_ns for path in written.iterdir()} == before


def test_they_are_found_and_made(folder: Path) -> None:
    from lm_eval.tasks import TaskManager

    from anytime.hosts.lm_eval.plugin_tasks import plugin_directory

    lay_plugin(folder, "sound", SOUND)
    known = TaskManager(include_path=str(plugin_directory()), include_defaults=False)
    assert known.all_subtasks == ["anytime_sound", "anytime_sound_large"]
    loaded = known.load(["anytime_sound", "anytime_sound_large"])["tasks"]
    datasets = [task.config.metadata["dataset"] for task in loaded.values()]
    assert datasets == ["small", "large"]


def test_no_task_of_ours_is_replaced(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    from anytime.hosts.lm_eval.plugin_tasks import plugin_directory

    lay_plugin(folder, "sound", SOUND.replace('"sound"', '"aime24"'))
    written = plugin_directory()
    assert written is not None
    assert [path.name for path in written.iterdir()] == ["anytime_aime24_large.yaml"]
    assert "would replace anytime_aime24, which is ours" in caplog.text


def test_where_nothing_can_be_written_lm_eval_works(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from anytime.hosts.lm_eval.discovery import written_directories

    lay_plugin(folder, "sound", SOUND)
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ANYTIME_CACHE_DIR", str(tmp_path / "file"))
    assert written_directories() == []
    (record,) = caplog.records
    assert "no tasks on domains of plugins" in record.getMessage()
