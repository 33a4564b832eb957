"""Scripts and styles as they go into a page, which loads nothing from elsewhere.

The scripts are ES modules, so that editors and Node read them as they are. A page that is opened from disk can import
nothing, so they are joined into one script, in which each is a function that returns what it exports.
"""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files

from siamfc_eval.colours import COLOURS

ORDER = (
    "model",
    "view",
    "palette",
    "text",
    "tables",
    "legend",
    "frame",
    "zoom",
    "curves",
    "standing",
    "pairs",
    "attributes",
    "points",
    "sequences",
    "tracker",
    "main",
)
"""The modules, each after those that it imports."""
VENDORED = ("d3-7.9.2.min.js", "plot-0.6.17.umd.min.js")
"""Libraries as their authors publish them on npm; licences next to them."""

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) (\w+))", re.MULTILINE)


def styles() -> str:
    """The style sheet; by day trackers have the colours of the figures' files."""
    colours = " ".join(f"--tracker-{number}: {colour};" for number, colour in enumerate(COLOURS))
    return f":root {{ {colours} }}\n{_read('page.css')}"


def libraries() -> list[str]:
    """The vendored scripts, in the order in which they are needed."""
    return [_read(f"vendor/{name}") for name in VENDORED]


def program() -> str:
    """The page's own modules as one script."""
    return '"use strict";\n' + "\n".join(_as_function(name, _read(f"scripts/{name}.js")) for name in ORDER)


def _as_function(name: str, source: str) -> str:
    """A module as a constant that holds its exports."""
    exported = ", ".join(_EXPORT.findall(source))
    body = _EXPORT.sub("", _IMPORT.sub(r"const \1 = module_\2;", source))
    return f"const module_{name} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();\n"


def content_hash(text: str) -> str:
    """A script's hash as a Content-Security-Policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def policy(scripts: list[str]) -> str:
    """What the page may do: run these scripts and no other, and load nothing from anywhere."""
    allowed = " ".join(content_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def _read(name: str) -> str:
    return (files("siamfc_eval.reporting.page") / name).read_text(encoding="utf-8")
