"""What the commands of `anytime` share: where they write, and how they speak."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anytime.errors import AnytimeError
from anytime.harmless import for_terminal
from anytime.places import is_remote, log_dir, place, same_place

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, ConsoleRenderable
    from rich.table import Table

    from anytime.results.spent import Spent
    from anytime.runs import FinishedRun, GradedTrace, RunInfo, TraceId

__all__ = [
    "Watched",
    "action",
    "add_columns",
    "add_labels",
    "add_logs",
    "add_options",
    "check_output",
    "columns_of",
    "console",
    "fits",
    "named_options",
    "named_place",
    "opened",
    "print_sentence",
    "print_spent",
    "print_table",
    "progress",
    "tell",
    "tell_read",
    "tell_skipped",
]


def named_place(name: str) -> Path:
    """A place that a user named in an argument: a path or a URL."""
    try:
        return place(name)
    except AnytimeError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def action(actions: Any, name: str, about: str, text: str, run: Any) -> argparse.ArgumentParser:
    """Add a command whose help is printed as it is written."""
    parser: argparse.ArgumentParser = actions.add_parser(
        name,
        help=about,
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def add_logs(parser: argparse.ArgumentParser) -> None:
    """Add the runs a command reads, and how it reads tables of somebody else's."""
    parser.add_argument(
        "logs",
        nargs="*",
        type=named_place,
        metavar="LOG",
        help="finished runs: logs, directories of logs, tables of anytime results, here or at s3://"
        " and the like; by default those in INSPECT_LOG_DIR, or logs/",
    )
    add_columns(parser)


def add_columns(parser: argparse.ArgumentParser) -> None:
    """Add how to read tables of somebody else's."""
    parser.add_argument(
        "--columns",
        metavar="NAMES",
        help="the columns of a table that somebody else made: problem=ID,budget=TOKENS,"
        "quality=CORRECT, and trace, tokens, answer, parsed, model, method, task, scorer, "
        "probability, if there",
    )


def add_labels(parser: argparse.ArgumentParser) -> None:
    """Add what runs are called."""
    parser.add_argument(
        "--label",
        action="append",
        default=[],
        metavar="RUN=LABEL",
        help="call a run so, instead of by what differs: RUN is A, B and on in the order of the "
        "runs, or a log",
    )


_OPTIONS = {
    "envelope": "mean, none, problem or trace",
    "scale": "linear or log2",
    "q-max": "a number, or achieved",
    "estimator": "crossfit (without the bias of a maximum over noisy means) or plugin",
    "population": "what intervals generalise to: problems (these are a sample of such problems) or "
    "traces (they are all there are)",
}


def add_options(parser: argparse.ArgumentParser, *names: str) -> None:
    """Add options of the index, of those above."""
    for name in names:
        text = f"of the index, instead of each run's own: {_OPTIONS[name]}"
        parser.add_argument(f"--{name}", metavar="HOW", help=text)


def named_options(chosen: argparse.Namespace) -> dict[str, Any]:
    """The options of the index that a user named; needs `add_options`.

    Raises:
        AnytimeError: One is unknown.
    """
    from anytime.settings import IndexOptions, check_options

    given = {name: getattr(chosen, name, None) for name in IndexOptions._fields}
    named = {name: value for name, value in given.items() if value is not None}
    if (q_max := named.get("q_max", "achieved")) != "achieved":
        try:
            named["q_max"] = float(q_max)
        except ValueError:
            raise AnytimeError(f"--q-max {q_max} is neither a number nor achieved") from None
    check_options(IndexOptions(**named))
    return named


def opened(chosen: argparse.Namespace) -> list[Watched]:
    """Open the runs that a command was given; needs `add_logs`.

    Options of the index that the user named stand in place of a run's own.

    Raises:
        AnytimeError: One is none.
    """
    from anytime.logs.opening import open_runs

    chosen.logs = chosen.logs or [log_dir()]
    runs = open_runs(chosen.logs, columns_of(chosen), lambda error: tell(f"left out: {error}"))
    tell_repeated([run.info for run in runs])
    named = named_options(chosen)
    return [Watched(run, named) for run in runs]


def columns_of(chosen: argparse.Namespace) -> dict[str, str] | None:
    """The columns that a user named.

    Raises:
        AnytimeError: They are not written as NAME=COLUMN.
    """
    if chosen.columns is None:
        return None
    parts = [part.partition("=") for part in chosen.columns.split(",")]
    if wrong := [name for name, _, column in parts if not (name.strip() and column.strip())]:
        raise AnytimeError(
            f"--columns {chosen.columns}: {wrong[0]!r} is not written as NAME=COLUMN, such as "
            f"problem=question_id,budget=tokens,quality=correct"
        )
    return {name.strip(): column.strip() for name, _, column in parts}


def check_output(chosen: argparse.Namespace) -> None:
    """Find out before anything is read what would stop the writing.

    Args:
        chosen: With `output`, `force` and `logs`.

    Raises:
        AnytimeError: It would be stopped.
    """
    output: Path = chosen.output
    if output.is_dir():
        raise AnytimeError(f"{output} is a directory: name a file to write")
    if not is_remote(output) and not output.parent.is_dir():
        raise AnytimeError(f"there is no directory {output.parent} to write {output.name} into")
    if output.exists():
        if same_place(output) in map(same_place, chosen.logs):
            raise AnytimeError(f"{output} is one of the logs: name another file to write")
        if not chosen.force:
            raise AnytimeError(f"{output} is there already: name another file, or add --force")


