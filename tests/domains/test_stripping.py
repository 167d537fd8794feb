from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anytime.domains.aime import AIME
from anytime.domains.base import Domain, Problem, fingerprint
from anytime.domains.gpqa import GPQA
from anytime.domains.trip import TRIP
from anytime.domains.trip.builtin import generate
from anytime.models.filler import filler
from tests.scaling import grows_linearly, repeated

DOMAINS = {
    "aime": (AIME, Problem(id="a", prompt="How many?", gold="204")),
    "gpqa": (
        GPQA,
        Problem(
            id="g",
            prompt="Which?",
            gold="B",
            facts={"options": ["molecule of water", "25 J", "A and B", "D = 3 eV"]},
        ),
    ),
    "trip": (TRIP, generate(0)[2]),
}

# Every form that the extraction reads, each ending with its line or as a sentence does.
STATEMENTS = {
    "aime": [
        r"\boxed{204}",
        r"So it is \(\boxed{204}\).",
        r"\boxed{\text{The answer is. } 204}",
        r"\boxed{x = \boxed{204}}",
        r"\boxed{204 and so on",
        "\\[\n\\boxed{204}\n\\]",
        "**Final Answer**\n\\boxed{204}",
        "\\boxed{m+n\n= 204}",
        r"\fbox{1}, that is \fboxed{204}.",
        "ANSWER: 204",
        "**Answer:** $204$.",
        "## Answer:\n\n**204**",
        "The final answer: 204",
        "Answer: 204 because 3*68 = 204",
        "Answer: The remainder is this. It is 204.",
        "1. Answer: 204.",
        "The answer is **204**.",
        "So the answer is m=204.",
        "the answer is\n\n204",
        "I think the answer should be 507 +3=510.",
        "Current answer: \\boxed{204} (candidate 1)",
        "Current answer: that one (candidate 3)",
        "Current answer: \\boxed{2",
        "204",
    ],
    "gpqa": [
        "Answer: B",
        "**Answer: B**",
        "Answer:\n\nB",
        "**Final Answer**\n\n\\boxed{\\textbf{(B)}\\ 25}",
        "\\boxed{b}",
        "So the answer is (B).",
        "The correct answer is **B) 25 J**.",
        "The correct option is B",
        "My choice is: C",
        "Answer: B because energy is conserved",
        "Answer: A molecule of water",
        "Answer: A and B",
        "Answer: D = 3 eV",
        "answer: b",
        "- Answer: B.",
        "Answer: carbon dioxide",
        "B",
        "(B)",
        "Current answer: Answer: C (candidate 2)",
        "Current answer: that one (candidate 3)",
    ],
    "trip": [
        DOMAINS["trip"][1].gold,
        f"```\n{DOMAINS['trip'][1].gold}\n```",
        "**Day 1-5:** Arriving in Venice and visit Venice for 5 days.",
        "**Day 5:** Fly from Venice to Berlin.",
        "Here is the trip plan for visiting the 3 European cities for 12 days:",
        "Day 1-5: Venice\nDay 5: Fly to Berlin\nDay 5-9: Berlin\nDay 9-12: Oslo",
        "**Day 1-5: Venice** (5 days)\n**Day 5-9: Berlin** - Fly Venice→Berlin (direct)",
        "* **Days 1-5:** Stay in Venice\n*   **Day 5-9:** Explore Berlin\n- Days 9-12: Oslo.",
        "1. Day 1-5: Visiting Venice (wedding)\n2. Day 5-9: Visit **Berlin**",
        "| Day 1-5 | Venice |\n| Day 5-9 | Berlin |",
        "Day 1-5: Visit Venice. Day 5: Fly to Berlin. Day 5-9: Visit Berlin.",
        "Try Day 1 - 5 → Venice, then Day 5 to Day 9 – Berlin.",
        "Day 1-5: we rest. Then we are in Venice.",
        "On Day 5 fly from Venice to Berlin.",
        "Current answer: that one (candidate 3)",
    ],
}
PLAIN = [
    "First I write down what is given.",
    "It seems to hold, but I should be careful here: is the answer even bounded?",
    "Wait, should I put it in \\boxed{}?",
    "The wedding is between day 5 and day 9, so I go there early.",
    "Each choice has to be compared with the others, and no option is clearly right",
    "Then x = 3.5 and\n  y = 4 follow\n\n\\[\nx + y = 7.5\n\\]",
    "1. Let me check the units. 2. Let me check the signs.",
]
NAMES = list(DOMAINS)


