"""Samples of a finished log, each given the curves that stand in its trace."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from inspect_ai.model import ModelOutput
from pydantic import ValidationError

from anytime.budgets import BudgetGrid
from anytime.cutting.frames import separated
from anytime.cutting.tokens import Tokenizer
from anytime.domains.base import Grade
from anytime.errors import AnytimeError, HiddenReasoningError
from anytime.harnesses import Annotated, GradedBy
from anytime.hosts.inspect_ai.driver import reply_from
from anytime.hosts.inspect_ai.providers import PROVIDERS, Provider
from anytime.hosts.inspect_ai.records import CURVE, KEY, Record, entry_of
from anytime.hosts.inspect_ai.replies import why_unanswered
from anytime.hosts.inspect_ai.scoring import score_curve
from anytime.hosts.inspect_ai.verdicts import numbers_of, third_party_grade
from anytime.logs.inspect_ai.log_file import InspectLog, RawSample
from anytime.logs.inspect_ai.log_scorers import (
    Grading,
    domain_grading,
    is_generated,
    plan_solver,
    scorer_grading,
)
from anytime.programs.checkpoints import Elicited
from anytime.programs.intrace import in_trace
from anytime.protocol import Reply
from anytime.runs import unanswered
from anytime.settings import IndexOptions

__all__ = [
    "HIDDEN",
    "Annotator",
    "How",
    "Row",
    "cap_of",
    "dumped",
    "joined",
    "provider_of",
    "trace_of",
    "unfit",
]

HIDDEN = "with hidden reasoning, which cannot be cut"

Row = tuple[str | int, int, dict[str, Any]]
"""Id and epoch of a sample, and the values of its curves by the names of their scores: plain
numbers, for there may be very many."""


class How(NamedTuple):
    """How traces are cut, and how the index is computed."""

    budgets: BudgetGrid
    tokenizer: Tokenizer | None
    options: IndexOptions


class Annotator:
    """Puts curves into the samples of a log.

    Args:
        log: The log.
        graded_by: Who grades instead of the task's own scorers, if anybody does.

    Raises:
        AnytimeError: It cannot be graded.
    """

    def __init__(self, log: InspectLog, graded_by: GradedBy) -> None:
        """Make the scorers."""
        first = next(log.raw(), None)
        ours = first is not None and entry_of(first.fields.get("metadata") or {}) is not None
        domain, self._frame = graded_by.domain, graded_by.frame
        if domain is not None and not ours:
            plan_solver(log.header)  # which order of options was shown is told, or not
        self._grading: Grading = (
            domain_grading(domain)
            if ours or domain
            else scorer_grading(log.header, trust=graded_by.trust)
        )
        self._provider, self._cap = provider_of(log), cap_of(log)

    async def annotate(self, sample: dict[str, Any], how: How, outcome: Annotated) -> Row | None:
        """Put the curve into a sample, and count it; None where it has no curve."""
        reason = unfit(sample)
        try:
            if reason is None:
                trace = trace_of(sample, self._provider)
                elicited, texts = in_trace(
                    trace, how.budgets, how.tokenizer, frame=self._frame, cap=self._cap
                )
                by_scorer = await self._graded(sample, texts)
                reason = None if by_scorer else "not scored"
        except HiddenReasoningError:
            reason = HIDDEN
        except AnytimeError as error:
            reason = str(error)
        except ValidationError:
            reason = "with an output of another shape"
        if reason is not None:
            outcome.skipped[reason] += 1
            sample["store"] = {**(sample.get("store") or {}), KEY: {"skipped": reason}}
            return None
        outcome.samples += 1
        outcome.empty += not separated(trace, self._frame).text.strip()
        outcome.regraded += _is_regraded(sample, elicited, by_scorer)
        outcome.estimated += any(point.cut == "estimated" for point in elicited.checkpoints)
        return sample["id"], sample["epoch"], _put(sample, elicited, by_scorer, how.options)

    async def _graded(
        self, sample: Mapping[str, Any], texts: Sequence[str]
    ) -> dict[str, list[Grade]]:
        try:
            return await self._grading(sample, texts)
        except AnytimeError:
            raise
        except Exception as error:  # whatever a task's own scorer makes of a sample
            told = f"{type(error).__name__}: {error}"
            raise AnytimeError(f"whose scorer failed ({told})") from error


def joined(sample: RawSample) -> bytes:
    """A sample as its member of an archive holds it."""
    text = dumped(sample.fields)
    return text[:-1] + sample.rest if sample.rest else text


def dumped(value: Any) -> bytes:
    """A value as JSON."""
    return json.dumps(value).encode()


def trace_of(sample: Mapping[str, Any], provider: str = "") -> Reply:
    """What the model wrote in a sample.

    Args:
        sample: As it is logged.
        provider: Who served the model; empty where nobody asks whether it answered.

    Raises:
        AnytimeError: It is no answer of the model.
    """
    output = ModelOutput.model_validate(sample.get("output") or {})
    in_process = PROVIDERS.get(provider, Provider()).in_process
    if provider and (reason := why_unanswered(output, in_process)):
        raise AnytimeError(unanswered(reason))
    return reply_from(output)


def provider_of(log: InspectLog) -> str:
    """Who served a log's model."""
    return log.header.eval.model.partition("/")[0]


