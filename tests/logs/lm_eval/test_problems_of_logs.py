"""Logs of others graded by a domain: options from the prompt or document, targets as they stand."""

from __future__ import annotations

import bz2
import json
from pathlib import Path

import pytest

from anytime import get_domain
from anytime.errors import AnytimeError
from anytime.logs.annotation import annotate
from anytime.results import frame
from tests.lm_eval_logs import annotated, by_hand, lines_of, refusal

FOUR = ["a red giant", "argon", "both of them", "none of these"]
SHOWN = "\n".join(f"({letter}) {text}" for letter, text in zip("ABCD", FOUR, strict=True))
CHAT = json.dumps([{"role": "user", "content": f"Which?\n{SHOWN}\nThink."}])


def logged(folder: Path, **changes: object) -> Path:
    said = ["I think of argon. The answer is argon.", "Answer: (C)"]
    path = by_hand(folder, *said, target="(B)", doc={"Question": "Which?"})
    rows = [{**row, **changes} for row in lines_of(path)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    "changes",
    [
        {"arguments": {"gen_args_0": {"arg_0": f"Which?\n{SHOWN}\nThink.", "arg_1": {}}}},
        {"arguments": {"gen_args_0": {"arg_0": [CHAT], "arg_1": {}}}},
        {"doc": {"Question": "Which?", "choices": FOUR, "answer": "(B)"}},
        {"doc": {f"choice{n}": text for n, text in enumerate(FOUR, 1)}, "target": "argon"},
    ],
    ids=["prompt", "chat", "choices", "numbered"],
)
def test_options_stand_in_the_prompt_or_in_the_document(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    path = logged(tmp_path / "in", **changes)
    one = annotated(path, tmp_path / "out", domain=get_domain("gpqa"))
    last = frame(one.outputs[1]).groupby("problem").last()
    assert list(last["answer"]) == ["B", "C"]
    assert list(last["quality"]) == [1, 0]


def test_what_is_no_problem_of_a_domain_is_left_out_with_its_reason(tmp_path: Path) -> None:
    path = by_hand(tmp_path / "in", "\\boxed{0}", "\\boxed{1}")
    rows = lines_of(path)
    rows[1]["target"] = "no solution"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    one = annotated(path, tmp_path / "out", domain=get_domain("aime"))
    assert one.outcome is not None
    assert one.outcome.samples == 1
    assert dict(one.outcome.skipped) == {"with a target that is no integer ('no solution')": 1}
    nowhere = logged(tmp_path / "lost")
    assert "needs the options" in refusal(nowhere, tmp_path / "no", domain=get_domain("gpqa"))


def test_a_compressed_log_is_named_as_such(tmp_path: Path) -> None:
    path = by_hand(tmp_path / "in", "\\boxed{0}")
    packed = path.with_suffix(".jsonl.bz2")
    packed.write_bytes(bz2.compress(path.read_bytes()))
    with pytest.raises(AnytimeError, match=r"is compressed \(bzip2\): unpack it"):
        frame(packed)
    told = refusal(packed, tmp_path / "out", domain=get_domain("aime"))
    assert "is compressed (bzip2): unpack it" in told
    _, left = annotate([path, packed], tmp_path / "both", domain=get_domain("aime"))
    assert [bool(one.outcome) for one in left] == [True, False]
