import json
import re
import zipfile

import pytest

from anytime.domains.answers import LETTERS, last_letter
from anytime.domains.gpqa import GPQA, without

FILES = {"gpqa_diamond_sample.csv": 60, "gpqa_main_not_diamond_sample.csv": 40}

FORMS = [
    "Answer: {letter}",
    "Answer: ({letter}) {text}",
    "Answer: {letter} {text}",
    "Answer: {letter}. {text}",
    "**Answer: {letter}** {text}",
    "The answer is **{letter}) {text}**",
    "\\boxed{{{letter}}}",
    "\\boxed{{\\text{{{letter}) {text}}}}}",
    "{letter}",
    "{letter}) {text}",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("file", FILES)
def test_every_real_option_is_read_in_every_form(data, file, form):
    problems = GPQA.load(str(data / "gpqa" / file), None, 0).problems
    assert len(problems) == FILES[file]
    for problem in problems:
        options = problem.facts["options"]
        for letter, text in zip(LETTERS, options, strict=True):
            grade = GPQA.grade(problem, form.format(letter=letter, text=text))
            right = text == options[LETTERS.index(problem.gold)]
            assert (grade.parsed, grade.quality) == (True, float(right)), problem.id


@pytest.mark.parametrize("file", FILES)
def test_sides_of_real_files_are_disjoint(data, file):
    sides = [GPQA.load(str(data / "gpqa" / file), split, 0).problems for split in ("test", "dev")]
    assert all(sides)
    assert sum(map(len, sides)) == FILES[file]
    assert without(sides[1], sides[0]) == sides[1]


def test_main_sample_shares_nothing_with_the_diamond_sample(data):
    diamond, main = (GPQA.load(str(data / "gpqa" / file), None, 0).problems for file in FILES)
    assert without(main, diamond) == main
    assert without(main + diamond, diamond) == main


def test_letters_in_a_real_inspect_log_are_those_its_scorer_read(data):
    """Inspect shuffled the options and says in its explanation what the model saw and replied."""
    compared = 0
    log = data / "logs" / "inspect" / "gpqa-diamond_gpt-4o-mini_cancelled.eval"
    with zipfile.ZipFile(log) as archive:
        names = [name for name in archive.namelist() if name.startswith("samples/")]
        samples = [json.loads(archive.read(name)) for name in names]
    for sample in samples:
        score = (sample.get("scores") or {}).get("choice")
        if score is None or not score["answer"]:
            continue
        choices = [choice.strip() for choice in sample["choices"]]
        menu, shuffled, reply = score["explanation"].partition("\nShuffled answer:\n")
        if shuffled:
            at = [re.search(rf"\) {re.escape(c)}\s*(\n|\Z)", menu).start() for c in choices]
            shown = [choice for _, choice in sorted(zip(at, choices, strict=True))]
        else:
            shown, reply = choices, score["explanation"]
        letter = last_letter(reply, shown)
        assert letter is not None
        if len(set(choices)) == 4:
            assert shown[LETTERS.index(letter)] == choices[LETTERS.index(score["answer"])]
            compared += 1
    assert compared >= 125
