"""Letters as models write them, and what a careful reader takes for none, kind by kind."""

from __future__ import annotations

import pytest

from anytime.domains.answers import last_letter, strip_letters
from tests.scaling import grows_linearly, repeated

OPTIONS = ["a red shift of 5 nm", "4 and 6", "Benzene", "None of the above"]
READ: dict[str, list[tuple[str, str]]] = {
    "line": [
        ("Answer: B", "B"),
        ("Answer: benzene", "C"),
        ("Answer: BENZENE.", "C"),
        ("Answer: None of the above", "D"),
        ("Answer: 4 and 6, since both", "B"),
        ("Answer: a red shift of 5 nm", "A"),
        ("Answer: A red shift of 5 nm", "A"),
        ("Answer: B\n\nQuestion: what?", "B"),
        ("Correct option: B", "B"),
        ("Correct answer: (B) 4 and 6", "B"),
        ("Final choice: B", "B"),
        ("Selected option: B", "B"),
        ("answer=B", "B"),
        ("Answer -> B", "B"),
        ("Answer - B", "B"),
        ("Final answer — B", "B"),
        ("Answer (letter): B", "B"),
        ("Answer: the letter B", "B"),
        ("Answer: option b", "B"),
        ("Answer:\n\n- B", "B"),
        ("Answer: B ✓", "B"),
        ("Answer: **B) 4 and 6** ✅", "B"),
        ("Answer: B; see above", "B"),
        ("Answer: B:", "B"),
        ("Answer: B...", "B"),
        ("Answer: B!", "B"),
        ("Your answer: B", "B"),
        ("Option B best matches the data.", "B"),
    ],
    "box": [
        ("\\fbox{\\textbf{B}}", "B"),
        ("\\boxed{\\text{(B)}}", "B"),
        ("\\boxed{\\mathbb{B}}", "B"),
        ("\\boxed{\\textcolor{red}{B}}", "B"),
        ("\\boxed{\\text{Option B}}", "B"),
        ("\\boxed{B.}", "B"),
        ("\\boxed{\\;B\\;}", "B"),
        ("\\boxed{\\text{Benzene}}", "C"),
        ("\\boxed{4\\text{ and }6}", "B"),
        ("$$\\boxed{B}$$", "B"),
    ],
    "tags": [
        ("<answer>B</answer>", "B"),
        ("<answer>Benzene</answer>", "C"),
        ("<answer>(b)</answer>", "B"),
        ("Answer: B<|eot_id|>", "B"),
        ("Answer: B</answer>", "B"),
        ("B</s>", "B"),
        ("assistantfinal**Answer: B**", "B"),
    ],
    "json": [
        ('{"answer": "B) 4 and 6"}', "B"),
        ('{"answer": "Benzene"}', "C"),
    ],
    "sentence": [
        ("The correct answer is none of the above.", "D"),
        ("My choice is B.", "B"),
        ("My final answer is B.", "B"),
        ("The answer must be B.", "B"),
        ("The answer should be B", "B"),
        ("The answer would therefore be B.", "B"),
        ("The answer is definitely B.", "B"),
        ("The answer is most likely B.", "B"),
        ("**Final Answer:** The correct option is **B**.", "B"),
        ("Answer is B", "B"),
    ],
    "bare": [
        ("Benzene", "C"),
        ("Правильный ответ — B", "B"),
        ("A.", "A"),
        ("A", "A"),
        ("B.", "B"),
        ("(B)", "B"),
        ("B because it is", "B"),
        ("B\nBecause", "B"),
        ("**B**: 4 and 6", "B"),
        ("Ans: B", "B"),
    ],
    "claim": [
        ("Option B is correct", "B"),
        ("Option B is correct because 4 and 6", "B"),
        ("Only option B is correct.", "B"),
        ("Option B is the correct answer.", "B"),
        ("B is the correct answer.", "B"),
        ("(B) is correct.", "B"),
        ("Thus, B is the answer.", "B"),
        ("Therefore option B is the best choice.", "B"),
        ("Hence, the correct choice is option B.", "B"),
        ("So the answer is: B.", "B"),
        ("So C is correct?\nNo. The answer is B", "B"),
    ],
    "chosen": [
        ("I choose B", "B"),
        ("I pick option (B).", "B"),
        ("I'd go with B.", "B"),
        ("I'm going with B", "B"),
        ("I will select B because", "B"),
    ],
    "scripts": [
        ("最终答案：B", "B"),
        ("答案是B。", "B"),
        ("选B", "B"),
        ("故选：B", "B"),
        ("正解はBです", "B"),
        ("정답은 B입니다", "B"),
        ("Answer：Ｂ", "B"),
        ("答案：（B）", "B"),
        ("الإجابة: B", "B"),
    ],
    "languages": [
        ("La bonne réponse est (B).", "B"),
        ("Die richtige Antwort ist B.", "B"),
        ("A resposta correta é B", "B"),
        ("Risposta: B", "B"),
    ],
    "heading": [
        ("## Answer\nB", "B"),
        ("## Final Answer\n\n**B**", "B"),
        ("## Answer\nBenzene", "C"),
    ],
}
UNREAD: list[str] = [
    "\\boxed{4}",
    "Answer: 4 and 7",
    "Answer: Benzene ring",
    "Answer: a red shift of 50 nm",
    "None of these",
    "Option B is incorrect",
    "Option B is not correct.",
    "Options A and B are correct",
    "Option A and B is correct",
    "Is option B correct?",
    "If option B is correct, then",
    "Let's look at each option:\n\nA) too small\nB) fine",
    "The options are:\nA) x\nB) y",
    "Answer choices:\nA. x\nB. y\nC. z\nD. w",
    "Now consider the answer options: A, B, C, D",
    "I can't choose B.",
    "Ответ: Б",
    "Answer: B or D",
    "Answer: B/D",
    "Answer: B & D",
    "Answer: B, C and D",
    "Answer: neither",
    "Answer: not B",
    "Answer: B is wrong",
    "Answer: B cannot be right",
    "Answer: D orbitals",
    "Answer: C atoms",
    "Answer: B-DNA",
    "Answer: C60",
    "Answer: A proton",
    "Answer: C = 5",
    "Answer: D-glucose",
    "Answer: C++",
    "the answer depends on A",
    "Because A is large",
    "A is too large.",
    "B cells",
    "A is correct. B is correct. C is incorrect.",
    "Statement A is correct.",
    "Format: 'Answer: $LETTER'",
    "The answer is in the range A",
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


BOMBS = (
    "\\boxed{", "answer ", "answer is the the ", "Answer: A or B\n", "option A or ",
    "each option:\n", "So C is correct if ", "A) ", "I choose ", "答案是", "<b>",
    "Answer: x\n", "go with ", "B\n",
)  # fmt: skip


@pytest.mark.parametrize("unit", BOMBS, ids=range(len(BOMBS)))
def test_time_is_linear(unit: str) -> None:
    assert grows_linearly(lambda text: last_letter(text, OPTIONS), repeated(unit))
