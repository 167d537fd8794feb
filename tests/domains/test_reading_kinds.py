"""New answers of the kinds that models write, with a careful human's reading.

They were written down before any code had read them.
"""

from __future__ import annotations

import pytest

from anytime.domains.answers import last_integer, last_letter, strip_integers, strip_letters
from anytime.domains.trip.plan import parse_plan

NONE = None
OPTIONS = ("3.2 eV", "carbon monoxide", "2 and 3", "None of these")
CITIES = ("Rome", "Oslo", "Bonn")
PLAN = [("Rome", 1, 4), ("Oslo", 4, 8), ("Bonn", 8, 10)]

INTEGERS = [
    (r"\boxed{\textcolor{blue}{731}}", "731"),
    (r"\boxed{\large 58}", "58"),
    (r"\fbox{\textbf{58}}", "58"),
    (r"\boxed{58\ \text{mm}^3}", "58"),
    (r"\boxed{58\quad}", "58"),
    (r"\boxed{\bf{58}}", "58"),
    (r"\boxed{58.00}", "58"),
    (r"\boxed{58.5}", NONE),
    (r"\boxed{12\frac{1}{2}}", NONE),
    (r"\boxed{\frac{58}{3}}", NONE),
    (r"\boxed{S = \sum k = 58}", "58"),
    (r"\boxed{58\sqrt{2}}", NONE),
    (r"\boxed{58\pi}", NONE),
    (r"\boxed{x^2}", NONE),
    (r"\boxed{58 \text{ or } 60}", NONE),
    (r"\boxed{58, 60}", NONE),
    (r"\boxed{(5,8)}", NONE),
    (r"\boxed{\text{None}}", NONE),
    (r"\boxed{}", NONE),
    (r"\boxed{\dots}", NONE),
    (r"$$\boxed{\begin{array}{c}58\end{array}}$$", "58"),
    (r"\boxed{\underline{\textbf{58}}}", "58"),
    (r"\boxed{\$58.00}", "58"),
    (r"First \boxed{12}, but checking again gives \boxed{58}.", "58"),
    (r"\boxed{58} (I am \boxed{90\%} confident)", "58"),
    ("# Answer\n58", "58"),
    ("### Final Answer:\n\n$$\n58\n$$", "58"),
    ("**Final answer: 58**", "58"),
    ("Final Answer: The final answer is $58$. I hope it is correct.", "58"),
    ("<final_answer>58</final_answer>", "58"),
    ("Final Answer\n------------\n58", "58"),
    ("Answer:\n\n> 58", "58"),
    ("答案为 58", "58"),
    ("答え：58", "58"),
    ("정답: 58", "58"),
    ("Die Antwort ist 58.", "58"),
    ("La respuesta es 58.", "58"),
    ("La risposta è 58.", "58"),
    ("الجواب: 58", "58"),
    ("Answer：５８", "58"),
    ("La respuesta no es 58.", NONE),
    ("答案不是58。", NONE),
    ("Thus the answer is 58.", "58"),
    ("The answer is 58, since 29 doubles.", "58"),
    ("The answer is not 58.", NONE),
    ("The answer cannot be 58.", NONE),
    ("Is the answer 58?", NONE),
    ("The answer might be 58.", NONE),
    ("The answer is between 50 and 58.", NONE),
    ("The answer is at least 58.", NONE),
    ("The answer is 58 or 59.", NONE),
    ("There are 58", NONE),
    ("We have that the number of ways is 58, so we must", NONE),
    ("The answer is 2^5 + 26 = 58.", "58"),
    ("Answer: 58/3", NONE),
    ("Answer: 3 1/2", NONE),
    ("Answer: 58.5", NONE),
    ("Answer: m = 5, n = 8, so m + n = 13", "13"),
    ("Answer: x = 5, y = 8", NONE),
    ("Answer: fifty-eight", "58"),
    ("Answer: unknown", NONE),
    ("Answer: I don't know", NONE),
    ("Answer:", NONE),
    ('{"reasoning": "2*29", "answer": 58}', "58"),
    ('```json\n{"answer": "\\\\boxed{58}"}\n```', "58"),
    ('{"answer": [58, 60]}', NONE),
    ("58.", "58"),
    ("Step 3: multiply by 2", NONE),
    ("Problem 58", NONE),
    ("58 is even", NONE),
    ("(58)", "58"),
    ("analysis2*29.assistantfinalThe answer is 58.", "58"),
]

