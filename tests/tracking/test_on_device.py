"""The steps that are computed on a device: the crops and boxes that the CPU's own way gives; tried on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from siamfc_eval.adapters.load import load_tracker  # noqa: E402
from siamfc_eval.datasets.frames import Frame, image_frame  # noqa: E402
from siamfc_eval.datasets.load import load_dataset  # noqa: E402
from siamfc_eval.errors import InputError, TrackerError  # noqa: E402
from siamfc_eval.synthetic.benchmark import embedded_benchmark  # noqa: E402
from siamfc_eval.tracking.families.siamese.crops import CROPPERS, Cropping, mean_colour  # noqa: E402
from siamfc_eval.tracking.families.siamese.device_frames import Squares, Uploads  # noqa: E402
from siamfc_eval.tracking.families.siamese.tracker import SiameseTracker  # noqa: E402
from siamfc_eval.tracking.families.siamfc.on_device import find_peaks  # noqa: E402
from siamfc_eval.tracking.families.siamfc.responses import find_peak  # noqa: E402

CPU = torch.device("cpu")
BOXES = 0.02
"""Pixels by which a step's box may differ, by rounding in crops and sums; measured: .001."""


def _on_device(spec: str, **options: Any) -> SiameseTracker[Any, Any, Any]:
    """A tracker that computes as on a card, on the CPU."""
    tracker = load_tracker(spec, device="cpu", **options)
    assert isinstance(tracker, SiameseTracker)
    tracker._inference.takes_batches = True
    return tracker


def _crops(frames: Sequence[Frame], which: np.ndarray, places: np.ndarray, size: int, cropping: Cropping) -> np.ndarray:
    """Crops cut on the device; `places` has rows of x, y and side."""
    fills = np.array([mean_colour(frames[index].pixels) for index in which])
    there, where = Uploads(CPU).together([frames[index] for index in which])
    tensors = [torch.from_numpy(np.ascontiguousarray(part)) for part in (where, places[:, :2], places[:, 2], fills)]
    crops: np.ndarray = there.crops(Squares(*tensors), size, cropping).permute(0, 2, 3, 1).numpy()
    return crops


def _compare_crops(frames: Sequence[Frame], cropping: Cropping, seed: int) -> None:
    rng = np.random.default_rng(seed)
    which = rng.integers(0, len(frames), 12)
    shapes = np.array([frames[index].pixels.shape[1::-1] for index in which])
    centres = rng.uniform(-0.1, 1.1, (12, 2)) * shapes
    places = np.column_stack([centres, rng.uniform(20, 600, 12)])
    for size in (127, 255):
        found = _crops(frames, which, places, size, cropping)
        for crop, index, (x, y, side) in zip(found, which, places, strict=True):
            pixels = frames[index].pixels
            exact = CROPPERS[cropping](pixels, np.array([x, y]), side, size, mean_colour(pixels)).astype(float)
            gap = np.abs(crop - exact)
            assert gap.max() <= 1
            assert (gap > 0).mean() < (1e-3 if cropping == "exact" else 0.25)


@pytest.mark.parametrize("cropping", CROPPERS)
def test_crops_of_drawn_frames_are_those_of_the_cpu(cropping: Cropping) -> None:
    names = ("disc-spins", "kite-dives", "twins-meet")
    frames = [sequence.frames[0] for sequence in embedded_benchmark(length=1, names=names)]
    _compare_crops(frames, cropping, seed=1)


