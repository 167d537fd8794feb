"""`anytime annotate` on runs of lm-eval in several processes."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from anytime.logs.lm_eval import annotated_samples
from anytime.plugins import get_domain
from tests.lm_eval_logs import annotated, by_hand

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are not forked here")

SAID = ["thinking " * 20, "It is \\boxed{1}. ", "No, \\boxed{2} it is. ", "Sure? "]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annotated_samples, "BATCH", 3)


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    """Each document stands behind two filters, as lm-eval writes them: one filter after another."""
    texts: list[object] = ["".join(SAID[k % 4] for k in range(n, n + n % 5)) for n in range(20)]
    texts[4] = [None]  # which has no trace
    path = by_hand(tmp_path / "run", *texts)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    with path.open("a") as file:
        for line in lines:
            file.write(json.dumps({**line, "filter": "last"}) + "\n")
    return path


def held(outputs: list[Path]) -> list[bytes]:
    return [path.read_bytes() for path in outputs]


def test_the_same_bytes_whoever_does_it(samples: Path, tmp_path: Path) -> None:
    options = {"domain": get_domain("aime")}
    one = annotated(samples, tmp_path / "one", **options)
    three = annotated(samples, tmp_path / "three", jobs=3, **options)
    assert held(one.outputs) == held(three.outputs)
    assert one.outcome is not None
    assert three.outcome is not None
    assert (three.outcome.samples, dict(three.outcome.skipped)) == (19, {"without a response": 1})
    three.outcome.files = one.outcome.files
    assert one.outcome == three.outcome


def test_a_process_that_dies_loses_nothing(
    samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"domain": get_domain("aime")}
    whole = annotated(samples, tmp_path / "whole", **options)
    once = tmp_path / "once"
    once.touch()
    dumped = annotated_samples._dumped

    def dying(told: dict[str, object]) -> bytes:
        if "skipped" in told and once.exists():
            once.unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        return dumped(told)

    monkeypatch.setattr(annotated_samples, "_dumped", dying)
    made = annotated(samples, tmp_path / "made", jobs=2, **options)
    assert not once.exists()
    assert made.outcome is not None
    assert made.outcome.lost == 1
    assert held(made.outputs) == held(whole.outputs)