def cap_of(log: InspectLog) -> int | None:
    """The most tokens a log's model was allowed; None where nobody said."""
    run = log.header.eval.model_generate_config.max_tokens
    return run or log.header.plan.config.max_tokens


def unfit(sample: Mapping[str, Any]) -> str | None:
    """Why a sample has no one trace; None where it has."""
    if sample.get("error"):
        return "ended with an error"
    if sample.get("invalidation"):
        return "marked as invalid"
    if limit := (sample.get("limit") or {}).get("type"):
        return f"stopped by its {limit} limit"
    choices = (sample.get("output") or {}).get("choices")
    if not choices:
        return "without an output"
    if len(choices) > 1:
        return "with several choices of the model, which are no one trace"
    messages = sample.get("messages") or []
    if any(message.get("tool_calls") or message["role"] == "tool" for message in messages):
        return "with tool calls, which cannot be cut"
    if sum(map(is_generated, messages)) > 1:
        return "with several answers of the model, which are no one trace"
    return None


def _is_regraded(
    sample: Mapping[str, Any], elicited: Elicited, by_scorer: Mapping[str, Sequence[Grade]]
) -> bool:
    """Whether a scorer says something else of a whole trace than it did in the run."""
    if elicited.checkpoints[-1].cut is not None:
        return False
    for name, score in (sample.get("scores") or {}).items():
        for one, value in numbers_of(name, score.get("value")).items():
            if one not in by_scorer:
                continue
            try:
                logged = third_party_grade(value).quality
            except AnytimeError:  # no quality
                continue
            if not math.isclose(logged, by_scorer[one][-1].quality, abs_tol=1e-9):
                return True
    return False


def _put(
    sample: dict[str, Any],
    elicited: Elicited,
    by_scorer: Mapping[str, Sequence[Grade]],
    options: IndexOptions,
) -> dict[str, Any]:
    """Put the curves into the sample; their values by the names of their scores."""
    record = elicited.to_json()
    record["grades"] = {
        name: [
            {
                "quality": grade.quality,
                "parsed": grade.parsed,
                "answer": grade.answer,
                "metrics": dict(grade.metrics),
            }
            for grade in grades
        ]
        for name, grades in by_scorer.items()
    }
    for checkpoint in record["checkpoints"]:
        del checkpoint["answer"]
    sample["store"] = {**(sample.get("store") or {}), KEY: record}
    best = options.envelope == "trace"
    scores = {
        f"{name}{CURVE}": score_curve(
            None, Record(elicited, [], {}, grades={name: grades}), best=best
        )
        for name, grades in by_scorer.items()
    }
    shown = {name: score.model_dump(exclude_none=True) for name, score in scores.items()}
    sample["scores"] = {**(sample.get("scores") or {}), **shown}
    return {name: score.value for name, score in scores.items()}
