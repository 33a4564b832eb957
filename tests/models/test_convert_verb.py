"""`siamfc-eval convert weights` turns other projects' weights into ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from siamfc_eval.cli.verbs.convert_verb import command
from siamfc_eval.errors import InputError
from siamfc_eval.models.checkpoints import load_model
from siamfc_eval.models.registry import build_model


@pytest.fixture
def narrow_file(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path = tmp_path / "narrow.pth"
    torch.save(build_model("SiamFC", channels=(4, 4, 4, 4, 4)).state_dict(), path)
    return path


def test_a_converted_file_holds_the_same_network(tmp_path: Path, narrow_file: Path) -> None:
    out = tmp_path / "out.safetensors"
    result = CliRunner().invoke(command, ["weights", str(narrow_file), str(out)], catch_exceptions=False)
    assert result.exit_code == 0
    assert "SiamFC from siamfc-pytorch, RGB 0..255" in result.output
    found, right = load_model(out).state_dict(), load_model(narrow_file).state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in right.items())


def test_what_was_found_comes_as_json(tmp_path: Path, narrow_file: Path) -> None:
    arguments = ["weights", str(narrow_file), str(tmp_path / "out.safetensors"), "--half", "--json"]
    result = CliRunner().invoke(command, arguments, catch_exceptions=False)
    facts = json.loads(result.stdout)
    assert (facts["model"], facts["source"], facts["tensors"]) == ("SiamFC", "siamfc-pytorch", 30)


def test_another_model_is_refused_and_nothing_is_written(tmp_path: Path, narrow_file: Path) -> None:
    arguments = ["weights", str(narrow_file), str(tmp_path / "out.safetensors"), "--model", "SiamVGG"]
    with pytest.raises(InputError, match="not a SiamVGG"):
        CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert not (tmp_path / "out.safetensors").exists()
