"""A finished log, written anew with the curves that stand in its traces; nobody is asked.

Of each sample what comes before the transcript is parsed and written again; the transcript, most
of a log, is copied as it is, so that this is fast and memory does not grow with the log. Samples
are annotated in batches, by several processes if there are several cores.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import anyio
from pydantic import ValidationError

from anytime.budgets import BudgetGrid
from anytime.cutting.tokens import Tokenizer
from anytime.errors import AnytimeError
from anytime.harnesses import Annotated, GradedBy, Watch
from anytime.hosts.inspect_ai.archive import HEADER_MEMBER, REDUCTIONS_MEMBER, SUMMARIES_MEMBER
from anytime.hosts.inspect_ai.records import CURVE, KEY, entry_of, is_record
from anytime.logs.inspect_ai.annotated_results import Row, add_results, header_of, summaries_of
from anytime.logs.inspect_ai.annotated_samples import (
    CutBy,
    Said,
    annotate_samples,
    cap_of,
    provider_of,
    trace_of,
)
from anytime.logs.inspect_ai.log_file import InspectLog, archive_of, reading
from anytime.logs.inspect_ai.log_scorers import (
    Grading,
    domain_grading,
    plan_solver,
    scorer_grading,
)
from anytime.logs.inspect_ai.packing import Packed, append, packed
from anytime.logs.inspect_ai.raw_samples import RawSample
from anytime.logs.inspect_ai.sample_reader import SampleReader
from anytime.logs.inspect_ai.timed_search import TRIES
from anytime.programs.intrace import trace_tokens
from anytime.programs.traced import readable
from anytime.settings import IndexOptions
from anytime.workers import rarely_collected, shared
from anytime.writing import whole_file

__all__ = ["InspectAnnotation", "check_annotatable", "longest"]

BATCH = 32
"""So many samples are annotated at a time, and no more than `BATCH_BYTES` of them."""

BATCH_BYTES = 8 << 20


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

    def longest(self, tokenizer: Tokenizer | None, watch: Watch, jobs: int = 1) -> int:
        """Tokens of the longest trace that can be read; 0 where there is none."""
        return longest(self.log, tokenizer, watch, jobs)

    def write(
        self,
        folder: Path,
        budgets: BudgetGrid,
        tokenizer: Tokenizer | None,
        options: IndexOptions,
        watch: Watch,
        jobs: int = 1,
    ) -> Annotated:
        """Write the annotated log, all or nothing.

        Args:
            folder: Where.
            budgets: Where traces are cut.
            tokenizer: What with.
            options: How the index is computed.
            watch: Shows how far it is: wraps the samples.
            jobs: In how many processes. A `.json` log, which is one object, takes one.

        Raises:
            AnytimeError: No sample has a curve, with the reasons.
        """
        (output,) = self.outputs(folder)
        cut_by = CutBy(
            budgets, tokenizer, self._frame, provider_of(self.log), cap_of(self.log), options
        )
        outcome = Annotated(files=[output])
        rows: list[Row] = []
        if self.log.format == "json":
            self._write_json(output, cut_by, outcome, rows, watch)
            return outcome
        with (
            rarely_collected(),
            whole_file(output) as partial,
            zipfile.ZipFile(partial, "w") as made,
        ):
            kind = self.log.packing()
            for sample in watch(self._samples(cut_by, outcome, jobs, kind)):
                assert sample.member is not None
                append(made, sample.member)
                _count(outcome, rows, sample)
            with reading(self.path), archive_of(self.path) as source:
                header = header_of(self.log, source)
                summaries = summaries_of(self.log, source, rows)
            add_results(header, self.log, rows, outcome.skipped, budgets, options)
            last = {
                REDUCTIONS_MEMBER: header.pop("reductions", None) or [],
                SUMMARIES_MEMBER: summaries,
                HEADER_MEMBER: header,
            }
            for name, value in last.items():
                append(made, packed(name, json.dumps(value).encode(), kind))
        return outcome

    def _write_json(
        self, output: Path, cut_by: CutBy, outcome: Annotated, rows: list[Row], watch: Watch
    ) -> None:
        with reading(self.path):
            whole = json.loads(self.path.read_bytes())
        whole["samples"] = []
        late = self._none_late()

        def annotated() -> Iterator[tuple[RawSample, Said]]:
            nonlocal late
            every = self.log.raw()
            while batch := list(islice(every, BATCH)):
                said, late = self._said(batch, cut_by, late)
                yield from zip(batch, said, strict=True)

        for raw, said in watch(annotated()):
            whole["samples"].append(raw.fields)
            _count(outcome, rows, _Sample.of(raw, said))
        add_results(whole, self.log, rows, outcome.skipped, cut_by.budgets, cut_by.options)
        with whole_file(output) as partial:
            partial.write_text(json.dumps(whole, indent=2), encoding="utf-8")

    def _samples(
        self, cut_by: CutBy, outcome: Annotated, jobs: int, kind: int
    ) -> Iterator[_Sample]:
        """All samples, annotated, in their order; they are packed where they were annotated."""
        late = self._none_late()
        batches = self.log.batches(BATCH, BATCH_BYTES)
        with SampleReader(self.log) as read:

            def work(batch: _Batch) -> _Annotated:
                with reading(self.path):
                    raw = [read(name) for name in batch.names]
                said, late = self._said(raw, cut_by, batch.late)
                samples = [
                    _Sample.of(one, found, packed(one.name, one.text(), kind))
                    for one, found in zip(raw, said, strict=True)
                ]
                return _Annotated(batch, samples, late)

            tasks = (_Batch(names, late) for names in batches)
            with shared(work, tasks, jobs, str(self.path)) as all_done:
                for done in all_done:
                    if done.depends_on(late):
                        done = work(_Batch(done.batch.names, late))
                    late = done.late
                    yield from done.samples
                outcome.lost += all_done.lost

    def _said(
        self, raw: list[RawSample], cut_by: CutBy, late: tuple[int, ...]
    ) -> tuple[list[Said], tuple[int, ...]]:
        fields = [sample.fields for sample in raw]
        return anyio.run(annotate_samples, fields, cut_by, self._grading, late)

    def _none_late(self) -> tuple[int, ...]:
        return (0,) * len(self._grading.searches)


class _Batch(NamedTuple):
    """Samples to be annotated.

    Attributes:
        names: Of their members in the archive.
        late: How many samples before them each pattern of the log was not done with, as far as is
            known yet.
    """

    names: tuple[str, ...]
    late: tuple[int, ...]


class _Sample(NamedTuple):
    """A sample that was annotated.

    Attributes:
        id: Of the sample.
        epoch: Which trace it is.
        said: What was found out.
        member: As it is written; None in a `.json` log, which is written as a whole.
    """

    id: str | int
    epoch: int
    said: Said
    member: Packed | None = None

    @classmethod
    def of(cls, raw: RawSample, said: Said, member: Packed | None = None) -> _Sample:
        """The sample, without its fields."""
        return cls(raw.fields["id"], raw.fields["epoch"], said, member)


class _Annotated(NamedTuple):
    """A batch that was annotated; `late` is as in `_Batch`, after it."""

    batch: _Batch
    samples: list[_Sample]
    late: tuple[int, ...]

    def depends_on(self, late: tuple[int, ...]) -> bool:
        """Whether it might be another one after so many samples that a pattern was too late for.

        One that was too late several times is not tried again; which samples that concerns must
        not depend on how many processes there are.
        """
        began = self.batch.late
        given_up = any(count >= TRIES for count in late)
        return began != late and (given_up or self.late != began)


def _count(outcome: Annotated, rows: list[Row], sample: _Sample) -> None:
    said = sample.said
    if not said.curves:
        outcome.skipped[said.skipped] += 1
        return
    rows.append((sample.id, sample.epoch, said.curves))
    outcome.samples += 1
    outcome.empty += said.empty
    outcome.regraded += said.regraded
    outcome.estimated += said.estimated


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


def longest(
    log: InspectLog, tokenizer: Tokenizer | None, watch: Watch = iter, jobs: int = 1
) -> int:
    """Tokens of a log's longest trace that can be read; 0 where there is none."""
    if log.format == "json":
        return max((_tokens(sample, tokenizer) for sample in watch(log.raw())), default=0)
    batches = log.batches(BATCH, BATCH_BYTES)
    with SampleReader(log) as read:

        def work(names: tuple[str, ...]) -> list[int]:
            with reading(log.path):
                return [_tokens(read(name), tokenizer) for name in names]

        with shared(work, batches, jobs, str(log.path)) as done:
            return max(watch(found for batch in done for found in batch), default=0)


def _tokens(sample: RawSample, tokenizer: Tokenizer | None) -> int:
    try:
        return trace_tokens(readable(trace_of(sample.fields)), tokenizer)
    except (AnytimeError, ValidationError):
        return 0
