"""The scorers of a finished log, run again on other answers: without a model, outside a task."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple

from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessage, ChatMessageUser, ModelName, ModelOutput
from inspect_ai.scorer import Score, Scorer, Target
from inspect_ai.solver import Generate, Solver, TaskState, multiple_choice
from pydantic import TypeAdapter

from anytime.domains.base import Domain, Grade, Problem, grading_once
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai.private import (
    grades_text_alone,
    scorer_files,
    scorers_of,
    state_of_text,
)
from anytime.hosts.inspect_ai.records import CURVE, domain_of, shown_answer
from anytime.hosts.inspect_ai.verdicts import numbers_of, third_party_quality
from anytime.logs.inspect_ai.timed_search import TimedSearch

__all__ = [
    "Grading",
    "asked_of",
    "domain_grading",
    "given_input",
    "is_generated",
    "log_scorers",
    "plan_solver",
    "problem_of",
    "scorer_grading",
    "statement",
]


class Grading(NamedTuple):
    """Who grades the samples of a log.

    Attributes:
        grade: Grades texts as answers to a logged sample (its fields, as JSON values), by scorer.
        searches: The regular expressions of the log's own that are tried on the texts before.
    """

    grade: Callable[[Mapping[str, Any], Sequence[str]], Awaitable[dict[str, list[Grade]]]]
    searches: Sequence[TimedSearch] = ()


_MESSAGES: TypeAdapter[list[ChatMessage]] = TypeAdapter(list[ChatMessage])

_ASKING = ("model_graded_qa", "model_graded_fact", "perplexity", "target_perplexity")
"""Scorers that ask a model about each answer, or for its probabilities."""


class LogScorer(NamedTuple):
    """A scorer of a log, and what its scores are called there."""

    name: str
    scorer: Scorer


def log_scorers(header: EvalLog, *, trust: bool = False) -> list[LogScorer]:
    """Make the scorers that a log names, without curves of ours.

    Args:
        header: Of the log, which may be a stranger's.
        trust: Run Python files that it names. Without, only installed packages are.

    Raises:
        AnytimeError: It names none, or one that is not installed.
    """
    names = [spec.name for spec in header.eval.scorers or []]
    if not names:
        raise AnytimeError(
            "its task has no scorer that could grade an answer: name --domain, whose grading is "
            "to be used"
        )
    if not trust and (files := scorer_files(header)):
        scorer, file = next(iter(files.items()))
        raise AnytimeError(
            f"its scorer {scorer} is none of an installed package, and the file {file}, which the "
            f"log names, would be run to find it: look at that file and add --trust (or -T "
            f"trust=true), or name --domain, whose grading is to be used"
        )
    try:
        made = scorers_of(header)
    except Exception as error:  # whatever the file or package of the task raises
        raise AnytimeError(
            f"its scorers ({', '.join(names)}) cannot be made here ({error}): install the package "
            f"of its task, or name --domain"
        ) from None
    return [
        LogScorer(name.rpartition("/")[2], scorer)
        for name, scorer in zip(names, made, strict=True)
        if not name.endswith(CURVE)
    ]


def plan_solver(header: EvalLog) -> Solver | None:
    """The solver of a log that reads answers: `multiple_choice`; None where it has none.

    Raises:
        AnytimeError: It shuffled the options, and the log does not tell how.
    """
    for step in header.plan.steps:
        if step.solver.rpartition("/")[2] == "multiple_choice":
            options = dict(step.params)
            further = options.pop("kwargs", {})
            if options.pop("shuffle", None) or further.get("shuffle"):
                raise AnytimeError(
                    "its solver shuffled the options of each sample and wrote the answers anew, so "
                    "the log holds neither the order nor the traces"
                )
            return multiple_choice(**options)
    return None


def domain_grading(domain: Domain | None) -> Grading:
    """Grade as a domain does: the one that is named, or that of a sample of ours."""

    async def grade(sample: Mapping[str, Any], texts: Sequence[str]) -> dict[str, list[Grade]]:
        known = domain_of(sample.get("metadata") or {})
        if known is None:
            assert domain is not None
            known = domain, problem_of(domain, sample)
        grade_one = grading_once(*known)
        try:
            return {known[0].name: [grade_one(text) for text in texts]}
        except KeyError as missing:
            raise AnytimeError(
                f"domain {known[0].name} needs the {missing.args[0]} of a problem, which the log "
                f"does not hold"
            ) from None

    return Grading(grade)


def scorer_grading(header: EvalLog, *, trust: bool = False) -> Grading:
    """Grade as the task's own scorers do.

    Args:
        header: Of the log.
        trust: Run Python files that it names.

    Raises:
        AnytimeError: They cannot be had, or ask a model.
    """
    scorers = log_scorers(header, trust=trust)
    asking = [one.name for one in scorers if one.name in _ASKING]
    if asking:
        raise AnytimeError(
            f"its scorer {asking[0]} asks a model about each answer: name --model, which runs it "
            f"inside Inspect"
        )
    solver = plan_solver(header)
    name = header.eval.model
    model = ModelName(name if "/" in name else f"none/{name}")

    async def grade(sample: Mapping[str, Any], texts: Sequence[str]) -> dict[str, list[Grade]]:
        found: dict[str, dict[str, Grade]] = {}
        target = Target(sample["target"])
        answering = _Answering(sample, model)
        for text in dict.fromkeys(texts):
            read = None  # by `multiple_choice`, which writes into the state
            if solver is not None:
                read = await solver(_state(sample, model, _prompt(sample)), _giving(text))
            for name, scorer in scorers:
                if read is None:
                    score = await _score(scorer, target, text, answering)
                else:
                    score = await scorer(read, target)
                for one, grade in _grades(name, score).items():
                    found.setdefault(one, {})[text] = grade
        return {
            name: [by_text[text] for text in texts]
            for name, by_text in found.items()
            if by_text.keys() == set(texts)
        }

    return Grading(grade, [] if trust else _searches(header))


class _Answering:
    """States of a sample in which the model said this or that, made when one is asked for."""

    def __init__(self, sample: Mapping[str, Any], model: ModelName) -> None:
        self._sample, self._model = sample, model
        self._asked: TaskState | None = None
        self._said: tuple[str, TaskState] | None = None

    def __call__(self, text: str) -> TaskState:
        if self._said is None or self._said[0] != text:
            if self._asked is None:
                self._asked = _state(self._sample, self._model, asked_of(self._sample))
            state = copy(self._asked)  # to make one takes longer than most scorers
            _answer(state, text)
            self._said = text, state
        return self._said[1]


async def _score(scorer: Scorer, target: Target, text: str, answering: _Answering) -> Score | None:
    if grades_text_alone(scorer):
        try:
            return await scorer(state_of_text(text), target)
        except AttributeError:  # one of a later Inspect, which looks at more
            pass
    return await scorer(answering(text), target)


def _searches(header: EvalLog) -> list[TimedSearch]:
    """The regular expressions that a log brings for its `pattern` scorers."""
    found = []
    for spec in header.eval.scorers or []:
        given = (spec.options or {}).get("pattern")
        if spec.name.rpartition("/")[2] == "pattern" and isinstance(given, str):
            flags = re.IGNORECASE if (spec.options or {}).get("ignore_case", True) else 0
            found.append(TimedSearch(given, int(flags)))
    return found


def _grades(name: str, score: Score | None) -> dict[str, Grade]:
    """What a scorer said; NaN is nothing."""
    if score is None:
        return {}
    return {
        one: Grade(third_party_quality(value), None, shown_answer(score))
        for one, value in numbers_of(name, score.value).items()
        if not (isinstance(value, float) and math.isnan(value))
    }


def _giving(text: str) -> Generate:
    async def generate(state: TaskState, tool_calls: Any = "loop", **options: Any) -> TaskState:
        _answer(state, text)
        return state

    return generate


_BLANK = ModelOutput.from_content("", "")


def _answer(state: TaskState, text: str) -> None:
    # Copies, as making one anew, with an id of its own, takes longer than most scorers.
    message = _BLANK.message.model_copy(update={"content": text})
    choice = _BLANK.choices[0].model_copy(update={"message": message})
    state.output = _BLANK.model_copy(
        update={"model": str(state.model), "choices": [choice], "completion": text}
    )
    state.messages = [*state.messages, message]


def _state(sample: Mapping[str, Any], model: ModelName, prompt: list[ChatMessage]) -> TaskState:
    return TaskState(
        model=model,
        sample_id=sample["id"],
        epoch=sample["epoch"],
        input=given_input(sample),
        messages=prompt,
        target=Target(sample["target"]),
        choices=sample.get("choices"),
        completed=True,
        metadata=dict(sample.get("metadata") or {}),
        store=dict(sample.get("store") or {}),
    )


def asked_of(sample: Mapping[str, Any]) -> list[ChatMessage]:
    """The messages of a sample up to the model's first own."""
    given = sample.get("messages") or []
    first = next((place for place, m in enumerate(given) if is_generated(m)), len(given))
    return _MESSAGES.validate_python(given[:first])


