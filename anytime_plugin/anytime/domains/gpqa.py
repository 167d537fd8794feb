"""GPQA: four-option science questions (Rein et al. 2023, arXiv 2311.12022).

Source: the Diamond set as OpenAI's simple-evals publishes it, verified by its SHA-256. The dev
split is the main set (gated on the Hugging Face Hub) without the Diamond questions.

Where we depart from simple-evals: options are shuffled by a hash of seed and record id, so that a
question shows the same order at every budget, trace, method and Python version; surrounding white
space of a question or option is dropped; and where two options of a row have the same text, as in
a few official ones, an answer is right if its text is.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from anytime.domains import gpqa_builtin
from anytime.domains.answers import (
    LETTERS,
    end_of_letter,
    last_letter,
    option_stated,
    options_in,
    strip_letters,
)
from anytime.domains.base import (
    SPLITS,
    Cue,
    Dataset,
    Domain,
    Grade,
    Problem,
    Split,
    fingerprint,
    split_problems,
)
from anytime.domains.sources import download, hub_rows, local_path, read_text, sha256_id
from anytime.errors import AnytimeError

__all__ = ["GPQA"]

DATASETS = ("official", "builtin")

DIAMOND_URL = "https://openaipublic.blob.core.windows.net/simple-evals/gpqa_diamond.csv"
DIAMOND_SHA256 = "41d1213cd7a4998605a26c2798500652572007161b3a92817ba46b35befcd305"
MAIN_REPO = "Idavidrein/gpqa"
MAIN_CONFIG = "gpqa_main"

WRONG_COLUMNS = ("Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")
COLUMNS = ("Record ID", "Question", "Correct Answer", *WRONG_COLUMNS)
SHAPE = f"the columns {', '.join(COLUMNS)}"


def _load(dataset: str, split: Split | None, seed: int) -> Dataset:
    if split is not None and split not in SPLITS:
        raise AnytimeError(f"unknown split {split!r}: choose one of {', '.join(SPLITS)}")
    note = ""
    if dataset == "official":
        split = split or "test"
        revision, rows = _main_without_diamond() if split == "dev" else _diamond()
    elif dataset == "builtin":
        split, note, revision = split or "test", gpqa_builtin.NOTE, f"seed {seed}"
        rows = split_problems(gpqa_builtin.generate(seed), split)
    else:
        path = local_path(dataset, DATASETS, "a CSV file")
        text = read_text(path)
        dataset, split, revision = path.name, split or "all", sha256_id(text.encode())
        # Split before the options are shown: sides must not depend on the seed of their order.
        rows = split_problems(_problems(_csv_rows(text, str(path)), f"dataset file {path}"), split)
    shown = tuple(_with_options(problem, seed) for problem in rows)
    return Dataset(name=dataset, revision=revision, split=split, problems=shown, note=note)


def _diamond() -> tuple[str, tuple[Problem, ...]]:
    content = download(DIAMOND_URL, "GPQA-Diamond", DIAMOND_SHA256, sha256_id)
    where = "GPQA-Diamond"
    return DIAMOND_SHA256, _problems(_csv_rows(content.decode("utf-8-sig"), where), where)


def _main_without_diamond() -> tuple[str, tuple[Problem, ...]]:
    hint = "name a CSV file in the official schema as the dataset instead"
    rows = hub_rows(MAIN_REPO, None, "train", MAIN_CONFIG, hint=hint)
    main = _problems(enumerate(rows, 1), f"{MAIN_REPO} ({MAIN_CONFIG})")
    kept = without(main, _diamond()[1])
    # The gated set has no pinned revision; its content tells which one it was.
    content = "\n".join(f"{p.id} {p.prompt} {p.gold} {p.facts['wrong']}" for p in kept)
    return sha256_id(content.encode()), kept


def without(problems: Iterable[Problem], held_out: Iterable[Problem]) -> tuple[Problem, ...]:
    """Drop the problems that are held out, by id and by the fingerprint of the statement."""
    barred = list(held_out)
    ids, prints = {p.id for p in barred}, {fingerprint(p.prompt) for p in barred}
    return tuple(p for p in problems if p.id not in ids and fingerprint(p.prompt) not in prints)


def _csv_rows(text: str, where: str) -> Iterable[tuple[int, Mapping[str, Any]]]:
    """Rows with their numbers, the header not counted."""
    # The csv module refuses cells over 128 KiB unless told otherwise, and for the whole process.
    limit = csv.field_size_limit()
    csv.field_size_limit(max(limit, len(text)))
    number = 0
    try:
        # Strict, so that a file cut inside a quoted cell is an error and not a short last row.
        for number, row in enumerate(csv.DictReader(io.StringIO(text, newline=""), strict=True), 1):
            yield number, row
    except csv.Error as error:
        raise AnytimeError(
            f"dataset file {where}, row {number + 1} is not CSV ({error}): expected {SHAPE}"
        ) from None
    finally:
        csv.field_size_limit(limit)


def _problems(rows: Iterable[tuple[int, Mapping[str, Any]]], where: str) -> tuple[Problem, ...]:
    """Problems as their source gives them: `gold` is the right option's text, not yet a letter."""
    problems: dict[str, Problem] = {}
    for number, row in rows:
        at = f"{where}, row {number}"
        missing = [name for name in COLUMNS if not _cell(row, name)]
        if missing:
            absent = [name for name in missing if name not in row]
            what = f"has no column {', '.join(absent)}" if absent else f"lacks {', '.join(missing)}"
            raise AnytimeError(f"{at} {what}: expected {SHAPE}, none of them blank")
        if None in row:
            raise AnytimeError(f"{at} has more cells than the header: expected {SHAPE}")
        id_ = _cell(row, "Record ID")
        if id_ in problems:
            raise AnytimeError(f"{at}: the Record ID {id_!r} occurs twice, expected unique ids")
        problems[id_] = Problem(
            id=id_,
            prompt=_cell(row, "Question"),
            gold=_cell(row, "Correct Answer"),
            facts={"wrong": [_cell(row, name) for name in WRONG_COLUMNS]},
        )
    if not problems:
        raise AnytimeError(f"{where} holds no questions: expected {SHAPE}")
    return tuple(problems.values())


