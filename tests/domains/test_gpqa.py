import csv
import subprocess
import sys
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.domains import gpqa
from anytime.domains.answers import LETTERS
from anytime.domains.base import Problem
from anytime.domains.gpqa import COLUMNS, GPQA, option_order
from anytime.errors import AnytimeError, DatasetUnavailableError
from tests.scaling import SCALE, grows_linearly

OPTIONS = ["molecule of water", "25 J", "A and B", "D = 3 eV"]
PROBLEM = Problem(id="p", prompt="Which?", gold="B", facts={"options": OPTIONS, "letter": "B"})

READ = [
    pytest.param("Answer: B", "B", id="asked-for"),
    pytest.param("**Answer: B**", "B", id="bold"),
    pytest.param("**Answer:** B", "B", id="bold-word"),
    pytest.param("Answer: (B)", "B", id="parentheses"),
    pytest.param("Answer:\n\nB", "B", id="next-line"),
    pytest.param("Answer: $B$", "B", id="dollars"),
    pytest.param("Answer: \\boxed{B}", "B", id="answer-and-box"),
    pytest.param("\\boxed{B}", "B", id="box"),
    pytest.param("\\boxed{\\text{B}}", "B", id="box-text"),
    pytest.param("\\boxed{\\textbf{(B)}\\ 25}", "B", id="box-bold-label"),
    pytest.param("\\boxed{\\mathrm{B}", "B", id="box-unclosed"),
    pytest.param("\\boxed{b}", "B", id="box-lower-case"),
    pytest.param("so the answer is (B).", "B", id="sentence"),
    pytest.param("The correct answer is **B) 25 J**", "B", id="sentence-bold"),
    pytest.param("The correct option is B", "B", id="option-is"),
    pytest.param("Answer: Option B", "B", id="option-letter"),
    pytest.param("ANSWER: B) 25 J", "B", id="capitals-with-text"),
    pytest.param("Answer: B 25 J", "B", id="text-without-mark"),
    pytest.param("Answer: B because energy is conserved", "B", id="reason"),
    pytest.param("Answer: B. 25 J", "B", id="dot"),
    pytest.param("Answer: B: 25 J", "B", id="colon"),
    pytest.param("Answer: B - 25 J", "B", id="dash"),
    pytest.param("answer: b", "B", id="lower-case"),
    pytest.param("Answer: A\nAnswer: B", "B", id="last-wins"),
    pytest.param("\\boxed{A}. On reflection, the answer is B.", "B", id="later-sentence-wins"),
    pytest.param("Answer: B\nIs the answer C? No.", "B", id="question-is-no-answer"),
    pytest.param("Answer: B\nThe answer is not C.", "B", id="denial-is-no-answer"),
    pytest.param("Answer: B\nso \\boxed{25\\ \\mathrm{J}}", "B", id="box-without-letter"),
    pytest.param("Answer: A", "A", id="letter-a"),
    pytest.param("Answer: A.", "A", id="letter-a-dot"),
    pytest.param("Answer: A molecule of water", "A", id="letter-a-with-its-own-text"),
    pytest.param("Answer: A because it is polar", "A", id="letter-a-reason"),
    pytest.param("Answer: A - molecule", "A", id="letter-a-dash"),
    pytest.param("Answer: A and B", "C", id="option-text-that-starts-with-a-letter"),
    pytest.param("Answer: D = 3 eV", "D", id="option-text-is-an-equation"),
    pytest.param("B", "B", id="bare"),
    pytest.param(" (B) \n", "B", id="bare-parentheses"),
    pytest.param("**B**", "B", id="bare-bold"),
    pytest.param("$B$", "B", id="bare-dollars"),
    pytest.param("B) 25 J", "B", id="bare-with-text"),
    pytest.param("B\n\nEnergy is conserved.", "B", id="bare-then-reason"),
]

UNREAD = [
    pytest.param("", id="empty"),
    pytest.param("Answer: ", id="no-letter"),
    pytest.param("Answer: $LETTER", id="echoed-format"),
    pytest.param("Answer: A photon is absorbed", id="article"),
    pytest.param("A photon is absorbed.", id="bare-article"),
    pytest.param("Answer: DNA", id="word"),
    pytest.param("Answer: B-cells", id="hyphenated"),
    pytest.param("Answer: C_2 symmetry", id="subscript"),
    pytest.param("Answer: B = 2 T", id="equation"),
    pytest.param("Answer: E", id="fifth-letter"),
    pytest.param("Answer: B or C", id="two-letters"),
    pytest.param("Answer: B, D", id="list-of-letters"),
    pytest.param("Answer: Both A and B", id="both"),
    pytest.param("A) is too small. B) fits", id="options-discussed"),
    pytest.param("Because of the answers given above", id="prose"),
    pytest.param("the answer is a bit unclear", id="lower-case-article"),
]


