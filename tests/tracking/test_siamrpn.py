"""The SiamRPN tracker: anchors in place, exact on a head that answers exactly, damped and penalised as published."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.errors import InputError
from siamfc_eval.models.registry import build_model
from siamfc_eval.models.siamese import RegionProposal
from siamfc_eval.tracking.families.siamese.crops import context_side
from siamfc_eval.tracking.families.siamrpn.anchors import (
    anchor_grid,
    anchor_shapes,
    decode,
    hold_shape,
    size_change,
    vote,
)
from siamfc_eval.tracking.families.siamrpn.family import PRESETS as SIAMRPN_PRESETS
from siamfc_eval.tracking.families.siamrpn.parameters import SiamRPNParameters
from siamfc_eval.tracking.families.siamrpn.tracker import SiamRPNTracker
from tests.tracking.conftest import peak_of

START = np.array([160.0, 120.0, 63.5, 63.5])
RATIOS = (0.33, 0.5, 1.0, 2.0, 3.0)
SHAPES = anchor_shapes(8, (8.0,), RATIOS)
SQUARE = 2


def answer(anchor: int = SQUARE, width: float = 63.5, height: float = 63.5, certainty: float = 8.0) -> SimpleNamespace:
    """What the head says: which anchor, what size in crop pixels, and how surely (logit)."""
    return SimpleNamespace(anchor=anchor, width=width, height=height, certainty=certainty)


@pytest.fixture
def make(centroid_network: Callable[..., RegionProposal]) -> Callable[..., SiamRPNTracker]:
    """A tracker that finds the blob exactly."""

    def build(says: SimpleNamespace | None = None, **parameters: object) -> SiamRPNTracker:
        network = centroid_network(SHAPES, says or answer())
        values = {"window_influence": 0.0, "penalty_k": 0.0, "search_size": 255, **parameters}
        return SiamRPNTracker("exact", network, SiamRPNParameters(**values), device="cpu")  # type: ignore[arg-type]

    return build


def test_anchor_shapes_are_those_that_the_published_networks_learnt() -> None:
    assert SHAPES.tolist() == [[104, 32], [88, 40], [64, 64], [40, 80], [32, 96]]


@pytest.mark.parametrize(("cells", "first"), [(17, -64), (25, -96), (19, -72), (21, -80)])
def test_anchors_are_centred_on_the_search_crop(cells: int, first: float) -> None:
    grid = anchor_grid(cells, 8, (8.0,), RATIOS).reshape(4, 5, cells, cells)
    assert grid[0, 0, 0, 0] == grid[1, 0, 0, 0] == first
    assert grid[0].max() == grid[1].max() == -first
    assert grid[0, 3, 5, 7] == first + 7 * 8
    assert grid[1, 3, 5, 7] == first + 5 * 8


def test_zero_offsets_are_the_anchors_and_wild_ones_stay_finite() -> None:
    grid = anchor_grid(3, 8, (8.0,), (1.0,))
    np.testing.assert_array_equal(decode(grid, np.zeros_like(grid)), grid)
    assert np.isfinite(decode(grid, np.full_like(grid, 1e6))).all()


def test_size_change_is_one_for_the_same_size_and_symmetric() -> None:
    sizes = np.array([[40.0, 80.0, 20.0, 80.0], [40.0, 80.0, 20.0, 20.0]])
    change = size_change(sizes, np.array([40.0, 40.0]), 0.5)
    assert change[0] == pytest.approx(1.0)
    assert change[1] == pytest.approx(change[2]) == pytest.approx(2.0)
    assert change[3] > 4.0


@pytest.mark.parametrize("search", [255, 271, 287])
@pytest.mark.parametrize("size", [25.0, 63.5])
def test_a_shift_comes_back_at_every_search_size_and_scale(
    make: Callable[..., SiamRPNTracker], blob_at: Callable[..., Frame], search: int, size: float
) -> None:
    start = np.array([160.5, 120.25, size, size])
    tracker = make(search_size=search)
    state = tracker.init(blob_at(start), start)
    for dx, dy in [(0, 0), (1, -1), (3, 5), (-7.5, 4)]:
        _, output = tracker.update(state, blob_at(start, dx, dy))
        centre = output.region[:2] + output.region[2:] / 2
        np.testing.assert_allclose(centre - start[:2] - size / 2, [dx, dy], atol=0.1)


def test_the_map_lies_where_the_target_is_whatever_the_search_size(
    make: Callable[..., SiamRPNTracker], blob_at: Callable[..., Frame]
) -> None:
    start = np.array([160.5, 120.25, 40.0, 40.0])
    for search in (255, 287):
        tracker = make(search_size=search)
        state = tracker.init(blob_at(start), start)
        for shift in ([0, 0], [20, -10], [-15, 12]):
            _, output = tracker.update(state, blob_at(start, *shift))
            cell = output.covered[2] / output.response.shape[1]
            np.testing.assert_allclose(peak_of(output) - start[:2] - start[2:] / 2, shift, atol=0.6 * cell)
            assert output.searched[2] == pytest.approx(context_side(start[2:]) * search / 127)


@pytest.mark.parametrize("anchor", range(5))
def test_offsets_are_read_from_the_anchor_that_scores_best(
    make: Callable[..., SiamRPNTracker], blob_at: Callable[..., Frame], anchor: int
) -> None:
    tracker = make(answer(anchor=anchor))
    state = tracker.init(blob_at(START), START)
    _, output = tracker.update(state, blob_at(START, 6, -3))
    np.testing.assert_allclose(output.region[:2] - START[:2], [6, -3], atol=0.1)


@pytest.mark.parametrize(("share", "expected"), [(1.0, 3.0), (0.5, np.sqrt(3.0 * 0.5)), (0.0, 0.5)])
def test_the_shape_of_the_first_frame_is_held_and_the_area_is_not_touched(share: float, expected: float) -> None:
    held = hold_shape(np.array([[90.0], [30.0]]), float(np.log(0.5)), share)
    assert float(held[0, 0] / held[1, 0]) == pytest.approx(expected)
    assert float(held.prod()) == pytest.approx(2700.0)


def test_changes_of_shape_are_counted_from_the_first_frame_however_often_they_are_seen(
    make: Callable[..., SiamRPNTracker], blob_at: Callable[..., Frame]
) -> None:
    tracker = make(answer(width=80.0, height=60.0), size_rate=1.0, shape_share=0.25)
    state = tracker.init(blob_at(START), START)
    for _ in range(12):
        state, output = tracker.update(state, blob_at(START))
    assert output.region[2] / output.region[3] == pytest.approx((80 / 60) ** 0.25, rel=0.02)


def test_a_vote_averages_the_boxes_that_overlap_the_winner_by_their_weights() -> None:
    boxes = np.array([[0.0, 2.0, 40.0, 0.0], [0.0, 0.0, 0.0, 1.0], [10.0, 10.0, 10.0, 12.0], [10.0, 10.0, 10.0, 10.0]])
    scores = np.array([3.0, 1.0, 9.0, 0.0]) ** 0.25
    np.testing.assert_array_equal(vote(boxes, scores, 0, None), boxes[:, 0])
    # The second overlaps by 8 / 12, the third not at all, the fourth weighs nothing.
    np.testing.assert_allclose(vote(boxes, scores, 0, 0.5), [0.5, 0.0, 10.0, 10.0])
    np.testing.assert_allclose(vote(boxes, scores, 0, 0.7), boxes[:, 0])
    np.testing.assert_array_equal(vote(boxes, np.zeros(4), 1, 0.5), boxes[:, 1])


def test_the_winner_has_a_vote_whatever_rounding_makes_of_its_overlap_with_itself() -> None:
    rng = np.random.default_rng(0)
    boxes = np.concatenate([rng.normal(0.0, 50.0, (2, 200)), rng.uniform(1.0, 90.0, (2, 200))])
    for best in range(200):
        np.testing.assert_allclose(vote(boxes, np.ones(200), best, 1.0), boxes[:, best], rtol=1e-12)


def test_voting_finds_a_place_between_the_cells(
    make: Callable[..., SiamRPNTracker], blob_at: Callable[..., Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of boxes that lie on the cells themselves, the best is up to half a stride beside the target."""
    monkeypatch.setattr(RegionProposal, "offsets", lambda _, loc: torch.zeros(len(loc), 4, 5, *loc.shape[2:]))
    errors = []
    for overlap in (None, 0.5):
        tracker = make(answer(certainty=2.0), vote_overlap=overlap)
        found = tracker.update(tracker.init(blob_at(START), START), blob_at(START, 5, -3))[1].region
        errors.append(np.abs(found[:2] + found[2:] / 2 - START[:2] - START[2:] / 2 - [5, -3]))
    assert (errors[0] > 2.0).all()
    assert (errors[1] < 0.6 * errors[0]).all()


