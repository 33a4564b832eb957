"""A page of the site that is made when the site is built."""

from __future__ import annotations

import collections.abc
from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """Something that the site has and the repository has not."""

    path: str
    """Where it is in the site, with slashes: "conventions/otb-matlab.md", "figures/success.svg"."""
    content: str | bytes
    """Markdown of a page, or what a picture's file holds."""
    in_menu: bool = True
    """Whether the menu has it; a picture, or a page that another one lists, is not in it."""


def table(
    headings: collections.abc.Sequence[str], rows: collections.abc.Iterable[collections.abc.Sequence[str]]
) -> str:
    """A Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def listing(pages: collections.abc.Iterable[str], caption: str = "") -> str:
    """Names of pages, from the page where this stands, as entries of the menu below it."""
    options = ":hidden:\n" + (f":caption: {caption}\n" if caption else "")
    return "```{toctree}\n" + options + "\n" + "\n".join(pages) + "\n```\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