@pytest.mark.parametrize(("text", "letter"), READ)
def test_letter_is_read(text, letter):
    grade = GPQA.grade(PROBLEM, text)
    assert (grade.parsed, grade.answer) == (True, letter)
    assert grade.quality == float(letter == "B")


@pytest.mark.parametrize("text", UNREAD)
def test_no_letter_is_read(text):
    grade = GPQA.grade(PROBLEM, text)
    assert (grade.quality, grade.parsed, grade.answer) == (0.0, False, "")


def test_either_letter_counts_where_two_options_read_alike():
    options = ["200 mL", "100 mL", "180 mL", "200 mL"]
    problem = Problem(id="p", prompt="?", gold="D", facts={"options": options, "letter": "D"})
    assert [GPQA.grade(problem, f"Answer: {x}").quality for x in LETTERS] == [1.0, 0.0, 0.0, 1.0]


@given(st.text(), st.sampled_from(LETTERS))
def test_answer_line_after_any_text_decides(text, letter):
    assert GPQA.grade(PROBLEM, f"{text}\nAnswer: {letter}").answer == letter


@given(st.text(alphabet="ABCDabcd answer:is\\boxed{}()*$.,=\n25J"))
def test_grade_never_raises_and_agrees_with_itself(text):
    grade = GPQA.grade(PROBLEM, text)
    assert grade.quality == float(grade.answer == "B")
    assert grade.parsed == bool(grade.answer)


@pytest.mark.parametrize(
    ("unit", "count"),
    [("\\boxed{", 10**5), ("{", 10**6), ("\n", 10**6), ("answer: ", 10**5), ("A) ", 10**5),
     ("Answer: A or B ", 10**4), ("answer is the the ", 10**5), ("*", 10**6)],
    ids=["boxes", "braces", "lines", "answers", "labels", "hedges", "words", "stars"],
)  # fmt: skip
def test_junk_takes_bounded_time(unit, count):
    def sized(times: int) -> str:
        return unit * (count // SCALE * times)

    assert grows_linearly(lambda junk: GPQA.grade(PROBLEM, junk), sized)


def test_prefilled_cue_leads_into_a_readable_answer():
    cue = GPQA.cue(PROBLEM)
    assert "Answer: $LETTER" in cue.ask
    assert not GPQA.grade(PROBLEM, cue.begin).parsed
    for continuation in ("B", "B)", "(B) 25 J", "**B**", "$B$", "B\n"):
        assert GPQA.grade(PROBLEM, cue.begin + continuation).answer == "B"
        assert GPQA.grade(PROBLEM, cue.begin.rstrip() + " " + continuation).answer == "B"


def test_ask_is_the_statement_and_the_format():
    asked = GPQA.ask(PROBLEM)
    assert asked.startswith("Which?")
    assert "Answer: $LETTER" in asked
    assert not GPQA.grade(PROBLEM, asked).parsed


def row(n, **cells):
    return {
        "Record ID": f"rec{n}",
        "Question": f"Question {n}?",
        "Correct Answer": f"right {n}",
        "Incorrect Answer 1": f"wrong {n} a",
        "Incorrect Answer 2": f"wrong {n} b",
        "Incorrect Answer 3": f"wrong {n} c",
        **cells,
    }


def write(path, *rows, columns=COLUMNS):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def test_file_becomes_problems_with_options(tmp_path):
    loaded = GPQA.load(write(tmp_path / "q.csv", row(1, Question=" One,\nor two? ")), None, 0)
    assert (loaded.name, loaded.split) == ("q.csv", "all")
    problem = loaded.problems[0]
    a, b, c, d = problem.facts["options"]
    assert problem.id == "rec1"
    assert problem.prompt == f"One,\nor two?\n\nA) {a}\nB) {b}\nC) {c}\nD) {d}"
    assert problem.facts == {"options": [a, b, c, d], "letter": problem.gold}
    assert sorted([a, b, c, d]) == ["right 1", "wrong 1 a", "wrong 1 b", "wrong 1 c"]
    assert problem.facts["options"][LETTERS.index(problem.gold)] == "right 1"


def test_order_of_options_is_pinned():
    assert option_order(0, "rec1") == [0, 1, 2, 3]
    assert option_order(1, "rec1") == [1, 0, 2, 3]


def test_gold_is_at_every_place_equally_often():
    places = Counter(option_order(seed, f"r{n}").index(0) for seed in range(5) for n in range(800))
    assert all(900 < count < 1100 for count in places.values())


def test_sides_do_not_depend_on_the_seed_of_the_options(tmp_path):
    file = write(tmp_path / "q.csv", *(row(n) for n in range(60)))
    for split in ("test", "dev"):
        ids = [[p.id for p in GPQA.load(file, split, seed).problems] for seed in (0, 1, 2)]
        assert ids[0]
        assert ids[0] == ids[1] == ids[2]
    sides = [{p.prompt for p in GPQA.load(file, s, 0).problems} for s in ("test", "dev")]
    assert not sides[0] & sides[1]
    assert len(sides[0] | sides[1]) == 60


def test_long_cells_are_read_and_the_module_limit_is_put_back(tmp_path):
    limit = csv.field_size_limit()
    file = write(tmp_path / "q.csv", row(1, Question="long " * 10**5))
    assert len(GPQA.load(file, None, 0).problems[0].prompt) > 4 * 10**5
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("rows", "columns", "said"),
    [
        pytest.param([], COLUMNS, "holds no questions", id="empty"),
        pytest.param([row(1)], COLUMNS[:4], "row 1 has no column Incorrect", id="columns"),
        pytest.param([row(1), row(2, Question=" ")], COLUMNS, "row 2 lacks Question", id="blank"),
        pytest.param(
            [row(1, **{"Correct Answer": ""})], COLUMNS, "row 1 lacks Correct", id="no-answer"
        ),
        pytest.param([row(1), row(1)], COLUMNS, "row 2: the Record ID 'rec1' occurs", id="twice"),
    ],
)
def test_malformed_file_is_one_sentence(tmp_path, rows, columns, said):
    file = write(tmp_path / "bad.csv", *rows, columns=columns)
    with pytest.raises(AnytimeError) as caught:
        GPQA.load(file, None, 0)
    message = str(caught.value)
    assert said in message
    assert "bad.csv" in message
    assert "expected" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "holds no questions", id="no-bytes"),
        pytest.param(b"{}", "holds no questions", id="json"),
        pytest.param(b"Record ID,Question\nr,caf\xe9", "not UTF-8", id="latin"),
        pytest.param(
            ",".join(COLUMNS).encode() + b'\nr,q,a,b,c,d\ns,"cut in here', "row 2 is not CSV",
            id="truncated-in-quotes",
        ),
        pytest.param(
            ",".join(COLUMNS).encode() + b"\nr,q,a,b", "row 1 lacks Incorrect", id="truncated"
        ),
        pytest.param(
            ",".join(COLUMNS).encode() + b"\nr,q,a,b,c,d,e", "row 1 has more cells", id="too-many"
        ),
    ],
)  # fmt: skip
def test_broken_bytes_are_one_sentence(tmp_path, content, said):
    file = tmp_path / "bad.csv"
    file.write_bytes(content)
    with pytest.raises(AnytimeError, match=said):
        GPQA.load(str(file), None, 0)


