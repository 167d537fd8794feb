"""`anytime annotate`: answers at every budget for logs that were made without."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anytime.commands.terminal import action, console, named_place, progress, tell, tell_skipped
from anytime.errors import AnytimeError
from anytime.places import log_dir

if TYPE_CHECKING:
    from anytime.harnesses import Annotated, Answering, Watch

__all__ = ["add_annotate"]

_ANNOTATE = """
Takes finished logs of any task and writes new ones, in which every trace was cut at every budget
and what stands in it by then was graded as the task itself grades: by the scorers the log names, or
lm-eval's filters and metrics. No model is asked, so this says what had been written down, not what
the model would have answered: the curve is a lower bound, and is labelled `intrace`. The originals
are not touched. Traces that cannot be cut (hidden reasoning, tool calls, errors) are left out and
counted.

  anytime annotate logs/*.eval -o annotated/
  anytime annotate results_2026-01-01T10-00-00.json -o annotated/ --tokenizer Qwen/Qwen3-8B
  anytime annotate logs/aime.eval -o annotated/ --domain aime --budgets 1024,4096,16384
  anytime summary annotated/

With --model the cut traces are handed back to a model, which answers at once, as in a live run:

  anytime annotate logs/gsm8k.eval -o annotated/ --model openai/gpt-4.1
  anytime annotate samples_gsm8k_2026-01-01T10-00-00.jsonl -o annotated/ --model hf \\
      --model-args pretrained=Qwen/Qwen3-0.6B
"""


def add_annotate(commands: Any) -> None:
    """Add `annotate` to the commands of the command line."""
    about = "add answers at every budget to finished logs of any task"
    annotate = action(commands, "annotate", about, _ANNOTATE, _annotate)
    annotate.add_argument(
        "logs",
        nargs="*",
        type=named_place,
        metavar="LOG",
        help="a log of Inspect AI; lm-eval's results_*.json or samples_*.jsonl; a directory; by "
        "default INSPECT_LOG_DIR, or logs/",
    )
    annotate.add_argument(
        "-o",
        "--output",
        type=named_place,
        required=True,
        metavar="DIR",
        help="where annotated logs of the same names are written",
    )
    annotate.add_argument("--force", action="store_true", help="replace logs that are there")
    annotate.add_argument(
        "--budgets",
        metavar="GRID",
        help="128,256,512 or geom:128:4096:6; auto: seven doublings, the last of which no trace of "
        "these logs is longer than; by default those of --domain, else 128, 256, ... 32768",
    )
    annotate.add_argument(
        "--domain", metavar="NAME", help="grade as this domain does: trip, aime, gpqa"
    )
    annotate.add_argument(
        "--task", metavar="NAME", help="of lm-eval's logs: grade as this task of lm-eval does"
    )
    annotate.add_argument(
        "--include-path",
        type=named_place,
        metavar="DIR",
        help="a folder with the YAML of lm-eval tasks that lm-eval does not bring",
    )
    annotate.add_argument(
        "--trust",
        action="store_true",
        help="run the Python files that a log itself names for its scorers: look at them first",
    )
    annotate.add_argument(
        "--frame",
        metavar="TAGS",
        help="a pair of tags around reasoning, beside the known ones: '<reason> </reason>'",
    )
    annotate.add_argument(
        "--tokenizer",
        metavar="NAME",
        help="a tokenizers file, directory or hub id to cut with, where the log has no counts",
    )
    annotate.add_argument(
        "--envelope", default="mean", metavar="HOW", help="mean, none, problem or trace"
    )
    annotate.add_argument("--scale", default="linear", metavar="HOW", help="linear or log2")
    annotate.add_argument(
        "--estimator", default="crossfit", metavar="HOW", help="of the index: crossfit or plugin"
    )
    annotate.add_argument(
        "--jobs",
        type=int,
        metavar="N",
        help="processes that work at a log, by default one for each core; 1 is this one alone",
    )
    asking = annotate.add_argument_group("asking a model")
    asking.add_argument("--model", metavar="NAME", help="as the log's own harness names it")
    asking.add_argument(
        "--model-args", metavar="ARGS", help="lm-eval's arguments of the model: name=value,..."
    )
    asking.add_argument(
        "--continuation",
        default="auto",
        metavar="HOW",
        help="how a cut trace is handed back: auto, prefill, reprompt",
    )
    asking.add_argument(
        "--cue",
        metavar="WORDS",
        help="of lm-eval's logs: the first words of a forced answer, such as ' The answer is'",
    )


def _annotate(chosen: argparse.Namespace) -> None:
    from anytime.budgets import parse_budgets
    from anytime.cutting.tokens import load_tokenizer
    from anytime.plugins import get_domain
    from anytime.settings import FINISHED_BUDGETS, IndexOptions

    chosen.logs = chosen.logs or [log_dir()]
    domain = None if chosen.domain is None else get_domain(chosen.domain)
    usual = FINISHED_BUDGETS if domain is None else domain.budgets
    grid = usual if chosen.budgets is None else chosen.budgets
    budgets = None if grid == "auto" else parse_budgets(grid)
    if domain is not None and chosen.task is not None:
        raise AnytimeError("--domain and --task both say who grades: name one of them")
    if chosen.model is not None and chosen.jobs is not None:
        raise AnytimeError("--jobs does nothing with --model, which is asked in one process")
    answering = _answering(chosen)
    if answering is not None:
        tokenizer = answering.tokenizer
    else:
        tokenizer = None if chosen.tokenizer is None else load_tokenizer(chosen.tokenizer)
    from anytime.logs.annotation import annotate

    grid, told = annotate(
        chosen.logs,
        chosen.output,
        budgets=budgets,
        domain=domain,
        task=chosen.task,
        include_path=chosen.include_path,
        trust=chosen.trust,
        frame=chosen.frame,
        answering=answering,
        tokenizer=tokenizer,
        options=IndexOptions(chosen.envelope, chosen.scale, estimator=chosen.estimator),
        replace=chosen.force,
        jobs=_jobs(chosen),
        watch=_watch,
    )
    refused = total = estimated = 0
    screen = console()
    for one in told:
        total += 1
        if one.outcome is None:
            refused += 1
            tell(one.refused)
            continue
        tell_skipped(str(one.path), one.outcome.skipped)
        _tell_lost(one.path, one.outcome.lost)
        empty = f", {one.outcome.empty} of them empty" if one.outcome.empty else ""
        estimated += one.outcome.estimated
        noun = "trace" if one.outcome.samples == 1 else "traces"
        screen.print(
            f"{one.outputs[0]}: {one.outcome.samples} {noun}{empty}, budgets "
            f"{','.join(map(str, grid))}{_regraded(one.outcome)}",
            highlight=False,
            soft_wrap=True,
            markup=False,
        )
    if estimated and tokenizer is None:
        tell(
            f"{estimated} {'trace was' if estimated == 1 else 'traces were'} cut by an estimate of "
            f"their tokens, which these logs do not tell: --tokenizer names the model's own"
        )
    if refused:
        raise AnytimeError(f"{refused} of {total} logs could not be annotated, see above")


def _watch(path: Path) -> Watch:
    def watch(items: Iterator[Any]) -> Iterator[Any]:
        return progress(items, path.name, "samples")

    return watch


def _jobs(chosen: argparse.Namespace) -> int:
    from anytime.workers import cores

    if chosen.jobs is not None:
        return int(chosen.jobs)
    return 1 if chosen.model is not None else cores()


def _tell_lost(path: Path, lost: int) -> None:
    if lost:
        many = "a process" if lost == 1 else f"{lost} processes"
        tell(
            f"{path}: {many} died at work, killed for lack of memory perhaps; what it was at was "
            f"done by another, and nothing is missing"
        )


def _regraded(outcome: Annotated) -> str:
    if not outcome.regraded:
        return ""
    return f"; {outcome.regraded} of {outcome.samples} graded otherwise than in the log"


def _answering(chosen: argparse.Namespace) -> Answering | None:
    """The model that answers, if one is named."""
    from anytime.harnesses import NamedModel
    from anytime.logs.annotation import answering_of

    if chosen.model is None:
        for name in ("model_args", "continuation", "cue"):
            if getattr(chosen, name) not in (None, "auto"):
                raise AnytimeError(f"--{name.replace('_', '-')} does nothing without --model")
        return None
    named = NamedModel(
        chosen.model, chosen.model_args, chosen.continuation, chosen.cue, chosen.tokenizer
    )
    return answering_of(chosen.logs, named)
