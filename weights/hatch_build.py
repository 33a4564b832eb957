"""Puts into this package what the wheel of siamfc-eval leaves out of `trackers/`: one list says what is where."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

IN_ARCHIVE = "files"
"""Folder of the source archive with what lies elsewhere in the repository."""


class WeightsHook(BuildHookInterface[BuilderConfig]):
    """Adds the files to wheels and source archives, built in the repository or from a source archive."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        folder = IN_ARCHIVE if self.target_name == "sdist" else "siamfc_eval_weights"
        for path in _files(Path(self.root)):
            build_data["force_include"][str(path)] = f"{folder}/{path.name}"


def _files(root: Path) -> list[Path]:
    if (root / IN_ARCHIVE).is_dir():
        return sorted((root / IN_ARCHIVE).iterdir())
    repository = root.parent
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    left_out = project["tool"]["hatch"]["build"]["targets"]["wheel"]["exclude"]
    return [repository / "LICENSE", *(repository / name.removeprefix("/") for name in left_out)]
