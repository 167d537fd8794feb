"""Finished logs of either harness, written anew with answers at every budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from anytime.budgets import BudgetGrid
from anytime.cutting.tokens import Tokenizer
from anytime.domains.base import Domain
from anytime.errors import AnytimeError
from anytime.logs.opening import LogKind, log_files, log_kind
from anytime.programs.intrace import Annotated, Watch, doublings
from anytime.settings import IndexOptions, check_options, check_scale
from anytime.writing import make_folder

if TYPE_CHECKING:
    from anytime.logs.lm_eval.annotating import Answering, LmEvalAnnotation, Part

__all__ = ["Annotation", "Told", "annotate"]


class Annotation(Protocol):
    """A log that is to be annotated, checked as far as its header goes."""

    path: Path

    def outputs(self, folder: Path) -> list[Path]:
        """The files that `write` writes there."""

    def longest(self, tokenizer: Tokenizer | None, watch: Watch) -> int:
        """Tokens of the longest trace that can be read; 0 where there is none."""

    def write(
        self,
        folder: Path,
        budgets: BudgetGrid,
        tokenizer: Tokenizer | None,
        options: IndexOptions,
        watch: Watch,
    ) -> Annotated:
        """Write the annotated log, all or nothing."""


class Told(NamedTuple):
    """What became of one log: where it is and what it holds, or why it was refused."""

    path: Path
    outputs: list[Path]
    outcome: Annotated | None
    refused: str


class _GradedBy(NamedTuple):
    domain: Domain | None
    task: str | None
    include_path: Path | None


def _open(
    files: Iterable[Path], graded_by: _GradedBy, answering: Answering | None
) -> list[Annotation | Told]:
    """Open logs of either harness; those of one lm-eval run are one annotation.

    A log that cannot be annotated is told of in its place.
    """
    opened: list[Annotation | Told] = []
    runs: dict[Path, LmEvalAnnotation] = {}
    for file in files:
        try:
            if log_kind(file) is not LogKind.LM_EVAL:
                opened.append(_open_inspect(file, graded_by))
                continue
            part = _open_part(file, graded_by)
            if (results := part.run.results.resolve()) in runs:
                runs[results].add(part)
                continue
            from anytime.logs.lm_eval.annotating import LmEvalAnnotation

            runs[results] = LmEvalAnnotation(part, answering)
            opened.append(runs[results])
        except AnytimeError as error:
            opened.append(Told(file, [], None, str(error)))
    return opened


def _open_inspect(file: Path, graded_by: _GradedBy) -> Annotation:
    from anytime.logs.inspect_ai.annotating import InspectAnnotation

    if graded_by.task is not None or graded_by.include_path is not None:
        raise AnytimeError(
            f"{file} is a log of Inspect AI, and --task and --include-path are lm-eval's: leave "
            f"them out, or name --domain"
        )
    return InspectAnnotation(file, graded_by.domain)


def _open_part(file: Path, graded_by: _GradedBy) -> Part:
    from anytime.logs.lm_eval.annotating import Part
    from anytime.logs.lm_eval.log_file import PlainRun
    from anytime.logs.lm_eval.log_scorers import grader

    run = PlainRun(file)
    return Part(run, grader(run, *graded_by))


def _longest(
    opened: list[Annotation | Told], tokenizer: Tokenizer | None, watch: Callable[[Path], Watch]
) -> int:
    """Tokens of the longest trace of all logs; one that turns out damaged is refused here."""
    longest = 0
    for place, one in enumerate(opened):
        if isinstance(one, Told):
            continue
        try:
            longest = max(longest, one.longest(tokenizer, watch(one.path)))
        except AnytimeError as error:  # no other log suffers for it
            opened[place] = Told(one.path, [], None, str(error))
    return longest


def annotate(
    logs: Iterable[Path],
    folder: Path,
    *,
    budgets: BudgetGrid | None = None,
    domain: Domain | None = None,
    task: str | None = None,
    include_path: Path | None = None,
    answering: Answering | None = None,
    tokenizer: Tokenizer | None = None,
    options: IndexOptions | None = None,
    replace: bool = False,
    watch: Callable[[Path], Watch] = lambda path: lambda items: items,
) -> tuple[BudgetGrid, Iterator[Told]]:
    """Add to finished logs the answers that stand in their traces, with no model asked.

    Or, with `answering`, those of a model that lm-eval's traces are handed back to.

    The originals are not touched. Logs are written one by one, as the result is gone through; a
    log that cannot be annotated does not keep others from it.

    Args:
        logs: Logs, results files, or directories of such.
        folder: Where annotated logs of the same names are written; made where there is none.
        budgets: Where traces are cut; None for seven doublings that end above the longest trace of
            all these logs, which makes them comparable.
        domain: Whose grading is used instead of the tasks' own.
        task: The lm-eval task whose grading is used instead.
        include_path: A folder with the YAML of lm-eval tasks, those of the logs for one.
        answering: Where answers to lm-eval's logs come from; None for what stands in the traces.
        tokenizer: Cuts where the log has no token texts.
        options: How the index is computed.
        replace: Write over files that are there.
        watch: Shows how far the log of that path is.

    Returns:
        The budgets, and what becomes of each log.

    Raises:
        AnytimeError: A file is there already or two logs have one name, before anything is read;
            none of the logs can be annotated.
    """
    options = options or IndexOptions()
    check_options(options)
    files = log_files(logs)
    opened = _open(files, _GradedBy(domain, task, include_path), answering)
    fit = [one for one in opened if not isinstance(one, Told)]
    _check_outputs(fit, folder, replace)
    if budgets is None:
        budgets = doublings(_longest(opened, tokenizer, watch))
    grid = budgets
    check_scale(options.scale, grid)

    def written() -> Iterator[Told]:
        if fit:
            make_folder(folder)
        for one in opened:
            if isinstance(one, Told):
                yield one
                continue
            try:
                outcome = one.write(folder, grid, tokenizer, options, watch(one.path))
            except AnytimeError as error:
                yield Told(one.path, [], None, str(error))
            else:
                yield Told(one.path, one.outputs(folder), outcome, "")

    return grid, written()


def _check_outputs(fit: Iterable[Annotation], folder: Path, replace: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise AnytimeError(f"{folder} is a file: name a directory to write annotated logs into")
    places: dict[Path, Path] = {}
    for one in fit:
        for place in one.outputs(folder):
            if place in places:
                raise AnytimeError(
                    f"{places[place]} and {one.path} would both be written to {place}: annotate "
                    f"them into two directories"
                )
            places[place] = one.path
            if place.exists() and place.parent.samefile(one.path.parent):
                raise AnytimeError(
                    f"{place} is the log itself, or lies beside it: name another directory"
                )
            if place.exists() and not replace:
                raise AnytimeError(f"{place} is there already: name another, or add --force")
