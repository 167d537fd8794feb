"""The curve of one sample of a finished log: what stands in its trace at every budget, graded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import anyio
import anyio.lowlevel
from inspect_ai.model import ModelOutput
from pydantic import ValidationError

from anytime.budgets import BudgetGrid
from anytime.cutting.frames import separated
from anytime.cutting.tokens import Tokenizer
from anytime.domains.base import Grade
from anytime.errors import AnytimeError, HiddenReasoningError
from anytime.hosts.inspect_ai.driver import reply_from
from anytime.hosts.inspect_ai.providers import PROVIDERS, Provider
from anytime.hosts.inspect_ai.records import CURVE, KEY, Record
from anytime.hosts.inspect_ai.replies import why_unanswered
from anytime.hosts.inspect_ai.scoring import score_curve
from anytime.hosts.inspect_ai.verdicts import numbers_of, third_party_quality
from anytime.logs.inspect_ai.log_file import InspectLog
from anytime.logs.inspect_ai.log_scorers import Grading, is_generated
from anytime.logs.inspect_ai.timed_search import LIMIT
from anytime.programs.checkpoints import Elicited
from anytime.programs.intrace import Standing, in_trace
from anytime.protocol import Reply
from anytime.runs import unanswered
from anytime.settings import IndexOptions

__all__ = [
    "HIDDEN",
    "CutBy",
    "Said",
    "annotate_samples",
    "cap_of",
    "provider_of",
    "trace_of",
    "unfit",
]

HIDDEN = "with hidden reasoning, which cannot be cut"


class CutBy(NamedTuple):
    """How the traces of a log are cut.

    Attributes:
        budgets: Where.
        tokenizer: What with.
        frame: The user's own pair of tags around reasoning.
        provider: Who served the log's model.
        cap: The most tokens it was allowed; None where nobody said.
        options: How the index is computed.
    """

    budgets: BudgetGrid
    tokenizer: Tokenizer | None
    frame: str | None
    provider: str
    cap: int | None
    options: IndexOptions


class Said(NamedTuple):
    """What was found out about a sample.

    Attributes:
        curves: The values of its curves by the names of their scores; empty where it has none.
        skipped: Why it has none.
        empty: Its trace is.
        regraded: A scorer says something else of the whole trace than it did in the run.
        estimated: It was cut by an estimate of its tokens.
    """

    curves: dict[str, Any]
    skipped: str = ""
    empty: bool = False
    regraded: bool = False
    estimated: bool = False


async def annotate_samples(
    samples: Sequence[dict[str, Any]], cut_by: CutBy, grading: Grading, late: Sequence[int]
) -> tuple[list[Said], tuple[int, ...]]:
    """Put the curves into samples, or why they have none.

    Args:
        samples: Their fields, which are changed.
        cut_by: How they are cut.
        grading: Who grades.
        late: How many samples before these each of the log's own patterns was not done with.

    Returns:
        What was found out about each sample, and `late` after them.
    """
    standing = [_standing(sample, cut_by) for sample in samples]
    cut = [one for one in standing if not isinstance(one, str)]
    batch = [list(dict.fromkeys(texts)) for _, (_, texts) in cut]
    ended = [search.ends(batch, n) for search, n in zip(grading.searches, late, strict=True)]
    in_time = iter([all(each) for each in zip(*ended, strict=True)] or [True] * len(cut))
    said = []
    for place, (sample, one) in enumerate(zip(samples, standing, strict=True)):
        if place % 8 == 0:
            await anyio.lowlevel.checkpoint()  # where Ctrl-C stops it
        found: Said | str
        if isinstance(one, str):
            found = one
        else:
            found = await _annotated(sample, one, cut_by, grading if next(in_time) else None)
        if isinstance(found, str):
            sample["store"] = {**(sample.get("store") or {}), KEY: {"skipped": found}}
            found = Said({}, found)
        said.append(found)
    return said, tuple(search.late for search in grading.searches)


def _standing(sample: Mapping[str, Any], cut_by: CutBy) -> tuple[Reply, Standing] | str:
    """The trace of a sample and what stands in it; why there is none."""
    if reason := unfit(sample):
        return reason
    try:
        trace = trace_of(sample, cut_by.provider)
        return trace, in_trace(
            trace, cut_by.budgets, cut_by.tokenizer, frame=cut_by.frame, cap=cut_by.cap
        )
    except HiddenReasoningError:
        return HIDDEN
    except AnytimeError as error:
        return str(error)
    except ValidationError:
        return "with an output of another shape"


async def _annotated(
    sample: dict[str, Any],
    found: tuple[Reply, Standing],
    cut_by: CutBy,
    grading: Grading | None,
) -> Said | str:
    """Grade what stands in a sample and put its curves into it; why there are none."""
    trace, (elicited, texts) = found
    if grading is None:
        return (
            f"whose scorer's pattern is not done with its texts after {LIMIT:g} seconds: --trust "
            f"waits as long as it takes"
        )
    try:
        by_scorer = await grading.grade(sample, texts)
    except AnytimeError as error:
        return str(error)
    except Exception as error:  # whatever a task's own scorer makes of a sample
        return f"whose scorer failed ({type(error).__name__}: {error})"
    if not by_scorer:
        return "not scored"
    regraded = _is_regraded(sample, elicited, by_scorer)
    return Said(
        curves=_put(sample, elicited, by_scorer, cut_by.options),
        empty=not separated(trace, cut_by.frame).text.strip(),
        regraded=regraded,
        estimated=any(point.cut == "estimated" for point in elicited.checkpoints),
    )


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
                logged = third_party_quality(value)
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
