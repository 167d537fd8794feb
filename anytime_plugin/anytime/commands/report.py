"""`anytime report`: finished runs as a page and pictures."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from anytime.commands.terminal import (
    action,
    add_labels,
    add_logs,
    add_options,
    check_output,
    console,
    named_place,
    opened,
    tell,
    tell_read,
)
from anytime.errors import AnytimeError
from anytime.places import is_remote
from anytime.writing import make_folder, whole_file

__all__ = ["add_report", "now"]

_REPORT = """
Writes one HTML file that shows finished runs to somebody who has never seen them: curves with bands
that hold the whole curve, the index with its interval, tokens really spent, what could not be read,
and where quality was lost again, with the text around it. Nothing is loaded from anywhere, so it
opens offline, and may be mailed. docs/report.md explains it.

  anytime report logs/*.eval -o report.html
  anytime report logs/ out/ -o report.html --png pictures/
  anytime report theirs.csv --columns problem=id,budget=tokens,quality=correct -o theirs.html
"""


def add_report(commands: Any) -> None:
    """Add `report` to the commands of the command line."""
    about = "write a page with curves, intervals, costs and drift of finished runs"
    report = action(commands, "report", about, _REPORT, _report)
    add_logs(report)
    add_labels(report)
    add_options(report, "estimator", "population")
    report.add_argument(
        "-o", "--output", type=named_place, required=True, metavar="FILE", help="the page: a .html"
    )
    report.add_argument(
        "--png", type=named_place, metavar="DIR", help="write the figures as pictures there too"
    )
    report.add_argument("--force", action="store_true", help="replace what is there")


def now() -> str:
    """The time, as a page says it."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())


_AT_ONCE = 3
"""The figures of more runs take seconds, in which a terminal should not be silent."""


def _report(chosen: argparse.Namespace) -> None:
    from anytime.report.plot import check_plots

    if chosen.output.suffix not in (".html", ".htm"):
        raise AnytimeError(f"{chosen.output}: name a file that ends in .html")
    check_plots()
    check_output(chosen)
    if chosen.png is not None:
        _check_pictures(chosen.png, chosen.force)
    runs = opened(chosen)

    from anytime.report.digest import digests
    from anytime.report.page import pictures_of, report_page
    from anytime.report.plotting import drawing
    from anytime.report.svg import write_png

    found = digests(runs, given=chosen.label)
    tell_read(runs)
    if len(found) > _AT_ONCE and sys.stderr.isatty():
        tell(f"drawing the figures of {len(found)} runs")
    with drawing(), ExitStack() as files:
        pictures = pictures_of(found)
        text = report_page(found, pictures, now())
        if chosen.png is not None:
            make_folder(chosen.png)
            for picture in pictures:
                place = chosen.png / f"{picture.name}.png"
                write_png(picture.drawn, files.enter_context(whole_file(place)))
        page = files.enter_context(whole_file(chosen.output))
        page.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    noun = "run" if len(found) == 1 else "runs"
    also = "" if chosen.png is None else f", and {len(pictures)} pictures to {chosen.png}"
    console().print(
        f"{len(found)} {noun} written to {chosen.output}{also}",
        highlight=False,
        soft_wrap=True,
        markup=False,
    )


def _check_pictures(folder: Path, force: bool) -> None:
    if is_remote(folder):
        raise AnytimeError(f"{folder}: name a directory of this machine for the pictures")
    if folder.exists() and not folder.is_dir():
        raise AnytimeError(f"{folder} is a file: name a directory for the pictures")
    if not folder.exists() and not folder.parent.is_dir():
        raise AnytimeError(f"there is no directory {folder.parent} to make {folder.name} in")
    if not force and folder.exists() and (found := sorted(folder.glob("[0-9][0-9]-*.png"))):
        raise AnytimeError(f"{found[0]} is there already: name another directory, or add --force")
