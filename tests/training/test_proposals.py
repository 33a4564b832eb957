"""Anchors learn what they should answer."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from siamfc_eval.errors import InputError
from siamfc_eval.models.registry import build_model
from siamfc_eval.models.siamese import RegionProposal
from siamfc_eval.tracking.families.siamrpn.anchors import anchor_grid, decode
from siamfc_eval.training.configuration import LossSection
from siamfc_eval.training.data.feeding import Batch
from siamfc_eval.training.losses.objective import ProposalObjective, build_objective
from siamfc_eval.training.losses.proposals import (
    BoxLoss,
    anchor_targets,
    box_loss,
    decode_offsets,
    location_loss,
    pick_anchors,
)

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


def test_the_best_anchors_are_positive_whatever_they_overlap() -> None:
    overlaps = torch.linspace(0.0, 0.5, 200).repeat(2, 1)
    plain = pick_anchors(overlaps, (0.6, 0.3), (16, 64), torch.Generator().manual_seed(1))
    assert not plain[0].any()
    positive, negative = pick_anchors(overlaps, (0.6, 0.3), (16, 64), torch.Generator().manual_seed(1), best=5)
    assert positive.nonzero()[:, 1].tolist() == [195, 196, 197, 198, 199] * 2
    assert negative.sum(dim=1).tolist() == [59, 59]
    assert overlaps[negative].max() <= 0.3
    # Where many overlap enough, no others are needed; a pair without a target has none.
    many = torch.linspace(0.0, 1.0, 200)[None]
    chosen = pick_anchors(many, (0.6, 0.3), (200, 400), torch.Generator().manual_seed(1), best=5)[0]
    assert torch.equal(chosen, many >= 0.6)
    nothing = pick_anchors(torch.zeros(1, 100), (0.6, 0.3), (16, 64), torch.Generator(), best=5)[0]
    assert not nothing.any()


def test_a_best_anchor_that_overlaps_little_is_no_negative() -> None:
    overlaps = torch.linspace(0.0, 0.2, 100)[None]
    positive, negative = pick_anchors(overlaps, (0.6, 0.3), (16, 200), torch.Generator(), best=3)
    assert positive.sum() == 3
    assert negative.sum() == 97
    assert not (positive & negative).any()


def test_a_target_of_another_size_than_its_exemplar_teaches_its_size_by_the_best_anchors_alone() -> None:
    torch.manual_seed(0)
    model = build_model("SiamRPN", channels=[8, 8, 8, 8, 8], hidden=8).eval()
    large = _batch()._replace(sizes=torch.full((3, 2), 110.0))
    for best, is_learned in ((0, False), (4, True)):
        parts = ProposalObjective(LossSection(best_anchors=best))(model, large)[1]
        assert (parts["location"] > 0.0) is is_learned


def test_a_pair_without_target_has_negative_anchors_only() -> None:
    positive, negative = pick_anchors(torch.zeros(1, 100), (0.6, 0.3), (16, 64), torch.Generator())
    assert not positive.any()
    assert negative.sum() == 64


def test_only_positive_anchors_are_shaped() -> None:
    offsets, targets = torch.zeros(1, 4, 2), torch.zeros(1, 4, 2)
    targets[0, :, 0], targets[0, :, 1] = 2.0, 100.0
    positive = torch.tensor([[True, False]])
    assert float(location_loss(offsets, targets, positive)) == pytest.approx(4 * (2.0 - 0.5 / 9))


def _restated(ours: list[float], theirs: list[float], kind: BoxLoss) -> float:
    """The loss of one pair of boxes (cx, cy, w, h), as the papers' algorithms have it, in plain numbers."""
    x1, y1, x2, y2 = (ours[0] - ours[2] / 2, ours[1] - ours[3] / 2, ours[0] + ours[2] / 2, ours[1] + ours[3] / 2)
    u1, v1, u2, v2 = (
        theirs[0] - theirs[2] / 2,
        theirs[1] - theirs[3] / 2,
        theirs[0] + theirs[2] / 2,
        theirs[1] + theirs[3] / 2,
    )
    across, down = min(x2, u2) - max(x1, u1), min(y2, v2) - max(y1, v1)
    shared = across * down if across > 0 and down > 0 else 0.0
    union = (x2 - x1) * (y2 - y1) + (u2 - u1) * (v2 - v1) - shared
    width, height = max(x2, u2) - min(x1, u1), max(y2, v2) - min(y1, v1)
    if kind == "giou":
        return 1 - (shared / union - (width * height - union) / (width * height))
    distance = (ours[0] - theirs[0]) ** 2 + (ours[1] - theirs[1]) ** 2
    return 1 - (shared / union - distance / (width**2 + height**2))


