"""The SiamFC tracker: right by construction on synthetic shifts, equal in batches, robust at the edges."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import InputError, TrackerError
from siamfc_eval.models.registry import build_model
from siamfc_eval.models.siamese import FullyConvolutional
from siamfc_eval.tracking.families.siamese.crops import context_side
from siamfc_eval.tracking.families.siamfc.parameters import SiamFCParameters
from siamfc_eval.tracking.families.siamfc.tracker import SiamFCTracker
from siamfc_eval.tracking.tracker import BatchTracker
from tests.tracking.conftest import peak_of

START = np.array([160.0, 120.0, 63.5, 63.5])
FC_MODELS = ("SiamFC_", "SiamFC", "SiamVGG", "SiamFCRes22", "SiamFCIncep22", "SiamFCNext22", "SiamFCRes22W")


@pytest.fixture(scope="module")
def slim() -> SiamFCTracker:
    torch.manual_seed(0)
    network = build_model("SiamFC", channels=(14, 38, 56, 56, 38), groups=(1, 2, 1, 2, 2))
    return SiamFCTracker("slim", network, device="cpu")


def feature_size(name: str) -> int:
    """Side of the exemplar's features of a model."""
    with torch.device("meta"):
        network = build_model(name).eval()
        assert isinstance(network, FullyConvolutional)
        features = network.backbone(torch.empty(1, 3, 127, 127))
    return int(features.shape[-1])


@pytest.mark.parametrize("name", FC_MODELS)
def test_a_shift_comes_back_for_the_geometry_of_every_model(
    name: str, blob_at: Callable[..., Frame], matched_network: Callable[..., FullyConvolutional]
) -> None:
    # Features of the model's own count and stride, embedded by a matched filter: only geometry can go wrong.
    network = matched_network(receptive_field=127 - 8 * (feature_size(name) - 1))
    tracker = SiamFCTracker("matched", network, SiamFCParameters(window_influence=0.0, scales=1), device="cpu")
    state = tracker.init(blob_at(START), START)
    for dx, dy in [(0, 0), (1, -1), (3, 5), (-8, 12), (-13, 20), (30, -27)]:
        _, output = tracker.update(state, blob_at(START, dx, dy))
        np.testing.assert_allclose(output.region[:2] - START[:2], [dx, dy], atol=0.1)


@pytest.mark.parametrize("size", [25.0, 100.0])
@pytest.mark.parametrize("options", [{}, {"search_size": 263}, {"upsampled_size": 273}, {"upsampling": 8}])
def test_a_shift_comes_back_at_every_scale_and_resolution(
    size: float,
    options: dict[str, Any],
    blob_at: Callable[..., Frame],
    matched_network: Callable[..., FullyConvolutional],
) -> None:
    start = np.array([150.5, 100.25, size, size])
    parameters = SiamFCParameters(window_influence=0.0, scales=1, **options)
    tracker = SiamFCTracker("matched", matched_network(), parameters, device="cpu")
    state = tracker.init(blob_at(start), start)
    for shift in (0.0, size / 9, -size / 4):
        _, output = tracker.update(state, blob_at(start, shift, -shift))
        np.testing.assert_allclose(output.region[:2] - start[:2], [shift, -shift], atol=0.1)


@pytest.mark.parametrize("scales", [1, 3])
def test_the_map_lies_where_the_target_is_and_within_what_was_searched(
    scales: int, blob_at: Callable[..., Frame], matched_network: Callable[..., FullyConvolutional]
) -> None:
    parameters = SiamFCParameters(window_influence=0.0, scales=scales)
    tracker = SiamFCTracker("matched", matched_network(), parameters, device="cpu")
    state = tracker.init(blob_at(START), START)
    for shift in ([0, 0], [21, -14], [-30, 27]):
        _, output = tracker.update(state, blob_at(START, *shift))
        cell = output.covered[2] / output.response.shape[1]
        np.testing.assert_allclose(peak_of(output) - START[:2] - START[2:] / 2, shift, atol=0.6 * cell)
        np.testing.assert_allclose(output.searched[:2] + output.searched[2:] / 2, START[:2] + START[2:] / 2, atol=1e-9)
        crop = context_side(START[2:]) * parameters.search_size / parameters.exemplar_size
        assert output.searched[2] / crop == pytest.approx(1.0, abs=0.05)  # of the winning scale
        assert (output.covered[:2] > output.searched[:2]).all()


