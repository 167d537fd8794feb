"""What a harness brings, so that every command reads its finished files; and whose a file is.

Ours are `anytime.logs.inspect_ai.harness` and `anytime.logs.lm_eval.harness`. Another package
brings one through the hook `anytime_harnesses`; nothing else in anytime names a harness's files.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from anytime.budgets import BudgetGrid
from anytime.errors import AnytimeError
from anytime.packed import opened, unpacked
from anytime.places import is_remote
from anytime.plugins import brought
from anytime.settings import IndexOptions

if TYPE_CHECKING:
    from anytime.cutting.tokens import Tokenizer
    from anytime.domains.base import Domain
    from anytime.preferences.pool import Pool
    from anytime.runs import FinishedRun

__all__ = [
    "Annotated",
    "Annotation",
    "Answering",
    "GradedBy",
    "Harness",
    "NamedModel",
    "Refused",
    "Watch",
    "compression",
    "files_of_harnesses",
    "harness_of",
    "known_harnesses",
    "logs_of",
    "read_head",
]

HEAD = 65536
"""Bytes of a file that are looked at to learn whose it is."""

Watch = Callable[[Iterator[Any]], Iterator[Any]]
"""Shows how far somebody is who goes through what it is given."""


@dataclass
class Annotated:
    """What became of a log that was annotated.

    Attributes:
        samples: How many traces have a curve now.
        empty: How many of those are empty: their quality is that of no answer.
        skipped: Samples without a curve, by reason.
        regraded: Samples whose whole trace was graded otherwise than in the log.
        estimated: Traces without a token count: cut by an estimate.
        files: What was written.
        lost: Processes that died; what they were at was done by others.
    """

    samples: int = 0
    empty: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    regraded: int = 0
    estimated: int = 0
    files: list[Path] = field(default_factory=list)
    lost: int = 0


class GradedBy(NamedTuple):
    """Who grades in place of a log's own scorers.

    Attributes:
        domain: A domain of anytime.
        task: A task of the log's harness.
        include_path: A folder where that harness finds tasks.
        trust: Run Python files that a log itself names. Without, a log is data, and what grades it
            is installed or named here.
        frame: The user's own pair of tags around reasoning, `OPEN CLOSE`, which is no answer; the
            known ones count as well.
    """

    domain: Domain | None = None
    task: str | None = None
    include_path: Path | None = None
    trust: bool = False
    frame: str | None = None


class NamedModel(NamedTuple):
    """A model that is to answer cut traces, as a user names it to its harness.

    Attributes:
        name: As the harness names it.
        arguments: The harness's own model arguments.
        continuation: How a cut trace is handed back: `auto`, or a `Continuation`.
        cue: The first words of a forced answer.
        tokenizer: Name of what traces are cut with.
    """

    name: str
    arguments: str | None = None
    continuation: str = "auto"
    cue: str | None = None
    tokenizer: str | None = None


class Answering(Protocol):
    """A model that answers cut traces, made by its harness."""

    @property
    def tokenizer(self) -> Tokenizer | None:
        """What traces are cut with."""


class Refused(NamedTuple):
    """A log that cannot be annotated, and why."""

    path: Path
    reason: str


class Annotation(Protocol):
    """A log that is to be annotated, checked as far as its header goes."""

    path: Path

    def outputs(self, folder: Path) -> list[Path]:
        """The files that `write` writes there; none where the harness itself names them."""

    def longest(self, tokenizer: Tokenizer | None, watch: Watch, jobs: int = 1) -> int:
        """Tokens of the longest trace that can be read; 0 where there is none."""

    def write(
        self,
        folder: Path,
        budgets: BudgetGrid,
        tokenizer: Tokenizer | None,
        options: IndexOptions,
        watch: Watch,
        jobs: int = 1,
    ) -> Annotated:
        """Write the annotated log, all or nothing: the same bytes in however many processes.

        Raises:
            AnytimeError: It cannot be annotated.
        """


@runtime_checkable
class Harness(Protocol):
    """What a harness brings. Its packages are imported inside the methods, not before."""

    @property
    def name(self) -> str:
        """As rows and exports have it: `inspect_ai`."""

    @property
    def title(self) -> str:
        """As sentences have it: `Inspect AI`."""

    @property
    def files(self) -> str:
        """What its finished files are, for messages: `a log of Inspect AI (.eval, .json)`."""

    def claims(self, path: Path, head: bytes) -> bool:
        """Whether a file is one of this harness's.

        Args:
            path: The file.
            head: Its first 64 KiB; empty where there is no such file, and its name alone can tell.
        """

    def logs_of(self, path: Path) -> Sequence[Path]:
        """The logs that a path stands for: those in a folder, or of the run that a file is of.

        Raises:
            AnytimeError: A file that is claimed stands for none. A folder may hold none.
        """

    def open_run(self, path: Path) -> FinishedRun:
        """Open a log as a run at budgets; little more than its header is read.

        Raises:
            AnytimeError: It cannot be read, or is no run at budgets.
        """

    def open_pool(self, path: Path) -> Pool:
        """Open a log, or another file of its run, as a pool.

        Raises:
            AnytimeError: It cannot be read, or is no run that pairs can be selected from.
        """

    def annotations(
        self, logs: Sequence[Path], graded_by: GradedBy, answering: Answering | None
    ) -> Mapping[Path, Annotation | Refused]:
        """Open logs that are to be annotated, each run by the first of its logs.

        Args:
            logs: The logs.
            graded_by: Who grades in place of the logs' own scorers.
            answering: The model that answers; None for what stands in the traces.
        """

    def answering(self, model: NamedModel) -> Answering:
        """Load a model that is to answer cut traces.

        Raises:
            AnytimeError: It is not available, or an option is not for this harness.
        """


def known_harnesses() -> Mapping[str, Harness]:
    """Every harness by name, ours first.

    Raises:
        AnytimeError: Two plugins bring a harness of one name.
    """
    found = brought("anytime_harnesses", Harness)  # type: ignore[type-abstract]
    return {harness.name: harness for harness, _ in found}


_COMPRESSED = {
    b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd",
}  # fmt: skip
"""How files begin that no log is read from as they are."""


def compression(head: bytes) -> str:
    """What a file that begins so was compressed with; empty where it was not."""
    return next((how for begin, how in _COMPRESSED.items() if head.startswith(begin)), "")


def harness_of(path: Path, head: bytes | None = None) -> Harness | None:
    """The harness that wrote a file; None where none claims it.

    Args:
        path: The file.
        head: Its first bytes, where they are known.

    Raises:
        AnytimeError: The file cannot be read.
    """
    head = read_head(path) if head is None else head
    if compression(head):  # whatever its name
        return None
    known = known_harnesses().values()
    return next((harness for harness in known if harness.claims(unpacked(path), head)), None)


def logs_of(path: Path) -> list[Path]:
    """The logs that a path stands for: those in a folder, those of a run, or the file itself.

    Raises:
        AnytimeError: There are none.
    """
    if is_remote(path) and not path.exists():
        # A listing from before may be kept; another process may have written there since.
        path.fs.invalidate_cache()  # type: ignore[attr-defined]
    if path.is_dir():
        known = known_harnesses().values()
        found = {log for harness in known for log in harness.logs_of(path)}
        if not found:
            titles = " or ".join(harness.title for harness in known)
            raise AnytimeError(f"{path} is a directory without a log of {titles}")
        return sorted(found)
    harness = harness_of(path) if path.exists() else None
    return [path] if harness is None else list(harness.logs_of(path))


def _kind(path: Path) -> str:
    kinds = {"pipe": path.is_fifo, "socket": path.is_socket, "directory": path.is_dir}
    return next((kind for kind, is_one in kinds.items() if is_one()), "device")


def files_of_harnesses() -> str:
    """What may be named as a finished file, for messages."""
    return ", ".join(harness.files for harness in known_harnesses().values())


def read_head(path: Path) -> bytes:
    """The first bytes of a log, of one that is unpacked while it is read those that are in it.

    Raises:
        AnytimeError: It cannot be read.
    """
    try:
        # A pipe would be waited for, and a device never ends.
        if path.exists() and not path.is_file():
            raise AnytimeError(f"{path} is no file but a {_kind(path)}: name a file")
        with opened(path, HEAD) as file:
            # Of a damaged packing as far as it goes; files elsewhere have no `read1`.
            read = getattr(file, "read1", file.read)
            head: bytes = read(HEAD)
            return head
    except FileNotFoundError:
        if path.is_symlink():
            raise AnytimeError(f"{path} is a link that leads nowhere") from None
        raise AnytimeError(f"there is no log {path}") from None
    except OSError as error:
        raise AnytimeError(f"log {path} cannot be read: {error.strerror}") from None
