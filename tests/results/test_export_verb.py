"""The subcommands of `export` that hand over to other rooms say what they wrote, and refuse what cannot be."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from siamfc_eval.cli.main import cli
from siamfc_eval.errors import InputError, UnknownNameError


def invoke(*words: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words], standalone_mode=False)


def test_a_vot_workspace_is_written_for_a_data_set_with_images(tmp_path: Path) -> None:
    folder = tmp_path / "OTB" / "Couple"
    (folder / "img").mkdir(parents=True)
    for number in (1, 2):
        Image.fromarray(np.zeros((24, 32, 3), np.uint8)).save(folder / "img" / f"{number:04d}.jpg")
    (folder / "groundtruth_rect.txt").write_text("10,11,6,7\n11,11,6,7\n")
    outcome = invoke("export", "vot-workspace", tmp_path / "ws", "--data", tmp_path / "OTB", "--tracker", "static")
    assert outcome.exception is None
    assert "1 sequence, 1 tracker" in outcome.output
    assert {path.name for path in (tmp_path / "ws").iterdir()} == {"config.yaml", "trackers.ini", "sequences"}
    # vot-toolkit counts pixels from 0, OTB from 1.
    assert (tmp_path / "ws/sequences/Couple/groundtruth.txt").read_text().splitlines()[0] == "9,10,6,7"


@pytest.mark.skipif(not (find_spec("torch") and find_spec("onnx")), reason="torch and onnx are not installed")
def test_a_tracker_without_a_network_cannot_become_onnx(tmp_path: Path) -> None:
    outcome = invoke("export", "onnx", "static", tmp_path / "x.onnx")
    assert isinstance(outcome.exception, InputError)
    assert "has no network with weights" in str(outcome.exception)
    outcome = invoke("export", "onnx", "statik", tmp_path / "x.onnx")
    assert isinstance(outcome.exception, UnknownNameError)