def test_size_moves_by_rate_times_score(make: Callable[..., SiamRPNTracker], blob_at: Callable[..., Frame]) -> None:
    tracker = make(answer(width=80.0, height=60.0), size_rate=0.25)
    state = tracker.init(blob_at(START), START)
    _, output = tracker.update(state, blob_at(START))
    rate = 0.25 * output.confidence
    np.testing.assert_allclose(output.region[2:], (1 - rate) * START[2:] + rate * np.array([80.0, 60.0]), rtol=1e-5)


def test_the_penalty_slows_a_change_of_size(make: Callable[..., SiamRPNTracker], blob_at: Callable[..., Frame]) -> None:
    sizes = []
    for k in (0.0, 0.3):
        tracker = make(answer(width=95.0), penalty_k=k, size_rate=0.5)
        sizes.append(tracker.update(tracker.init(blob_at(START), START), blob_at(START))[1].region[2])
    assert START[2] < sizes[1] < sizes[0]


def test_the_window_prefers_cells_near_the_last_place(
    make: Callable[..., SiamRPNTracker], blob_at: Callable[..., Frame]
) -> None:
    # The head's offsets are exact from every cell, so the choice shows in the score alone.
    scores = []
    for influence in (0.0, 0.9):
        tracker = make(answer(certainty=3.0), window_influence=influence)
        scores.append(tracker.update(tracker.init(blob_at(START), START), blob_at(START, 40))[1].confidence)
    assert scores[1] < scores[0]