def is_generated(message: Mapping[str, Any]) -> bool:
    """Whether the model wrote a logged message; examples in a prompt are the assistant's too."""
    return message["role"] == "assistant" and message.get("source") != "input"


def _prompt(sample: Mapping[str, Any]) -> list[ChatMessage]:
    """The sample's input, which `multiple_choice` makes its prompt of."""
    given = sample["input"]
    if isinstance(given, str):
        return [ChatMessageUser(content=given)]
    return _MESSAGES.validate_python(given)


def given_input(sample: Mapping[str, Any]) -> str | list[ChatMessage]:
    """The sample's input."""
    return sample["input"] if isinstance(sample["input"], str) else _prompt(sample)


def problem_of(domain: Domain, sample: Mapping[str, Any]) -> Problem:
    """A sample of somebody else's task as a problem of a domain.

    Raises:
        AnytimeError: It is none of this domain.
    """
    gold = sample["target"]
    gold = (gold if isinstance(gold, str) else gold[0]).strip()
    asked = "\n\n".join(message.text for message in asked_of(sample))
    shown = {"choices": sample["choices"]} if sample.get("choices") else {}
    document = {**(sample.get("metadata") or {}), **shown}
    return domain.from_log(Problem(str(sample["id"]), statement(sample), gold), asked, document)


def statement(sample: Mapping[str, Any]) -> str:
    """The sample's input as text."""
    given = sample["input"]
    return given if isinstance(given, str) else "\n\n".join(m.text for m in _prompt(sample))
