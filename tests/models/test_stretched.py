"""The head that also compares with stretched exemplars."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from siamfc_eval.errors import InputError
from siamfc_eval.models.heads.stretched import STRETCHES, StretchedRPN, stretch
from siamfc_eval.models.registry import build_model
from siamfc_eval.models.siamese import RegionProposal, join_templates, select_template


@pytest.fixture(scope="module")
def network() -> RegionProposal:
    torch.manual_seed(0)
    built = build_model("SiamRPN", channels=[4, 6, 6, 6, 6], hidden=4, stretched=True).eval()
    assert isinstance(built, RegionProposal)
    return built


def _ramp(side: int = 41) -> Tensor:
    """x in the first channel and y in the second, from the centre."""
    line = torch.arange(side, dtype=torch.float32) - (side - 1) / 2
    return torch.stack([line.expand(side, -1), line[:, None].expand(-1, side)])[None]


def test_the_first_stretch_is_the_exemplar_itself() -> None:
    images = torch.rand(2, 3, 17, 17)
    stretched = stretch(images, STRETCHES).unflatten(0, (2, len(STRETCHES)))
    torch.testing.assert_close(stretched[:, 0], images, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("wide", "high"), [(1.25, 1.0), (1.0, 0.8), (1.5, 0.5)])
def test_what_was_beside_the_centre_is_farther_from_it_by_the_factor(wide: float, high: float) -> None:
    ramp = stretch(_ramp(), ((wide, high),))[0]
    assert float(ramp[0, 20, 20]) == pytest.approx(0.0, abs=1e-4)
    assert float(ramp[0, 20, 26]) == pytest.approx(6 / wide, abs=1e-3)
    assert float(ramp[1, 14, 20]) == pytest.approx(-6 / high, abs=1e-3)


def test_what_a_smaller_exemplar_leaves_free_shows_the_border() -> None:
    assert float(stretch(_ramp(), ((0.5, 0.5),))[0, 0, 20, 0]) == pytest.approx(-20.0, abs=1e-3)


def test_a_target_that_grew_is_answered_best_by_the_exemplar_that_grew_with_it() -> None:
    """With features of the image itself: the whole kernels' answers, as the head mixes them."""
    torch.manual_seed(3)
    scene = torch.nn.functional.interpolate(torch.randn(1, 3, 12, 12), size=(96, 96), mode="bicubic")
    head = StretchedRPN(3, 2).eval()
    exemplar = scene[:, :, 28:68, 28:68]
    kernels = head.kernels([stretch(exemplar, head.stretches).flatten(0, 1)[None]])[2][0]
    for index in (1, 3, 5, 8, 10, 12):
        wide, high = head.stretches[index]
        grown = stretch(scene, ((wide, high),))[:, :, 28:68, 28:68]
        unit = kernels.flatten(1) / kernels.flatten(1).norm(dim=1, keepdim=True)
        answers = unit @ (grown - grown.mean()).flatten()
        assert int(answers.argmax()) == index


def test_an_exemplar_answers_itself_with_one_whatever_its_contrast() -> None:
    head = StretchedRPN(5, 2).eval()
    features = torch.randn(1, len(STRETCHES) * 5, 6, 6)
    for contrast in (1.0, 30.0):
        kernel = head.kernels([contrast * features])[2][0, 0]
        assert float((kernel * contrast * features[0, :5]).sum()) == pytest.approx(1.0, abs=1e-4)


def test_samples_never_mix_and_templates_are_joined_and_picked_apart(network: RegionProposal) -> None:
    torch.manual_seed(1)
    exemplars, searches = torch.rand(3, 3, 127, 127) * 255, torch.rand(3, 3, 143, 143) * 255
    with torch.inference_mode():
        together = network.detect(network.template(exemplars), searches)
        for index in range(3):
            one = select_template(network.template(exemplars), index)
            assert isinstance(one, tuple)
            joined = join_templates([one, one])
            assert isinstance(joined, tuple)
            alone = network.detect(joined, searches[[index, index]])
            for whole, part in zip(together, alone, strict=True):
                torch.testing.assert_close(whole[[index, index]], part, atol=1e-4, rtol=1e-3)


def test_features_of_exemplars_and_of_search_regions_give_what_the_network_gives(network: RegionProposal) -> None:
    torch.manual_seed(2)
    exemplars, searches = torch.rand(2, 3, 127, 127) * 255, torch.rand(2, 3, 143, 143) * 255
    with torch.inference_mode():
        whole = network(exemplars, searches)
        parts = network.correlate(network.extract_exemplars(exemplars), network.extract(searches))
    for expected, found in zip(whole, parts, strict=True):
        torch.testing.assert_close(found, expected)


def test_in_training_all_stretches_go_through_the_backbone_together(network: RegionProposal) -> None:
    images = 255 * torch.rand(2, 3, 127, 127)
    (expected,) = network.extract_exemplars(images)
    sizes: list[int] = []
    hook = network.backbone.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    network.backbone.training = True  # its batch norms stay as they are, so that answers can be compared
    try:
        (found,) = network.extract_exemplars(images)
    finally:
        network.backbone.training = False
        hook.remove()
    assert sizes == [2 * len(STRETCHES)]
    torch.testing.assert_close(found, expected)


def test_one_score_for_each_anchor_is_refused() -> None:
    with pytest.raises((InputError, ValueError), match="classes"):
        build_model("SiamRPNRes22", planes=8, classes=1, stretched=True)