@pytest.mark.parametrize(("lost_window", "is_found"), [(0.001, True), (None, False)])
def test_a_lost_target_is_found_far_from_the_centre_with_hardly_any_window(
    make: Callable[..., SiamRPNTracker], blob_at: Callable[..., Frame], lost_window: float | None, is_found: bool
) -> None:
    lost, sure = answer(certainty=-8.0), answer(certainty=8.0)
    settings = {"window_influence": 0.6, "lost_search_size": 287, "lost_search_step": 32}
    state = make(lost, **settings).init(blob_at(START), START)
    state, _ = make(lost, **settings).update(state, blob_at(START))
    assert state.search_size == 287
    tracker = make(sure, **settings, lost_window_influence=lost_window)
    state, output = tracker.update(state, blob_at(START, dx=80.0, dy=70.0))
    assert (output.confidence > 0.95) == is_found
    assert (state.search_size == 255) == is_found


def test_pysots_long_term_preset_searches_far_at_once(
    make: Callable[..., SiamRPNTracker], blob_at: Callable[..., Frame]
) -> None:
    tracker = make(answer(certainty=-8.0), **SIAMRPN_PRESETS["pysot-r50-lt"])
    state, _ = tracker.update(tracker.init(blob_at(START), START), blob_at(START))
    assert state.search_size == 831


