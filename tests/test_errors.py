"""Errors name a command that works."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

from siamfc_eval import errors
from siamfc_eval.errors import MissingDependencyError

PACKAGE = Path(errors.__file__).parent


def test_an_installation_is_from_the_sources_and_of_an_extra_that_there_is() -> None:
    said = str(MissingDependencyError("torch", "torch", "tracker x"))
    assert said.endswith(f"In {PACKAGE.parent}, run: pip install '.[torch]'")
    assert errors.install_hint().endswith("pip install '.'")


def test_every_extra_that_is_asked_for_is_declared() -> None:
    project = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sources = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    calls = [node for source in sources for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    raised = [call for call in calls if getattr(call.func, "id", "") == "MissingDependencyError"]
    asked = {call.args[1].value for call in raised if isinstance(call.args[1], ast.Constant)}
    assert {"torch", "onnx", "train"} <= asked <= set(project["optional-dependencies"])
    assert not any("pip install 'siamfc-eval" in source for source in sources)  # there is no release to install from
