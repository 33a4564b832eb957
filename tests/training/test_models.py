"""Every model of the family trains, resumes from its checkpoint and tracks with what it learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from siamfc_eval.models.registry import model_names
from siamfc_eval.training.building import build_clips
from siamfc_eval.training.configuration import TrainingConfiguration
from siamfc_eval.training.loop import Training
from siamfc_eval.training.validation import build_tracker, track_clips


@pytest.mark.parametrize("name", model_names())
def test_a_model_trains_resumes_and_tracks(
    declared: dict[str, Any], training_folder: Path, tmp_path: Path, name: str
) -> None:
    declared["model"] = {"name": name}
    declared["crops"] = {"search": 159}
    declared["optimiser"] = {"rate": 1e-3, "clip": 1.0, "backbone_from": 2}
    declared["loop"] = {"steps": 3, "batch": 2, "workers": 0, "log_every": 1, "save_every": 1}
    declared["validation"] = {"every": 9, "source": "crops", "tracks": ["dog"], "frames": 2}
    configuration = TrainingConfiguration.model_validate(declared)
    training = Training(configuration, training_folder, tmp_path)
    training.run(stop_after=2)
    resumed = Training(configuration, training_folder, tmp_path)
    assert resumed.resume()
    assert resumed.step == 2
    resumed.configuration = configuration.model_copy(
        update={"validation": configuration.validation.model_copy(update={"every": 0})}
    )
    resumed.run()
    state = torch.load(tmp_path / "last.pt", weights_only=True)
    assert state["step"] == 3
    assert all(bool(torch.isfinite(value).all()) for value in state["model"].values())
    found = track_clips(build_tracker(resumed.model.eval(), configuration), build_clips(configuration, training_folder))
    assert all(np.isfinite(value) for value in found.values())
