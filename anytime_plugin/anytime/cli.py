"""The `anytime` command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from anytime.compare_commands import add_compare
from anytime.errors import AnytimeError
from anytime.pair_commands import add_pairs
from anytime.results_commands import add_results

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what the user can mend is told in one sentence, with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="anytime", description="How good is the answer at every token budget?"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    path = commands.add_parser(
        "path",
        help="print the directory of the lm-eval tasks",
        description='Where no plugins are found: lm_eval --include_path "$(anytime path)"',
    )
    path.set_defaults(run=lambda _: print(task_directory()))
    add_pairs(commands)
    add_results(commands)
    add_compare(commands)
    chosen = parser.parse_args(arguments)
    try:
        chosen.run(chosen)
    except AnytimeError as error:
        parser.exit(2, f"anytime: {error}\n")


def task_directory() -> Path:
    """Where the YAML of our lm-eval tasks lies; in an editable install, in the checkout."""
    import anytime.task_configs

    return Path(anytime.task_configs.__path__[0]).resolve()


if __name__ == "__main__":
    main()
