"""Writes what the register of Inspect Evals and a maintainer's submission to it need.

    python docs/register.py --repository https://github.com/OWNER/NAME --commit SHA \
        --maintainer HANDLE -o register/

makes `register/anytime_trip/eval.yaml`, one for AIME and one for GPQA, each checked with the schema
of the installed `inspect_evals`, and prints the two addresses that a submission asks for. Nothing
is sent and nothing is fetched. docs/publishing.md says what comes before and after.
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

import yaml

import anytime
from anytime.errors import AnytimeError
from anytime.hosts.inspect_ai import tasks

ROOT = Path(__file__).resolve().parent.parent
PAPER = "https://arxiv.org/abs/2601.11038"
TAGS = ["anytime reasoning", "token budget"]


class Entry(NamedTuple):
    """What the register shows of one task."""

    task: str
    title: str
    short: str
    description: str


ENTRIES = (
    Entry(
        "trip",
        "Anytime Index on NaturalPlan Trip: quality of a plan at every token budget",
        "Anytime NaturalPlan Trip",
        "Cuts each reasoning trace at every token budget, makes the model answer at once, and "
        "reports the area under the curve of constraint satisfaction by budget.",
    ),
    Entry(
        "aime",
        "Anytime Index on AIME 2025 and 2026: accuracy at every token budget",
        "Anytime AIME",
        "Cuts each reasoning trace at every token budget, makes the model answer at once, and "
        "reports the area under the curve of accuracy by budget on competition mathematics.",
    ),
    Entry(
        "gpqa",
        "Anytime Index on GPQA Diamond: accuracy at every token budget",
        "Anytime GPQA Diamond",
        "Cuts each reasoning trace at every token budget, makes the model answer at once, and "
        "reports the area under the curve of accuracy by budget on graduate-level science.",
    ),
)


class Source(NamedTuple):
    """The public repository that entries point at."""

    repository: str
    commit: str
    maintainers: tuple[str, ...]


def checked(source: Source) -> Source:
    """Refuse what the register would.

    Raises:
        AnytimeError: No address of a repository on GitHub, no whole commit, nobody who maintains.
    """
    repository = source.repository.rstrip("/").removesuffix(".git")
    if not re.fullmatch(r"https://github\.com/[\w.-]+/[\w.-]+", repository):
        raise AnytimeError(
            f"repository {source.repository!r}: write it as https://github.com/OWNER/NAME"
        )
    if not re.fullmatch(r"[0-9a-f]{40}", source.commit):
        raise AnytimeError(
            f"commit {source.commit!r} is not 40 hexadecimal digits: write what "
            f"`git rev-parse HEAD` prints, after it was pushed"
        )
    if not source.maintainers:
        raise AnytimeError("nobody maintains it: name an account of the host with --maintainer")
    return source._replace(repository=repository)


def place_of(entry: Entry) -> tuple[str, int]:
    """The file of a task in this repository, and the line of its `@task`."""
    function = inspect.unwrap(getattr(tasks, entry.task))
    installed = Path(str(inspect.getsourcefile(function))).resolve()
    # An installed wheel has the same files elsewhere: what is named is the one of this repository.
    package = Path(str(anytime.__file__)).resolve().parent
    path = ROOT / "anytime_plugin" / "anytime" / installed.relative_to(package)
    if not path.is_file() or path.read_bytes() != installed.read_bytes():
        raise AnytimeError(
            f"{installed} is not the {path.name} of this checkout: install what stands here first"
        )
    return path.relative_to(ROOT).as_posix(), inspect.getsourcelines(function)[1]


def metadata(entry: Entry, source: Source) -> dict[str, Any]:
    """An entry as the values of its eval.yaml."""
    path, _ = place_of(entry)
    return {
        "full_title": entry.title,
        "common_title": entry.short,
        "description": entry.description,
        "arxiv": PAPER,
        "contributors": list(source.maintainers),
        "tags": TAGS,
        "tasks": [{"name": entry.task, "task_path": path}],
        "source": {
            "repository_url": source.repository,
            "repository_commit": source.commit,
            "maintainers": list(source.maintainers),
        },
    }


def validate(values: dict[str, Any], name: str) -> None:
    """Check values as the register does.

    Raises:
        AnytimeError: `inspect_evals` is missing, or finds a fault in them.
    """
    try:
        from inspect_evals.metadata import ExternalEvalMetadata
    except ImportError:
        raise AnytimeError(
            "the register's schema comes with inspect_evals: pip install inspect-evals"
        ) from None
    try:
        ExternalEvalMetadata(**values, id=name)
    except ValueError as error:
        raise AnytimeError(f"{name} is none of the register's entries: {error}") from None


def write(source: Source, folder: Path) -> list[str]:
    """Write every entry; what a submission asks for, as lines.

    Raises:
        AnytimeError: As `checked` and `validate`.
    """
    source = checked(source)
    said = []
    for entry in ENTRIES:
        name = f"anytime_{entry.task}"
        values = metadata(entry, source)
        validate(values, name)
        target = folder / name / "eval.yaml"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=1000))
        path, line = place_of(entry)
        permalink = f"{source.repository}/blob/{source.commit}/{path}#L{line}"
        said.append(f"{target}\n  paper: {PAPER}\n  task:  {permalink}")
    return said


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repository", required=True, help="https://github.com/OWNER/NAME")
    parser.add_argument("--commit", required=True, help="of a pushed state, 40 digits")
    parser.add_argument("--maintainer", action="append", default=[], help="an account; repeatable")
    parser.add_argument("-o", "--output", type=Path, required=True, help="a folder")
    given = parser.parse_args()
    source = Source(given.repository, given.commit, tuple(given.maintainer))
    try:
        print("\n".join(write(source, given.output)))
    except AnytimeError as error:
        sys.exit(f"register.py: {error}")


if __name__ == "__main__":
    main()
