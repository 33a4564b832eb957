"""Examples in docstrings are true, and every public name is in the guide to the API."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def modules_with_examples() -> list[str]:
    """Modules whose docstrings hold `>>>`."""
    found = [path for path in (REPOSITORY / "siamfc_eval").rglob("*.py") if ">>> " in path.read_text(encoding="utf-8")]
    return sorted(".".join(path.relative_to(REPOSITORY).with_suffix("").parts) for path in found)


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_in_docstrings_are_true(name: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(name.removesuffix(".__init__")))
    assert tried
    assert not failed


def test_every_public_name_is_in_the_guide() -> None:
    import siamfc_eval as se

    guide = (REPOSITORY / "docs/python.md").read_text(encoding="utf-8")
    missing = [name for name in se.__all__ if not name.startswith("_") and f"se.{name}" not in guide]
    assert not missing
