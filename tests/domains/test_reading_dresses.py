"""Answers and what is none, in many dresses and languages, of our own invention."""

from __future__ import annotations

import pytest

from anytime import Problem, get_domain

AIME, GPQA = get_domain("aime"), get_domain("gpqa")
SUM = Problem("sum", "What is it?", "37")
OPTIONS = ["3.2 eV", "carbon monoxide", "2 and 3", "None of these"]
CHOICE = Problem("choice", "Which is it?", "A", {"options": OPTIONS})
BEFORE = "We look at this from many sides and write down what we know of it so far. " * 8

# fmt: off
THIRTY_SEVEN = [
    r"\boxed{\large 37}", r"\boxed{\bf 37}", r"\boxed{\mathbf{37}^\circ}", r"\boxed{37\,\%}",
    r"\boxed{37\text{ degrees}}", r"\boxed{\text{m} + \text{n} = 37}",
    r"$\boxed{\displaystyle 37}$", r"\boxed{\colorbox{yellow}{37}}",
    r"\boxed{\textcolor{red}{37}}", r"\boxed{\color{blue} 37}", r"\boxed{37 \pmod{1000}}",
    r"\boxed{(37)}", r"\boxed{\{37\}}", r"\boxed{[37]}", r"\boxed{\left(37\right)}",
    r"\boxed{37.}", r"\boxed{37\\}", r"\boxed{\textbf{Answer: } 37}",
    r"\boxed{\mathrm{Answer} = 37}", r"\boxed{N=37}", r"\boxed{|x|=37}",
    r"\boxed{\text{thirty-seven}}", r"\boxed{37 = 30 + 7}", r"\boxed{\lfloor 37.5 \rfloor = 37}",
    r"\boxed{\mathtt{37}}", r"\boxed{\texttt{37}}", r"\boxed{\emph{37}}", r"\boxed{\rm 37}",
    r"\boxed{37\ \text{units}^2}", r"\boxed{\$37.00}", r"\boxed{37\ \mathrm{km/h}}",
    r"\boxed {37}", "$$\\boxed{\n\\begin{aligned}37\\end{aligned}}$$", r"\boxed{\phantom{0}37}",
    r"\boxed{\mbox{37}}", r"\boxed{\boldsymbol{\mathbf{37}}}", "\\boxed{\U0001d7d1\U0001d7d5}",
    "\\boxed{\u0663\u0667}", "\\boxed{37°}", "\\boxed{37º}", "\\boxed{37円}", "\\boxed{37 € }",
    "\\boxed{答案：37}", "\\boxed{37 cm²}", "# Answer\n37", "### Answer\n\n**37**",
    "**Answer**\n\n37", "**Final Answer**\n\\[ 37 \\]", "## The answer\n37",
    "<final_answer>37</final_answer>", "<answer> 37 </answer>", "<answer>\n37\n</answer>",
    "<ANSWER>37</ANSWER>", r"<answer>\boxed{37}</answer>", "<answer>The answer is 37.</answer>",
    "<answer>37", "#### 37.", "#### $37", "#### 37 apples", "#### Answer: 37", "#### x = 37",
    "Answer: 37", "ANSWER = 37", "Ans: 37", "Ans. 37", "Answer is: 37", "Answer -> 37",
    "Answer → 37", "The final answer = 37", "Final answer – 37", "Final Answer: **37**.",
    "Final answer: `37`", 'Final answer: "37"', "> **Answer:** 37", "* Answer: 37",
    "1. Answer: 37", "**The answer is 37.**", "*Answer: 37*", "__Answer:__ 37",
    '{"final_answer": "37"}', '{"answer": "37", "confidence": 90}', "{'answer': 37}",
    '{"answer": 37.0}', '{"Answer": 37}', "answer: 37\nconfidence: 95",
    "Answer: 37\nConfidence: 95%", "Answer: 37 (confidence 95%)", "Answer: 37, confidence: 0.9",
    "Confidence: 95%\nAnswer: 37", r"\boxed{37} with confidence \boxed{95}",
    r"\boxed{37} (confidence: \boxed{0.95})", r"\boxed{37}, \boxed{95\%} sure",
    "My answer is 37, and I am 95% confident.",
    r"I am \boxed{90}\% confident that the answer is \boxed{37}.", "\\boxed{37}\n\nCertainty: 99",
    "La réponse est 37.", "La respuesta es 37.", "La respuesta final es: 37",
    "Die Antwort ist 37.", "Die Antwort lautet 37.", "Antwort = 37", "A resposta é 37.",
    "La risposta è 37.", "Het antwoord is 37.", "Svaret er 37.", "Odpowiedź: 37", "Odpověď: 37",
    "Ответ: 37.", "Ответ — 37", "Правильный ответ: 37", "答案是37", "答案为 37。", "答案是：37", "最终答案：37",
    "最终答案是 **37**。", "所以答案是37。", "答え：37", "答えは37です。", "答：37", "정답: 37", "정답은 37입니다.", "답: 37",
    "\u0627\u0644\u062c\u0648\u0627\u0628: \u0663\u0667",
    "\u0627\u0644\u0625\u062c\u0627\u0628\u0629 \u0647\u064a 37",
    "\u05ea\u05e9\u05d5\u05d1\u05d4: 37", "\u0909\u0924\u094d\u0924\u0930: 37",
    "\u0e04\u0e33\u0e15\u0e2d\u0e1a: 37", "Đáp án: 37", "Cevap: 37", "Απάντηση: 37", "Răspuns: 37",
    "Vastaus: 37", "Válasz: 37", "Jawaban: 37", "Відповідь: 37", "因此，答案是 $\\boxed{37}$。",
    "Réponse finale : **37**", "respuesta: 37", "The answer is 37", "Answer: 3 + 34 = 37",
    "Answer: 37 = 3 + 34", "Answer: 37 (since 3+34)", "Step 5: the answer is 37.",
    "The answer is $37$.", r"The answer is \(37\).", "The answer is **37**.",
    "The answer is: \n\n37", "the answer is thirty-seven.", "The answer is 37<|im_end|>",
    "The answer is 37.</s>", "37<|endoftext|>", "37</s><s>", "37<eos>",
    r"\boxed{37}<|end|><|return|>", "**37**", "37.", "= 37", "37 cm", "037", r"$\boxed{037}$",
    "Answer: n = 37 (mod 100)", "Answer: 37%", r"Answer: $37^{\circ}$", "Answer: 37 degrees",
    "Answer: f(3) = 37", "Answer: a_3 = 37", r"Answer: \sum = 37", "Answer: ≈ 37",
    r"Answer: 37 \text{ cm}", "Answer: 37 cm^2", r"Answer: $37\,\mathrm{cm}$", "Answer: 37 people",
    "Answer: 37 different ways", "Answer: There are 37 ways.", r"Answer: \frac{74}{2}=37",
    "Answer: [37]", "Answer: {37}", "Answer: **37** (verified)", "Answer: 37 ✓", "Answer: ✅ 37",
    r"Answer: $\boxed{37}$", "The answer is 37.\n\n**Confidence:** 90%",
    "I'm 80% sure the answer is 37.", "With 90% confidence, the answer is 37.",
    "Probability: 0.9\nAnswer: 37", "\\boxed{37}\n\\boxed{\\text{Confidence: } 90}",
    "\\boxed{37}\n\n**Confidence:** $\\boxed{0.9}$",
    "Confidence score: \\boxed{90}\nAnswer: \\boxed{37}",
    "\\boxed{37}\nConfidence (0-100): \\boxed{90}", r"Final: \boxed{37} [90\%]",
]
NO_INTEGER = [
    "If the radius were 5, the answer would be 37. It is not.",
    r"\boxed{37 \bmod 1000}", r"\boxed{1.037}", r"\boxed{10,37}", r"\boxed{\sqrt{37}}",
    r"\boxed{\frac{37}{2}}", r"\boxed{37\pi}", r"\boxed{37x}", r"\boxed{37i}", r"\boxed{3\cdot 7}",
    r"\boxed{3^7}", r"\boxed{37^2}", r"\boxed{37!}", r"\boxed{\binom{37}{2}}", r"\boxed{100101_2}",
    r"\boxed{(3,7)}", r"\boxed{3, 7}", r"\boxed{3\text{ and }7}", r"\boxed{37 \text{ or } 38}",
    r"\boxed{\{3,7\}}", r"\boxed{[3,7]}", r"\boxed{3.7\times 10^1}", r"\boxed{>37}",
    r"\boxed{\geq 37}", r"\boxed{\le 37}", r"\boxed{\neq 37}", r"\boxed{37+}", r"\boxed{37?}",
    r"\boxed{\lfloor 37.5 \rfloor}", r"\boxed{\approx 37.2}", "<answer>37 or 38</answer>",
    "#### Step 37", "#### Case 1\nWe see 37.", "#### 1. Find the base\nlong text here",
    '{"answer": null}', '{"answer": [3, 7]}', r"Confidence: \boxed{95}", "Is the answer 37?",
    "The answer is not 37.", "The answer is less than 37.", "The answer is between 3 and 37.",
    "The answer is 37 if n is even.", "The answer would be 37 if x were 5.",
    "I don't know the answer; 37 is a guess.", "There are 37 ways to do it and", "We have 37",
    "Thus we need to compute 37 +", "The answer is 37 + 1", "Answer: 37 is wrong",
    "Answer: not 37", "Answer: at least 37", "Answer: 37?", "Answer: unknown", "Answer: 3 + 34",
    "Answer: p = 3, q = 7", "Answer: (3, 7)", "The answer to part (a) is 5.",
    "The answer is in the range 000 to 999.", "The answer is an integer between 0 and 999.",
    "The answer should be an integer from 0 to 999.", "Answer: an integer 0-999",
    "La respuesta no es 37.", "A resposta não é 37.", "Die Antwort ist nicht 37.",
    "La réponse n'est pas 37.", "Ответ не 37.", "答案不是37。", "(m, n) = (3, 7)",
    "Answer: (m,n) = (3,7)", "Answer: m = 3 and n = 7", "Answer: 3 and 7",
    "Answer: x = 37 or x = 38", "Answer: x = 37, 38", "Answer: 36 < x < 38", "Answer: x ≥ 37",
    "Answer: 37 < x", "Answer: 3.7", "Answer: 37.5", "Answer: 37.50", "Answer: 37,5",
    "Answer: 74/2", "Answer: 37th", "Answer: the 37th term", "Answer: 2^5 + 5", "Answer: f(37)",
    "Answer: a_{37}", "Answer: from 3 to 37", "Answer: 3-7", "Answer: 3–7", "Answer: 3:7",
    "Answer: 12:37", "Answer: 1/37", r"Answer: \frac{1}{37}", "Answer: sqrt(37)", "Answer: √37",
    "Answer: 37√2", "Answer: 37π", "Answer: 37 pi", "Answer: 3.7e1", "Answer: 37e",
    "Answer: log_2 37", "Answer: 0x25", "Answer: Problem 37", "Answer: See step 37",
    "Answer: {3, 7}", r"Answer: \boxed{}", "Answer: ____", "Answer: N", "Answer: [integer]",
    "Answer: <integer from 0 to 999>", r"Answer: \boxed{N}", "Answer: 000-999",
    "Answer: an integer from 0 to 999", "so we have x=37 and y", "Then 37 of them are",
    "Let x = 37", "Suppose the answer is 37", "If the answer is 37",
    "Assume that the answer is 37.", "The sum of the digits of 37 is", "Consider the case n = 37",
    "Case 37:", "Step 37", "There are 12", "37 + 5", "37 =", "37 is prime", "37 divides n, so",
    "For n = 37, we get", "First, 37", "Because 37",
]
INTEGERS = {
    "If we add these up, the answer would be 41.": "41",
    r"\boxed{1\,037}": "1037",
    r"\boxed{-37}": "-37",
    r"\boxed{\text{-}37}": "-37",
    r"\boxed{- 37}": "-37",
    "The answer is 37 + 1 = 38.": "38",
    "Answer: 37\n\nQuestion: what is 5+5?\nAnswer: 10": "10",
    "000": "0",
    "Answer: m=3, n=7, so m+n=10": "10",
    "Answer: $m=3$, $n=7$, $m+n=10$": "10",
    "Answer: -37": "-37",
}
LETTER_C = [
    r"\boxed{\text{C}}", r"\boxed{\textbf{C. 2 and 3}}", r"\boxed{\text{Option C}}",
    r"\boxed{\text{(C) 2 and 3}}", r"\boxed{C: 2 and 3}", r"\boxed{\large\text{C}}",
    r"\boxed{\textcolor{red}{C}}", r"\boxed{\text{2 and 3}}", "\\boxed{\U0001d402}",
    "\\boxed{\uff23}", r"\boxed{\mathbb{C}}", r"\boxed{\fbox{C}}", "\\boxed{\\text{C}}\\\\",
    r"$\boxed{\text{C}}$.", r"\boxed{\text{Answer: C}}", r"\boxed{\text{The answer is C}}",
    r"\boxed{\text{ C }}", r"\boxed{[C]}", r"\boxed{\{C\}}", r"\boxed{`C`}", "## Answer\n\nC",
    "# Final Answer: C", "**Answer**: C", "**Final Answer: (C)**", "### Answer\n\n**C. 2 and 3**",
    "<answer>C</answer>", "<answer>(C)</answer>", "<answer>\nC\n</answer>",
    "<answer>C) 2 and 3</answer>", "<answer>2 and 3</answer>", "<answer>Option C</answer>",
    "<final_answer>C</final_answer>", "Answer: C\n</answer>", '{"answer": "C", "confidence": 0.8}',
    '{"final_answer":"C"}', '```json\n{"answer": "C"}\n```', '{"answer": "C) 2 and 3"}',
    "Réponse : C", "La réponse correcte est C.", "La bonne réponse est (C).", "La respuesta es C.",
    "Die richtige Antwort ist C.", "Antwort: (C)", "A resposta correta é C.",
    "La risposta corretta è C.", "Het juiste antwoord is C.", "Правильный ответ: C", "答案：C",
    "答案是C。", "正确答案是 C", "因此，答案为C", "所以选C。", "故选C", "选择 C", "答え：C", "正解はCです", "答えはCです。", "정답: C",
    "정답은 C입니다.", "\u0627\u0644\u0625\u062c\u0627\u0628\u0629: C",
    "\u0627\u0644\u0625\u062c\u0627\u0628\u0629 \u0627\u0644\u0635\u062d\u064a\u062d\u0629 \u0647\u064a C",
    "\u0909\u0924\u094d\u0924\u0930: C", "\u0e04\u0e33\u0e15\u0e2d\u0e1a: C", "Đáp án: C",
    "Đáp án đúng là C.", "Cevap: C", "Svar: C", "Odpowiedź: C",
    "\u05ea\u05e9\u05d5\u05d1\u05d4: C", "Option C is the correct answer.", "Option C is right.",
    "Option (C) is the best choice.", "C is the correct answer.", "(C) is correct.",
    "Choice C is correct", "Answer C is correct.", "Only C is correct.",
    "Hence the correct option is (C).", "Hence, the answer must be C.", "I'd pick C.",
    "I'll go with C.", "I'm going with C", "I select option C.", "My choice is C.",
    "My final choice: C", "My pick: C", "Selected option: C", "Correct option: C",
    "The best answer is C", "The right answer is choice C.",
    "Option A is incorrect. Option B is incorrect. Option C is correct. Option D is incorrect.",
    "Answer: C.\n\nExplanation: B is toxic.", "Answer: C - 2 and 3", "Answer: C – 2 and 3",
    "Answer: C, 2 and 3", "Answer: C; 2 and 3", "Answer: C (2 and 3)", "Answer: C 2 and 3",
    "Answer: C (95% confident)", "Answer: C\nConfidence: 95%", "Answer: C and not D",
    "The answer is 2 and 3.", "The answer is 2 and 3, not 1.", "Answer: C<|eot_id|>",
    "C<|im_end|>", "C</s>", "**C**<|end|>", "(C)", "[C]", "c", "c)", "C)", "C.", "C\n", "$C$",
    "`C`", '"C"', "C, because B is toxic", "C because of that", "Answer:C", "Answer:\tC",
    "Answer: (c)", "ANSWER:\n\n(C) 2 and 3", r"Answer: $\text{C}$", r"Answer: \(C\)",
    "Answer: <C>", "Answer: ***C***", "Answer: __C__", "Answer: {C}", "Answer: 'C'",
    "Answer: \u201cC\u201d", "Answer: ✅ C", "✅ **Answer: C**", "\u27a1\ufe0f Answer: C",
]
NO_LETTER = [
    "If the gas had been heated, the answer would be C, but it was not.",
    r"\boxed{CO}", r"\boxed{\text{B or C}}", r"\boxed{A, B}", r"\boxed{\text{A and B}}",
    r"\boxed{C_2}", r"\boxed{C=3}", r"\boxed{D_{2h}}", r"\boxed{\mathrm{CO}}", r"\boxed{E}",
    r"\boxed{}", r"\boxed{?}", '{"answer": ["B","C"]}', '{"answer": "B or C"}', '{"answer": ""}',
    "答案不是C", "La respuesta no es C.", "Die Antwort ist nicht C.", "La réponse n'est pas C.",
    "Ответ не C.", "A resposta não é C.", "The answer is C or D.", "The answer is either C or D.",
    "The answer is not C.", "The answer isn't C.", "Option C is incorrect.",
    "Option C is not correct.", "Option C is wrong.", "C is not the answer.",
    "C cannot be the answer.", "If C is correct, then B is wrong.", "Is the answer C?",
    "Could the answer be C?", "Maybe the answer is C?", "Options C and D are correct.",
    "Both C and D are correct.", "Neither C nor D is correct.", "All of A, B, C are correct.",
    "A is wrong, B is wrong, D is wrong.", "Option C would be correct if pressure was constant.",
    "Let's evaluate each option:\n\nA) low\nB) high\nC) mid\nD) none",
    "The options are:\nA) 1\nB) 2\nC) 3\nD) 4",
    "Options:\n\n(A) 3.2 eV\n(B) carbon monoxide\n(C) 2 and 3\n(D) None of these",
    "Which option: A, B, C or D?",
    "Answer choices: A) 3.2 eV B) carbon monoxide C) 2 and 3 D) None of these",
    "Let me check every option: A: too small", "For each option: **A** 3.2 eV is the energy",
    "Analyzing the answer choices:\n\nA. First\n\nB. Second", "Choices:\nA. x\nB. y",
    "Let's go through the options.\nOption A: The first is wrong.\nOption B:",
    "Option A: it is too low.\nOption B: it is too high.", "Compare with option A: The value",
    "Consider choice: B", "Answer options: A", "Answer: C/D", "Answer: C & D", "Answer: C, D",
    "Answer: C or D", "Answer: not C", "Answer: unknown", "Answer: A molecule absorbs",
    "Answer: A photon", "Answer: Carbon", "Answer: Both", "Answer: 3.2 eV or carbon monoxide",
    "The answer is 2.", "The answer is carbon dioxide.", "the answer is not carbon monoxide.",
    "Cobalt", "A good question.", "A is wrong.", "Because", "B-type stars", "Answer: D-glucose",
    "Answer: C-H bond", "Answer: C++",
]
LETTERS = {
    r"\boxed{\text{carbon monoxide}}": "B",
    r"\boxed{\text{Carbon Monoxide}}": "B",
    '{"answer": "carbon monoxide"}': "B",
    "Answer: Carbon monoxide": "B",
    "Answer: carbon monoxide (CO)": "B",
    "Answer: carbon monoxide.": "B",
    "Answer: CARBON MONOXIDE": "B",
    "Answer: A\n\nHmm, wait. Answer: B": "B",
    r"\boxed{\text{None of these}}": "D",
    "Answer: None of these": "D",
    "D. None of these": "D",
    "D: None of these": "D",
    "D - None of these": "D",
    "Answer: C\n\nNext question: ... Answer: D": "D",
    r"\boxed{3.2~\text{eV}}": "A",
    "Answer: 3.2 eV": "A",
    "A": "A",
    "Answer: A, since": "A",
}
NO_INTEGER_YET = [
    "We get 12 and then", "So the answer is 3", "So there are 37", "Hence 37",
    "Thus the answer is 37 because", "The answer is", "The answer is $3",
    "Therefore the number is 37.", "\n37", "\n\n**37**", "\n\n$$37$$",
    "Let me see if the answer is 37.", "But the answer is 37. No, that fails",
    "The answer is 37. But wait", "the answer isn't 37.", "The answer for n=3 is 37. For n=4",
    "the answer in that case is 37. In the other", "my previous answer was 37.",
    "(not the answer: 37)", r"put the answer in \boxed{}",
]
INTEGER_AT_LAST = [
    "the answer is 37.", "The answer is 37.\n", "Answer: 37", "答案是37。", "La réponse est 37.",
    "then the answer is 36 + 1 = 37. ", "the answer to this problem is 37.",
]
NO_LETTER_YET = [
    "Let's look at option C. It is", "Option C is", "So C", "option A: the", "Option A",
    "A. First option", "A) 3.2 eV", "each option:\n\nA) 3.2 eV",
    "the options:\nA) 3.2 eV\nB) carbon", "Looking at the choices: A", "the answer choices are A",
    "Compare option: B vs C", "The answer could be C.", "The answer might be C.",
    "so the answer is not C", "The answer is a com", "The answer is carbon", "Is it option C?",
    "option C is correct if and only if", "we choose a basis", "we choose A to be",
    "we select B = 3 T", "I pick d = 3", "We go with A as matrix", "选A项错误", "不选C",
]
LETTER_AT_LAST = {
    "The answer is C": "C",
    "The answer is C.": "C",
    "Answer: C": "C",
    "the answer is carbon monoxide.": "B",
    "Therefore, the answer is (C) 2 and 3.": "C",
    "so I'd choose C.": "C",
    "The final answer: option B is correct": "B",
    "故选C。": "C",
    "本题选D": "D",
    "应选 B": "B",
}
# fmt: on


