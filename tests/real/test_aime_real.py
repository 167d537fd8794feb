import json

import pytest

from anytime.domains.aime import AIME
from anytime.domains.base import Problem


@pytest.fixture(scope="module")
def traces(data):
    lines = (data / "aime" / "reasoning_traces.jsonl").read_text("utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def grade(row):
    text = f"{row['reasoning'] or ''}\n{row['response'] or ''}"
    return AIME.grade(Problem(id=row["id"], prompt=row["prompt"], gold=row["gold"]), text)


def test_verdicts_on_real_qwq_traces_are_the_sources(traces):
    rows = [row for row in traces if row["model"] == "QwQ-32B"]
    assert len(rows) == 30
    for row in rows:
        assert (grade(row).quality == 1.0) == row["source_correct"], row["id"]


def test_answers_on_real_qwq_traces_are_the_sources(traces):
    for row in traces:
        if row["model"] == "QwQ-32B" and row["closed_think"] and row["source_extracted"].isdigit():
            assert grade(row).answer == row["source_extracted"], row["id"]


def test_real_r1_traces_come_out_as_23_of_30(traces):
    rows = [row for row in traces if row["model"] == "DeepSeek-R1"]
    assert sum(grade(row).quality for row in rows) == 23
    assert len(rows) == 30


@pytest.mark.parametrize(
    ("file", "correct", "empty", "differing"),
    [
        # The log gives no credit for \boxed{p=17,\qquad m=110} and for a box with a sum in it,
        # and gives it for a number in prose, which is no answer here.
        ("samples_aime24_gpt-oss-20b.jsonl", 19, 7, {"110", "902", "73"}),
        # The log gives no credit for "Answer: 70".
        ("samples_aime25_empty-responses.jsonl", 12, 17, None),
    ],
)
def test_real_lm_eval_answers(data, file, correct, empty, differing):
    lines = (data / "logs" / "lm_eval" / file).read_text("utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    assert len(rows) == 30
    ours, theirs = [], []
    for row in rows:
        answer = row["resps"][0][0]
        graded = AIME.grade(Problem(id="x", prompt="x", gold=str(row["target"])), answer)
        assert graded.parsed or graded.quality == 0.0
        assert answer.strip() or not graded.parsed
        ours.append(graded.quality == 1.0)
        theirs.append(float(row["exact_match"]) == 1.0)
    assert sum(not row["resps"][0][0].strip() for row in rows) == empty
    assert sum(ours) == correct
    if differing is not None:
        pairs = zip(rows, ours, theirs, strict=True)
        assert {str(row["target"]) for row, a, b in pairs if a != b} == differing


def test_real_files_load_and_their_gold_grades_full(data):
    for name, count in (("aime_2024", 30), ("aime_2020_2023", 120)):
        file = str(data / "aime" / f"{name}.jsonl")
        loaded = AIME.load(file, None, 0)
        assert (len(loaded.problems), loaded.split) == (count, "all")
        assert all(AIME.grade(p, f"\\boxed{{{p.gold}}}").quality == 1.0 for p in loaded.problems)
        sides = [AIME.load(file, split, 0).problems for split in ("test", "dev")]
        assert len(sides[0]) + len(sides[1]) == count
        assert not {p.id for p in sides[0]} & {p.id for p in sides[1]}


def test_earlier_years_share_no_statement_with_2024(data):
    years = [
        {" ".join(p.prompt.split()).casefold() for p in AIME.load(str(file), None, 0).problems}
        for file in sorted((data / "aime").glob("aime_*.jsonl"))
    ]
    assert len(years) == 2
    assert not years[0] & years[1]
