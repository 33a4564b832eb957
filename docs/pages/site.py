"""The pages of the site: those of docs/ as they are, and those that are made from what is registered and declared."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docs.pages.conventions import convention_pages
from docs.pages.gallery import gallery_pages
from docs.pages.metrics import metric_pages
from docs.pages.page import Page, listing
from docs.pages.reference import reference_pages
from docs.pages.repository import changelog_pages, contributing_pages

SOURCE = Path(__file__).resolve().parents[1]
"""The folder docs/."""

MAKERS: dict[str, Callable[[], list[Page]]] = {
    "@conventions": convention_pages,
    "@metrics": metric_pages,
    "@figures": gallery_pages,
    "@reference": reference_pages,
    "@contributing": contributing_pages,
    "@changelog": changelog_pages,
}
"""Name in menu.toml -> what makes its pages."""


def assemble(folder: Path) -> None:
    """Write everything that Sphinx reads into a folder, which is emptied before.

    Raises:
        ValueError: a page of docs/ is not in the menu, or the menu has one that is not there.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in SOURCE.iterdir():
        if path.suffix in {".md", ".ipynb", ".png", ".svg"}:
            shutil.copy(path, folder / path.name)
    made = {name: make() for name, make in MAKERS.items()}
    for pages in made.values():
        for page in pages:
            place = folder / page.path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(page.content if isinstance(page.content, bytes) else page.content.encode())
    for path in folder.glob("*.md"):
        path.write_text(_links_of_the_site(path.read_text(encoding="utf-8")), encoding="utf-8")
    index = folder / "index.md"
    index.write_text(index.read_text(encoding="utf-8") + _menu(menu(), made), encoding="utf-8")


def menu() -> list[dict[str, Any]]:
    """The sections of menu.toml.

    Raises:
        ValueError: it and the pages of docs/ are not the same.
    """
    sections: list[dict[str, Any]] = tomllib.loads((SOURCE / "menu.toml").read_text(encoding="utf-8"))["section"]
    listed = [page for section in sections for page in section["pages"]]
    named = set(listed)
    there = {path.stem for path in SOURCE.iterdir() if path.suffix in {".md", ".ipynb"}} | set(MAKERS)
    if len(listed) > len(named):
        raise ValueError(f"docs/menu.toml: twice in it: {sorted({page for page in listed if listed.count(page) > 1})}")
    if named != there:
        lacking, unknown = sorted(there - named), sorted(named - there)
        raise ValueError(f"docs/menu.toml: without a line in it: {lacking}; in it and not in docs/: {unknown}")
    return sections


def _menu(sections: list[dict[str, Any]], made: dict[str, list[Page]]) -> str:
    """The menu as Sphinx reads it, at the end of the first page."""
    parts = []
    for section in sections:
        names = []
        for page in section["pages"]:
            names += [each.path for each in made[page] if each.in_menu] if page in made else [page]
        parts.append(listing((name.removesuffix(".md") for name in names if name != "index"), section["title"]))
    return "\n" + "\n".join(parts)


def _links_of_the_site(text: str) -> str:
    """Links from docs/ to files above it, as the site has these."""
    return re.sub(r"\]\(\.\./(CONTRIBUTING|CHANGELOG)\.md", lambda found: f"]({found[1].lower()}.md", text)
