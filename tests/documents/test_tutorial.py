"""The tutorial runs as it stands, and its outputs are those that it shows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.documents.blocks import REPOSITORY

nbformat = pytest.importorskip("nbformat", reason="the tutorial needs the extra 'docs'")
nbclient = pytest.importorskip("nbclient", reason="the tutorial needs the extra 'docs'")

TUTORIAL = REPOSITORY / "docs" / "tutorial.ipynb"
NUMBER = r"-?\d+\.\d+"


def outputs(notebook: Any) -> list[tuple[int, str, str]]:
    """Cell, form and text of everything that the cells show."""
    found = []
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", ()):
            data = output.get("data", {"text/plain": output.get("text", "")})
            found += [(number, form, text if form == "text/plain" else "") for form, text in sorted(data.items())]
    return found


def test_the_tutorial_shows_what_it_computes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    shown = nbformat.read(TUTORIAL, as_version=4)
    run = nbformat.read(TUTORIAL, as_version=4)
    nbclient.NotebookClient(run, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    before, after = outputs(shown), outputs(run)
    assert [(cell, form) for cell, form, _ in before] == [(cell, form) for cell, form, _ in after]
    for (cell, _, old), (_, _, new) in zip(before, after, strict=True):
        assert re.sub(NUMBER, "#", old).split() == re.sub(NUMBER, "#", new).split(), f"cell {cell}"
        # Another processor rounds otherwise, which can decide a peak of a response.
        assert [float(x) for x in re.findall(NUMBER, new)] == pytest.approx(
            [float(x) for x in re.findall(NUMBER, old)], abs=0.05
        ), f"cell {cell}"
