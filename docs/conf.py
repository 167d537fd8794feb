"""How the pages of this folder become a site: `sphinx-build -W docs build/site` (extra `docs`).

Nothing is fetched while it is built, and nothing by who reads it: no inventories of other projects,
no fonts, no scripts from elsewhere.
"""

from __future__ import annotations

import inspect
import sys
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from public_names import data_text, home

project = "anytime"
author = "the authors of anytime"
copyright = "the authors of anytime, Apache-2.0"
release = version = installed("anytime-eval")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
root_doc = "index"
source_suffix = {".md": "markdown"}

# Links to a heading are checked by the build; the pages have three levels of them.
myst_heading_anchors = 3
# A footnote that nothing points at, a link to no page, a name that is not there: all are errors
# under -W.
nitpicky = False

# Docstrings mark code with single backticks, as Markdown does.
default_role = "code"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
# Arrays by their names, not by all that can be turned into one.
autodoc_type_aliases = {"npt.ArrayLike": "ArrayLike", "FloatArray": "FloatArray"}
autodoc_default_options = {"members": True}
python_maximum_signature_line_length = 80

html_theme = "furo"
html_title = f"anytime {release}"
html_show_sourcelink = False
html_copy_source = False
pygments_style = "friendly"
pygments_dark_style = "monokai"


def _text_of_data(
    app: Any, what: str, name: str, value: object, options: object, lines: list[str]
) -> None:
    """Gives a public name that is no class or function the text below its assignment."""
    short = name.removeprefix("anytime.")
    if what == "data" and home(short):
        lines[:] = [*data_text(short).splitlines(), ""]


def _text_of_property(
    app: Any, what: str, name: str, value: Any, options: object, lines: list[str]
) -> None:
    """Puts back what Napoleon took for a type: the words before a colon."""
    if what == "property":
        lines[:] = [*(inspect.getdoc(value) or "").splitlines(), ""]


def _is_left_out(
    app: Any, what: str, name: str, value: object, skip: bool, options: object
) -> bool | None:
    """Leaves out fields of tuples, whose only text is "Alias for field number 0"."""
    return True if type(value).__name__ == "_tuplegetter" else None


def setup(app: Any) -> None:
    """Connect them, before Napoleon reads sections (500) or after."""
    app.connect("autodoc-process-docstring", _text_of_data, priority=100)
    app.connect("autodoc-process-docstring", _text_of_property, priority=600)
    app.connect("autodoc-skip-member", _is_left_out)
