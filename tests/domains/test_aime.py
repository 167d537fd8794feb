import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.domains import sources
from anytime.domains.aime import AIME
from anytime.domains.base import Problem
from anytime.errors import AnytimeError, DatasetUnavailableError
from tests.scaling import SCALE, grows_linearly

PROBLEM = Problem(id="p", prompt="How many?", gold="204")

READ = [
    pytest.param(r"\boxed{204}", "204", id="plain-box"),
    pytest.param(r"\boxed{\text{204}}", "204", id="text"),
    pytest.param(r"\boxed{\mathbf{70}}", "70", id="bold"),
    pytest.param(r"\boxed{ 025 }", "25", id="leading-zero"),
    pytest.param(r"\boxed{000}", "0", id="zeros"),
    pytest.param(r"\boxed{336^\circ}", "336", id="degrees"),
    pytest.param(r"\boxed{336^{\circ}}", "336", id="degrees-braced"),
    pytest.param(r"\boxed{204.0}", "204", id="decimal-zero"),
    pytest.param(r"\boxed{m+n = 204}", "204", id="equation"),
    pytest.param(r"\boxed{204 \text{ cm}^2}", "204", id="unit"),
    pytest.param(r"\boxed{\text{The answer is } 204}", "204", id="words-in-box"),
    pytest.param(r"\boxed{\boxed{204}}", "204", id="nested"),
    pytest.param(r"\boxed{x = \boxed{204}}", "204", id="nested-equation"),
    pytest.param(r"**Final answer:** \boxed{204", "204", id="unclosed-after-prefill"),
    pytest.param("**Final answer:** \\boxed{204\n\nBecause 5 x 3", "204", id="unclosed-then-prose"),
    pytest.param(r"\boxed{1,024}", "1024", id="thousands-are-parsed"),
    pytest.param(r"\boxed{1{,}024}", "1024", id="latex-thousands"),
    pytest.param(r"\boxed{-3}", "-3", id="negative-is-parsed"),
    pytest.param(r"\boxed{1} then \boxed{2}", "2", id="last-box-wins"),
    pytest.param("\\boxed{1}\nANSWER: 2", "2", id="later-answer-line-wins"),
    pytest.param("ANSWER: 2\n\\boxed{1}", "1", id="later-box-wins"),
    pytest.param(r"\boxed{204}, as asked for in \boxed{}", "204", id="echoed-empty-box"),
    pytest.param(r"\boxed{204}, as asked for: \boxed{N}", "204", id="echoed-placeholder"),
    pytest.param("ANSWER: 204", "204", id="answer-line"),
    pytest.param("so 5.\n**Answer:** $204$.", "204", id="markdown-answer-line"),
    pytest.param("Final Answer: \\(\\boxed{204}\\)", "204", id="answer-line-with-box"),
    pytest.param("## Answer:\n\n**204**", "204", id="answer-on-next-line"),
    pytest.param("Answer: The remainder is 204", "204", id="answer-line-words"),
    pytest.param("Answer: 204 because 3*68 = 204", "204", id="answer-line-reason"),
    pytest.param("204", "204", id="bare"),
    pytest.param("The answer is **204**.", "204", id="bare-sentence"),
]

UNREAD = [
    pytest.param("", id="empty"),
    pytest.param("   \n", id="blank"),
    pytest.param(r"\boxed{}", id="empty-box"),
    pytest.param(r"\boxed{\dfrac{887}{3}}", id="fraction"),
    pytest.param(r"\boxed{204} or rather \boxed{\sqrt{2}}", id="last-box-is-no-integer"),
    pytest.param(r"\boxed{2^{10}}", id="power"),
    pytest.param(r"\boxed{204.5}", id="decimal"),
    pytest.param(r"\boxed{10x}", id="algebra"),
    pytest.param(r"\boxed{204 \text{ or } 205}", id="two-integers"),
    pytest.param("Answer: 204 or 205", id="hedged-line"),
    pytest.param(r"\boxed{5!}", id="factorial"),
    pytest.param("so there are 204 ways, and then I count further: 5, 6, 7, " * 3, id="prose"),
    pytest.param(r"\boxed{" + "9" * 5000 + "}", id="cut-number"),
]


@pytest.mark.parametrize(("text", "answer"), READ)
def test_answer_is_read(text, answer):
    grade = AIME.grade(PROBLEM, text)
    assert (grade.parsed, grade.answer) == (True, answer)
    assert grade.quality == float(answer == "204")


@pytest.mark.parametrize("text", UNREAD)
def test_no_answer_is_read(text):
    grade = AIME.grade(PROBLEM, text)
    assert (grade.quality, grade.parsed, grade.answer) == (0.0, False, "")


def test_number_beyond_int_limit_is_parsed_and_wrong():
    grade = AIME.grade(PROBLEM, r"\boxed{" + "9" * 300 + "}")
    assert (grade.quality, grade.parsed) == (0.0, True)
    assert len(grade.answer) < 30


