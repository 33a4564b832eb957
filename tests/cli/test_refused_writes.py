"""What the system refuses to write has a message, and no verb leaves half a file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from siamfc_eval.adapters.workspace import write_workspace
from siamfc_eval.datasets.frames import ImageFrames
from siamfc_eval.datasets.sequence import Dataset, Sequence
from siamfc_eval.errors import InputError

FULL = Path("/dev/full")


def run(*arguments: str, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "siamfc_eval", *arguments]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [("list", "trackers"), ("list", "trackers", "--json")])
def test_a_full_device_behind_standard_output_is_an_error(arguments: tuple[str, ...]) -> None:
    with FULL.open("w") as full:
        done = run(*arguments, stdout=full.fileno())
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard output")
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_a_reader_that_had_enough_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run("list", "trackers", stdout=writing)
    os.close(writing)
    assert done.returncode == 1
    assert done.stderr == ""


def test_control_characters_in_what_a_user_gives_do_not_reach_the_terminal() -> None:
    done = run("list", "\x1b[2J\x07")
    assert done.returncode == 1
    assert "\x1b" not in done.stderr
    assert "\x07" not in done.stderr


def test_a_workspace_where_it_cannot_be_written_is_an_error_with_a_message(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((20, 30, 3), np.uint8))
    frames = ImageFrames([tmp_path / "1.png"])
    dataset = Dataset("mine", (Sequence("a", np.array([[1.0, 2, 3, 4]]), frames),), "folder")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write this file"):
        write_workspace(tmp_path / "file" / "workspace", dataset, ["siamfc-slim"])
    workspace = tmp_path / "workspace"
    (workspace / "sequences" / "a" / "color" / "00000001.png").mkdir(parents=True)
    with pytest.raises(InputError, match=r"00000001\.png: cannot write this file"):
        write_workspace(workspace, dataset, ["siamfc-slim"])