def tell(sentence: str) -> None:
    """Say something that is no result."""
    print(f"anytime: {for_terminal(sentence)}", file=sys.stderr)


def tell_repeated(infos: Iterable[RunInfo]) -> None:
    """Say which runs were opened from several files, such as a log and its copy."""
    files: dict[Any, list[str]] = {}
    for info in infos:
        if info.run:
            one = (info.harness, info.run, info.task, info.scorers)
            files.setdefault(one, []).append(info.log)
    for (_, run, *_), logs in files.items():
        if len(logs) > 1:
            tell(f"{' and '.join(logs)} hold one run, {run}: it counts {len(logs)} times here")


def tell_skipped(source: str, skipped: Counter[str]) -> None:
    """Say which samples of a log were left out, and why."""
    if skipped:
        reasons = ", ".join(f"{count} {reason}" for reason, count in skipped.items())
        noun = "sample" if skipped.total() == 1 else "samples"
        tell(f"{skipped.total()} {noun} of {source} left out: {reasons}")


def tell_read(runs: Iterable[FinishedRun]) -> None:
    """Say what is to be known about runs that were read: what was left out, or graded anew."""
    for run in runs:
        tell_skipped(run.info.log, run.skipped)
        if run.regraded:
            tell(
                f"{run.regraded} of {run.info.log} graded otherwise than in the log: by another "
                f"version of the domain, or edited"
            )


class Watched:
    """A run that shows how far it was read."""

    def __init__(self, run: FinishedRun, named: Mapping[str, Any] | None = None) -> None:
        """Watch a run.

        Args:
            run: The run.
            named: Options of the index in place of its own.
        """
        self._run = run
        self._named = dict(named or {})
        self.skipped = run.skipped

    @property
    def info(self) -> RunInfo:
        """Where it is from."""
        return replace(self._run.info, **self._named)

    @property
    def regraded(self) -> int:
        """Samples graded otherwise than in the log."""
        return self._run.regraded

    def traces(self) -> Iterator[GradedTrace]:
        """All traces, counted on the terminal."""
        yield from progress(self._run.traces(), self.info.log.rpartition("/")[2], "traces")

    def texts(self, wanted: Collection[TraceId]) -> Iterator[tuple[TraceId, str]]:
        """The texts of some traces."""
        return self._run.texts(wanted)


def progress(items: Iterator[Any], what: str, unit: str) -> Iterator[Any]:
    """Show how many items went by, on a terminal and where it takes over a second."""
    from tqdm import tqdm

    hidden = not sys.stderr.isatty()
    shown = for_terminal(what)
    yield from tqdm(items, shown, unit=f" {unit}", delay=1, leave=False, disable=hidden)


def console() -> Console:
    """Where tables are printed: in colour on a terminal alone, and not where NO_COLOR is set."""
    from rich.console import Console, RenderHook
    from rich.segment import Segment

    class Piped(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would exit with code 1; the command line has its own

    @dataclass
    class Drawn:
        what: ConsoleRenderable

        def __rich_console__(self, screen: Console, options: ConsoleOptions) -> Iterator[Segment]:
            for part in screen.render(self.what, options):
                text = part.text if part.control else for_terminal(part.text)
                yield Segment(text, part.style, part.control)

    class Harmless(RenderHook):
        """Whatever is printed: names in it may be a stranger's."""

        def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[Any]:
            return [Drawn(one) for one in renderables]

    screen = Piped()
    screen.push_render_hook(Harmless())
    return screen


def fits(table: Table) -> bool:
    """Whether a terminal is wide enough for a table; where nobody looks, any is."""
    from rich.measure import Measurement

    screen = console()
    asked = Measurement.get(screen, screen.options.update(max_width=10_000), table)
    return not screen.is_terminal or asked.maximum <= screen.width


def print_table(table: Table) -> None:
    """Print a table: one line per row where nobody looks, no number cut off where somebody does."""
    from rich.measure import Measurement

    screen = console()
    asked = Measurement.get(screen, screen.options.update(max_width=10_000), table)
    screen.width = max(screen.width, asked.minimum if screen.is_terminal else asked.maximum)
    screen.print(table)


def print_sentence(sentence: str) -> None:
    """Print a sentence: in lines of the terminal's width, in one line where nobody looks."""
    screen = console()
    screen.print(sentence, highlight=False, markup=False, soft_wrap=not screen.is_terminal)


def print_spent(called: Sequence[str], found: Sequence[Spent]) -> None:
    """Print what runs took, if anything of it is known."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    from anytime.results.spent import spent_table

    table = spent_table(list(found))
    if table is None:
        return
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    shown.add_column("took", overflow="fold", min_width=6)
    for head in table.heads:
        shown.add_column(head, justify="right", no_wrap=True)
    for name, cells in zip(called, table.rows, strict=True):
        shown.add_row(Text(name), *cells)
    print_table(shown)