def stripped(name: str, text: str) -> str:
    """What is left, with everything checked that holds for any text."""
    domain, problem = DOMAINS[name]
    left = domain.strip(text)
    assert len(left) <= len(text)
    assert domain.strip(left) == left
    letters = iter("".join(text.split()))
    assert all(letter in letters for letter in "".join(left.split()))
    assert not domain.grade(problem, left).parsed
    return left


@pytest.mark.parametrize(
    ("name", "statement"), [(name, text) for name in NAMES for text in STATEMENTS[name]]
)
@pytest.mark.parametrize("gap", [" ", "\n", "\n\n"])
def test_a_statement_goes_and_its_neighbours_stay(name: str, statement: str, gap: str) -> None:
    if statement in ("204", "B", "(B)"):  # an answer only where nothing else is
        assert stripped(name, statement) == ""
        return
    assert stripped(name, statement) == ""
    before = "Consider it again."
    after = "Then go on.\nAnd on."
    assert stripped(name, f"{before}{gap}{statement}\n\n{after}") == f"{before}\n\n{after}"
    assert stripped(name, f"{before}{gap}{statement}") == before
    assert stripped(name, f"{statement}\n{after}") == after


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_texts_of_filler_and_statements(name: str, data: st.DataObject) -> None:
    forms = [text for text in STATEMENTS[name] if text not in ("204", "B", "(B)")]
    draw = data.draw
    kept, text = [], ""
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from(["plain", "filler", "statement"]))
        if kind == "statement":
            text += draw(st.sampled_from(forms)) + draw(st.sampled_from(["\n", "\n\n", "\n   "]))
            continue
        part = draw(st.sampled_from(PLAIN))
        if kind == "filler":
            part = "".join(filler(random.Random(draw(st.integers(0, 99))), 30)) + "."
        kept.append(part)
        text += part + (draw(st.sampled_from([" ", "\n"])) if part.endswith(".") else "\n")
    left = stripped(name, text)
    assert left.split() == " ".join(kept).split()
    if left.split() == text.split():
        assert left == text


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("text", [*PLAIN, "", " \n ", "  Indented.\r\n\n\tMore.  \n"])
def test_a_text_without_statements_is_unchanged(name: str, text: str) -> None:
    assert stripped(name, text) == text


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_statements_in_pieces_and_in_any_order(name: str, data: st.DataObject) -> None:
    pieces = sorted({p for text in STATEMENTS[name] for p in re.findall(r"\w+|\s|.", text)})
    parts = [*pieces, *STATEMENTS[name], *PLAIN, " ", "\n", ". ", "Answer:", "\\boxed{", "answer"]
    text = "".join(data.draw(st.lists(st.sampled_from(parts), max_size=30)))
    domain, problem = DOMAINS[name]
    if name == "gpqa":  # "a and b" in small letters is known to stay
        problem = Problem(id="g", prompt="?", gold="B", facts={"options": ["1 J", "2 J"] * 2})
    left = domain.strip(text)
    assert len(left) <= len(text)
    assert domain.strip(left) == left
    assert not domain.grade(problem, left).parsed


@pytest.mark.parametrize("name", NAMES)
@given(text=st.text())
def test_any_text(name: str, text: str) -> None:
    domain, problem = DOMAINS[name]
    left = domain.strip(text)
    assert domain.strip(left) == left
    assert not domain.grade(problem, left).parsed


def test_trips_match_no_golden_plan_afterwards() -> None:
    for problem in generate(1):
        text = f"Let me think.\n\n{problem.gold}\n\nIs it right? Day 3-4 is fine."
        assert TRIP.strip(text) == "Let me think.\n\nIs it right? Day 3-4 is fine."


def test_denials_and_names_of_options_stay() -> None:
    for text in (
        "So the answer is not 204 after all, is it?",
        "The answer 204 bothers me: why so?",
    ):
        assert AIME.strip(text) == text
    for text in ("The answer is clear.", "Is option C correct? B) is too small, A) is too large."):
        assert GPQA.strip(text) == text


