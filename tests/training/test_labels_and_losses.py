"""Labels mark the target; losses are what their papers define."""

from __future__ import annotations

import math

import pytest
import torch

from siamfc_eval.training.losses.functions import (
    balanced_logistic,
    batch_contrast,
    batch_negatives,
    focal,
    halves,
    soft_margin,
    taught,
)
from siamfc_eval.training.losses.labels import disc_labels, gaussian_labels, grid_positions, squared_distances


def test_positions_of_a_response_are_strides_from_its_centre() -> None:
    assert grid_positions(17, 8)[[0, 8, 16]].tolist() == [-64.0, 0.0, 64.0]


def test_a_centred_target_has_the_thirteen_positives_of_the_paper() -> None:
    labels = disc_labels(squared_distances(torch.zeros(1, 2), 17, 8), 16.0)
    assert labels.sum() == 13
    assert labels[0, 8, 6:11].tolist() == [1.0] * 5


def test_labels_follow_the_target_across_first() -> None:
    labels = disc_labels(squared_distances(torch.tensor([[24.0, -16.0]]), 17, 8), 4.0)
    assert labels.nonzero().tolist() == [[0, 6, 11]]


def test_a_target_between_the_positions_still_has_a_positive() -> None:
    assert disc_labels(squared_distances(torch.tensor([[4.0, 4.0]]), 17, 8), 2.0).sum() == 4


def test_gaussian_labels_are_distributions_with_their_peak_on_the_target() -> None:
    labels = gaussian_labels(squared_distances(torch.tensor([[16.0, 0.0]]), 17, 8), 8.0)
    assert labels.sum() == pytest.approx(1.0)
    assert int(labels.argmax()) == 8 * 17 + 10


def test_the_balanced_loss_weighs_both_classes_alike() -> None:
    labels = torch.zeros(1, 5, 5)
    labels[0, 2, 2] = 1.0
    logits = torch.full((1, 5, 5), -2.0)
    logits[0, 2, 2] = 3.0
    expected = 0.5 * math.log1p(math.exp(-3.0)) + 0.5 * math.log1p(math.exp(-2.0))
    assert float(balanced_logistic(logits, labels)) == pytest.approx(expected, rel=1e-6)


def test_a_map_without_target_counts_whole() -> None:
    logits = torch.zeros(1, 3, 3)
    assert float(balanced_logistic(logits, torch.zeros(1, 3, 3))) == pytest.approx(math.log(2.0), rel=1e-6)


def test_soft_margin_counts_every_position_alike() -> None:
    labels = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    logits = torch.tensor([[[1.0, 1.0], [-1.0, 0.0]]])
    terms = [math.log1p(math.exp(-1)), math.log1p(math.exp(1)), math.log1p(math.exp(-1)), math.log(2)]
    assert float(soft_margin(logits, labels)) == pytest.approx(sum(terms) / 4, rel=1e-6)


def test_focal_loss_forgets_what_is_easy() -> None:
    labels = torch.tensor([[[1.0, 0.0]]])
    easy, hard = torch.tensor([[[6.0, -6.0]]]), torch.tensor([[[0.0, 0.0]]])
    assert float(focal(easy, labels)) < 1e-6
    assert float(focal(hard, labels)) == pytest.approx((0.25 + 0.75) * 0.25 * math.log(2.0), rel=1e-6)


def test_batch_negatives_leave_out_pairs_of_one_target() -> None:
    logits = torch.full((2, 2, 1, 1), 5.0)
    apart = torch.tensor([[False, True], [False, False]])
    logits[0, 1] = -5.0
    assert float(batch_negatives(logits, apart)) == pytest.approx(math.log1p(math.exp(-5.0)), rel=1e-5)
    assert float(batch_negatives(logits, torch.zeros(2, 2, dtype=torch.bool))) == 0.0


def test_contrast_is_the_cross_entropy_over_all_search_crops() -> None:
    logits = torch.zeros(2, 2, 1, 2)
    aims = torch.tensor([[[1.0, 0.0]], [[1.0, 0.0]]])
    apart = ~torch.eye(2, dtype=torch.bool)
    present = torch.tensor([True, True])
    assert float(batch_contrast(logits, aims, apart, present)) == pytest.approx(math.log(4.0), rel=1e-6)
    alone = torch.zeros(2, 2, dtype=torch.bool)
    assert float(batch_contrast(logits, aims, alone, present)) == pytest.approx(math.log(2.0), rel=1e-6)


def test_halves_ignore_what_is_neither() -> None:
    logits = torch.tensor([[0.0, 0.0, 100.0]])
    positive, negative = torch.tensor([[True, False, False]]), torch.tensor([[False, True, False]])
    assert float(halves(logits, positive, negative)) == pytest.approx(math.log(2.0), rel=1e-6)


def test_halves_are_least_where_positive_entries_give_what_they_aim_at() -> None:
    positive, negative = torch.tensor([[True, False]]), torch.tensor([[False, False]])
    aims = torch.tensor([[0.7, 0.2]])
    losses = {
        probability: float(halves(torch.logit(torch.tensor([[probability, 0.9]])), positive, negative, aims))
        for probability in (0.5, 0.6, 0.7, 0.8, 0.9)
    }
    assert min(losses, key=losses.__getitem__) == 0.7
    assert losses[0.7] == pytest.approx(-0.5 * (0.7 * math.log(0.7) + 0.3 * math.log(0.3)), rel=1e-5)


def test_a_lesson_is_learned_when_only_constants_of_exemplars_differ() -> None:
    generator = torch.Generator().manual_seed(0)
    teacher = torch.randn(3, 3, 5, 5, generator=generator)
    assert float(taught(teacher + torch.tensor([1.0, -2.0, 7.0])[None, :, None, None], teacher)) < 1e-10
    assert float(taught(torch.zeros_like(teacher), teacher)) == pytest.approx(1.0, rel=1e-6)
    assert float(taught(-teacher, teacher)) == pytest.approx(4.0, rel=1e-6)
