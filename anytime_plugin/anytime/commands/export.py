"""`anytime export`: finished runs in the formats of others."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anytime.commands.terminal import (
    Watched,
    action,
    add_logs,
    add_options,
    check_output,
    named_place,
    opened,
    tell,
    tell_read,
)
from anytime.errors import AnytimeError
from anytime.harmless import for_terminal
from anytime.writing import make_folder, whole_file

if TYPE_CHECKING:
    from anytime.results.exports.measuring import Measured

__all__ = ["add_export"]

_EXPORT = """
Writes finished runs in a format of others; docs/export.md says what stands in which field.

  csv, markdown     one line per run and scorer; a leaderboard by index (-o FILE, or printed)
  hf-eval-results   .eval_results/*.yaml for a model's repository on the Hugging Face Hub (-o FILE),
                    or of many models: ORGANISATION/MODEL/.eval_results/*.yaml (-o DIRECTORY)
  every-eval-ever   a record per run and a line per answer, without any texts (-o DIRECTORY)

  anytime export logs/*.eval --format markdown
  anytime export logs/ --format csv -o leaderboard.csv
  anytime export logs/gpqa.eval --format hf-eval-results -o .eval_results/gpqa_diamond.yaml
  anytime export logs/ --format hf-eval-results --task-id gpqa_diamond -o hub/
  anytime export logs/*.eval --format every-eval-ever -o out/ --organization "My Lab"
"""

_FORMATS = ("csv", "markdown", "hf-eval-results", "every-eval-ever")
_ALIASES = {"eee": "every-eval-ever"}

_HF = {"dataset_id": "--dataset-id", "task_id": "--task-id", "value": "--value"}
_EEE = {
    "organization": "--organization",
    "relationship": "--relationship",
    "model_id": "--model-id",
    "deployment": "--deployment",
    "availability": "--availability",
    "retrieved": "--retrieved",
}


def add_export(commands: Any) -> None:
    """Add `export` to the commands of the command line."""
    about = "write finished runs as a leaderboard, or for a database of results"
    export = action(commands, "export", about, _EXPORT, _export)
    add_logs(export)
    add_options(export, "population")
    export.add_argument(
        "--format",
        required=True,
        choices=(*_FORMATS, *_ALIASES),
        help=", ".join(_FORMATS) + " (or eee)",
        metavar="FORMAT",
    )
    export.add_argument(
        "-o",
        "--output",
        type=named_place,
        metavar="PLACE",
        help="a file; for every-eval-ever, or many models, a directory; - prints csv and markdown",
    )
    export.add_argument("--force", action="store_true", help="replace what is there")
    hub = export.add_argument_group("for hf-eval-results")
    hub.add_argument("--dataset-id", metavar="ID", help="the benchmark's dataset on the Hub")
    hub.add_argument("--task-id", metavar="ID", help="which task of it, as in its eval.yaml")
    hub.add_argument(
        "--value",
        choices=("final", "index"),
        help="what is shown: quality at the largest budget (default), or the Anytime Index",
    )
    records = export.add_argument_group("for every-eval-ever: what no log tells")
    records.add_argument("--organization", metavar="NAME", help="who publishes the results")
    records.add_argument(
        "--relationship",
        choices=("first_party", "third_party", "collaborative", "other"),
        help="of them to the maker of the model (default: other)",
    )
    records.add_argument("--model-id", metavar="ID", help="ORGANISATION/MODEL, as on the Hub")
    records.add_argument(
        "--deployment",
        choices=("self_deployed", "externally_managed", "unknown"),
        help="who runs the model",
    )
    records.add_argument(
        "--availability",
        choices=("open_weights", "closed_weights", "unknown"),
        help="of the model's weights (default: unknown)",
    )
    records.add_argument(
        "--retrieved",
        type=int,
        metavar="SECONDS",
        help="when the record is made, since 1970 (default: now)",
    )


def _export(chosen: argparse.Namespace) -> None:
    chosen.format = _ALIASES.get(chosen.format, chosen.format)
    _check_options(chosen)
    if chosen.format == "every-eval-ever":
        _every_eval_ever(chosen)
    elif chosen.format == "hf-eval-results":
        _hf_eval_results(chosen)
    else:
        _table(chosen)


def _check_options(chosen: argparse.Namespace) -> None:
    """Refuse options of another format, which would have no effect."""
    for formatted, options in (("hf-eval-results", _HF), ("every-eval-ever", _EEE)):
        given = [option for name, option in options.items() if getattr(chosen, name) is not None]
        if given and chosen.format != formatted:
            raise AnytimeError(
                f"{', '.join(given)} is for --format {formatted}: leave it out with {chosen.format}"
            )
    if chosen.output == Path("-"):
        chosen.output = None
        if chosen.format in ("hf-eval-results", "every-eval-ever"):
            raise AnytimeError(f"{chosen.format} cannot be printed: name a place with -o PLACE")


def _table(chosen: argparse.Namespace) -> None:
    from anytime.results.exports.leaderboard import to_csv, to_markdown

    if chosen.output is not None:
        check_output(chosen)
    measured = [one for ones in _measured(_open(chosen)) for one in ones]
    text = (to_csv if chosen.format == "csv" else to_markdown)(measured)
    if chosen.output is None:
        print(for_terminal(text), end="")
        return
    with whole_file(chosen.output) as partial:
        partial.write_text(text, encoding="utf-8", newline="")
    _written(f"{_counted(len(measured), 'curve')} written to {chosen.output}")


def _hf_eval_results(chosen: argparse.Namespace) -> None:
    from anytime.results.exports.hf_eval_results import (
        check_one_model,
        entries,
        files_by_model,
        targets,
        write_yaml,
    )

    if chosen.output is None or chosen.output.suffix not in ("", ".yaml"):
        named = chosen.output or "hf-eval-results needs -o FILE"
        raise AnytimeError(
            f"{named}: name a file that ends in .yaml, such as .eval_results/aime.yaml, or a "
            f"directory for the results of many models"
        )
    alone = chosen.output.suffix == ".yaml"
    if alone:
        check_output(chosen)
    runs = _open(chosen)
    if alone:
        check_one_model(runs)
    of = targets(runs, chosen.dataset_id, chosen.task_id)
    found = [
        (one, target) for ones, target in zip(_measured(runs), of, strict=True) for one in ones
    ]
    files = {chosen.output: found} if alone else files_by_model(chosen.output, found)
    for path in files:
        if path.exists() and not chosen.force:
            raise AnytimeError(f"{path} is there already: name another place, or add --force")
    for path, results in files.items():
        make_folder(path.parent)
        write_yaml(path, entries(results, chosen.value or "final"))
        _written(f"{_counted(len(results), 'result')} written to {path}")


def _every_eval_ever(chosen: argparse.Namespace) -> None:
    from anytime.results.exports.every_eval_ever import planned, write_records
    from anytime.results.exports.naming import About

    if chosen.output is None:
        raise AnytimeError("every-eval-ever needs -o DIRECTORY: data/ is made in it")
    if chosen.output.exists() and not chosen.output.is_dir():
        raise AnytimeError(f"{chosen.output} is a file: name the directory that data/ goes into")
    if chosen.retrieved is not None and chosen.retrieved < 0:
        raise AnytimeError(f"--retrieved {chosen.retrieved}: name seconds since 1970")
    about = About(
        retrieved=int(time.time()) if chosen.retrieved is None else chosen.retrieved,
        organization=chosen.organization or "unknown",
        relationship=chosen.relationship or "other",
        model_id=chosen.model_id,
        deployment=chosen.deployment,
        availability=chosen.availability or "unknown",
    )
    runs = _open(chosen)
    plan = planned(runs, chosen.output, about, force=chosen.force)
    for path, lines in write_records(runs, chosen.output, plan, about):
        _written(f"{path} with {_counted(lines, 'line')} beside it")
    tell_read(runs)
    for model in sorted({names.model.id for names in plan if names.model.developer is None}):
        tell(f"nobody is named as the maker of {model}: say it with --model-id ORGANISATION/MODEL")
    if chosen.organization is None:
        tell("nobody is named as the publisher: say who it is with --organization NAME")


def _open(chosen: argparse.Namespace) -> Sequence[Watched]:
    return opened(chosen)


def _measured(runs: Sequence[Watched]) -> list[list[Measured]]:
    from anytime.results.exports.measuring import measure

    found = [measure(run) for run in runs]
    tell_read(runs)
    return found


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _written(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")
