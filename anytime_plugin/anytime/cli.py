"""The `anytime` command."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from anytime import distribution
from anytime.commands.annotate import add_annotate
from anytime.commands.compare import add_compare
from anytime.commands.completion import SHELLS, script
from anytime.commands.export import add_export
from anytime.commands.pairs import add_pairs
from anytime.commands.plan import add_plan
from anytime.commands.report import add_report
from anytime.commands.results import add_results
from anytime.commands.spend import add_spend
from anytime.commands.stop import add_stop
from anytime.errors import AnytimeError
from anytime.harmless import for_terminal

__all__ = ["main"]

_ABOUT = """
How good is the answer at every token budget?

Runs are made by the harness, and read here:

  inspect eval anytime/trip -T dataset=builtin --model anytime/planner --epochs 4
  lm_eval --model anytime-planner --tasks anytime_trip_builtin --log_samples --output_path out/

  anytime annotate others/*.eval -o annotated/         curves of logs made without budgets
  anytime summary logs/ out/                           the Anytime Index of every run
  anytime compare logs/cot.eval logs/pdp.eval          what is different, paired by problem
  anytime spend logs/epochs16.eval                     one long trace, or a vote of short ones
  anytime stop logs/cot.eval --rule stable:2           what stopping early is worth
  anytime report logs/ -o report.html                  curves, costs and drift, as a page
  anytime results logs/ -o results.parquet             every answer at every budget, as rows
  anytime export logs/ --format markdown               a leaderboard; more formats

Ask any command for its own examples: anytime summary --help
"""

_CODES = """
exit codes: 0 done; 2 something to mend, told in one sentence; 1 a fault of anytime, with a
traceback to report; 130 interrupted with Ctrl-C; 141 the reader of the output went away.
"""

_INTERRUPTED = 130
_BROKEN_PIPE = 141


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what the user can mend is told in one sentence, with exit code 2."""
    try:
        try:
            distribution.check_whole()
            _run(_parser(), arguments)
        finally:
            # Here and not at exit, where nobody could catch what a closed pipe makes of it.
            sys.stdout.flush()
    except AnytimeError as error:
        _stop(2, f"anytime: {error}\n")
    except KeyboardInterrupt:
        _stop(_INTERRUPTED, "anytime: interrupted\n")
    except BrokenPipeError:
        # What is left in the buffer goes nowhere, or the interpreter would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _stop(_BROKEN_PIPE)
    except OSError as error:
        if error.filename is not None:  # not of standard output: nobody said so in a sentence
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _stop(2, f"anytime: the output cannot be written: {error.strerror or error}\n")


def _run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> None:
    chosen = parser.parse_args(arguments)
    if chosen.version:
        print(f"anytime {distribution.version()}")
    elif chosen.print_completion:
        print(script(parser, chosen.print_completion))
    elif "run" in chosen:
        chosen.run(chosen)
    else:
        parser.print_help()


def _stop(code: int, told: str = "") -> NoReturn:
    sys.stderr.write(for_terminal(told))
    sys.exit(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="anytime",
        description=_ABOUT,
        epilog=_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.add_argument(
        "--print-completion",
        choices=SHELLS,
        help="print a script for tab completion (docs/command.md)",
    )
    commands = parser.add_subparsers(metavar="COMMAND")
    path = commands.add_parser(
        "path",
        help="print the directory of the lm-eval tasks",
        description='Where no plugins are found: lm_eval --include_path "$(anytime path)"',
    )
    path.set_defaults(run=lambda _: print(task_directory()))
    add_annotate(commands)
    add_pairs(commands)
    add_results(commands)
    add_compare(commands)
    add_plan(commands)
    add_stop(commands)
    add_report(commands)
    add_spend(commands)
    add_export(commands)
    return parser


def task_directory() -> Path:
    """Where the YAML of our lm-eval tasks lies; in an editable install, in the checkout."""
    import anytime.task_configs

    return Path(anytime.task_configs.__path__[0]).resolve()


if __name__ == "__main__":
    main()
