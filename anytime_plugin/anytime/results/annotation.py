"""Finished logs of either harness, written anew with answers at every budget."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from anytime.budgets import BudgetGrid
from anytime.domains.base import Domain
from anytime.errors import AnytimeError
from anytime.index import Curve, IndexOptions, anytime_index, budget_weights
from anytime.intrace import Annotated, Watch, doublings
from anytime.results.opening import LogKind, log_files, log_kind
from anytime.tokens import Tokenizer

__all__ = ["Annotation", "Told", "annotate", "open_annotation"]


class Annotation(Protocol):
    """A log that is to be annotated, checked as far as its header goes."""

    path: Path

    def outputs(self, folder: Path) -> list[Path]:
        """The files that `write` writes there."""

    def longest(self, tokenizer: Tokenizer | None) -> int:
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


def open_annotation(path: Path, domain: Domain | None) -> Annotation:
    """Open a log of either harness.

    Raises:
        AnytimeError: It is none, has answers at budgets already, or cannot be graded.
    """
    if log_kind(path) is LogKind.LM_EVAL:
        from anytime.hosts.lm_eval.annotating import LmEvalAnnotation

        return LmEvalAnnotation(path, domain)
    from anytime.hosts.inspect_ai.annotating import InspectAnnotation

    return InspectAnnotation(path, domain)


def annotate(
    logs: Iterable[Path],
    folder: Path,
    *,
    budgets: BudgetGrid | None = None,
    domain: Domain | None = None,
    tokenizer: Tokenizer | None = None,
    options: IndexOptions | None = None,
    replace: bool = False,
    watch: Callable[[Path], Watch] = lambda path: lambda items: items,
) -> tuple[BudgetGrid, Iterator[Told]]:
    """Add to finished logs the answers that stand in their traces, with no model asked.

    The originals are not touched. Logs are written one by one, as the result is gone through; a
    log that cannot be annotated does not keep others from it.

    Args:
        logs: Logs, results files, or directories of such.
        folder: Where annotated logs of the same names are written; made where there is none.
        budgets: Where traces are cut; None for seven doublings that end above the longest trace of
            all these logs, which makes them comparable.
        domain: Whose grading is used instead of the tasks' own.
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
    anytime_index(Curve([1, 2], [[1, 1]]), envelope=options.envelope, q_max=options.q_max)
    budget_weights([1, 2], options.scale)
    files = log_files(logs)
    opened: list[Annotation | Told] = []
    for file in files:
        try:
            opened.append(open_annotation(file, domain))
        except AnytimeError as error:
            opened.append(Told(file, [], None, str(error)))
    fit = [one for one in opened if not isinstance(one, Told)]
    _check_outputs(fit, folder, replace)
    if budgets is None:
        budgets = doublings(max((one.longest(tokenizer) for one in fit), default=0))
    grid = budgets
    budget_weights(grid, options.scale)

    def written() -> Iterator[Told]:
        if fit:
            folder.mkdir(parents=True, exist_ok=True)
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
