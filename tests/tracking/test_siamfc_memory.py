"""Template update and second exemplar of the SiamFC family: off by default, linear, the same in batches."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from siamfc_eval.datasets.frames import Frame
from siamfc_eval.models.heads.correlation import Correlation
from siamfc_eval.models.registry import build_model
from siamfc_eval.tracking.families.siamfc.parameters import SiamFCParameters
from siamfc_eval.tracking.families.siamfc.tracker import SiamFCState, SiamFCTracker

BOX = np.array([80.0, 60.0, 40.0, 50.0])


@pytest.fixture(scope="module")
def slim() -> SiamFCTracker:
    torch.manual_seed(0)
    return SiamFCTracker("slim", build_model("SiamFC", channels=(6, 8, 8, 8, 6)), device="cpu")


def tracked(tracker: SiamFCTracker, frames: list[Frame]) -> list[SiamFCState]:
    """The states after each frame, the first included."""
    states = [tracker.init(frames[0], BOX)]
    for frame in frames[1:]:
        states.append(tracker.update(states[-1], frame)[0])
    return states


def features(tracker: SiamFCTracker, frame: Frame, state: SiamFCState) -> torch.Tensor:
    """Features of an exemplar cut on a frame at the place of a state, by a fresh start there."""
    return tracker.init(frame, state.target.box).memory.average


def test_without_them_the_first_frame_stays_and_nothing_else_is_embedded(
    slim: SiamFCTracker, textured: list[Frame]
) -> None:
    states = tracked(slim, textured)
    assert all(state.memory.average is states[0].memory.average for state in states)
    assert SiamFCParameters().model_dump().keys().isdisjoint({"template_rate", "recent_weight", "recent_every"})
    assert SiamFCParameters(template_rate=0.1).model_dump()["template_rate"] == 0.1


def test_the_template_moves_by_its_rate_towards_the_target_where_it_was_found(
    slim: SiamFCTracker, textured: list[Frame]
) -> None:
    tracker = slim.with_parameters(template_rate=0.25)
    first, second, third = tracked(tracker, textured[:3])
    new = features(slim, textured[1], second)
    expected = 0.75 * first.memory.average + 0.25 * new
    assert not torch.allclose(new, first.memory.average, atol=1e-3)
    torch.testing.assert_close(second.memory.average, expected, rtol=1e-4, atol=1e-4)
    expected = 0.75 * expected + 0.25 * features(slim, textured[2], third)
    torch.testing.assert_close(third.memory.average, expected, rtol=1e-4, atol=1e-4)


def test_the_second_exemplar_is_taken_on_time_and_the_first_stays(slim: SiamFCTracker, textured: list[Frame]) -> None:
    tracker = slim.with_parameters(recent_weight=0.4, recent_every=2)
    states = tracked(tracker, textured)
    first = states[0].memory.average
    assert states[1].memory.recent is first
    new = features(slim, textured[2], states[2])
    torch.testing.assert_close(states[2].memory.recent, new, rtol=1e-4, atol=1e-4)
    assert states[3].memory.recent is states[2].memory.recent
    assert all(state.memory.average is first for state in states)


@pytest.mark.parametrize("adjust", ["none", "affine", "batch_norm"])
def test_the_response_is_the_weighted_sum_of_both_exemplars_responses(adjust: str, textured: list[Frame]) -> None:
    torch.manual_seed(1)
    network = build_model("SiamFC", channels=(6, 8, 8, 8, 6)).eval()
    network.head = Correlation(0.1, adjust).eval()
    tracker = SiamFCTracker("slim", network, SiamFCParameters(recent_weight=0.3, recent_every=1), device="cpu")
    _, state = tracked(tracker, textured[:2])
    alone = [tracker.with_parameters(recent_weight=weight) for weight in (0.0, 1.0)]
    one, other = (each.update(state, textured[2])[1].response for each in alone)
    both = tracker.update(state, textured[2])[1].response
    assert one is not None
    assert other is not None
    np.testing.assert_allclose(both, 0.7 * one + 0.3 * other, rtol=1e-3, atol=1e-4 * float(np.abs(one).max()))


def test_targets_of_different_ages_in_one_batch_answer_as_alone(slim: SiamFCTracker, textured: list[Frame]) -> None:
    tracker = slim.with_parameters(template_rate=0.1, recent_weight=0.5, recent_every=2)
    old = tracked(tracker, textured[:2])[-1]
    young = tracker.init(textured[1], BOX + 5.0)
    together = tracker.update_batch([old, young], [textured[2], textured[3]])
    alone = [tracker.update(old, textured[2]), tracker.update(young, textured[3])]
    for (state, output), (other, expected) in zip(together, alone, strict=True):
        np.testing.assert_allclose(output.region, expected.region, atol=1e-4)
        torch.testing.assert_close(state.memory.recent, other.memory.recent, rtol=1e-4, atol=1e-4)