LETTERS = [
    (r"\boxed{\text{B}}", "B"),
    (r"\fbox{\textbf{B}}", "B"),
    (r"\boxed{\text{(B) carbon monoxide}}", "B"),
    (r"\boxed{B, C}", NONE),
    (r"\boxed{B \text{ or } C}", NONE),
    (r"\boxed{E}", NONE),
    (r"\boxed{B.}", "B"),
    ("Answer: {B}", "B"),
    ("Answer: B - carbon monoxide", "B"),
    ("**Answer: (B) carbon monoxide**", "B"),
    ("Answer is B", "B"),
    ("## Final answer\nB) carbon monoxide", "B"),
    ("<answer>carbon monoxide</answer>", "B"),
    ("正确答案是 B", "B"),
    ("答えはBです。", "B"),
    ("정답은 B입니다.", "B"),
    ("La bonne réponse est B.", "B"),
    ("Respuesta: B)", "B"),
    ("Answer：Ｂ", "B"),
    ("The correct option is (B).", "B"),
    ("Therefore, B is the answer.", "B"),
    ("I pick option B.", "B"),
    ("The answer has to be B.", "B"),
    ("I think the answer is B.", "B"),
    ("Option B is incorrect.", NONE),
    ("Option B is not correct.", NONE),
    ("The answer is not B.", NONE),
    ("The answer isn't B.", NONE),
    ("The answer cannot be B.", NONE),
    ("Is the answer B?", NONE),
    ("The answer may be B or C.", NONE),
    ("Neither A nor B is correct.", NONE),
    ("If option B is correct, then energy is lost.", NONE),
    ("Let me evaluate each option:\nA) no\nB) maybe", NONE),
    ("Let's go through each option:\n\nA. 3.2 eV - too large", NONE),
    ("Answer: 'carbon monoxide'", "B"),
    ("Answer: 3.2 eV", "A"),
    ("Answer: 3.2", NONE),
    ("Answer: none of the above", NONE),
    ('{"answer": "B"}', "B"),
    ("{'final_answer': 'B'}", "B"),
    ("B", "B"),
    ("B because it is toxic", "B"),
    ("A molecule absorbs light.", NONE),
    ("Answer: A molecule absorbs light", NONE),
    ("B or C", NONE),
    ("B and C", NONE),
    ("A) 3.2 eV\nB) carbon monoxide\nC) 2 and 3\nD) None of these", NONE),
    ("Answer: B\nConfidence: 80%", "B"),
    ("| Option | Verdict |\n|---|---|\n| A | wrong |\n| B | correct |\n\nAnswer: B", "B"),
    ("The answer is (", NONE),
    ("The correct answer is", NONE),
    ("Answer: Both B and C", NONE),
]

