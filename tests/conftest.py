"""What every test may use: the shared reference data, and a process that does not take the whole machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

# Set before numpy, torch or numba start their thread pools; a user's own setting wins.
os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")
os.environ.setdefault("MPLBACKEND", "Agg")

_REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the reference data: SIAMFC_EVAL_SHARED, or `shared` beside the repository."""
    named = os.environ.get("SIAMFC_EVAL_SHARED")
    folder = Path(named).expanduser() if named else _REPOSITORY.parent / "shared"
    if not (folder / "data").is_dir():
        how = "SIAMFC_EVAL_SHARED points to it" if named else "SIAMFC_EVAL_SHARED is not set"
        pytest.skip(f"the shared reference data is absent: no {folder.name}/data ({how})")
    return folder