def test_misspelt_names_list_the_choices():
    with pytest.raises(
        AnytimeError, match="unknown dataset 'diamnd': choose official, builtin, or a CSV file"
    ):
        GPQA.load("diamnd", None, 0)
    with pytest.raises(AnytimeError, match="does not exist"):
        GPQA.load("diamond.csv", None, 0)
    with pytest.raises(AnytimeError, match="unknown split 'train'"):
        GPQA.load("builtin", "train", 0)


@pytest.fixture
def published(monkeypatch, tmp_path):
    """Stands in for both official sources: diamond is rows 0..2, main has them and more."""
    diamond = tmp_path / "diamond.csv"
    write(diamond, row(0), row(1), row(2))
    main = [
        row(0),
        row("1-renamed", Question="QUESTION   1?"),
        row(2, Question="Reworded?"),
        row(3),
        row(4),
    ]
    monkeypatch.setattr(gpqa, "download", lambda url, *rest: diamond.read_bytes())
    monkeypatch.setattr(gpqa, "hub_rows", lambda *args, **kwargs: main)


@pytest.mark.parametrize("split", [None, "test", "all"])
def test_official_set_is_all_of_diamond(published, split):
    loaded = GPQA.load("official", split, 0)
    assert [p.id for p in loaded.problems] == ["rec0", "rec1", "rec2"]
    assert (loaded.revision, loaded.split) == (gpqa.DIAMOND_SHA256, split or "test")


def test_official_dev_is_main_without_diamond_by_id_and_by_question(published):
    assert [p.id for p in GPQA.load("official", "dev", 0).problems] == ["rec3", "rec4"]


def test_gated_main_set_out_of_reach_names_the_way_out(monkeypatch, tmp_path):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    with pytest.raises(DatasetUnavailableError, match=r"name a CSV file .* instead$") as caught:
        GPQA.load("official", "dev", 0)
    assert "\n" not in str(caught.value)


def test_options_are_the_same_in_another_process():
    code = (
        "from anytime.domains.gpqa import GPQA; "
        "print([p.gold for p in GPQA.load('builtin', 'all', 3).problems])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str([p.gold for p in GPQA.load("builtin", "all", 3).problems])