PLANS = {
    "ranges arrow": "Day 1-4: Rome → Day 4-8: Oslo → Day 8-10: Bonn",
    "through": "Days 1 through 4 – Rome\nDays 4 through 8 – Oslo\nDays 8 through 10 – Bonn",
    "bold city": "**Days 1–4:** **Rome**\n**Days 4–8:** **Oslo**\n**Days 8–10:** **Bonn**",
    "numbered paren": "1. **Rome** (Days 1–4)\n2. **Oslo** (Days 4–8)\n3. **Bonn** (Days 8–10)",
    "city dash": "Rome - Days 1 to 4\nOslo - Days 4 to 8\nBonn - Days 8 to 10",
    "small": "day 1-4: rome\nday 4-8: oslo\nday 8-10: bonn",
    "table dur": (
        "| Days | City | Duration |\n|---|---|---|\n| 1-4 | Rome | 4 days |\n"
        "| 4-8 | Oslo | 5 days |\n| 8-10 | Bonn | 3 days |"
    ),
    "json start end": (
        '[{"city": "Rome", "start": 1, "end": 4}, {"city": "Oslo", "start": 4, '
        '"end": 8}, {"city": "Bonn", "start": 8, "end": 10}]'
    ),
    "json map": '{"Day 1-4": "Rome", "Day 4-8": "Oslo", "Day 8-10": "Bonn"}',
    "next line bullets": (
        "**Days 1-4**\n* City: Rome\n**Days 4-8**\n* City: Oslo\n**Days 8-10**\n* City: Bonn"
    ),
    "verbs": (
        "Day 1-4: Arrive and settle in Rome.\nDay 4-8: Continue to Oslo.\n"
        "Day 8-10: Conclude the trip in Bonn."
    ),
    "spend": "Spend days 1-4 in Rome, days 4-8 in Oslo, and days 8-10 in Bonn.",
    "flight arrows": (
        "Days 1-4: Rome\n✈ Day 4: Rome → Oslo\nDays 4-8: Oslo\n"
        "✈ Day 8: Oslo → Bonn\nDays 8-10: Bonn"
    ),
    "equals": "Day 1-4 = Rome\nDay 4-8 = Oslo\nDay 8-10 = Bonn",
    "german": "Tag 1-4: Rome\nTag 4-8: Oslo\nTag 8-10: Bonn",
    "spanish": "Días 1-4: Rome\nDías 4-8: Oslo\nDías 8-10: Bonn",
    "russian": "День 1-4: Rome\nДень 4-8: Oslo\nДень 8-10: Bonn",
    "daily arrow": (
        "Day 1: Rome\nDay 2: Rome\nDay 3: Rome\nDay 4: Rome → Oslo\nDay 5: Oslo\n"
        "Day 6: Oslo\nDay 7: Oslo\nDay 8: Oslo → Bonn\nDay 9: Bonn\nDay 10: Bonn"
    ),
    "landmarks": (
        "Day 1-4: Colosseum and Forum in Rome\nDay 4-8: Opera in Oslo\n"
        "Day 8-10: Beethoven's house in Bonn"
    ),
    "semicolon": "Rome: days 1-4; Oslo: days 4-8; Bonn: days 8-10",
    "header + note": (
        "Here is the trip plan:\n\n- Day 1-4: Rome (4 days)\n"
        "- Day 4-8: Oslo (5 days)\n- Day 8-10: Bonn (3 days)\n\n"
        "Total: 10 days. Rome has 4 days as required."
    ),
    "check after": (
        "Day 1-4: Rome\nDay 4-8: Oslo\nDay 8-10: Bonn\n\n"
        "Check: Rome days 1-4 (4 days), wedding between day 2 and day 3 in Rome. OK."
    ),
    "tree": "├── Day 1-4: Rome\n├── Day 4-8: Oslo\n└── Day 8-10: Bonn",
    "stay first": (
        "Stay in Rome: Day 1 to Day 4\nStay in Oslo: Day 4 to Day 8\nStay in Bonn: Day 8 to Day 10"
    ),
    "emoji": "🗓 Day 1–4 📍 Rome\n🗓 Day 4–8 📍 Oslo\n🗓 Day 8–10 📍 Bonn",
    "csv": "Rome,1,4\nOslo,4,8\nBonn,8,10",
}

NO_PLANS = [
    "I would start in Rome and then see the others.",
    "You must be in Rome between day 1 and day 4 and in Bonn between day 8 and day 10.",
]