def test_search_grows_while_lost_and_shrinks_when_found(
    make: Callable[..., SiamRPNTracker], blob_at: Callable[..., Frame]
) -> None:
    says = answer()
    tracker = make(says, search_size=255, lost_search_size=400, lost_search_step=96)
    state = tracker.init(blob_at(START), START)
    head: Any = tracker._inference.network.head
    sizes, regions = [], []
    for certainty in (8.0, -3.0, -3.0, -3.0, 8.0):
        head.answer.certainty = certainty
        state, output = tracker.update(state, blob_at(START, 5))
        sizes.append(state.search_size)
        regions.append(output.region)
    assert sizes == [255, 351, 400, 400, 255]
    np.testing.assert_array_equal(regions[1], regions[0])


def test_batches_mix_search_sizes_and_answer_as_single_calls_do(
    make: Callable[..., SiamRPNTracker], blob_at: Callable[..., Frame]
) -> None:
    tracker = make(lost_search_size=400)
    boxes = [START, START + np.array([20, 10, -10, -20]), START - np.array([30, 30, 0, 0])]
    states = tracker.init_batch([blob_at(box) for box in boxes], boxes)
    states[1] = dataclasses.replace(states[1], search_size=351)
    frames = [blob_at(box, 4, 2) for box in boxes]
    batched = tracker.update_batch(states, frames)
    for (_, together), state, frame in zip(batched, states, frames, strict=True):
        _, alone = tracker.update(state, frame)
        np.testing.assert_allclose(together.region, alone.region, atol=1e-4)


@pytest.mark.parametrize("preset", sorted(SIAMRPN_PRESETS))
def test_presets_are_valid(preset: str) -> None:
    assert SiamRPNParameters(**SIAMRPN_PRESETS[preset])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SiamRPN", {"channels": (8, 8, 8, 8, 8), "groups": (1,) * 5, "hidden": 8}),
        ("SiamRPN++", {"backbone": "alexnet"}),
    ],
)
def test_untrained_networks_track_without_nan_and_alike_in_batches(
    name: str, options: dict[str, Any], textured: list[Frame]
) -> None:
    torch.manual_seed(0)
    tracker = SiamRPNTracker(name, build_model(name, **options), SiamRPNParameters(search_size=255), device="cpu")
    boxes = [np.array([60.0, 50, 40, 60]), np.array([120.0, 80, 30, 30])]
    batched = tracker.update_batch(tracker.init_batch(textured[:2], boxes), textured[2:])
    for box, first, second, (_, together) in zip(boxes, textured[:2], textured[2:], batched, strict=True):
        _, alone = tracker.update(tracker.init(first, box), second)
        assert np.isfinite(alone.region).all()
        np.testing.assert_allclose(together.region, alone.region, atol=1e-3)


@pytest.mark.parametrize("box", [[100, 80, 1, 1], [-5000, -5000, 20000, 20000], [230, 170, 60, 60]])
def test_extreme_start_boxes_give_finite_answers(
    make: Callable[..., SiamRPNTracker], textured: list[Frame], box: list[float]
) -> None:
    tracker = make()
    state = tracker.init(textured[0], np.array(box, dtype=float))
    for frame in textured[1:]:
        state, output = tracker.update(state, frame)
        assert np.isfinite(output.region).all()
        assert (output.region[2:] > 0).all()


def test_a_target_that_leaves_keeps_its_centre_in_the_frame(
    make: Callable[..., SiamRPNTracker], blob_at: Callable[..., Frame], flat_frame: Frame
) -> None:
    tracker = make()
    state = tracker.init(blob_at(START), START)
    for _ in range(4):
        state, output = tracker.update(state, flat_frame)
        assert np.isfinite(output.region).all()


def test_other_networks_and_other_anchor_counts_are_refused(centroid_network: Callable[..., RegionProposal]) -> None:
    with pytest.raises(InputError, match=r"3 anchors per cell.*make 5"):
        SiamRPNTracker("x", centroid_network(SHAPES[:3], answer()), device="cpu")
    with torch.device("meta"):
        network = build_model("SiamFC")
    with pytest.raises(InputError, match="not with anchors"):
        SiamRPNTracker("x", network, device="cpu")