BOMBS = {
    "dots": ". ",
    "boxes": "\\boxed{",
    "box-lines": "\\boxed{\n",
    "digits": "9",
    "spaces": " ",
    "lines": " \n\t",
    "answers": "answer: ",
    "answer-lines": "Answer:\n",
    "given": "x\nAnswer:\n5\n",
    "hedges": "Answer: A or B\n",
    "letters": "B\n",
    "days": "Day 1-",
    "open": "Day 1-2 (((",
    "names": "Day 2: " + "A " * 100 + "\n",
    "entries": "Day 2-3: Visit Rome.\n",
    "headings": "**Final Answer**\n",
    "current": "Current answer:",
    "word": "thinking",
    "hash": "#### 5x\n",
    "channels": "assistantfinal ",
    "prose-without-end": "the answer is 5 and ",
    "bold-hints": "**Answer",
    "claims": "Option C is correct. ",
    "foreign": "\u7b54\u6848\uff1a",
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "sized",
    [
        *map(repeated, BOMBS.values()),
        lambda times: "Answer:\n" * (875 * times) + "1\n" * (2_750 * times),
        lambda times: " ".join([*PLAIN, "The answer is 5 or B."] * (25 * times)),
    ],
    ids=[*BOMBS, "chain", "prose"],
)
def test_time_is_linear(name: str, sized: Callable[[int], str]) -> None:
    assert grows_linearly(DOMAINS[name][0].strip, sized)


def test_a_domain_of_others_keeps_working() -> None:
    own = Domain("own", "1,2", 1, AIME.load, AIME.ask, AIME.cue, AIME.grade)
    assert own.strip("Answer: 5") == own.content("Answer: 5") == "Answer: 5"
    assert own.metrics == ()


def test_content_of_the_others_is_the_prompt() -> None:
    for domain in (AIME, TRIP):
        assert domain.content("Which?\n\nA) 1\nB) 2\nC) 3\nD) 4").endswith("D) 4")


def block(*options: str) -> str:
    return "\n\n" + "\n".join(f"{n}) {o}" for n, o in zip("ABCD", options, strict=True))


ANY_LINES = st.text(alphabet="ABCD) \nx?", max_size=40)


@given(ANY_LINES, st.permutations(["1 J", "2 J\nor so", "B) 3", "D) x"]))
def test_gpqa_content_is_the_statement(statement: str, options: list[str]) -> None:
    assert GPQA.content(statement + block(*options)) == statement


def test_gpqa_content_keeps_options_of_the_statement_itself() -> None:
    own = "Which?" + block("a", "b", "c", "d") + "\n\nAnd here?"
    assert GPQA.content(own + block("1", "2", "3", "4")) == own
    assert GPQA.content("Which?" + block("a", "b", "c", "d") + block("1", "2", "3", "4")) == (
        "Which?" + block("a", "b", "c", "d")
    )
    for other in ("Which?", "Which?\n\nA) 1\nB) 2", "", "Which?\nA) 1\nB) 2\nC) 3\nD) 4"):
        assert GPQA.content(other) == other


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Find  the\nvalue", "find THE value"),
        ("ﬁnd ½ of ①", "find 1⁄2 of 1"),
        ("e\u0301", "é"),
        ("e\u200b\u0301", "é"),
        ("Straße", "STRASSE"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("soft\u00adhyphen", "softhyphen"),
        ("no\u00a0break\u3000space\x00", "nobreakspace"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "full width"),
        ("e\u034f\u0301", "é"),
        ("fil\u3164ler\ufe0f \u2800gone", "filler gone"),
    ],
)
def test_fingerprints_are_equal(one: str, other: str) -> None:
    assert fingerprint(one) == fingerprint(other)


@given(st.text(), st.sampled_from([" ", "\n", "\u200b", "\u00ad", "\ufeff", "\u2060", "\x07"]))
def test_fingerprint_is_blind_to_what_is_invisible(text: str, invisible: str) -> None:
    assert fingerprint(invisible.join(["", *text, ""])) == fingerprint("".join(text.split()))


@given(st.text(alphabet=st.characters(codec="latin-1")))
def test_fingerprint_is_blind_to_case_and_stricter_than_before(text: str) -> None:
    assert fingerprint(text.swapcase().casefold()) == fingerprint(text.casefold())
    assert fingerprint(" ".join(text.split()).casefold()) == fingerprint(text)


def test_fingerprints_differ() -> None:
    assert len({fingerprint(t) for t in ("x+1", "x-1", "x+2", "y+1", "")}) == 5
