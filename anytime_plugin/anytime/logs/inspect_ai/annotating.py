"""A finished log, written anew with the curves that stand in its traces; nobody is asked.

Of each sample what comes before the transcript is parsed and written again; the transcript, most
of a log, is copied as it is, so that this is fast and memory does not grow with the log.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import anyio
import anyio.lowlevel
from pydantic import ValidationError

from anytime.budgets import BudgetGrid
from anytime.cutting.tokens import Tokenizer
from anytime.errors import AnytimeError
from anytime.harnesses import Annotated, GradedBy, Watch
from anytime.hosts.inspect_ai.archive import HEADER_MEMBER, REDUCTIONS_MEMBER, SUMMARIES_MEMBER
from anytime.hosts.inspect_ai.records import CURVE, KEY, is_record
from anytime.logs.inspect_ai.annotated_members import annotated_members
from anytime.logs.inspect_ai.annotated_results import add_results, header_of, summaries_of
from anytime.logs.inspect_ai.annotated_samples import Annotator, How, Row, dumped, trace_of
from anytime.logs.inspect_ai.log_file import InspectLog, RawSample, archive_of, reading
from anytime.programs.intrace import trace_tokens
from anytime.programs.traced import readable
from anytime.settings import IndexOptions
from anytime.writing import whole_file

__all__ = ["InspectAnnotation", "check_annotatable", "longest"]


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
        self.path = path
        self.log = InspectLog(path)
        self._graded_by = graded_by
        check_annotatable(self.log)
        try:
            self._annotator = Annotator(self.log, graded_by)
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
        jobs: int | None = 1,
    ) -> Annotated:
        """Write the annotated log, all or nothing.

        Args:
            folder: Where.
            budgets: Where traces are cut.
            tokenizer: What with.
            options: How the index is computed.
            watch: Shows how far it is: wraps the samples.
            jobs: Processes that annotate an archive; None for as many as are worth it.

        Raises:
            AnytimeError: No sample has a curve, with the reasons.
        """
        (output,) = self.outputs(folder)
        how = How(budgets, tokenizer, options)
        outcome = Annotated(files=[output])
        if self.log.format == "json":
            anyio.run(self._write_json, output, how, watch(self.log.raw()), outcome)
        else:
            self._write_archive(output, how, watch, jobs, outcome)
        return outcome

    async def _write_json(
        self, output: Path, how: How, samples: Iterator[RawSample], outcome: Annotated
    ) -> None:
        rows: list[Row] = []
        annotated = []
        with reading(self.path):
            whole = json.loads(self.path.read_bytes())
        for sample in samples:
            await anyio.lowlevel.checkpoint()  # where Ctrl-C stops it
            row = await self._annotator.annotate(sample.fields, how, outcome)
            rows += [row] if row else []
            annotated.append(sample.fields)
        whole["samples"] = annotated
        add_results(self.log, whole, rows, outcome, how)
        with whole_file(output) as partial:
            partial.write_text(json.dumps(whole, indent=2), encoding="utf-8")

    def _write_archive(
        self, output: Path, how: How, watch: Watch, jobs: int | None, outcome: Annotated
    ) -> None:
        rows: list[Row] = []
        members = annotated_members(self.log, self._graded_by, how, jobs, outcome)
        with (
            closing(members),
            whole_file(output) as partial,
            # Not as Inspect compresses: it starts threads for every sample.
            zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=2) as made,
        ):
            for member in watch(members):
                made.writestr(member.name, member.data)
                rows += [member.row] if member.row else []
            with reading(self.path), archive_of(self.path) as source:
                header = header_of(self.log, source)
                summaries = summaries_of(self.log, source, rows)
            add_results(self.log, header, rows, outcome, how)
            made.writestr(REDUCTIONS_MEMBER, dumped(header.pop("reductions", None) or []))
            made.writestr(SUMMARIES_MEMBER, dumped(summaries))
            made.writestr(HEADER_MEMBER, dumped(header))


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