@pytest.mark.parametrize("gold", ["73", "073", "0073"])
def test_gold_as_the_contest_writes_it(gold):
    problem = Problem(id="p", prompt="?", gold=gold)
    assert AIME.grade(problem, r"\boxed{73}").quality == 1
    assert AIME.grade(problem, r"\boxed{730}").quality == 0


@given(st.text(), st.integers(0, 999), st.sampled_from(["", "0", "00"]))
def test_box_after_any_text_decides(text, number, zeros):
    problem = Problem(id="p", prompt="?", gold=str(number))
    assert AIME.grade(problem, f"{text}\n\\boxed{{{zeros}{number}}}").quality == 1.0


@given(st.text(alphabet="\\boxed{}0123456789,.=^ \nANSWER:answer$*-_()a"))
def test_grade_never_raises_and_agrees_with_itself(text):
    grade = AIME.grade(PROBLEM, text)
    assert grade.quality == float(grade.answer == "204")
    assert grade.parsed == bool(grade.answer)


@pytest.mark.parametrize(
    ("start", "unit", "count"),
    [("", "\\boxed{", 10**5), ("", "{", 10**6), ("\\boxed{", "{", 10**6), ("", "9", 10**6),
     ("", "\n", 10**6), ("", "answer: ", 10**5), ("", "# ", 10**6), ("", "\\boxed{1", 10**5)],
    ids=["boxes", "braces", "box-braces", "digits", "lines", "answers", "hashes", "digit-boxes"],
)  # fmt: skip
def test_junk_takes_bounded_time(start, unit, count):
    def sized(times: int) -> str:
        return start + unit * (count // SCALE * times)

    assert grows_linearly(lambda junk: AIME.grade(PROBLEM, junk), sized)


def test_prefilled_cue_leads_into_a_readable_answer():
    cue = AIME.cue(PROBLEM)
    assert AIME.grade(PROBLEM, cue.begin + "204}").quality == 1.0
    assert AIME.grade(PROBLEM, cue.begin + "204").quality == 1.0
    assert not AIME.grade(PROBLEM, cue.begin).parsed
    assert "\\boxed{N}" in cue.ask


def test_ask_is_the_statement_and_the_format():
    asked = AIME.ask(PROBLEM)
    assert asked.startswith("How many?")
    assert "\\boxed{}" in asked
    assert not AIME.grade(PROBLEM, asked).parsed


def write(path, *rows):
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows))
    return str(path)


GOOD = {"id": "1", "problem": "One?", "answer": 1}


def test_file_is_read_whole_unless_a_split_is_named(tmp_path):
    rows = [{"id": n, "problem": f"Problem {n}\u2028?", "answer": f"{n:03d}"} for n in range(40)]
    file = tmp_path / "mine.jsonl"
    file.write_text("\n\n".join(json.dumps(r, ensure_ascii=False) for r in rows) + "\n", "utf-8")
    whole = AIME.load(str(file), None, 0)
    assert (whole.name, whole.split, len(whole.problems)) == ("mine.jsonl", "all", 40)
    assert whole.problems[7] == Problem(id="7", prompt="Problem 7\u2028?", gold="7")
    test, dev = (AIME.load(str(file), split, 0).problems for split in ("test", "dev"))
    assert dev
    assert sorted(p.id for p in test + dev) == sorted(p.id for p in whole.problems)
    as_list = tmp_path / "mine.json"
    as_list.write_text(json.dumps(rows))
    assert AIME.load(str(as_list), None, 3).problems == whole.problems


def test_column_names_and_decorated_answers_of_the_hub_are_read(tmp_path):
    row = {"ID": "2024-II-4", "Problem": "Angle?", "Answer": "336^\\circ", "Solution": "..."}
    assert AIME.load(write(tmp_path / "a.jsonl", row), None, 0).problems[0].gold == "336"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        pytest.param([], "holds no problems", id="empty"),
        pytest.param([GOOD, '{"id": 2, "prob'], "row 2 is not JSON", id="truncated"),
        pytest.param(["[" * 10**5], "row 1 is not JSON", id="deeply-nested"),
        pytest.param([GOOD, [1, 2]], "row 2 is not an object", id="list-row"),
        pytest.param([{"id": 1, "answer": 2}], "row 1 lacks problem", id="no-problem"),
        pytest.param([{"problem": "a", "answer": 2}], "row 1 lacks id", id="no-id"),
        pytest.param([{**GOOD, "problem": "  "}], "row 1 has a blank problem", id="blank"),
        pytest.param([{**GOOD, "problem": 5}], "row 1 has a blank problem", id="number"),
        pytest.param([{**GOOD, "problem": "\ud800"}], "half a surrogate", id="surrogate"),
        pytest.param([{**GOOD, "id": " "}], "row 1 has the id ' '", id="blank-id"),
        pytest.param([GOOD, GOOD], "row 2: the id '1' occurs twice", id="repeated-id"),
        pytest.param([{**GOOD, "answer": 1000}], "the answer '1000'", id="out-of-range"),
        pytest.param([{**GOOD, "answer": -1}], "the answer '-1'", id="negative"),
        pytest.param([{**GOOD, "answer": "x"}], "the answer 'x'", id="not-integer"),
        pytest.param([{**GOOD, "answer": 1.5}], "the answer '1.5'", id="fraction"),
        pytest.param([{**GOOD, "answer": True}], "the answer 'True'", id="boolean"),
        pytest.param([{**GOOD, "answer": [1]}], "the answer '[1]'", id="list"),
    ],
)
def test_malformed_file_is_one_sentence(tmp_path, rows, said):
    file = write(tmp_path / "bad.jsonl", *rows)
    with pytest.raises(AnytimeError) as caught:
        AIME.load(file, None, 0)
    message = str(caught.value)
    assert said in message
    assert "bad.jsonl" in message
    assert "expected" in message
    assert "\n" not in message


