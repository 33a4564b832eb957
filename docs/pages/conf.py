"""How Sphinx makes the site. Nothing is fetched from elsewhere."""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

from siamfc_eval.version import __version__

project = "siamfc_eval"
author = "siamfc_eval contributors"
release = __version__
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

html_theme = "furo"
html_title = f"siamfc_eval {__version__}"
html_copy_source = False
html_show_sphinx = False

myst_heading_anchors = 4
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 120

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_default_options = {"members": True}
autodoc_class_signature = "separated"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"
napoleon_use_ivar = True


def setup(app: Sphinx) -> None:
    """Docstrings quote names as Markdown does, with single backticks; Sphinx is told before it looks for colons."""
    app.connect("autodoc-process-docstring", _quoted, priority=100)


def _quoted(*event: Any) -> None:
    """The last of what Sphinx hands over are the lines of the docstring, which are changed in place."""
    lines: list[str] = event[-1]
    lines[:] = [re.sub(r"(?<!`)`([^`]+)`(?!`)", r"``\1``", line) for line in lines]
