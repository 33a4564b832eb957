"""A correlation filter written from its paper: it follows what moves, and keeps KCF's published figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from siamfc_eval.adapters.load import load_tracker
from siamfc_eval.datasets.frames import Frame
from siamfc_eval.datasets.load import load_dataset
from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.metrics.conventions import build_measure
from siamfc_eval.protocols.trajectory import Trajectory
from siamfc_eval.tracking.families.correlation_filter.features import CHANNELS, grey_values, oriented_gradients
from siamfc_eval.tracking.families.correlation_filter.parameters import CorrelationFilterParameters
from siamfc_eval.tracking.families.correlation_filter.tracker import CorrelationFilterTracker
from tests.tracking.conftest import peak_of

BOX = np.array([60.0, 50.0, 40.0, 30.0])


def frames(shifts: list[tuple[int, int]]) -> list[Frame]:
    """A textured rectangle on another texture, moved as told."""
    generator = np.random.default_rng(1)
    ground = generator.integers(0, 255, (160, 220, 3), dtype=np.uint8) // 2
    target = generator.integers(0, 255, (30, 40, 3), dtype=np.uint8)
    made = []
    for across, down in shifts:
        image = ground.copy()
        image[50 + down : 80 + down, 60 + across : 100 + across] = target
        made.append(Frame(None, lambda image=image: image))  # type: ignore[misc]
    return made


@pytest.mark.parametrize(
    "values",
    [{}, {"features": "grey", "cell": 1, "bandwidth": 0.2, "update_rate": 0.075}, {"kernel": "linear"}],
    ids=["hog", "grey", "linear"],
)
def test_a_shift_is_found_whatever_the_features(values: dict[str, Any]) -> None:
    tracker = CorrelationFilterTracker("kcf", CorrelationFilterParameters(**values))
    shifts = [(0, 0), (4, 0), (8, 4), (8, -4)]
    first, *others = frames(shifts)
    state = tracker.init(first, BOX)
    for (across, down), frame in zip(shifts[1:], others, strict=True):
        state, output = tracker.update(state, frame)
        assert output.region == pytest.approx(BOX + np.array([across, down, 0, 0]), abs=2.1)
        assert output.confidence > 0.2


@pytest.mark.parametrize("box", [BOX, BOX + np.array([0.0, 0.0, 4.0, 4.0])], ids=["even", "odd"])
def test_the_map_lies_where_the_target_is(box: np.ndarray) -> None:
    tracker = CorrelationFilterTracker("kcf")
    shifts = [(0, 0), (4, 0), (8, 4), (-8, -12)]
    first, *others = frames(shifts)
    state = tracker.init(first, box)
    for shift, frame in zip(shifts[1:], others, strict=True):
        _, output = tracker.update(state, frame)
        np.testing.assert_allclose(peak_of(output), output.region[:2] + output.region[2:] / 2, atol=1e-6)
        np.testing.assert_allclose(peak_of(output) - box[:2] - box[2:] / 2, shift, atol=2.1)


def test_the_tracker_does_not_change() -> None:
    tracker = CorrelationFilterTracker("kcf")
    first, second = frames([(0, 0), (4, 4)])
    state = tracker.init(first, BOX)
    once, again = (tracker.update(state, second)[1].region for _ in range(2))
    assert np.array_equal(once, again)


def test_a_larger_target_is_found_at_a_larger_scale() -> None:
    (first,) = frames([(0, 0)])
    smooth = np.asarray(cv2.GaussianBlur(first.pixels, (0, 0), 3.0), dtype=np.uint8)
    stretched = np.asarray(cv2.normalize(smooth, None, 0, 255, cv2.NORM_MINMAX), dtype=np.uint8)
    first = Frame(None, lambda: stretched)
    tracker = CorrelationFilterTracker("samf", CorrelationFilterParameters(scales=(1.0, 0.95, 1.05), update_rate=0.01))
    state = tracker.init(first, BOX)
    centre = (float(BOX[0] + BOX[2] / 2 - 0.5), float(BOX[1] + BOX[3] / 2 - 0.5))
    for zoom in (1.05, 1.1, 1.16):
        turned = cv2.getRotationMatrix2D(centre, 0, zoom)
        image = np.asarray(cv2.warpAffine(first.pixels, turned, (220, 160)), dtype=np.uint8)
        state, output = tracker.update(state, Frame(None, lambda image=image: image))  # type: ignore[misc]
    assert 1.05 < output.region[2] / BOX[2] < 1.25


def test_features_are_histograms_of_gradients() -> None:
    ramp = np.tile(np.arange(0, 240, 6, dtype=np.uint8)[None, :, None], (40, 1, 3))
    cells = oriented_gradients(ramp, 4)
    assert cells.shape == (CHANNELS, 10, 10)
    assert cells[:18, 5, 5].argmax() == 0  # a gradient to the right is the first orientation
    assert cells[:18].min() >= 0
    assert cells[:27].max() <= 0.4 + 1e-12  # four times half of at most 0.2
    assert grey_values(ramp).mean() == pytest.approx(0.0, abs=1e-12)


def test_thin_and_small_targets_have_a_window() -> None:
    tracker = CorrelationFilterTracker("kcf")
    (first,) = frames([(0, 0)])
    for box in ([60.0, 50.0, 2.0, 60.0], [60.0, 50.0, 1.0, 1.0], [1.0, 1.0, 218.0, 158.0]):
        state = tracker.init(first, np.array(box))
        assert np.isfinite(tracker.update(state, first)[1].region).all()


def test_definitions_name_presets_and_mistakes(tmp_path: Path) -> None:
    tracker: Any = load_tracker("kcf")
    assert tracker.parameters == CorrelationFilterParameters()
    assert len(load_tracker("samf", name="mine").parameters.scales) == 7  # type: ignore[attr-defined]
    path = tmp_path / "mine.toml"
    path.write_text('family = "correlation-filter"\npreset = "kcf"\n[parameters]\npading = 2.0\n', encoding="utf-8")
    with pytest.raises(InputError, match="Did you mean padding"):
        load_tracker(str(path))
    path.write_text('family = "correlation-filter"\npreset = "kfc"\n', encoding="utf-8")
    with pytest.raises(UnknownNameError, match="kcf"):
        load_tracker(str(path))
    with pytest.raises(InputError, match="no network"):
        load_tracker("kcf", weights=tmp_path / "w.pth")


@pytest.mark.shared
def test_kcf_scores_as_its_authors_results_do(shared: Path) -> None:
    """Its authors' raw results (KCF on HOG with the Gaussian kernel) have these success AUC."""
    dataset = load_dataset(shared / "data" / "sequences")
    published = {"OTB_Couple": 0.198, "OTB_Crossing": 0.698, "OTB_Jogging-1": 0.182, "OTB_Man": 0.813}
    tracker: Any = load_tracker("kcf")
    measure = build_measure("otb-matlab", dataset)
    for sequence in dataset:
        if sequence.name not in published:
            continue
        assert sequence.frames is not None
        state = tracker.init(sequence.frames[0], sequence.boxes[0])
        regions = [sequence.boxes[0]]
        for frame in sequence.frames[1:]:
            state, output = tracker.update(state, frame)
            regions.append(output.region)
        row = measure.statistics(sequence, (Trajectory(tuple(regions)),))
        assert float(measure.finish(row)["success_auc"]) == pytest.approx(published[sequence.name], abs=0.05)
