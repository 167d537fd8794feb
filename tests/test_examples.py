"""The example plugin, installed from its own wheel, in both harnesses, a broken one beside it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugging import BROKEN, lay_plugin
from tests.warmed import command

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "anytime-parity"

INSPECT = ("inspect", "eval", "anytime/parity", "--display", "plain", "--limit", "4")
LM_EVAL = ("lm_eval", "--tasks", "anytime_parity", "--limit", "4")
SAMPLED = ("--gen_kwargs", "do_sample=true,temperature=0.7")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the example's wheel is installed into."""
    for tool in ("setuptools", "pip"):
        if importlib.util.find_spec(tool) is None:
            pytest.skip(f"{tool} is not installed, and nothing is downloaded here")
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(EXAMPLE, folder / "source")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    alone = ("--no-deps", "--no-index")
    done = subprocess.run(
        [*pip, "wheel", *alone, "--no-build-isolation", "-w", folder, folder / "source"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    subprocess.run([*pip, "install", "-q", *alone, "--target", folder / "site", wheel], check=True)
    return folder / "site"


def run(words: tuple[str, ...], folder: Path, *path: Path) -> subprocess.CompletedProcess[str]:
    """A command that succeeds, with these folders on Python's path."""
    folder.mkdir(exist_ok=True)
    done = command(
        words,
        folder,
        {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "ANYTIME_CACHE_DIR": str(folder / "cache"),
            "INSPECT_CACHE_DIR": str(folder / "inspect"),
            "HF_HUB_OFFLINE": "1",
            "COLUMNS": "200",
        },
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def numbers(printed: str) -> list[str]:
    """The lines of a table that hold numbers of ours; not those that say how far a run is."""
    marks = ("anytime_index", "q@", "final", "unparsed", "tokens")
    told = [line for line in printed.splitlines() if "| Steps:" not in line]
    return [line for line in told if any(mark in line for mark in marks)]


def test_the_domain_is_a_task_of_inspect(site: Path, tmp_path: Path) -> None:
    done = run((*INSPECT, "--model", "anytime/guesser"), tmp_path, site)
    assert "dataset: parity-official-test" in done.stdout
    assert "anytime_index" in done.stdout


def test_the_domain_is_a_task_of_lm_eval(site: Path, tmp_path: Path) -> None:
    done = run((*LM_EVAL, "--model", "anytime-guesser"), tmp_path, site)
    assert "|anytime_parity|" in done.stdout
    assert "|anytime_index " in done.stdout


def test_lm_eval_lists_it(site: Path, tmp_path: Path) -> None:
    listed = run(("lm_eval", "ls", "tasks"), tmp_path, site).stdout
    names = {line.split("|")[1].strip() for line in listed.splitlines() if line.count("|") > 2}
    assert {"anytime_parity", "anytime_trip"} <= names


def test_the_method_runs_in_both(site: Path, tmp_path: Path) -> None:
    words = (*INSPECT, "--solver", "anytime/budget", "-S", "method=hint")
    done = run((*words, "--model", "anytime/simulated"), tmp_path / "inspect", site)
    assert "added_tokens" in done.stdout
    words = (*LM_EVAL, "--metadata", '{"method": "hint"}', "--model", "anytime-simulated")
    done = run(words, tmp_path / "lm_eval", site)
    assert "|added_tokens" in done.stdout


def test_methods_of_ours_learn_on_the_domain(site: Path, tmp_path: Path) -> None:
    model = {"accuracy": "0.8", "solve_tokens": "10"}
    words = (*INSPECT, "--solver", "anytime/pdp", "-S", "traces=8", "--model", "anytime/simulated")
    given = [word for name, value in model.items() for word in ("-M", f"{name}={value}")]
    assert "pool_tokens" in run((*words, *given), tmp_path / "inspect", site).stdout
    words = (*LM_EVAL, "--metadata", '{"method": "pdp", "pool_traces": 8}', *SAMPLED)
    arguments = ",".join(f"{name}={value}" for name, value in model.items())
    words += ("--model", "anytime-simulated", "--model_args", arguments)
    assert "|pool_tokens" in run(words, tmp_path / "lm_eval", site).stdout


RUNS = {
    "inspect": (*INSPECT, "--model", "anytime/simulated"),
    "lm_eval": (*LM_EVAL, "--model", "anytime-simulated"),
}


@pytest.fixture(scope="module", params=RUNS)
def alone(
    request: pytest.FixtureRequest, site: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[tuple[str, ...], subprocess.CompletedProcess[str]]:
    """A command, and what it prints with the example alone."""
    words = RUNS[request.param]
    return words, run(words, tmp_path_factory.mktemp("alone"), site)


@pytest.mark.parametrize("case", ["exit", "hook raises"])
def test_a_broken_plugin_beside_it_changes_one_sentence(
    alone: tuple[tuple[str, ...], subprocess.CompletedProcess[str]],
    site: Path,
    tmp_path: Path,
    case: str,
) -> None:
    """Others are broken in `test_plugins`, without a harness."""
    code, said = BROKEN[case]
    lay_plugin(tmp_path / "beside", "anytime_broken", code)
    words, expected = alone
    both = run(words, tmp_path / "both", tmp_path / "beside", site)
    assert numbers(both.stdout) == numbers(expected.stdout) != []
    assert "is left out" not in expected.stdout + expected.stderr
    everything = (both.stdout + both.stderr).splitlines()
    (sentence,) = [line for line in everything if "is left out" in line]
    assert "plugin anytime_broken is left out" in sentence
    assert said in sentence
    assert "Traceback" not in both.stdout + both.stderr
