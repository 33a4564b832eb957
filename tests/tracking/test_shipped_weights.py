"""Every network that comes with trained weights: it has a card, it is ours, it tracks, and all are small together."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors import safe_open

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.catalogue import catalogue_folder, find_definition
from siamfc_eval.geometry.boxes import overlaps
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from siamfc_eval.tracking.catalogue import tracker_names
from siamfc_eval.tracking.definition import read_definition
from siamfc_eval.tracking.families.siamese.definition import NetworkDefinition

MEGABYTES = 60


def _shipped() -> list[str]:
    definitions = {name: read_definition(find_definition("trackers", name)) for name in tracker_names()}
    return [name for name, entry in definitions.items() if isinstance(entry, NetworkDefinition) and entry.weights]


@pytest.mark.parametrize("name", _shipped())
def test_a_shipped_network_has_a_card_and_tracks(name: str) -> None:
    folder = catalogue_folder("trackers")
    assert "Held out for validation" in (folder / f"{name}.md").read_text(encoding="utf-8")
    with safe_open(folder / f"{name}.safetensors", "pt") as weights:
        assert weights.metadata()["trained_by"].startswith("siamfc-eval")
    tracker = load_tracker(name, device="cpu")
    (sequence,) = embedded_benchmark(length=8, names=("sign-in-the-flicker",))
    assert sequence.frames is not None
    state, boxes = tracker.init(sequence.frames[0], sequence.boxes[0]), [sequence.boxes[0]]
    for index in range(1, len(sequence)):
        state, output = tracker.update(state, sequence.frames[index])
        boxes.append(output.region)
    assert overlaps(np.array(boxes), sequence.boxes).min() > 0.6


def _quantised() -> list[str]:
    return [
        name for name in _shipped() if getattr(read_definition(find_definition("trackers", name)), "quantised", None)
    ]


@pytest.mark.parametrize("name", _quantised())
def test_a_shipped_backbone_in_int8_belongs_to_its_weights_and_tracks(name: str) -> None:
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    folder = catalogue_folder("trackers")
    assert "int8" in (folder / f"{name}.md").read_text(encoding="utf-8")
    tracker = load_tracker(name, device="cpu", precision="int8")
    (sequence,) = embedded_benchmark(length=4, names=("sign-in-the-flicker",))
    assert sequence.frames is not None
    state = tracker.init(sequence.frames[0], sequence.boxes[0])
    for index in range(1, len(sequence)):
        state, output = tracker.update(state, sequence.frames[index])
    assert overlaps(output.region[None], sequence.boxes[-1:]).min() > 0.6


def test_all_shipped_weights_are_small_together() -> None:
    sizes = [path.stat().st_size for path in catalogue_folder("trackers").iterdir()]
    assert sum(sizes) < MEGABYTES * 1e6