def test_json_file_has_to_be_a_list(tmp_path):
    with pytest.raises(AnytimeError, match="not a JSON list"):
        AIME.load(write(tmp_path / "bad.json", GOOD), None, 0)


def test_unreadable_files(tmp_path):
    with pytest.raises(AnytimeError, match="does not exist"):
        AIME.load(str(tmp_path / "none"), None, 0)
    with pytest.raises(AnytimeError, match="does not exist"):
        AIME.load("none.jsonl", None, 0)
    latin = tmp_path / "latin.jsonl"
    latin.write_bytes(b'{"id": 1, "problem": "caf\xe9"}')
    with pytest.raises(AnytimeError, match="not UTF-8"):
        AIME.load(str(latin), None, 0)


def test_misspelt_names_list_the_choices():
    with pytest.raises(
        AnytimeError,
        match="unknown dataset 'offical': choose official, aime24, aime25, aime26, builtin, or a",
    ):
        AIME.load("offical", None, 0)
    with pytest.raises(AnytimeError, match="unknown split 'train': choose one of all, test, dev"):
        AIME.load("builtin", "train", 0)


@pytest.fixture
def hub(monkeypatch):
    """Stands in for the Hub: one row a year, in the columns of each repository."""
    import datasets

    rows = {
        "Maxwell-Jia/AIME_2024": [{"ID": "2024-I-1", "Problem": "Old?", "Answer": 1}],
        "math-ai/aime25": [{"id": "0", "problem": "New?", "answer": "002"}],
        "math-ai/aime26": [{"id": "0", "problem": "Newest?", "answer": "3"}],
    }
    asked = []

    def load(repo, config, *, revision, split):
        asked.append((repo, revision, split))
        return datasets.Dataset.from_list(rows[repo])

    monkeypatch.setattr(datasets, "load_dataset", load)
    monkeypatch.setattr(sources, "_reachable", lambda endpoint: True)
    return asked


@pytest.mark.parametrize(
    ("name", "split", "ids"),
    [
        ("official", None, ["aime25-0", "aime26-0"]),
        ("official", "all", ["aime25-0", "aime26-0"]),
        ("official", "dev", ["aime24-2024-I-1"]),
        ("aime24", "test", ["aime24-2024-I-1"]),
        ("aime25", "dev", ["aime24-2024-I-1"]),
        ("aime26", "dev", ["aime24-2024-I-1", "aime25-0"]),
        ("aime26", None, ["aime26-0"]),
    ],
)
def test_years_of_named_sets(hub, name, split, ids):
    loaded = AIME.load(name, split, 0)
    assert [p.id for p in loaded.problems] == ids
    assert loaded.split == (split or "test")
    assert all(repo in loaded.revision and commit in loaded.revision for repo, commit, _ in hub)


def test_first_year_has_no_dev_split(hub):
    with pytest.raises(AnytimeError, match="no earlier year has a pinned source"):
        AIME.load("aime24", "dev", 0)
    assert not hub


@pytest.mark.parametrize("offline_by_choice", [True, False])
def test_hub_out_of_reach_is_one_sentence_and_quick(monkeypatch, tmp_path, offline_by_choice):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", offline_by_choice)
    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    waits: list[float] = []
    monkeypatch.setattr("time.sleep", waits.append)
    with pytest.raises(DatasetUnavailableError) as caught:
        AIME.load("aime25", None, 0)
    assert sum(waits) < 3.0
    assert str(caught.value) == (
        "math-ai/aime25 could not be loaded from the Hugging Face Hub (no connection and no cached "
        "copy): name a JSON-lines file instead"
    )
    assert caught.value.__suppress_context__
    assert datasets.config.HF_HUB_OFFLINE is offline_by_choice


def test_cached_copy_of_another_revision_is_refused(monkeypatch):
    import datasets

    class Cached(list):
        cache_files = ({"filename": "/cache/default/0.0.0/0123abc/aime25-test.arrow"},)

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets, "load_dataset", lambda *a, **k: Cached())
    with pytest.raises(DatasetUnavailableError, match="cached copy is not revision 563bb840"):
        AIME.load("aime25", None, 0)


def test_importing_the_domain_does_not_import_datasets():
    import subprocess

    code = (
        "import sys, anytime.domains.aime, anytime.domains.gpqa; print('datasets' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
