"""Named hyper-parameters, as a family keeps them in a TOML file next to its code."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def read_presets(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """Preset -> hyper-parameter -> value, from `presets.toml` in the folder of a family."""
    return tomllib.loads((folder / "presets.toml").read_text(encoding="utf-8"))
