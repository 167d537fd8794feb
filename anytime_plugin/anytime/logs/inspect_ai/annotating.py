"""A finished log, written anew with the curves that stand in its traces; nobody is asked.

Of each sample what comes before the transcript is parsed and written again; the transcript, most
of a log, is copied as it is, so that this is fast and memory does not grow with the log.
"""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import anyio.lowlevel
from inspect_ai.log import (
    EvalLog,
    EvalSample,
    EvalSpec,
    read_eval_log_sample_summaries,
    recompute_metrics,
)
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score
from pydantic import ValidationError

from anytime.budgets import BudgetGrid
from anytime.cutting.frames import separated
from anytime.cutting.tokens import Tokenizer
from anytime.domains.base import Grade
from anytime.errors import AnytimeError, HiddenReasoningError
from anytime.harnesses import Annotated, GradedBy, Watch
from anytime.hosts.inspect_ai.archive import HEADER_MEMBER, REDUCTIONS_MEMBER, SUMMARIES_MEMBER
from anytime.hosts.inspect_ai.driver import reply_from
from anytime.hosts.inspect_ai.providers import PROVIDERS, Provider
from anytime.hosts.inspect_ai.records import ANNOTATED, CURVE, KEY, Record, entry_of, is_record
from anytime.hosts.inspect_ai.replies import why_unanswered
from anytime.hosts.inspect_ai.scoring import score_curve
from anytime.hosts.inspect_ai.verdicts import numbers_of, third_party_grade
from anytime.logs.inspect_ai.log_file import InspectLog, RawSample, archive_of, reading
from anytime.logs.inspect_ai.log_scorers import (
    Grading,
    domain_grading,
    is_generated,
    plan_solver,
    scorer_grading,
)
from anytime.programs.checkpoints import Elicited
from anytime.programs.intrace import in_trace, trace_tokens
from anytime.programs.traced import readable
from anytime.protocol import Reply
from anytime.runs import unanswered
from anytime.settings import IndexOptions
from anytime.writing import whole_file

__all__ = [
    "HIDDEN",
    "InspectAnnotation",
    "cap_of",
    "check_annotatable",
    "longest",
    "provider_of",
    "trace_of",
    "unfit",
]


HIDDEN = "with hidden reasoning, which cannot be cut"

Row = tuple[str | int, int, dict[str, Any]]
"""Id and epoch of a sample, and the values of its curves by the names of their scores: plain
numbers, for there may be very many."""


