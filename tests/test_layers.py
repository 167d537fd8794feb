"""Which way arrows run: the floors of the house, and who may know a harness."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grimp

HARNESSES = ("inspect_ai", "lm_eval")
ABOVE = ("anytime.hosts.", "anytime.logs.", "anytime.solvers.")


def test_lower_floors_never_import_higher_ones() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    config = Path(__file__).with_name("importlinter.ini")
    done = subprocess.run([lint, config, "--no-cache"], capture_output=True, text=True, timeout=60)
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