LONG = "We count the ways one after the other and add them up with care, as asked. " * 8


@pytest.mark.parametrize(("text", "right"), INTEGERS)
def test_integers(text: str, right: str | None) -> None:
    assert last_integer(text) == right


@pytest.mark.parametrize(("text", "right"), LETTERS)
def test_letters(text: str, right: str | None) -> None:
    assert last_letter(text, OPTIONS) == right


@pytest.mark.parametrize("text", PLANS.values(), ids=PLANS)
def test_plans(text: str) -> None:
    assert list(parse_plan(text, 10, CITIES)) == PLAN


@pytest.mark.parametrize("text", NO_PLANS)
def test_what_is_no_plan(text: str) -> None:
    assert parse_plan(text, 10, CITIES) == ()


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("### Final Answer\n\n$$\n58\n$$", "58"),
        ("Answer:\n\n\\[\n58\n\\]", "58"),
        ("Final Answer\n------------\n58", "58"),
        ("Answer:\n\n> 58", "58"),
        ("The answer is 58, because 29 is counted 2 times.", "58"),
        # a smaller case, after which the text goes on
        ("So the answer is 3. Similarly, for a 5 x 5 board we would need more.", NONE),
        ("For one row the answer is 2. For each further row", NONE),
        ("The answer is not prime, but the sides are AB = 17, BC = 84.", NONE),
        ("The answer might be 58.", NONE),
        ("Answer: it could be 58", NONE),
    ],
)
def test_at_the_end_of_a_long_text(said: str, right: str | None) -> None:
    assert last_integer(f"{LONG}\n\n{said}") == right


LAST_WORDS = [
    ("The answer is B. Actually, it's C.", "C"),
    ("Answer: B\n\nNo, it must be (C).", "C"),
    ("The energy is too small for A. Therefore, D.", "D"),
    ("So it must be **D**.", "D"),
    ("Hence option B.", "B"),
    ("La respuesta correcta es la C.", "C"),
    ("A resposta é a letra D.", "D"),
    ("Die richtige Antwort ist die C.", "C"),
    ("C ist richtig.", "C"),
    ("L'option B est correcte.", "B"),
    ("C est la bonne réponse.", "C"),
    ("故C正确。", "C"),
    # what is no conclusion, or breaks off
    ("So it must be Carbon.", NONE),
    ("The worm is called C. elegans. Therefore, C. elegans", NONE),
    ("First comes D, then A.", NONE),
    ("So it is not D.", NONE),
    ("Is it C?", NONE),
    ("C ist nicht richtig.", NONE),
    ("Der Wert von C ist richtig.", NONE),
    ("C 不正确。", NONE),
    (f"{LONG} Therefore, C", NONE),
    (f"{LONG} Therefore, C.", "C"),
]


@pytest.mark.parametrize(("text", "right"), LAST_WORDS)
def test_a_letter_in_the_last_words(text: str, right: str | None) -> None:
    assert last_letter(text, OPTIONS) == right
    left = strip_letters(f"{LONG}\n\n{text}")
    assert last_letter(left, ("",) * 4) is None
    assert left.startswith(LONG.strip())


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("58 is the answer.", "58"),
        ("So **58** is our final answer!", "58"),
        ("Answer: 3. But 58 is the answer.", "58"),
        ("$1,058$ is the correct answer", "1058"),
        ("58 is not the answer.", NONE),
        ("If so, 58 is the answer.", NONE),
        ("58 is the answer to a smaller one", NONE),
        (f"{LONG} Now 58 is the answer", NONE),
        (f"{LONG} Thus 58 is the answer.", "58"),
    ],
)
def test_a_number_in_the_last_words(text: str, right: str | None) -> None:
    assert last_integer(text) == right
    left = strip_integers(f"{LONG}\n\n{text}")
    assert last_integer(left) is None
    assert left.startswith(LONG.strip())
