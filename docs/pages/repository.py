"""Files at the top of the repository that the site has too."""

from __future__ import annotations

import re
from pathlib import Path

from docs.pages.page import Page

REPOSITORY = Path(__file__).resolve().parents[2]


def contributing_pages() -> list[Page]:
    """CONTRIBUTING.md."""
    return [_page("CONTRIBUTING.md")]


def changelog_pages() -> list[Page]:
    """CHANGELOG.md."""
    return [_page("CHANGELOG.md")]


def _page(name: str) -> Page:
    """A file with its links into docs/ as the site has them."""
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    return Page(name.lower(), re.sub(r"\]\(docs/", "](", text))
