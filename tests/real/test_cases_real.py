"""Cases that were misread or refused once, with a careful human's reading; none of them is ours."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from anytime import Problem, get_domain
from anytime.cli import main
from anytime.domains.answers import last_integer, last_letter
from anytime.results import frame

CASES = Path(__file__).parents[2].parent / "shared" / "cases"

OF_FRAMES = (
    "03-harmony-special-tokens", "04-harmony-stripped", "06-thinking-tag", "07-two-think-blocks",
    "09-unclosed-think-drops",
)  # fmt: skip


def given(*parts: str) -> Path:
    path = CASES.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"the case is absent: ../shared/cases/{'/'.join(parts)} beside the repository")
    return path


def annotated(log: Path, tmp_path: Path, *more: str) -> Any:
    """The rows that `anytime annotate` and a reader of results make of a log."""
    out = tmp_path / "out"
    main(["annotate", str(log), "-o", str(out), "--domain", "aime", *more])
    return frame(out)


def readings(row: dict[str, Any]) -> list[str]:
    """What may be read: alternatives are parted by strokes, and a doubt allows to read nothing."""
    wanted = str(row["right"])
    return [*wanted.rstrip("?").split("/"), *(["none"] if wanted.endswith("?") else [])]


def test_every_answer_is_read_as_a_careful_human_would() -> None:
    misread = []
    for line in given("answers.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        facts = {"options": row["options"]} if "options" in row else {}
        grade = get_domain(row["domain"]).grade(Problem("x", "?", "A", facts), row["text"])
        read = grade.answer if row["domain"] == "aime" else grade.answer[:1]
        if (read if grade.parsed else "none") not in readings(row):
            misread.append((row["text"], row["right"], grade.answer))
    assert misread == []


@pytest.mark.parametrize("case", OF_FRAMES)
def test_what_was_tried_in_a_frame_is_no_answer_at_the_end(case: str, tmp_path: Path) -> None:
    log = shutil.copy(given(case, "samples_aime24.jsonl"), tmp_path)
    rows = annotated(Path(log), tmp_path, "--budgets", "16,64,256,1024")
    last = rows[rows["budget"] == 1024].iloc[0]
    assert (last["answer"], last["quality"]) == ("204", 1)
    assert last["trace_finish"] == ("length" if case.startswith("09") else "stop")


def test_a_json_log_without_stats_is_read(tmp_path: Path) -> None:
    log = shutil.copy(given("11-json-log-without-stats", "log.json"), tmp_path)
    rows = annotated(Path(log), tmp_path)
    assert (rows["answer"].iloc[-1], rows["quality"].iloc[-1]) == ("204", 1)


@pytest.mark.parametrize("target", [None, "336.0", "$336$", "\\boxed{336}", "0336"])
def test_a_target_is_read_as_an_answer_is(target: str | None, tmp_path: Path) -> None:
    log = given("13-domain-aime-target-not-normalised", "samples_aime25.jsonl")
    row = json.loads(log.read_text("utf-8"))
    row["target"] = target or row["target"]
    copy = tmp_path / log.name
    copy.write_text(json.dumps(row) + "\n", "utf-8")
    rows = annotated(copy, tmp_path, "--budgets", "256,1024")
    assert list(rows["answer"]) == ["336", "336"]
    assert list(rows["quality"]) == [1, 1]


def test_special_tokens_behind_an_answer_are_none_of_it() -> None:
    given("14-special-token-after-answer")
    options = ["w", "x", "y", "z"]
    assert last_letter("Answer: C<|im_end|>", options) == "C"
    assert last_integer("Answer: 204</s>") == "204"
    assert last_letter("Perhaps answer: B. Answer: C<|return|>", options) == "C"


def test_a_log_that_gzip_packed_is_read(tmp_path: Path) -> None:
    log = given("18-gzip", "samples_aime24.jsonl")
    packed = tmp_path / "samples_aime24.jsonl.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    rows = annotated(packed, tmp_path, "--budgets", "256,1024")
    assert (rows["answer"].iloc[-1], rows["quality"].iloc[-1]) == ("204", 1)