@pytest.mark.shared
@pytest.mark.parametrize("cropping", CROPPERS)
def test_crops_of_real_frames_are_those_of_the_cpu(cropping: Cropping, shared: Path) -> None:
    paths = sorted((shared / "data/sequences").rglob("*.jpg"))
    frames = [image_frame(path) for path in paths[:: len(paths) // 7]]
    assert len({frame.pixels.shape for frame in frames}) > 2
    for seed in (2, 3):
        _compare_crops(frames, cropping, seed)


def test_huge_and_tiny_squares_give_whole_crops(textured: list[Frame]) -> None:
    places = np.array([[100.0, 90.0, 0.5], [100.0, 90.0, 1e5], [-900.0, 5000.0, 80.0]])
    for cropping in CROPPERS:
        crops = _crops(textured, np.array([0, 1, 2]), places, 127, cropping)
        fill = mean_colour(textured[2].pixels)
        assert np.isfinite(crops).all()
        assert (crops[2] == (np.floor(fill) if cropping == "pysot" else np.rint(fill))).all()


def test_a_frame_goes_up_once_for_all_targets_on_it(textured: list[Frame], monkeypatch: pytest.MonkeyPatch) -> None:
    uploads = Uploads(CPU)
    sent: list[Frame] = []
    send = uploads._send

    def counted(frame: Frame) -> Any:
        sent.append(frame)
        return send(frame)

    monkeypatch.setattr(uploads, "_send", counted)
    uploads.prepare(textured[1])
    there, places = uploads.together([textured[0], textured[1], textured[0]])
    assert places.tolist() == [0, 1, 0]
    assert len(there.pixels) == 2 * 240 * 180
    assert sent == [textured[1], textured[0]]


def test_a_frame_of_another_kind_is_refused(frame_of: Callable[[np.ndarray], Frame]) -> None:
    with pytest.raises(InputError, match="RGB uint8"):
        Uploads(CPU).together([frame_of(np.zeros((9, 9), np.uint8))])


@pytest.mark.parametrize("refine", [True, False])
def test_peaks_are_found_where_the_cpu_finds_them(refine: bool) -> None:
    maps = np.random.default_rng(0).normal(size=(40, 9, 11)).astype(np.float32)
    maps[0], maps[1, 0, 0], maps[2, 8, 10], maps[3, 4, 0] = 1.0, 9.0, 9.0, 9.0
    found = find_peaks(torch.from_numpy(maps), refine=refine).numpy()
    np.testing.assert_allclose(found, [find_peak(each, refine) for each in maps], atol=1e-12)


def _assert_same(spec: str, starts: Sequence[tuple[Sequence[Frame], np.ndarray]], length: int, **values: Any) -> None:
    """Every step from the state that the CPU's own way has reached: left to themselves, two runs part where two scales
    or two anchors score nearly the same."""
    alone, together = load_tracker(spec, device="cpu"), _on_device(spec)
    assert isinstance(alone, SiameseTracker)
    if values:
        alone, together = alone.with_parameters(**values), together.with_parameters(**values)
    states = alone.init_batch([frames[0] for frames, _ in starts], [box for _, box in starts])
    gaps, surety, places = [], [], []
    for index in range(1, length):
        frames = [frames[index] for frames, _ in starts]
        expected, found = alone.update_batch(states, frames), together.update_batch(states, frames)
        for (_, one), (_, other) in zip(expected, found, strict=True):
            gaps.append(np.abs(one.region - other.region).max())
            surety.append(abs(one.confidence - other.confidence) / abs(one.confidence))
            assert one.response is not None
            assert other.response is not None
            assert one.response.shape == other.response.shape
            places.append(np.abs(np.concatenate([one.covered - other.covered, one.searched - other.searched])).max())
        states = [state for state, _ in expected]
    assert np.quantile(gaps, 0.95) < BOXES
    assert np.quantile(places, 0.95) < BOXES
    assert np.quantile(surety, 0.95) < 1e-3


VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("siamfc-slim", {}),
    ("siamfc-slim", {"crop": "rounded", "upsampling_kernel": "opencv", "refine_peak": False}),
    ("siamfc-slim", {"template_rate": 0.05, "scales": 5}),
    ("siamrpn-slim", {}),
    ("siamrpn-stretched-slim", {"vote_overlap": 0.5, "shape_share": 0.3}),
    ("siamrpn-slim", {"crop": "pysot", "small_search_size": 287, "small_target": 0.02}),
    ("siamrpn-slim", {"lost_search_size": 351, "lost_below": 0.999, "lost_window_influence": 0.001}),
]


@pytest.mark.parametrize(("spec", "values"), VARIANTS)
def test_targets_on_drawn_frames_are_followed_as_on_the_cpu(spec: str, values: dict[str, Any]) -> None:
    dataset = embedded_benchmark(length=5, names=("disc-spins", "kite-dives", "twins-meet"))
    starts = [(list(sequence.frames or ()), sequence.boxes[0]) for sequence in dataset]
    _assert_same(spec, starts, 5, **values)


@pytest.mark.shared
@pytest.mark.parametrize("spec", ["siamfc-slim", "siamrpn-slim"])
def test_targets_of_real_sequences_are_followed_as_on_the_cpu(spec: str, shared: Path) -> None:
    dataset = load_dataset(shared / "data/sequences")
    starts = []
    for sequence in list(dataset)[:4]:
        assert sequence.frames is not None
        starts.append((list(sequence.frames[:12]), sequence.boxes[0]))
    _assert_same(spec, starts, 12)


@pytest.mark.gpu
@pytest.mark.usefixtures("card")
@pytest.mark.parametrize("spec", ["siamfc-slim", "siamrpn-slim", "siamrpn-stretched-slim"])
def test_a_card_follows_targets_as_the_cpu_does(spec: str) -> None:
    dataset = embedded_benchmark(length=6, names=("disc-spins", "kite-dives", "twins-meet"))
    found = []
    for device in ("cpu", "cuda"):
        tracker: Any = load_tracker(spec, device=device)
        frames = [list(sequence.frames or ()) for sequence in dataset]
        states = tracker.init_batch([own[0] for own in frames], [sequence.boxes[0] for sequence in dataset])
        boxes = []
        for index in range(1, 6):
            for own in frames:
                tracker.upload(own[index])
            answers = tracker.update_batch(states, [own[index] for own in frames])
            states = [state for state, _ in answers]
            boxes += [output.region for _, output in answers]
        found.append(np.array(boxes))
    assert np.quantile(np.abs(found[0] - found[1]).max(axis=1), 0.9) < 0.1


def test_values_that_are_not_finite_stop_a_target_here() -> None:
    tracker = _on_device("siamfc-slim")
    (sequence,) = embedded_benchmark(length=2, names=("disc-spins",))
    assert sequence.frames is not None
    state = tracker.init(sequence.frames[0], sequence.boxes[0])
    with torch.no_grad():
        next(tracker._inference.network.parameters()).fill_(torch.nan)
    with pytest.raises(TrackerError, match="not finite for 2 of 2"):
        tracker.update_batch([state, state], [sequence.frames[1]] * 2)


@pytest.mark.parametrize("spec", ["siamfc-slim", "siamrpn-stretched-slim"])
def test_one_target_by_itself_is_computed_as_on_the_cpu(spec: str) -> None:
    (sequence,) = embedded_benchmark(length=4, names=("disc-spins",))
    frames = list(sequence.frames or ())
    boxes = []
    for tracker in (load_tracker(spec, device="cpu"), _on_device(spec)):
        state = tracker.init(frames[0], sequence.boxes[0])
        for frame in frames[1:]:
            state, output = tracker.update(state, frame)
        boxes.append(output.region)
    assert np.array_equal(boxes[0], boxes[1])