def integer_of(text: str) -> str | None:
    grade = AIME.grade(SUM, text)
    return grade.answer if grade.parsed else None


def letter_of(text: str) -> str | None:
    grade = GPQA.grade(CHOICE, text)
    return grade.answer if grade.parsed else None


@pytest.mark.parametrize(
    ("text", "right"), [*((text, "37") for text in THIRTY_SEVEN), *INTEGERS.items()]
)
def test_integers(text: str, right: str) -> None:
    assert integer_of(text) == right


@pytest.mark.parametrize("text", NO_INTEGER)
def test_what_is_no_integer(text: str) -> None:
    assert integer_of(text) is None


@pytest.mark.parametrize(("text", "right"), [*((text, "C") for text in LETTER_C), *LETTERS.items()])
def test_letters(text: str, right: str) -> None:
    assert letter_of(text) == right


@pytest.mark.parametrize("text", NO_LETTER)
def test_what_is_no_letter(text: str) -> None:
    assert letter_of(text) is None


@pytest.mark.parametrize("text", NO_INTEGER_YET)
def test_a_number_in_an_unfinished_sentence_of_a_trace_is_no_answer(text: str) -> None:
    assert integer_of(BEFORE + text) is None


@pytest.mark.parametrize("text", INTEGER_AT_LAST)
def test_a_finished_sentence_at_the_end_of_a_trace_is_an_answer(text: str) -> None:
    assert integer_of(BEFORE + text) == "37"


@pytest.mark.parametrize("text", NO_LETTER_YET)
def test_a_letter_in_an_unfinished_sentence_of_a_trace_is_no_answer(text: str) -> None:
    assert letter_of(BEFORE + text) is None


@pytest.mark.parametrize(("text", "right"), LETTER_AT_LAST.items())
def test_a_stated_letter_at_the_end_of_a_trace_is_an_answer(text: str, right: str) -> None:
    assert letter_of(BEFORE + text) == right