class InspectAnnotation:
    """A log that is to be annotated, checked as far as its header goes.

    Args:
        path: The log.
        graded_by: Who grades instead of the task's own scorers, if anybody does.

    Raises:
        AnytimeError: It cannot be read, has answers at budgets already, or cannot be graded.
    """

    def __init__(self, path: Path, graded_by: GradedBy) -> None:
        """Read the header, and make the scorers."""
        domain, self._frame = graded_by.domain, graded_by.frame
        self.path = path
        self.log = InspectLog(path)
        first = check_annotatable(self.log)
        ours = entry_of(first.fields.get("metadata") or {}) is not None
        try:
            if domain is not None and not ours:
                plan_solver(self.log.header)  # which order of options was shown is told, or not
            self._grading: Grading = (
                domain_grading(domain)
                if ours or domain
                else scorer_grading(self.log.header, trust=graded_by.trust)
            )
        except AnytimeError as error:
            raise AnytimeError(f"{path} cannot be annotated: {error}") from None

    def outputs(self, folder: Path) -> list[Path]:
        """What `write` writes there: a log of the same name."""
        return [folder / self.path.name]

    def longest(self, tokenizer: Tokenizer | None, watch: Watch) -> int:
        """Tokens of the longest trace that can be read; 0 where there is none."""
        return longest(self.log, tokenizer, watch)

    def write(
        self,
        folder: Path,
        budgets: BudgetGrid,
        tokenizer: Tokenizer | None,
        options: IndexOptions,
        watch: Watch,
    ) -> Annotated:
        """Write the annotated log, all or nothing.

        Args:
            folder: Where.
            budgets: Where traces are cut.
            tokenizer: What with.
            options: How the index is computed.
            watch: Shows how far it is: wraps the samples.

        Raises:
            AnytimeError: No sample has a curve, with the reasons.
        """
        (output,) = self.outputs(folder)
        samples = watch(self.log.raw())
        return anyio.run(self._write, output, samples, budgets, tokenizer, options)

    async def _write(
        self,
        output: Path,
        samples: Iterator[RawSample],
        budgets: BudgetGrid,
        tokenizer: Tokenizer | None,
        options: IndexOptions,
    ) -> Annotated:
        outcome = Annotated(files=[output])
        rows: list[Row] = []

        async def annotate(sample: RawSample) -> RawSample:
            await anyio.lowlevel.checkpoint()  # where Ctrl-C stops it
            found = await self._annotate(sample.fields, budgets, tokenizer, options, outcome)
            if found:
                rows.append((sample.fields["id"], sample.fields["epoch"], found))
            return sample

        if self.log.format == "json":
            with reading(self.path):
                whole = json.loads(self.path.read_bytes())
            whole["samples"] = [(await annotate(sample)).fields for sample in samples]
            self._add_results(whole, rows, outcome, budgets, options)
            with whole_file(output) as partial:
                partial.write_text(json.dumps(whole, indent=2), encoding="utf-8")
            return outcome
        with (
            whole_file(output) as partial,
            # Not as Inspect compresses: it starts threads for every sample.
            zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=2) as made,
        ):
            for sample in samples:
                made.writestr(sample.name, _joined(await annotate(sample)))
            with reading(self.path), archive_of(self.path) as source:
                header = self._header(source)
                summaries = self._summaries(source, rows)
            self._add_results(header, rows, outcome, budgets, options)
            made.writestr(REDUCTIONS_MEMBER, _dumped(header.pop("reductions", None) or []))
            made.writestr(SUMMARIES_MEMBER, _dumped(summaries))
            made.writestr(HEADER_MEMBER, _dumped(header))
        return outcome

    def _header(self, source: zipfile.ZipFile) -> dict[str, Any]:
        """The header as it stands; of a killed run what Inspect makes of its beginning."""
        names = set(source.namelist())
        if HEADER_MEMBER not in names:
            return self.log.header.model_dump(mode="json", exclude_none=True)
        header: dict[str, Any] = json.loads(source.read(HEADER_MEMBER))
        if REDUCTIONS_MEMBER in names:
            header["reductions"] = json.loads(source.read(REDUCTIONS_MEMBER))
        return header

    def _summaries(self, source: zipfile.ZipFile, rows: Sequence[Row]) -> list[Any]:
        """Of every sample what lists of samples show."""
        if SUMMARIES_MEMBER in source.namelist():
            found: list[Any] = json.loads(source.read(SUMMARIES_MEMBER))
        else:
            read = read_eval_log_sample_summaries(str(self.path), format=self.log.format)
            found = [summary.model_dump(mode="json", exclude_none=True) for summary in read]
        curves = {(id_, epoch): values for id_, epoch, values in rows}
        for summary in found:
            if curve := curves.get((summary["id"], summary["epoch"])):
                added = {name: {"value": value} for name, value in curve.items()}
                summary["scores"] = {**(summary.get("scores") or {}), **added}
        return found

    def _add_results(
        self,
        header: dict[str, Any],
        rows: Sequence[Row],
        outcome: Annotated,
        budgets: BudgetGrid,
        options: IndexOptions,
    ) -> None:
        """Put the curves' scorers and Inspect's own metrics of them into a header."""
        made = self._results(rows, outcome, options)
        told = made.model_dump(mode="json", exclude_none=True)
        given = header.get("results") or told["results"] | {"scores": []}
        given["scores"] = [*given["scores"], *told["results"]["scores"]]
        header["results"] = given
        header["reductions"] = [*(header.get("reductions") or []), *told.get("reductions", [])]
        run = header["eval"]
        run["scorers"] = [*(run.get("scorers") or []), *told["eval"]["scorers"]]
        run["eval_id"] = uuid4().hex
        run["metadata"] = {
            **(run.get("metadata") or {}),
            ANNOTATED: {
                "mode": "intrace",
                "budgets": list(budgets),
                "of": self.log.header.eval.eval_id,
                **options._asdict(),
            },
        }

    async def _annotate(
        self,
        sample: dict[str, Any],
        budgets: BudgetGrid,
        tokenizer: Tokenizer | None,
        options: IndexOptions,
        outcome: Annotated,
    ) -> dict[str, Any]:
        """Put the curve into the sample; the values by scorer, none where it has no curve."""
        reason = unfit(sample)
        try:
            if reason is None:
                trace = trace_of(sample, provider_of(self.log))
                elicited, texts = in_trace(
                    trace, budgets, tokenizer, frame=self._frame, cap=cap_of(self.log)
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
            return {}
        outcome.samples += 1
        outcome.empty += not separated(trace, self._frame).text.strip()
        outcome.regraded += _is_regraded(sample, elicited, by_scorer)
        outcome.estimated += any(point.cut == "estimated" for point in elicited.checkpoints)
        return _put(sample, elicited, by_scorer, options)

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

    def _results(self, rows: Sequence[Row], outcome: Annotated, options: IndexOptions) -> EvalLog:
        """A log of the curves alone, with Inspect's own metrics of them."""
        if not rows:
            reasons = ", ".join(f"{count} {reason}" for reason, count in outcome.skipped.items())
            hidden = any("hidden" in reason for reason in outcome.skipped)
            raise AnytimeError(
                f"{self.path} holds no trace that can be cut and graded ({reasons})"
                + (": mode=contract runs such a model once per budget" if hidden else "")
            )
        names = dict.fromkeys(name for _, _, values in rows for name in values)
        scorers = [{"name": name, "options": {}, "metrics": _metrics(options)} for name in names]
        run = self.log.header.eval.model_dump()
        spec = EvalSpec.model_validate(run | {"scorers": scorers, "metrics": None})
        blank = EvalSample(id=0, epoch=0, input="", target="")
        samples = [
            blank.model_copy(
                update={
                    "id": id_,
                    "epoch": epoch,
                    "scores": {name: Score(value=value) for name, value in values.items()},
                }
            )
            for id_, epoch, values in rows
        ]
        log = EvalLog(eval=spec)
        log.samples = samples
        recompute_metrics(log)
        log.samples = None
        return log


def _joined(sample: RawSample) -> bytes:
    text = _dumped(sample.fields)
    return text[:-1] + sample.rest if sample.rest else text


def _dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def check_annotatable(log: InspectLog) -> RawSample:
    """Refuse a log without samples, or with answers at budgets; else give its first sample.

    Raises:
        AnytimeError: With the reason.
    """
    first = next(log.raw(), None)
    if first is None:
        raise AnytimeError(f"{log.path} holds no samples: its run had none, or did not log them")
    store = first.fields.get("store") or {}
    if KEY in store and not is_record(store[KEY]):
        raise AnytimeError(
            f"{log.path} cannot be annotated: its samples keep something else under the name {KEY}"
        )
    if store.get(KEY) or any(spec.name.endswith(CURVE) for spec in log.header.eval.scorers or []):
        raise AnytimeError(
            f"{log.path} has answers at budgets already: anytime summary {log.path} shows them"
        )
    return first


def longest(log: InspectLog, tokenizer: Tokenizer | None, watch: Watch = iter) -> int:
    """Tokens of a log's longest trace that can be read; 0 where there is none."""
    found = 0
    for sample in watch(log.raw()):
        try:
            found = max(found, trace_tokens(readable(trace_of(sample.fields)), tokenizer))
        except (AnytimeError, ValidationError):
            continue
    return found


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


def _metrics(options: IndexOptions) -> list[Any]:
    """As a log holds `curve_metrics`."""
    mean, stderr = {"name": "inspect_ai/mean"}, {"name": "inspect_ai/stderr"}
    block = {"name": "anytime/anytime", "options": options._asdict()}
    return [{"q@*": [mean, stderr], "em@*": [mean]}, block]
