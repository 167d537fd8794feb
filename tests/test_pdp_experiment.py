"""The experiment of docs/pdp.md in small, through the commands that stand there."""

from __future__ import annotations

import importlib.util
import itertools
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.warmed import command, words_of

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data" / "naturalplan" / "trip_planning.json"


@pytest.fixture(scope="module")
def experiment() -> ModuleType:
    pytest.importorskip("scipy")
    spec = importlib.util.spec_from_file_location("pdp_experiment", ROOT / "docs/pdp_experiment.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["pdp_experiment"] = module
    spec.loader.exec_module(module)
    return module


def _run(line: str, folder: Path) -> None:
    """As the experiment's own, which starts an interpreter for each of its commands."""
    places = {"ANYTIME_CACHE_DIR": str(folder / "cache"), "INSPECT_DISPLAY": "plain"}
    done = command(words_of(line, folder), folder, {**os.environ, **places})
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("dataset", ["builtin", "official file"])
def test_what_was_put_in_comes_out(
    experiment: ModuleType, tmp_path: Path, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if dataset != "builtin":
        # The file is another way to the same problems: two methods show it.
        monkeypatch.setattr(experiment, "METHODS", ("cot", "pdp"))
        if not DATA.exists():
            pytest.skip("NaturalPlan's data is not here")
        dataset = "trip_planning.json"
        (tmp_path / dataset).symlink_to(DATA)
    monkeypatch.setattr(experiment, "run", _run)
    size = experiment.Size(dataset, pool_problems=5, pool_traces=6, problems=30, traces=4)
    _, rows = experiment.experiment(size, tmp_path)
    for harness in ("Inspect AI", "lm-eval"):
        found = {row.method: row for row in rows if row.harness == harness}
        assert list(found) == list(experiment.METHODS)
        ranked = [found[name].index for name in ("cot", "pdp_plus", "pdp") if name in found]
        assert all(lower < higher for lower, higher in itertools.pairwise(ranked))
        for method, row in found.items():
            assert row.low <= experiment.put_in(method) <= row.high
            if method != "cot":
                _, low, high = row.gain
                assert low <= experiment.put_in(method) - experiment.put_in("cot") <= high
                assert row.added_tokens > 0
                assert row.pool_tokens > 0
