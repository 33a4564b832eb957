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

SMALL: dict[str, dict[str, Any]] = {
    "SiamFC": {"channels": [8, 8, 8, 8, 8]},
    "SiamRPN": {"channels": [8, 8, 8, 8, 8]},
    "SiamRPNVGG": {"channels": 4, "has_norm": True, "hidden": 8},
    "SiamRPNRes22": {"planes": 8, "hidden": 8},
    "SiamRPNIncep22": {"planes": 8, "hidden": 8},
    "SiamRPNResNeXt22": {"planes": 16, "hidden": 8},
    "SiamRPN++": {"backbone": "resnet18"},
}
"""Options that make a model quick to train where it has such options; its layers stay the same."""


@pytest.mark.parametrize("name", model_names())
def test_a_model_trains_resumes_and_tracks(
    declared: dict[str, Any], training_folder: Path, tmp_path: Path, name: str
) -> None:
    declared["model"] = {"name": name, "options": SMALL.get(name, {})}
    declared["crops"] = {"search": 159}
    declared["optimiser"] = {"rate": 1e-3, "clip": 1.0}
    declared["loop"] = {"steps": 2, "batch": 2, "workers": 0, "log_every": 1, "save_every": 1}
    configuration = TrainingConfiguration.model_validate(declared)
    training = Training(configuration, training_folder, tmp_path)
    before = [value.detach().clone() for value in training.model.parameters()]
    training.run(stop_after=1)
    changed = [not torch.equal(old, new) for old, new in zip(before, training.model.parameters(), strict=True)]
    assert np.mean(changed) > 0.9
    resumed = Training(configuration, training_folder, tmp_path)
    assert resumed.resume()
    resumed.run()
    assert resumed.step == 2
    assert all(bool(torch.isfinite(value).all()) for value in resumed.model.state_dict().values())
    validation = {"source": "crops", "tracks": ("dog",), "frames": 2}
    watched = configuration.model_copy(update={"validation": configuration.validation.model_copy(update=validation)})
    found = track_clips(build_tracker(resumed.model.eval(), watched), build_clips(watched, training_folder))
    assert all(np.isfinite(value) for value in found.values())
