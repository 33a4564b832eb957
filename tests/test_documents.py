"""What the documents show runs as it stands: examples in docstrings, and the Python in the guide to the API."""

from __future__ import annotations

import doctest
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


def modules_with_examples() -> list[str]:
    """Modules whose docstrings hold `>>>`."""
    found = [path for path in (REPOSITORY / "siamfc_eval").rglob("*.py") if ">>> " in path.read_text(encoding="utf-8")]
    return sorted(".".join(path.relative_to(REPOSITORY).with_suffix("").parts) for path in found)


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_in_docstrings_are_true(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name.removesuffix(".__init__")))
    assert tried
    assert not failed


def blocks(document: str, language: str) -> list[str]:
    """The code blocks of a document."""
    text = (REPOSITORY / document).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(blocks("docs/python.md", "python"))))
def test_the_guide_to_the_api_runs_as_it_stands(number: int, tmp_path: Path) -> None:
    code = blocks("docs/python.md", "python")[number]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_every_public_name_is_in_the_guide() -> None:
    import siamfc_eval as se

    guide = (REPOSITORY / "docs/python.md").read_text(encoding="utf-8")
    missing = [name for name in se.__all__ if not name.startswith("_") and f"se.{name}" not in guide]
    assert not missing
