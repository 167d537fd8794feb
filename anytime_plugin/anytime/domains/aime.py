r"""AIME: competition problems whose answer is an integer from 0 to 999.

Sources: AIME 2024 (Maxwell-Jia/AIME_2024), AIME 2025 and 2026 (math-ai), each at a pinned revision
of the Hugging Face Hub. The official set is AIME 2025 and 2026 with AIME 2024, an earlier year, as
its dev split: AIME 2024 has been public the longest, and one year alone (30 problems) gives an
interval too wide to compare with.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from anytime.domains import aime_builtin
from anytime.domains.answers import end_of_integer, integer, last_integer, strip_integers
from anytime.domains.base import SPLITS, Cue, Dataset, Domain, Grade, Problem, Split, split_problems
from anytime.domains.sources import hub_rows, local_path, read_text, sha256_id
from anytime.errors import AnytimeError

__all__ = ["AIME"]


SHAPE = "a JSON object with id, problem and answer (an integer from 0 to 999)"


class _Year(NamedTuple):
    repo: str
    revision: str
    split: str


YEARS = {
    "aime24": _Year("Maxwell-Jia/AIME_2024", "8d88b2876a82a080e2f172cc9b25d0d9d2cb4792", "train"),
    "aime25": _Year("math-ai/aime25", "563bb8404243c5f09de6ec262f2db674fe5bce9b", "test"),
    "aime26": _Year("math-ai/aime26", "79037aebdb6580008fb960d17cb21fd3099083e3", "test"),
}
TEST_YEARS = {"official": ("aime25", "aime26"), **{name: (name,) for name in YEARS}}
DATASETS = (*TEST_YEARS, "builtin")
DEV_YEARS = {
    "official": ("aime24",),
    "aime25": ("aime24",),
    "aime26": ("aime24", "aime25"),
}


def _load(dataset: str, split: Split | None, seed: int) -> Dataset:
    if split is not None and split not in SPLITS:
        raise AnytimeError(f"unknown split {split!r}: choose one of {', '.join(SPLITS)}")
    if dataset in TEST_YEARS:
        return _load_years(dataset, split or "test")
    if dataset == "builtin":
        return Dataset(
            name="builtin",
            revision=f"seed {seed}",
            split=split or "test",
            problems=split_problems(aime_builtin.generate(seed), split or "test"),
            note=aime_builtin.NOTE,
        )
    path = local_path(dataset, DATASETS, "a JSON-lines file")
    text = read_text(path)
    problems = _problems(_json_rows(text, path), f"dataset file {path}")
    return Dataset(
        name=path.name,
        revision=sha256_id(text.encode()),
        split=split or "all",
        problems=split_problems(problems, split or "all"),
    )


def _load_years(dataset: str, split: Split) -> Dataset:
    if split == "dev" and dataset not in DEV_YEARS:
        raise AnytimeError(
            f"dataset {dataset!r} has no dev split, for no earlier year has a pinned source: name "
            f"a JSON-lines file of earlier years as the dataset instead"
        )
    names = DEV_YEARS[dataset] if split == "dev" else TEST_YEARS[dataset]
    problems: list[Problem] = []
    for name in names:
        year = YEARS[name]
        rows = hub_rows(year.repo, year.revision, year.split, hint="name a JSON-lines file instead")
        # Two years number their problems alike.
        where = f"{year.repo} at {year.revision[:8]}"
        problems += _problems(enumerate(rows, 1), where, prefix=f"{name}-")
    revision = " ".join(f"{YEARS[name].repo}@{YEARS[name].revision}" for name in names)
    return Dataset(name=dataset, revision=revision, split=split, problems=tuple(problems))


def _problems(
    rows: Iterable[tuple[int, object]], where: str, prefix: str = ""
) -> tuple[Problem, ...]:
    problems: dict[str, Problem] = {}
    for number, row in rows:
        problem = _problem(row, f"{where}, row {number}", prefix)
        if problem.id in problems:
            raise AnytimeError(
                f"{where}, row {number}: the id {problem.id!r} occurs twice, expected unique ids"
            )
        problems[problem.id] = problem
    if not problems:
        raise AnytimeError(f"{where} holds no problems: expected {SHAPE} on every line")
    return tuple(problems.values())


def _problem(row: object, where: str, prefix: str) -> Problem:
    """Check one row; column names are matched without case, for the years differ in it."""
    if not isinstance(row, Mapping):
        raise AnytimeError(f"{where} is not an object: expected {SHAPE}")
    cells = {str(key).lower(): value for key, value in row.items()}
    missing = [name for name in ("id", "problem", "answer") if cells.get(name) is None]
    if missing:
        raise AnytimeError(f"{where} lacks {', '.join(missing)}: expected {SHAPE}")
    id_, statement, answer = cells["id"], cells["problem"], cells["answer"]
    if not isinstance(id_, str | int) or not str(id_).strip():
        raise AnytimeError(f"{where} has the id {id_!r}: expected a text or a number")
    if not isinstance(statement, str) or not statement.strip():
        raise AnytimeError(f"{where} has a blank problem: expected {SHAPE}")
    if any("\ud800" <= char <= "\udfff" for char in f"{id_}{statement}"):
        raise AnytimeError(f"{where} holds half a surrogate pair: expected valid text")
    readable = isinstance(answer, str | int | float) and not isinstance(answer, bool)
    gold = integer(str(answer)) if readable else None
    if gold is None or gold.startswith("-") or len(gold) > 3:
        shown = str(answer) if len(str(answer)) <= 40 else f"{str(answer)[:40]}..."
        raise AnytimeError(f"{where} has the answer {shown!r}: expected an integer from 0 to 999")
    return Problem(id=f"{prefix}{id_}", prompt=statement.strip(), gold=gold)


def _json_rows(text: str, path: Path) -> Iterable[tuple[int, object]]:
    """Rows of a JSON list (`.json`) or of JSON lines (any other name), with their numbers."""
    if path.suffix == ".json":
        rows = _json(text, f"dataset file {path} is not JSON: expected a list of objects")
        if not isinstance(rows, list):
            raise AnytimeError(
                f"dataset file {path} is not a JSON list: expected {SHAPE} in a list"
            )
        yield from enumerate(rows, 1)
        return
    # Not str.splitlines: a JSON text may hold U+2028, which that would split at.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            message = f"dataset file {path}, row {number} is not JSON: expected {SHAPE}"
            yield number, _json(line, message)


def _json(text: str, message: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise AnytimeError(message) from None


def _ask(problem: Problem) -> str:
    return (
        f"{problem.prompt}\n\nReason step by step, and put your final answer, an integer from 0 "
        "to 999, in \\boxed{}."
    )


CUE = Cue(
    ask=(
        "Your time is up: stop reasoning here. Give your final answer now, without any further "
        "reasoning, as \\boxed{N} with N an integer from 0 to 999, and nothing else."
    ),
    begin="**Final answer:** \\boxed{",
)


def _cue(problem: Problem) -> Cue:
    return CUE


def _grade(problem: Problem, text: str) -> Grade:
    r"""Compare as integers; the last `\boxed{}` or "ANSWER:" wins.

    An integer outside 0..999 is an answer that was given (`parsed`), and wrong.
    """
    answer = last_integer(text)
    if answer is None:
        return Grade(quality=0.0, parsed=False, answer="")
    shown = answer if len(answer) <= 20 else f"{answer[:20]}..."
    gold = problem.gold.lstrip("0") or "0"  # logs of others hold 073 as the contest writes it
    return Grade(quality=float(answer == gold), parsed=True, answer=shown)


def _from_log(problem: Problem, asked: str, document: Mapping[str, Any]) -> Problem:
    """Read the target as an answer is: logs hold `073`, `336^\\circ`, a solution and `#### 72`."""
    gold = integer(problem.gold) or last_integer(problem.gold)
    if gold is None:
        raise AnytimeError(f"with a target that is no integer ({problem.gold[:40]!r})")
    return replace(problem, gold=gold)


ANSWER_TOKENS = 64
"""The box and its sentence take a dozen; what is longer is reasoning, and the budget is spent."""

AIME = Domain(
    name="aime",
    budgets="geom:256:16384:7",
    answer_tokens=ANSWER_TOKENS,
    load=_load,
    ask=_ask,
    cue=_cue,
    grade=_grade,
    strip=strip_integers,
    datasets=DATASETS,
    stop=("\n\n", "}\n", "}$", "}."),
    end_of_answer=end_of_integer,
    from_log=_from_log,
)
