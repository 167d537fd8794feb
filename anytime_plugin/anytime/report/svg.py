"""Figures as pictures: SVG that belongs into a page of either mode, and PNG."""

from __future__ import annotations

import io
import re
from pathlib import Path

from markupsafe import Markup, escape

from anytime.report.figures import Drawn
from anytime.report.plotting import COLOURS

__all__ = ["inline_svg", "write_png"]

_GROUP_ID = re.compile(r' id="(?:[a-zA-Z]+\d*_\d+|[a-zA-Z]+)"')
"""Names matplotlib gives to groups, which nothing refers to and every figure has again."""

_REFERRED = re.compile(r'( id="|href="#|url\(#)')
_FONT = re.compile(r"font: (?:(\d+) )?([\d.]+)px [^;\"]*")
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_TAG = re.compile(r"<[^>]*>")


def inline_svg(drawn: Drawn, name: str) -> Markup:
    """A figure as an element of a page: text stays text, colours are the page's variables.

    Args:
        drawn: The figure.
        name: Unique within the page.
    """
    written = io.StringIO()
    drawn.figure.savefig(written, format="svg", metadata={"Date": None})
    text = written.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)  # would hold for all of the page
    text = re.sub(r"<!--.*?-->\s*", "", text, flags=re.DOTALL)  # repeats the labels
    head, body = text.split(">", 1)
    (box,) = re.findall(r'viewBox="[^"]*"', head)
    body = _TAG.sub(lambda tag: _for_page(tag[0], name), body)
    about = escape(drawn.about)
    return Markup(f'<svg class="plot" role="img" aria-label="{about}" {box}>{body}')


def _for_page(tag: str, name: str) -> str:
    """A tag as the page has it. Text between tags is left alone: names may look like anything."""
    tag = _GROUP_ID.sub("", tag).replace("xlink:href", "href")
    tag = _REFERRED.sub(rf"\g<1>{name}-", tag)
    tag = _FONT.sub(lambda found: f"font-size: {found[2]}px", tag)
    tag = _NUMBER.sub(lambda found: f"{float(found[0]):.2f}", tag)
    for colour, variable in COLOURS.items():
        tag = tag.replace(colour, f"var(--{variable})")
    return tag


def write_png(drawn: Drawn, path: Path) -> None:
    """A figure as a file, whatever its name ends in."""
    drawn.figure.savefig(path, format="png", dpi=200)
