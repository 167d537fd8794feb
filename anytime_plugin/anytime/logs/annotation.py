"""Finished logs of any harness, written anew with answers at every budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from anytime.budgets import BudgetGrid
from anytime.cutting.frames import frame_from
from anytime.cutting.tokens import Tokenizer
from anytime.domains.base import Domain
from anytime.errors import AnytimeError
from anytime.harnesses import (
    Annotated,
    Annotation,
    Answering,
    GradedBy,
    NamedModel,
    Refused,
    Watch,
    known_harnesses,
)
from anytime.logs.opening import harnesses_of, log_files
from anytime.places import same_place
from anytime.programs.intrace import doublings
from anytime.settings import IndexOptions, check_options, check_scale
from anytime.workers import check_jobs
from anytime.writing import make_folder

__all__ = ["Told", "annotate", "answering_of"]


class Told(NamedTuple):
    """What became of one log: where it is and what it holds, or why it was refused."""

    path: Path
    outputs: list[Path]
    outcome: Annotated | None
    refused: str


def answering_of(logs: Iterable[Path], model: NamedModel) -> Answering:
    """Load the model that is to answer the traces of logs, by the harness that wrote them.

    Raises:
        AnytimeError: They are of several harnesses, or of none; the model is not available.
    """
    harnesses = {harness and harness.name: harness for harness in harnesses_of(log_files(logs))}
    harness = harnesses.popitem()[1]
    if harness is None or harnesses:
        raise AnytimeError("one model answers logs of one harness: name those of the other apart")
    return harness.answering(model)


def _open(
    files: Sequence[Path], graded_by: GradedBy, answering: Answering | None
) -> list[Annotation | Refused]:
    """Open logs, in their order; those of one run are one annotation.

    A log that cannot be annotated is told of in its place.
    """
    opened: dict[Path, Annotation | Refused] = {}
    by_harness: dict[str, list[Path]] = {}
    for file in files:
        try:
            (harness,) = harnesses_of([file])
            if harness is None:
                raise AnytimeError(f"{file} is a table, which holds no traces: name their logs")
            by_harness.setdefault(harness.name, []).append(file)
        except AnytimeError as error:
            opened[file] = Refused(file, str(error))
    for name, own in by_harness.items():
        opened |= known_harnesses()[name].annotations(own, graded_by, answering)
    return [opened[file] for file in files if file in opened]


def _longest(
    opened: list[Annotation | Refused],
    tokenizer: Tokenizer | None,
    watch: Callable[[Path], Watch],
    jobs: int,
) -> int:
    """Tokens of the longest trace of all logs; one that turns out damaged is refused here."""
    longest = 0
    for place, one in enumerate(opened):
        if isinstance(one, Refused):
            continue
        try:
            longest = max(longest, one.longest(tokenizer, watch(one.path), jobs))
        except AnytimeError as error:  # no other log suffers for it
            opened[place] = Refused(one.path, str(error))
    return longest


def annotate(
    logs: Iterable[Path],
    folder: Path,
    *,
    budgets: BudgetGrid | None = None,
    domain: Domain | None = None,
    task: str | None = None,
    include_path: Path | None = None,
    trust: bool = False,
    frame: str | None = None,
    answering: Answering | None = None,
    tokenizer: Tokenizer | None = None,
    options: IndexOptions | None = None,
    replace: bool = False,
    jobs: int = 1,
    watch: Callable[[Path], Watch] = lambda path: lambda items: items,
) -> tuple[BudgetGrid, Iterator[Told]]:
    """Add to finished logs the answers that stand in their traces, with no model asked.

    Or, with `answering`, those of a model that the traces are handed back to.

    The originals are not touched. Logs are written one by one, as the result is gone through; a
    log that cannot be annotated does not keep others from it.

    Args:
        logs: Logs, results files, or directories of such.
        folder: Where annotated logs of the same names are written; made where there is none.
        budgets: Where traces are cut; None for seven doublings that end above the longest trace of
            all these logs, which makes them comparable.
        domain: Whose grading is used instead of the tasks' own.
        task: The task of the logs' harness whose grading is used instead.
        include_path: A folder where that harness finds tasks, those of the logs for one.
        trust: Run Python files that the logs themselves name for their scorers.
        frame: A pair of tags around reasoning, `OPEN CLOSE`, beside the known ones.
        answering: The model that answers, see `answering_of`; None for what stands in the traces.
        tokenizer: Cuts where the log has no token texts.
        options: How the index is computed.
        replace: Write over files that are there.
        jobs: How many processes work at a log; what is written is the same.
        watch: Shows how far the log of that path is.

    Returns:
        The budgets, and what becomes of each log.

    Raises:
        AnytimeError: A file is there already or two logs have one name, before anything is read;
            none of the logs can be annotated.
    """
    options = options or IndexOptions()
    check_options(options)
    check_jobs(jobs)
    if frame is not None:
        frame_from(frame, "--frame")
    files = log_files(logs)
    opened = _open(files, GradedBy(domain, task, include_path, trust, frame), answering)
    fit = [one for one in opened if not isinstance(one, Refused)]
    _check_outputs(fit, folder, replace)
    if budgets is None:
        budgets = doublings(_longest(opened, tokenizer, watch, jobs))
    grid = budgets
    check_scale(options.scale, grid)

    def written() -> Iterator[Told]:
        if fit:
            make_folder(folder)
        for one in opened:
            if isinstance(one, Refused):
                yield Told(one.path, [], None, one.reason)
                continue
            try:
                outcome = one.write(folder, grid, tokenizer, options, watch(one.path), jobs)
            except AnytimeError as error:
                yield Told(one.path, [], None, str(error))
            else:
                yield Told(one.path, outcome.files, outcome, "")

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
            if place.exists() and same_place(place.parent) == same_place(one.path.parent):
                raise AnytimeError(
                    f"{place} is the log itself, or lies beside it: name another directory"
                )
            if place.exists() and not replace:
                raise AnytimeError(f"{place} is there already: name another, or add --force")