def _cell(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value.strip() if isinstance(value, str) else ""


def option_order(seed: int, record_id: str) -> list[int]:
    """The order in which the right option (0) and the three wrong ones (1..3) are shown.

    By SHA-256 and not by `random`, whose shuffle is not promised to stay the same.
    """

    def digest(option: int) -> bytes:
        return hashlib.sha256(f"{seed}:{record_id}:{option}".encode()).digest()

    return sorted(range(len(LETTERS)), key=digest)


def _with_options(problem: Problem, seed: int) -> Problem:
    texts = [problem.gold, *problem.facts["wrong"]]
    order = option_order(seed, problem.id)
    options = [texts[index] for index in order]
    letter = LETTERS[order.index(0)]
    lines = "\n".join(f"{name}) {text}" for name, text in zip(LETTERS, options, strict=True))
    facts = {key: value for key, value in problem.facts.items() if key != "wrong"}
    return Problem(
        id=problem.id,
        prompt=f"{problem.prompt}\n\n{lines}",
        gold=letter,
        facts={"options": options, "letter": letter, **facts},
    )


def content(prompt: str) -> str:
    """The statement before its options; the whole prompt where it does not end in four of them.

    Only the last block of options is what `_with_options` wrote: a statement may list its own.
    """
    start = len(prompt)
    for letter in reversed(LETTERS):
        head = f"\n{letter}) " if letter != LETTERS[0] else f"\n\n{letter}) "
        start = prompt.rfind(head, 0, start)
        if start < 0:
            return prompt
    return prompt[:start]


def _ask(problem: Problem) -> str:
    return (
        f"{problem.prompt}\n\nReason step by step. The last line of your reply has to be "
        "'Answer: $LETTER' (without quotes), where LETTER is one of ABCD."
    )


CUE = Cue(
    ask=(
        "Your time is up: stop reasoning here. Give your final answer now, without any further "
        "reasoning, as 'Answer: $LETTER' (without quotes), where LETTER is one of ABCD, and "
        "nothing else."
    ),
    begin="Answer:",
)


def _cue(problem: Problem) -> Cue:
    return CUE


def _grade(problem: Problem, text: str) -> Grade:
    options: Sequence[str] = problem.facts["options"]
    letter = last_letter(text, options)
    if letter is None:
        return Grade(quality=0.0, parsed=False, answer="")
    right = options[LETTERS.index(letter)] == options[LETTERS.index(problem.gold)]
    return Grade(quality=float(right), parsed=True, answer=letter)


_OF_TARGET = re.compile(r"\W{0,6}([A-Da-d])\W{0,6}")


def _from_log(problem: Problem, asked: str, document: Mapping[str, Any]) -> Problem:
    """Take the options from where the model saw them, else from the document."""
    shown, held = options_in(asked), _options_of(document)
    options = shown or held
    if options is None:
        return problem  # without facts, which is refused by their name
    if (
        shown
        and held
        and shown != held
        and sorted(map(fingerprint, shown)) == sorted(map(fingerprint, held))
    ):
        raise AnytimeError("whose options stand in one order in its prompt, in another beside it")
    named = _OF_TARGET.fullmatch(problem.gold)
    gold = named[1].upper() if named else option_stated(problem.gold, options)
    if gold is None:
        raise AnytimeError(
            f"with a target that is none of its four options ({problem.gold[:40]!r})"
        )
    return replace(problem, gold=gold, facts={"options": list(options), "letter": gold})


def _options_of(document: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Four options in order, as documents hold them: in a list, or each under a name."""
    cells = {str(key).lower(): value for key, value in document.items()}
    found: list[Any] = []
    for name in ("choices", "options"):
        held = cells.get(name)
        if isinstance(held, Mapping):  # {"text": [...], "label": [...]}, or by letter
            held = held.get("text") or [held.get(letter) for letter in LETTERS]
        if isinstance(held, list):
            found.append(held)
    for form in ("choice{}", "option{}", "option_{}", "{}"):
        found.append([cells.get(form.format(letter.lower())) for letter in LETTERS])
        if form != "{}":
            found.append([cells.get(form.format(number)) for number in range(1, 5)])
    for four in found:
        if len(four) == len(LETTERS) and all(isinstance(one, str) and one.strip() for one in four):
            return options_in("\n".join(four)) or tuple(one.strip() for one in four)
    return None


ANSWER_TOKENS = 64
"""The letter comes first, and stands alone; an option's text behind it need not be complete."""

GPQA = Domain(
    name="gpqa",
    budgets="geom:256:16384:7",
    answer_tokens=ANSWER_TOKENS,
    load=_load,
    ask=_ask,
    cue=_cue,
    grade=_grade,
    strip=strip_letters,
    content=content,
    datasets=DATASETS,
    # Not a blank line: some models answer below it.
    stop=("\nQuestion", "\n\nQ:", "\nProblem", "\n\nAnswer"),
    end_of_answer=end_of_letter,
    from_log=_from_log,
)
