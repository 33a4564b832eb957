"""Checkpoints are written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from siamfc_eval.errors import InputError
from siamfc_eval.training.checkpoints import load_state, save_state, training_identity
from siamfc_eval.training.configuration import TrainingConfiguration


def test_a_full_disk_leaves_the_last_good_checkpoint(
    configuration: TrainingConfiguration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "last.pt"
    save_state({"identity": training_identity(configuration), "step": 3}, path)

    def full(content: Any, stream: Any) -> None:
        stream.write(b"the first bytes")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(InputError, match=r"No space left on device.*The earlier last\.pt is untouched"):
        save_state({"step": 4}, path)
    monkeypatch.undo()
    assert load_state(path, configuration)["step"] == 3
    assert [file.name for file in tmp_path.iterdir()] == ["last.pt"]


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "not a readable checkpoint"), (b"text", "not a readable checkpoint")],
    ids=["empty", "text"],
)
def test_a_file_that_is_no_checkpoint_is_refused(
    configuration: TrainingConfiguration, tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "last.pt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        load_state(path, configuration)


def test_weights_alone_cannot_be_resumed(configuration: TrainingConfiguration, tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(2)}, tmp_path / "last.pt")
    with pytest.raises(InputError, match="Weights alone cannot be resumed"):
        load_state(tmp_path / "last.pt", configuration)


def test_a_checkpoint_from_before_a_key_there_is_now_continues(
    configuration: TrainingConfiguration, tmp_path: Path
) -> None:
    identity = json.loads(training_identity(configuration))
    for name in ("box_loss", "box_weight", "hard_negatives", "best_anchors"):
        del identity["loss"][name]
    save_state({"identity": json.dumps(identity), "step": 3}, tmp_path / "last.pt")
    assert load_state(tmp_path / "last.pt", configuration)["step"] == 3
    changed = configuration.loss.model_copy(update={"box_loss": "giou"})
    with pytest.raises(InputError, match=r"it differs in loss"):
        load_state(tmp_path / "last.pt", configuration.model_copy(update={"loss": changed}))
