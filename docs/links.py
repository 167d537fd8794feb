"""Links of the repository's Markdown: `python docs/links.py` lists those that lead elsewhere.

What leads to a page, a heading or a file of the repository is checked, by a test and before the
list is printed; what leads elsewhere is only listed, for nothing here asks the network.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("task_configs/*.md")])


class Link(NamedTuple):
    """A link or picture of a page."""

    page: Path
    target: str

    @property
    def leads_elsewhere(self) -> bool:
        """Whether it has a scheme, such as https."""
        return re.match(r"[a-z][a-z0-9+.-]*:", self.target) is not None


def links(page: Path) -> Iterator[Link]:
    """Every link and picture, in order; none of what stands in code."""
    for block in MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8")):
        for token in block.children or ():
            target = token.attrGet("href" if token.type == "link_open" else "src")
            if target is not None:
                yield Link(page, str(target))


def anchors(page: Path) -> set[str]:
    """Names that a code host gives to the headings of a page."""
    blocks = MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
    names: set[str] = set()
    for heading, inline in itertools.pairwise(blocks):
        if heading.type == "heading_open":
            text = "".join(token.content for token in inline.children or ())
            names.add(re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-"))
    return names


def fault(link: Link) -> str:
    """What is wrong with a link within the repository; empty where nothing is."""
    name, _, anchor = unquote(link.target).partition("#")
    path = (link.page.parent / name).resolve() if name else link.page
    where = f"{link.page.relative_to(ROOT)}: {link.target}"
    if not path.is_relative_to(ROOT) or not path.exists():
        return f"{where}: there is no such file"
    if anchor and anchor not in anchors(path):
        return f"{where}: that page has no such heading"
    return ""


def faults() -> list[str]:
    """Those of all pages."""
    own = [link for page in PAGES for link in links(page) if not link.leads_elsewhere]
    return [wrong for link in own if (wrong := fault(link))]


def elsewhere() -> dict[str, list[str]]:
    """Pages by address that they lead to."""
    found: dict[str, list[str]] = {}
    for page in PAGES:
        for link in links(page):
            if link.leads_elsewhere:
                found.setdefault(link.target, []).append(str(page.relative_to(ROOT)))
    return dict(sorted(found.items()))


if __name__ == "__main__":
    if wrong := faults():
        sys.exit("\n".join(wrong))
    for address, pages in elsewhere().items():
        print(address, *sorted(set(pages)))