def test_the_cosine_window_pulls_towards_where_the_target_was(
    blob_at: Callable[..., Frame], matched_network: Callable[..., FullyConvolutional]
) -> None:
    errors = []
    for influence in (0.0, 0.3, 0.6):
        parameters = SiamFCParameters(window_influence=influence, scales=1)
        tracker = SiamFCTracker("m", matched_network(), parameters, device="cpu")
        _, output = tracker.update(tracker.init(blob_at(START), START), blob_at(START, 25))
        errors.append(START[0] + 25 - output.region[0])
    assert abs(errors[0]) < 0.5
    assert errors[0] < errors[1] < errors[2] < 25


@pytest.mark.parametrize("scales", [3, 5])
def test_the_size_moves_by_one_of_the_damped_scale_steps(
    scales: int, blob_at: Callable[..., Frame], matched_network: Callable[..., FullyConvolutional]
) -> None:
    parameters = SiamFCParameters(scales=scales, scale_step=1.05)
    tracker = SiamFCTracker("m", matched_network(), parameters, device="cpu")
    state = tracker.init(blob_at(START), START)
    _, output = tracker.update(state, blob_at(START))
    chosen = 1 - parameters.scale_rate + parameters.scale_rate * 1.05 ** np.arange(-(scales // 2), scales // 2 + 1)
    assert np.abs(chosen - output.region[2] / START[2]).min() < 1e-9
    assert output.region[2] / output.region[3] == pytest.approx(1.0)


def test_size_stays_within_its_limits(
    blob_at: Callable[..., Frame], matched_network: Callable[..., FullyConvolutional]
) -> None:
    parameters = SiamFCParameters(
        scale_penalty=1.0, scale_rate=1.0, scale_step=1.5, max_size_ratio=1.2, min_size_ratio=0.9
    )
    tracker = SiamFCTracker("m", matched_network(), parameters, device="cpu")
    state = tracker.init(blob_at(START), START)
    for _ in range(4):
        state, output = tracker.update(state, blob_at(START))
        assert 0.9 * 63.5 - 1e-9 <= output.region[2] <= 1.2 * 63.5 + 1e-9


def test_states_are_not_changed_by_an_update(slim: SiamFCTracker, textured: list[Frame]) -> None:
    state = slim.init(textured[0], np.array([80.0, 60.0, 40.0, 50.0]))
    first = slim.update(state, textured[1])[1].region
    again = slim.update(state, textured[1])[1].region
    np.testing.assert_array_equal(first, again)
    with pytest.raises(dataclasses.FrozenInstanceError):
        state.target = None  # type: ignore[misc]


def test_batches_answer_as_single_calls_do(slim: SiamFCTracker, textured: list[Frame]) -> None:
    boxes = [np.array([20.0 + 30 * i, 30.0 + 10 * i, 30.0 + 4 * i, 45.0 - 5 * i]) for i in range(4)]
    assert isinstance(slim, BatchTracker)
    batched = slim.init_batch(textured, boxes)
    single = [slim.init(frame, box) for frame, box in zip(textured, boxes, strict=True)]
    for step in range(3):
        frames = textured[step:] + textured[:step]
        batched_results = slim.update_batch(batched, frames)
        single_results = [slim.update(state, frame) for state, frame in zip(single, frames, strict=True)]
        for (_, one), (_, other) in zip(batched_results, single_results, strict=True):
            np.testing.assert_allclose(one.region, other.region, atol=1e-4)
            assert one.confidence == pytest.approx(other.confidence, rel=1e-4)
        batched, single = [state for state, _ in batched_results], [state for state, _ in single_results]


@pytest.mark.parametrize(
    "box",
    [[100, 80, 1, 1], [100, 80, 0.3, 90], [-5000, -5000, 20000, 20000], [230, 170, 60, 60], [-20, -20, 25, 25]],
    ids=["one pixel", "sliver", "huge", "across the corner", "mostly outside"],
)
@pytest.mark.parametrize("crop", ["exact", "rounded"])
def test_extreme_start_boxes_give_finite_answers(
    slim: SiamFCTracker, textured: list[Frame], box: list[float], crop: str
) -> None:
    tracker = slim.with_parameters(crop=crop)
    state = tracker.init(textured[0], np.array(box, dtype=float))
    for frame in textured:
        state, output = tracker.update(state, frame)
        assert np.isfinite(output.region).all()
        assert (output.region[2:] > 0).all()


def test_a_target_that_leaves_stays_near_and_finite(
    blob_at: Callable[..., Frame], matched_network: Callable[..., FullyConvolutional], flat_frame: Frame
) -> None:
    tracker = SiamFCTracker("m", matched_network(), device="cpu")
    state = tracker.init(blob_at(START), START)
    for _ in range(5):
        state, output = tracker.update(state, flat_frame)
    np.testing.assert_allclose(output.region[:2] + output.region[2:] / 2, START[:2] + START[2:] / 2, atol=2.0)


def test_a_target_at_the_border_does_not_run_out_of_the_frame(slim: SiamFCTracker, textured: list[Frame]) -> None:
    state = slim.init(textured[0], np.array([200.0, 150.0, 60.0, 60.0]))
    for _ in range(6):
        state, output = slim.update(state, textured[1])
        centre = output.region[:2] + output.region[2:] / 2
        assert (centre >= 0).all()
        assert (centre <= [240, 180]).all()


@pytest.mark.parametrize(
    ("region", "words"),
    [
        ([10, 10, 0, 20], "no area"),
        ([10, 10, -5, 20], "no area"),
        ([10, np.nan, 5, 20], "not numbers"),
        ([500, 10, 20, 20], "outside the frame"),
        ([10, 10, 20], "shape"),
    ],
)
def test_start_regions_that_cannot_be_tracked_are_refused(
    slim: SiamFCTracker, textured: list[Frame], region: list[float], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        slim.init(textured[0], np.array(region, dtype=float))


@pytest.mark.parametrize(
    "shape", [(3, 180, 240), (180, 240), (180, 240, 4), (180, 240, 1)], ids=["channels first", "grey", "alpha", "one"]
)
@pytest.mark.parametrize("crop", ["exact", "rounded"])
def test_frames_of_another_shape_are_named_before_the_start_region_is_blamed(
    slim: SiamFCTracker, frame_of: Callable[[np.ndarray], Frame], shape: tuple[int, ...], crop: str
) -> None:
    tracker = slim.with_parameters(crop=crop)
    with pytest.raises(InputError, match="a frame has shape"):
        tracker.init(frame_of(np.zeros(shape, dtype=np.uint8)), np.array([150.0, 100.0, 40.0, 50.0]))


def test_a_polygon_starts_as_its_bounding_box_or_by_its_area(
    textured: list[Frame], matched_network: Callable[..., FullyConvolutional]
) -> None:
    diamond = np.array([100.0, 60, 140, 100, 100, 140, 60, 100])
    network = matched_network()
    bounds = SiamFCTracker("m", network, device="cpu").init(textured[0], diamond).target
    area = (
        SiamFCTracker("m", network, SiamFCParameters(polygon_fit="area"), device="cpu")
        .init(textured[0], diamond)
        .target
    )
    np.testing.assert_allclose(bounds.box, [60, 60, 80, 80])
    np.testing.assert_allclose(area.centre, [100, 100])
    assert np.prod(area.size) == pytest.approx(3200)


def test_a_polygon_starts_as_got10k_and_pysot_have_it(
    textured: list[Frame], matched_network: Callable[..., FullyConvolutional]
) -> None:
    vot = pytest.importorskip("got10k.datasets.vot", reason="got10k, whose rectangle is compared, is not installed")
    polygon = np.array([100.0, 60, 150, 88, 120, 130, 60, 100])
    theirs = vot.VOT._corner2rect(None, polygon[None])[0]
    network = matched_network()
    parameters = SiamFCParameters(polygon_fit="pysot")
    target = SiamFCTracker("m", network, parameters, device="cpu").init(textured[0], polygon).target
    np.testing.assert_allclose(target.box, theirs)


def test_broken_weights_stop_the_tracker_instead_of_spreading(textured: list[Frame]) -> None:
    network = build_model("SiamFC", channels=(4, 4, 4, 4, 4), groups=(1, 1, 1, 1, 1))
    next(network.parameters()).data[0] = float("nan")
    tracker = SiamFCTracker("broken", network, device="cpu")
    state = tracker.init(textured[0], np.array([80.0, 60.0, 40.0, 50.0]))
    with pytest.raises(TrackerError, match="not finite"):
        tracker.update(state, textured[1])


def test_a_region_proposal_network_is_refused() -> None:
    with torch.device("meta"):
        network = build_model("SiamRPN")
    with pytest.raises(InputError, match="response map"):
        SiamFCTracker("x", network, device="cpu")


def test_an_unknown_device_is_refused(slim: SiamFCTracker, matched_network: Callable[..., FullyConvolutional]) -> None:
    with pytest.raises(InputError, match="device 'toaster'"):
        SiamFCTracker("x", matched_network(), device="toaster")
