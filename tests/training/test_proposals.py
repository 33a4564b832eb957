"""Anchors learn what they should answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from siamfc_eval.tracking.families.siamrpn.anchors import anchor_grid, decode
from siamfc_eval.training.losses.proposals import anchor_targets, location_loss, pick_anchors

SCALES, RATIOS = (8.0,), (0.33, 0.5, 1.0, 2.0, 3.0)


def test_the_tracker_decodes_the_offsets_that_are_learned() -> None:
    boxes = torch.tensor([[10.0, -20.0, 50.0, 70.0]])
    targets = anchor_targets(boxes, 17, 8, SCALES, RATIOS)
    decoded = decode(anchor_grid(17, 8, SCALES, RATIOS), targets.offsets[0].double().numpy())
    assert decoded == pytest.approx(np.repeat(boxes.numpy().T, decoded.shape[1], axis=1), rel=1e-4)


def test_an_anchor_on_the_target_overlaps_it_wholly() -> None:
    targets = anchor_targets(torch.tensor([[0.0, 0.0, 64.0, 64.0]]), 17, 8, SCALES, RATIOS)
    best = int(targets.overlaps[0].argmax())
    assert targets.overlaps[0, best] == pytest.approx(1.0)
    assert best == 2 * 17 * 17 + 8 * 17 + 8
    assert targets.offsets[0, :, best].abs().max() < 1e-6


def test_anchors_are_picked_by_overlap_up_to_their_numbers_and_by_seed() -> None:
    overlaps = torch.linspace(0.0, 1.0, 200).repeat(2, 1)
    first = pick_anchors(overlaps, (0.6, 0.3), (16, 64), torch.Generator().manual_seed(1))
    again = pick_anchors(overlaps, (0.6, 0.3), (16, 64), torch.Generator().manual_seed(1))
    positive, negative = first
    assert positive.sum(dim=1).tolist() == [16, 16]
    assert negative.sum(dim=1).tolist() == [48, 48]
    assert overlaps[positive].min() >= 0.6
    assert overlaps[negative].max() <= 0.3
    assert torch.equal(positive, again[0])


def test_a_pair_without_target_has_negative_anchors_only() -> None:
    positive, negative = pick_anchors(torch.zeros(1, 100), (0.6, 0.3), (16, 64), torch.Generator())
    assert not positive.any()
    assert negative.sum() == 64


def test_only_positive_anchors_are_shaped() -> None:
    offsets, targets = torch.zeros(1, 4, 2), torch.zeros(1, 4, 2)
    targets[0, :, 0], targets[0, :, 1] = 2.0, 100.0
    positive = torch.tensor([[True, False]])
    assert float(location_loss(offsets, targets, positive)) == pytest.approx(4 * (2.0 - 0.5 / 9))
