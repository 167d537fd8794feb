"""Letters and texts of options with formulas in them, and where options come from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.domains.answers import LETTERS, last_letter, options_in, strip_letters

OPTIONS = ["1.5 × 10^4 K", "x^2 + 1", "Both I and II", "Increase"]
READ: dict[str, list[tuple[str, str]]] = {
    "line": [
        ("Answer: $x^2+1$", "B"),
        ("Answer: 1.5 × 10^4 K", "A"),
        ("Answer: both I and II", "C"),
        ("Answer: Increase", "D"),
        ("Answer: increase.", "D"),
        ("**Answer:** C) Both I and II", "C"),
        ("Answer: **C) Both I and II**", "C"),
        ("answer: (c)", "C"),
        ("Answer: C)", "C"),
        ("Answer: (C", "C"),
        ("Answer: C]", "C"),
        ("Answer: {C}", "C"),
        ("Answer: \\text{C}", "C"),
        ("Answer: \\(C\\)", "C"),
        ("Answer: $\\mathbf{C}$", "C"),
        ("Answer: _C_", "C"),
        ("Answer: ***C***", "C"),
        ("Answer:C", "C"),
        ("Answer : C", "C"),
        ("ANSWER : (C)", "C"),
        ("**ANSWER:** **C**", "C"),
        ("Final answer: **(C)**", "C"),
        ("Therefore the answer: C", "C"),
        ("Answer: C\n\nExplanation: A and B are wrong.", "C"),
    ],
    "box": [
        ("\\boxed{x^2+1}", "B"),
        ("\\boxed{1.5\\times 10^{4}\\ \\mathrm{K}}", "A"),
        ("Answer: \\(\\boxed{C}\\)", "C"),
        ("Final Answer: $\\boxed{\\text{C}}$", "C"),
        ("\\boxed{\\text{C: Both I and II}}", "C"),
        ("\\boxed{\\text{The answer is C}}", "C"),
        ("\\boxed{Answer: C}", "C"),
        ("\\boxed{C}\\text{ is correct}", "C"),
        ("\\framebox{C}", "C"),
        ("$\\boxed{\\mathrm{(C)}}$", "C"),
        ("\\boxed{C\\text{)}}", "C"),
        ("\\boxed{\\textbf{C. }}", "C"),
        ("\\boxed{\\large\\textbf{C}}", "C"),
        ("\\boxed{\\mathfrak{C}}", "C"),
        ("\\boxed{B}\nActually \\boxed{C}", "C"),
    ],
    "sentence": [
        ("The answer is increase because", "D"),
        ("The answer is C) Both I and II.", "C"),
        ("The correct answer is: C) Both I and II", "C"),
        ("Answer is (C).", "C"),
        ("The best answer is C.", "C"),
        ("The most appropriate answer is C.", "C"),
        ("Answer: B\nActually, the answer is C", "C"),
        ("Answer: C\n\nWhy not A: A is too small.\nWhy not B: B is too big.", "C"),
        ("Answer: C\n\nOption A is incorrect because it is small.", "C"),
    ],
    "bare": [
        ("Increase", "D"),
        ("**Increase**", "D"),
        ("C) Both I and II", "C"),
        ("(C) Both I and II", "C"),
        ("C - Both I and II", "C"),
        ("**C) Both I and II**", "C"),
        ("Đáp án: C", "C"),
        ("Đáp án đúng là C", "C"),
        ("C\n\nA is wrong; B is wrong.", "C"),
    ],
    "tags": [
        ("Answer: <C>", "C"),
    ],
    "claim": [
        ("Thus, option (C) is correct.", "C"),
        ("Option (C) is the correct one.", "C"),
        ("Hence, option C is the right answer.", "C"),
        ("Choice C is correct.", "C"),
        ("Answer C is correct.", "C"),
        ("So the correct option is C.", "C"),
        ("So the right choice is (C).", "C"),
        ("Therefore, the answer is option C.", "C"),
    ],
    "chosen": [
        ("I'm confident the answer is C.", "C"),
        ("I believe the answer is C.", "C"),
        ("I'd choose option C.", "C"),
        ("I'll pick C.", "C"),
        ("I'd answer C.", "C"),
        ("We select option C.", "C"),
        ("Let me go with C.", "C"),
        ("I opt for C", "C"),
        ("I chose C.", "C"),
    ],
    "scripts": [
        ("答案：C", "C"),
        ("答案选C", "C"),
        ("正确答案是：C", "C"),
        ("正确答案为 (C)", "C"),
        ("因此，答案是 **C**。", "C"),
        ("故答案为C", "C"),
        ("应选C。", "C"),
        ("答えはCです。", "C"),
        ("正解: C", "C"),
        ("정답: C", "C"),
        ("답은 C입니다.", "C"),
        ("Ответ: (C)", "C"),
        ("Правильный ответ: C.", "C"),
        ("उत्तर: C", "C"),
        ("الإجابة الصحيحة هي C", "C"),
        ("Answer：C。", "C"),
        ("Ａｎｓｗｅｒ：Ｃ", "C"),
        ("Answer: 𝐂", "C"),
        ("Answer: Ⓒ", "C"),
    ],
    "languages": [
        ("Respuesta correcta: C", "C"),
        ("Réponse correcte : C", "C"),
        ("La réponse est C.", "C"),
        ("Richtige Antwort: C", "C"),
        ("Die Antwort ist (C).", "C"),
        ("Resposta correta: C", "C"),
        ("La risposta è C.", "C"),
        ("Odpowiedź: C", "C"),
        ("Cevap: C", "C"),
        ("Doğru cevap: C", "C"),
        ("Jawaban: C", "C"),
        ("Antwoord: C", "C"),
    ],
}
UNREAD: list[str] = [
    "Answer: I and II",
    "Answer: Increases",
    "Answer: Both",
    "Answer: x^2",
    "Answer: x^2 + 10",
    "Increase the rate by",
    "\\boxed{AB}",
    "\\boxed{A, C}",
    "\\boxed{A \\text{ and } C}",
    "\\boxed{E}",
    "\\boxed{F}",
    "\\boxed{\\Delta}",
    "\\boxed{C_2H_4}",
    "\\boxed{CO_2}",
    "\\boxed{B^2}",
    "\\boxed{\\vec{B}}",
    "\\boxed{D = 4}",
    "Option C would be wrong.",
    "Option C seems plausible, however",
    "Option C can be ruled out.",
    "Option C: the rate doubles",
    "Consider option C.",
    "Eliminate C.",
    "C is wrong.",
    "C is incorrect.",
    "Not C.",
    "Neither A nor C is correct.",
    "A, B and C are correct.",
    "Either A or C is correct.",
    "Both A and C are correct.",
    "Is it C?",
    "Could the answer be C?",
    "Maybe the answer is C?",
    "The answer isn't C.",
    "The answer is neither A nor C.",
    "The answer is either A or C.",
    "If the answer is C, then",
    "Whether the answer is C or D",
    "which option is correct? A) x",
    "The correct option is:\nA. x\nB. y",
    "For each choice:\n\nA: bad\nB: bad",
    "Analysis of the options:\n(A) foo\n(B) bar",
    "Going through the options: A is too high, B is too low",
    "**Option A:** The first is",
    "Answer choice A: wrong",
    "Option D is described by",
    "A compound is best",
    "The answer is a gas.",
    "The answer is a, b.",
    "Answer: c and d",
    "Answer: B12",
    "Answer: D2O",
    "Answer: A-type",
    "Answer: CD4",
    "Answer: Vitamin C",
    "Answer: Hepatitis B",
]


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        pytest.param(text, letter, id=f"{kind}-{number}")
        for kind, rows in READ.items()
        for number, (text, letter) in enumerate(rows)
    ],
)
def test_the_letter_is_read(text: str, letter: str) -> None:
    assert last_letter(text, OPTIONS) == letter


@pytest.mark.parametrize("text", UNREAD, ids=range(len(UNREAD)))
def test_what_states_no_letter_is_not_read(text: str) -> None:
    assert last_letter(text, OPTIONS) is None


def test_what_is_read_without_options_is_stripped() -> None:
    for rows in READ.values():
        for text, _ in rows:
            left = strip_letters(f"Let me see.\n\n{text}\n")
            assert last_letter(left, [""] * 4) is None, text


@given(
    st.lists(
        st.text(alphabet="abcxyz 0123456789.-", min_size=3).map(str.strip),
        min_size=4,
        max_size=4,
        unique_by=lambda text: "".join(text.split()),
    ),
    st.integers(0, 3),
    st.sampled_from(
        ["Answer: {}", "The correct answer is {}.", "\\boxed{{{}}}", "<answer>{}</answer>"]
    ),
)
def test_no_other_option_is_read_than_the_one_that_is_stated(
    options: list[str], number: int, form: str
) -> None:
    letter = last_letter(form.format(options[number]), options)
    if letter is not None and options[number].lower() not in ("", *"abcd"):
        same = options[LETTERS.index(letter)]
        assert options[number].casefold().startswith(same.casefold()[:1])


@pytest.mark.parametrize(
    "prompt",
    [
        "Which?\n\nA) one\nB) two\nC) three\nD) four",
        "Which?\n(A) one\n(B) two\n(C) three\n(D) four\n\nReason step by step.",
        "A. old\nB. old\nC. old\nD. old\n\nNow:\n"
        "**A.** one\n**B.** two\n**C.** three\n**D.** four\n",
        "Options:\nA: one\nB: two\nC: three\nD: four",
    ],
    ids=["ours", "parentheses", "the-last-four", "colons"],
)
def test_options_come_from_a_prompt(prompt: str) -> None:
    assert options_in(prompt) == ("one", "two", "three", "four")


@pytest.mark.parametrize("prompt", ["", "Which?", "A) one\nB) two\nC) three", "B) A) C) D)"])
def test_a_prompt_without_four_options_has_none(prompt: str) -> None:
    assert options_in(prompt) is None


def test_an_option_is_told_from_one_that_begins_like_it() -> None:
    options = ["2", "2 and 3", "2 and 30", "none"]
    assert [last_letter(f"Answer: {text}", options) for text in options] == list(LETTERS)
    assert last_letter("Answer: 2 and 4", options) is None


def test_case_counts_where_it_alone_tells_options_apart() -> None:
    options = ["Aa x Aa", "Aa x aa", "aa x aa", "AA X AA"]
    assert [last_letter(f"Answer: {text}", options) for text in options] == list(LETTERS)
