"""Logs of others graded by a domain, and logs that Inspect itself no longer writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log
from inspect_ai.scorer import match
from inspect_ai.solver import generate, multiple_choice, prompt_template

from anytime import get_domain
from anytime.results import frame
from tests.inspect_annotating import annotated, outcome, plain_log
from tests.inspect_runs import Run, says

FOUR = ["a red giant", "argon", "both of them", "none of these"]
SHOWN = "\n".join(f"{letter}. {text}" for letter, text in zip("ABCD", FOUR, strict=True))


@pytest.mark.parametrize(
    ("sample", "solver"),
    [
        ({"choices": FOUR, "target": "B"}, multiple_choice(cot=True)),
        ({"choices": FOUR, "target": "B"}, generate()),
        ({"metadata": {"choices": FOUR}, "target": "argon"}, generate()),
        ({"target": "(B)"}, [prompt_template("{prompt}\n\n" + SHOWN), generate()]),
    ],
    ids=["solver", "sample", "metadata", "template"],
)
def test_options_stand_in_the_prompt_or_in_the_sample(
    run: Run, tmp_path: Path, sample: dict[str, Any], solver: Any
) -> None:
    task = Task([Sample(input="Which?", id="x", **sample)], solver=solver, scorer=match())
    path = plain_log(run, task, lambda *_: says("Let me see. The answer is argon."))
    found = frame(annotated(path, tmp_path / "out", domain=get_domain("gpqa")))
    assert (found["answer"].iloc[-1], found["quality"].iloc[-1]) == ("B", 1)


def test_a_target_that_is_no_integer_is_left_out(run: Run, tmp_path: Path) -> None:
    samples = [Sample(input=f"{n}?", id=n, target=t) for n, t in (("a", "$42$"), ("b", "none"))]
    task = Task(samples, scorer=match())
    path = plain_log(run, task, lambda *_: says("So \\boxed{42}"))
    told = outcome(path, tmp_path / "out", domain=get_domain("aime"))
    assert told.outcome is not None
    assert dict(told.outcome.skipped) == {"with a target that is no integer ('none')": 1}
    assert list(frame(told.outputs[0])["quality"])[-1] == 1


def test_a_json_log_without_stats_is_read(run: Run, tmp_path: Path) -> None:
    task = Task([Sample(input="6 * 7?", target="42")], scorer=match())
    log = read_eval_log(str(plain_log(run, task, lambda *_: says("So \\boxed{42}"))))
    assert log.samples
    held = log.model_dump(mode="json", exclude_none=True)
    del held["stats"]
    path = tmp_path / "in" / "log.json"
    path.parent.mkdir()
    path.write_text(json.dumps(held))
    made = annotated(path, tmp_path / "out", domain=get_domain("aime"))
    assert list(frame(made)["quality"])[-1] == 1