@pytest.mark.parametrize("kind", ["giou", "diou"])
def test_box_losses_are_those_of_their_papers(kind: BoxLoss) -> None:
    rng = np.random.default_rng(5)
    # Apart, overlapping, one within the other, equal.
    boxes = np.concatenate([rng.uniform(-40, 40, (60, 2)), rng.uniform(5, 80, (60, 2))], axis=1).reshape(4, 15, 4)
    targets = boxes[:, 0] + [0.0, 0.0, 10.0, 10.0]
    boxes[0, 1] = targets[0]
    positive = torch.from_numpy(rng.random((4, 15)) < 0.7)
    positive[:, :2] = True
    positive[2] = False
    expected = [
        _restated(list(boxes[n, k]), list(targets[n]), kind) for n in range(4) for k in range(15) if positive[n, k]
    ]
    found = box_loss(torch.from_numpy(boxes).transpose(1, 2), torch.from_numpy(targets), positive, kind)
    assert float(found) == pytest.approx(np.mean(expected), rel=1e-12)
    alone = torch.zeros(4, 15, dtype=torch.bool)
    assert float(box_loss(torch.from_numpy(boxes).transpose(1, 2), torch.from_numpy(targets), alone, kind)) == 0.0
    alone[0, 1] = True
    equal = box_loss(torch.from_numpy(boxes).transpose(1, 2), torch.from_numpy(targets), alone, kind)
    assert float(equal) == pytest.approx(0.0, abs=1e-12)


def test_offsets_are_decoded_as_the_tracker_decodes_them() -> None:
    offsets = torch.randn(2, 4, 5 * 9, generator=torch.Generator().manual_seed(3), dtype=torch.float64) * 8.0
    found = decode_offsets(offsets, 3, 8, SCALES, RATIOS)
    for ours, given in zip(found.numpy(), offsets.numpy(), strict=True):
        assert ours == pytest.approx(decode(anchor_grid(3, 8, SCALES, RATIOS), given), rel=1e-12)


@pytest.mark.parametrize("kind", ["giou", "diou"])
def test_box_losses_pull_any_box_onto_its_target(kind: BoxLoss) -> None:
    # The first anchors lie wholly beside the target, where the overlap alone has no gradient.
    target = torch.tensor([[70.0, -60.0, 30.0, 90.0]])
    offsets = torch.zeros(1, 4, 5 * 9, requires_grad=True)
    positive = torch.ones(1, 5 * 9, dtype=torch.bool)
    optimiser = torch.optim.Adam([offsets], lr=0.03)
    for _ in range(600):
        optimiser.zero_grad()
        loss = box_loss(decode_offsets(offsets, 3, 8, SCALES, RATIOS), target, positive, kind)
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.1


