"""A real network gives the same boxes alone, in lanes, and in lanes shared with others."""

from __future__ import annotations

import numpy as np
import pytest

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.catalogue import catalogue_folder
from siamfc_eval.protocols.trajectory import Code
from siamfc_eval.running.lanes import run_lanes
from siamfc_eval.running.plan import plan_items
from siamfc_eval.running.protocol_specs import SupervisedSpec
from siamfc_eval.running.serial import run_serial
from siamfc_eval.running.work import Finished
from siamfc_eval.synthetic.benchmark import embedded_benchmark
from siamfc_eval.tracking.tracker import BatchTracker

WEIGHTS = catalogue_folder("trackers") / "siamfc-slim.safetensors"


@pytest.mark.skipif(not WEIGHTS.is_file(), reason="the network siamfc-slim is not trained yet")
def test_siamfc_slim_gives_the_same_boxes_under_every_executor() -> None:
    pytest.importorskip("torch")
    dataset = embedded_benchmark(length=7, names=("disc-spins", "kite-dives", "twins-meet"))
    spec = SupervisedSpec(kind="supervised", repetitions=1)
    items = [item for sequence in dataset for item in plan_items("slim", spec, sequence, [1], single=True)]
    tracker = load_tracker("siamfc-slim", device="cpu")
    assert isinstance(tracker, BatchTracker)
    runs = {
        "serial": run_serial(tracker, items, lambda frames: None),
        "3 lanes": run_lanes(tracker, items, 3, lambda frames: None),
        "2 groups": run_lanes(tracker, items[::-1], 2, lambda frames: None, groups=2),
    }
    found = {}
    for name, outcomes in runs.items():
        for outcome in outcomes:
            assert isinstance(outcome, Finished)
            found[name, outcome.item.sequence.name] = outcome.trajectory
    for sequence in dataset.names:
        alone = found["serial", sequence]
        for name in ("3 lanes", "2 groups"):
            abreast = found[name, sequence]
            assert [e for e in alone.entries if isinstance(e, Code)] == [
                e for e in abreast.entries if isinstance(e, Code)
            ]
            assert np.array_equal(alone.boxes(), abreast.boxes(), equal_nan=True), (name, sequence)
