"""The code blocks of documents, and what is said of those that no test can run.

A block runs as it stands, in a folder of its document's own, in the order of the page. A comment right before it says
otherwise, with the reason, `<!-- not run: needs a graphics card -->`, or which test runs it, `<!-- run by: tests/x.py
-->`. A Python or TOML block whose first line is a comment that names a file (`# my_tracker.py`) is written to that file
before anything runs.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

REPOSITORY = Path(__file__).resolve().parents[2]
RUNNABLE = {"sh", "bash", "python", "toml"}


@dataclass(frozen=True)
class Block:
    """One code block of a document."""

    document: str
    """From the top of the repository."""
    line: int
    """1-based, of its first line of code."""
    language: str
    code: str
    mark: str
    """What the comment before it says; "" where there is none."""

    @property
    def place(self) -> str:
        """For messages."""
        return f"{self.document}:{self.line}"

    @property
    def file(self) -> str:
        """The name in the comment of its first line; "" for a block that is no file."""
        found = re.match(r"# ([\w.-]+\.(?:py|toml))\b", self.code)
        return found[1] if found and self.language in {"python", "toml"} else ""

    @property
    def runs(self) -> bool:
        """Whether it is run here."""
        return not self.mark

    def commands(self) -> list[list[str]]:
        """The words of each command of a shell's block."""
        lines = self.code.replace("\\\n", " ").splitlines()
        return [words for line in lines if (words := shlex.split(line, comments=True))]


def blocks_of(document: str) -> list[Block]:
    """The blocks of a document that a test can run, in order."""
    tokens = MarkdownIt().parse((REPOSITORY / document).read_text(encoding="utf-8"))
    found = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.type != "fence" or token.info.split(" ")[0] not in RUNNABLE or token.map is None:
            continue
        comment = before.content.strip() if before is not None and before.type == "html_block" else ""
        mark = re.fullmatch(r"<!-- ((?:not run|run by): .*\S) -->", comment)
        found.append(Block(document, token.map[0] + 2, token.info, token.content, mark[1] if mark else ""))
    return found


def documents() -> list[str]:
    """Every document that has blocks."""
    paths = [REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
    names = [path.relative_to(REPOSITORY).as_posix() for path in paths]
    return [name for name in names if blocks_of(name)]