def test_the_hardest_negatives_are_taken_first_and_the_rest_by_chance() -> None:
    overlaps = torch.linspace(0.0, 1.0, 200).repeat(2, 1)
    scores = torch.randn(2, 200, generator=torch.Generator().manual_seed(2))
    drawn = pick_anchors(overlaps, (0.6, 0.3), (16, 64), torch.Generator().manual_seed(1), scores=scores, hard=0.0)
    half = pick_anchors(overlaps, (0.6, 0.3), (16, 64), torch.Generator().manual_seed(1), scores=scores, hard=0.5)
    whole = pick_anchors(overlaps, (0.6, 0.3), (16, 64), torch.Generator().manual_seed(1), scores=scores, hard=1.0)
    plain = pick_anchors(overlaps, (0.6, 0.3), (16, 64), torch.Generator().manual_seed(1))
    assert all(torch.equal(first, second) for first, second in zip(drawn, plain, strict=True))
    for row in range(2):
        allowed = [k for k in range(200) if overlaps[row, k] <= 0.3]
        by_score = sorted(allowed, key=lambda k: -float(scores[row, k]))
        for (positive, negative), count in ((half, 24), (whole, 48)):
            assert torch.equal(positive, plain[0])
            assert int(negative[row].sum()) == 48
            assert bool(negative[row, by_score[:count]].all())
            assert overlaps[row][negative[row]].max() <= 0.3


def _batch() -> Batch:
    generator = torch.Generator().manual_seed(4)
    exemplars, searches = (
        torch.randint(0, 256, (3, 3, side, side), generator=generator, dtype=torch.uint8) for side in (127, 207)
    )
    sizes = torch.tensor([[60.0, 70.0], [40.0, 90.0], [64.0, 64.0]])
    present = torch.tensor([True, True, False])
    names = ["a", "b", "c"]
    return Batch(exemplars, searches, torch.zeros(3, 2), sizes, present, names, names, 0, (0.0, 0.0), [])


def _loss(model: RegionProposal, **setting: object) -> tuple[Tensor, dict[str, float]]:
    result: tuple[Tensor, dict[str, float]] = ProposalObjective(LossSection.model_validate(setting))(model, _batch())
    return result


def test_the_objective_adds_the_box_loss_with_its_weight_and_leaves_the_rest() -> None:
    torch.manual_seed(0)
    model = build_model("SiamRPN", channels=[8, 8, 8, 8, 8], hidden=8).eval()
    assert isinstance(model, RegionProposal)
    plain, parts = _loss(model)
    assert set(parts) == {"classification", "location"}
    for kind in ("giou", "diou"):
        total, further = _loss(model, box_loss=kind, box_weight=3.0)
        assert set(further) == {*parts, kind}
        assert {name: further[name] for name in parts} == parts
        assert float(total.detach()) == pytest.approx(float(plain.detach()) + 3.0 * further[kind], rel=1e-6)
        model.zero_grad()
        total.backward()
        assert all(bool(torch.isfinite(p.grad).all()) for p in model.parameters() if p.grad is not None)
    hard = _loss(model, hard_negatives=1.0)[1]
    assert hard["classification"] > parts["classification"]
    assert hard["location"] == parts["location"]
    # At the start every score is near a half, and a box of another shape overlaps by less than 1.
    assert _loss(model, scores_overlap=True)[1]["classification"] != parts["classification"]


def test_a_teacher_is_refused_where_there_are_no_response_maps_to_learn() -> None:
    model = build_model("SiamRPN", channels=[8, 8, 8, 8, 8], hidden=8)
    with pytest.raises(InputError, match=r"loss\.teacher is of networks with response maps; SiamRPN has anchors"):
        build_objective(model, LossSection(teacher="siamfc-slim"))


@pytest.mark.parametrize(
    ("key", "value"), [("box_loss", "giou"), ("hard_negatives", 0.5), ("best_anchors", 2), ("scores_overlap", True)]
)
def test_losses_of_anchors_are_refused_where_there_are_none(key: str, value: object) -> None:
    model = build_model("SiamFC", channels=[4, 4, 6, 6, 4])
    with pytest.raises(InputError, match=rf"loss\.{key} is of networks with anchors; SiamFC has none"):
        build_objective(model, LossSection.model_validate({key: value}))
