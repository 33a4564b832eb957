"""Networks compute what their papers say, sample by sample, in any batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from siamfc_eval.errors import InputError
from siamfc_eval.models.heads.correlation import correlate_kernels, cross_correlate, sum_along_cells
from siamfc_eval.models.heads.rpn import correlate_depthwise
from siamfc_eval.models.initialisation import initialise_weights
from siamfc_eval.models.preprocessing import HALF_RGB, IMAGENET_RGB, PLAIN_BGR, Preprocessing
from siamfc_eval.models.registry import build_model
from siamfc_eval.models.siamese import (
    FullyConvolutional,
    SiameseNetwork,
    join_templates,
    select_template,
)

FAST = ["SiamFC", "SiamFCRes22", "SiamFCIncep22", "SiamFCNext22"]


def network(name: str, seed: int = 0, **options: Any) -> SiameseNetwork:
    """A model in evaluation mode whose batch norms are not identities."""
    torch.manual_seed(seed)
    model = build_model(name, **options).eval()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1, 0.1)
            nn.init.normal_(module.bias, 0, 0.1)
            nn.init.normal_(module.running_mean, 0, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 2)
    return model


def images(count: int, side: int, seed: int = 1) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(seed)) * 255


def relative(found: Tensor, right: Tensor) -> float:
    return float((found.double() - right.double()).abs().max() / right.double().abs().max())


class Reference:
    """The cropping backbones written down once more, straight from the paper, over a state dict."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        self.state = state

    def conv(self, x: Tensor, name: str, **options: Any) -> Tensor:
        return F.conv2d(x, self.state[f"{name}.weight"], self.state.get(f"{name}.bias"), **options)

    def norm(self, x: Tensor, name: str, eps: float = 1e-5) -> Tensor:
        mean, var, gain, bias = (
            self.state[f"{name}.{part}"][None, :, None, None]
            for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / torch.sqrt(var + eps) * gain + bias

    def bottleneck(self, x: Tensor, at: str, last: bool) -> Tensor:
        y = F.relu(self.norm(self.conv(x, f"{at}.conv1"), f"{at}.bn1"))
        y = F.relu(self.norm(self.conv(y, f"{at}.conv2", padding=1), f"{at}.bn2"))
        y = self.norm(self.conv(y, f"{at}.conv3"), f"{at}.bn3")
        if f"{at}.downsample.0.weight" in self.state:
            x = self.norm(self.conv(x, f"{at}.downsample.0"), f"{at}.downsample.1")
        y = y + x
        return (y if last else F.relu(y))[:, :, 1:-1, 1:-1]

    def inception(self, x: Tensor, at: str, last: bool) -> Tensor:
        y = F.relu(self.norm(self.conv(x, f"{at}.branch3x3.conv1"), f"{at}.branch3x3.bn1"))
        y = F.relu(self.norm(self.conv(y, f"{at}.branch3x3.conv2", padding=1), f"{at}.branch3x3.bn2"))
        y = self.norm(self.conv(y, f"{at}.branch3x3.conv3"), f"{at}.branch3x3.bn3")
        y = torch.cat([y, self.norm(self.conv(x, f"{at}.branch1x1.conv"), f"{at}.branch1x1.bn", eps=1e-3)], 1)
        return (y if last else F.relu(y))[:, :, 1:-1, 1:-1]

    def resnext(self, x: Tensor, at: str, last: bool) -> Tensor:
        y = F.relu(self.norm(self.conv(x, f"{at}.basic.conv1_0"), f"{at}.basic.bn1"))
        y = F.relu(self.norm(self.conv(y, f"{at}.basic.conv3_0", padding=1, groups=32), f"{at}.basic.bn2"))
        y = self.norm(self.conv(y, f"{at}.basic.conv1_1"), f"{at}.basic.bn3")
        x = self.conv(x, f"{at}.shortcut.0") if f"{at}.shortcut.0.weight" in self.state else x
        y = self.norm(y + x, f"{at}.bn0")
        return (y if last else F.relu(y))[:, :, 1:-1, 1:-1]

    def stages(self, x: Tensor, unit: Callable[[Tensor, str, bool], Tensor]) -> Tensor:
        for index in range(3):
            x = unit(x, f"layer1.{index}", False)
        x = F.max_pool2d(unit(x, "layer2.0", False), 2, 2)
        for index in (2, 3, 4):
            x = unit(x, f"layer2.{index}", index == 4)
        return x

    def features(self, x: Tensor, kind: str) -> Tensor:
        if kind == "SiamFCRes22":
            x = F.relu(self.norm(self.conv(x, "conv1", stride=2, padding=3), "bn1"))[:, :, 2:-2, 2:-2]
            return self.stages(F.max_pool2d(x, 2, 2), self.bottleneck)
        stem = ("conv0", "bn0") if kind == "SiamFCNext22" else ("conv1", "bn1")
        x = F.max_pool2d(F.relu(self.norm(self.conv(x, stem[0], stride=2), stem[1])), 3, 2)
        return self.stages(x, self.resnext if kind == "SiamFCNext22" else self.inception)


@pytest.mark.parametrize("name", ["SiamFCRes22", "SiamFCIncep22", "SiamFCNext22"])
def test_cropping_backbones_agree_with_the_paper_written_down_independently(name: str) -> None:
    model = network(name)
    crop = images(1, 127) / 255
    with torch.inference_mode():
        right = Reference(dict(model.backbone.state_dict())).features(crop, name)
        assert relative(model.backbone(crop), right) < 1e-5


@pytest.mark.parametrize("name", FAST)
def test_features_see_no_padding(name: str) -> None:
    """Shifting the image by the stride shifts the features by one cell: padding would break this."""
    model = network(name)
    wide = images(1, 135)
    with torch.inference_mode():
        assert isinstance(model, FullyConvolutional)
        first, second = model.embed(wide[:, :, :127, :127]), model.embed(wide[:, :, 8:, 8:])
    assert relative(first[:, :, 1:, 1:], second[:, :, :-1, :-1]) < 1e-5


@pytest.mark.parametrize("name", FAST)
def test_float32_agrees_with_float64(name: str) -> None:
    model = network(name)
    exemplar, search = images(1, 127), images(1, 191, seed=2)
    with torch.inference_mode():
        single = model(exemplar, search)
        double = model.double()(exemplar.double(), search.double())
    assert relative(single, double) < 1e-4


def test_float32_agrees_with_float64_for_an_rpn() -> None:
    model = network("SiamRPN", hidden=16)
    exemplar, search = images(1, 127), images(1, 191, seed=2)
    with torch.inference_mode():
        single = model(exemplar, search)
        double = model.double()(exemplar.double(), search.double())
    for found, right in zip(single, double, strict=True):
        assert relative(found, right) < 1e-4


def test_cross_correlation_is_a_sum_of_products_per_sample() -> None:
    generator = torch.Generator().manual_seed(0)
    exemplars = torch.randn(3, 5, 4, 3, generator=generator)
    searches = torch.randn(6, 5, 9, 8, generator=generator)
    found = cross_correlate(exemplars, searches)
    assert found.shape == (6, 1, 6, 6)
    for index in range(6):
        right = F.conv2d(searches[index : index + 1], exemplars[index // 2 : index // 2 + 1])
        torch.testing.assert_close(found[index : index + 1], right, rtol=1e-5, atol=1e-4)


def test_answers_of_cells_are_added_by_one_operation_as_one_after_the_other() -> None:
    kernels, searches = torch.randn(2, 3, 4, 5, 6), torch.randn(4, 4, 17, 15)
    cells = kernels.permute(0, 1, 3, 4, 2).reshape(2, 1, -1, 4)
    answers = (cells @ searches.reshape(2, 2, 4, -1)).reshape(4, 3, 5, 6, 17, 15)
    found = sum_along_cells(answers, 13, 10)
    torch.testing.assert_close(found, correlate_kernels(kernels, searches), rtol=1e-4, atol=1e-4)


def test_depthwise_correlation_keeps_channels_and_samples_apart() -> None:
    generator = torch.Generator().manual_seed(0)
    kernels = torch.randn(2, 4, 3, 3, generator=generator)
    searches = torch.randn(4, 4, 7, 7, generator=generator)
    found = correlate_depthwise(kernels, searches)
    for index in range(4):
        right = F.conv2d(searches[index : index + 1], kernels[index // 2].unsqueeze(1), groups=4)
        torch.testing.assert_close(found[index : index + 1], right, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("exemplars", "searches"),
    [
        ((2, 4, 3, 3), (3, 4, 9, 9)),
        ((1, 4, 3, 3), (1, 5, 9, 9)),
        ((1, 4, 9, 9), (1, 4, 3, 3)),
        ((0, 4, 3, 3), (0, 4, 9, 9)),
    ],
)
def test_features_that_do_not_belong_together_are_refused(
    exemplars: tuple[int, ...], searches: tuple[int, ...]
) -> None:
    with pytest.raises(InputError, match="cross-correlation"):
        cross_correlate(torch.zeros(exemplars), torch.zeros(searches))


@pytest.mark.parametrize(
    ("name", "options", "side"),
    [("SiamFC", {}, 159), ("SiamRPN", {"hidden": 8}, 159), ("SiamRPN++", {"backbone": "mobilenetv2"}, 167)],
)
def test_a_target_gets_the_same_answer_alone_and_in_a_batch(name: str, options: dict[str, Any], side: int) -> None:
    model: Any = network(name, **options)
    exemplars, searches = images(2, 127), images(4, side, seed=2)
    with torch.inference_mode():
        templates = model.template(exemplars)
        together = model.detect(templates, searches)
        alone = [model.detect(select_template(templates, i), searches[2 * i : 2 * i + 2]) for i in range(2)]
        joined = join_templates([select_template(templates, 1), select_template(templates, 0)])
        swapped = model.detect(joined, torch.cat([searches[2:], searches[:2]]))
    if model.kind == "fc":
        together, alone, swapped = (together,), [(part,) for part in alone], (swapped,)
    for index, maps in enumerate(together):
        right = torch.cat([part[index] for part in alone])
        assert relative(maps, right) < 1e-5
        assert relative(torch.cat([swapped[index][2:], swapped[index][:2]]), right) < 1e-5


def test_a_template_that_meets_too_few_searches_is_refused() -> None:
    model: Any = network("SiamRPN", hidden=4)
    with torch.inference_mode(), pytest.raises(InputError, match="multiple"):
        model.detect(model.template(images(2, 127)), images(3, 255))


def test_rpn_scores_are_probabilities_and_channels_are_ordered_class_first() -> None:
    model: Any = build_model("SiamRPN", hidden=4)
    cls = torch.zeros(1, 10, 2, 2)
    cls[:, 5 + 3] = 2.0  # foreground score of anchor 3
    found = model.objectness(cls)
    assert found.shape == (1, 5, 2, 2)
    assert found[0, 3, 0, 0] == pytest.approx(torch.sigmoid(torch.tensor(2.0)).item())
    assert found[0, 0, 0, 0] == pytest.approx(0.5)
    loc = torch.arange(20.0).reshape(1, 20, 1, 1)
    assert model.offsets(loc)[0, :, 2, 0, 0].tolist() == [2, 7, 12, 17]


def test_siamdw_networks_with_one_score_per_anchor_use_a_sigmoid() -> None:
    model: Any = build_model("SiamRPNRes22", hidden=4, classes=1)
    assert model.objectness(torch.full((1, 5, 1, 1), 2.0))[0, 0, 0, 0] == pytest.approx(0.880797, abs=1e-6)


@pytest.mark.parametrize("preprocessing", [PLAIN_BGR, IMAGENET_RGB, HALF_RGB])
def test_preprocessing_reorders_scales_and_normalises(preprocessing: Preprocessing) -> None:
    model = build_model("SiamFC", channels=(4, 4, 4, 4, 4))
    model.set_preprocessing(preprocessing)
    pixel = torch.tensor([10.0, 100.0, 200.0])
    found = model.preprocess(pixel.reshape(1, 3, 1, 1)).flatten()
    ordered = pixel.flip(0) if preprocessing.order == "BGR" else pixel
    right = (ordered * preprocessing.scale - torch.tensor(preprocessing.mean)) / torch.tensor(preprocessing.std)
    torch.testing.assert_close(found, right)


def test_preprocessing_survives_json_and_refuses_nonsense() -> None:
    assert Preprocessing.from_dict(IMAGENET_RGB.to_json()) == IMAGENET_RGB
    for wrong in ({"order": "GRB"}, {"mean": [1]}, {"std": [0, 1, 1]}, {"gamma": 2}, {"scale": "many"}):
        with pytest.raises(InputError, match="preprocessing"):
            Preprocessing.from_dict(wrong)


@pytest.mark.parametrize("shape", [(3, 127, 127), (1, 127, 127, 3), (1, 1, 127, 127), (1, 4, 127, 127)])
def test_images_of_wrong_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="channels first"):
        build_model("SiamFC", channels=(4, 4, 4, 4, 4)).preprocess(torch.zeros(shape))


def test_integer_images_are_refused() -> None:
    with pytest.raises(InputError, match="floating"):
        build_model("SiamFC", channels=(4, 4, 4, 4, 4)).preprocess(torch.zeros(1, 3, 9, 9, dtype=torch.uint8))


def test_corr_up_scales_by_a_tenth_and_can_be_told_not_to() -> None:
    published, upstream = network("SiamFCRes22"), network("SiamFCRes22", scale=1.0)
    exemplar, search = images(1, 127), images(1, 159, seed=2)
    with torch.inference_mode():
        torch.testing.assert_close(published(exemplar, search) * 10, upstream(exemplar, search))


@pytest.mark.parametrize(("adjust", "count"), [("none", 0), ("bias", 1), ("affine", 2), ("batch_norm", 2)])
def test_the_response_may_be_adjusted_by_learned_scalars(adjust: str, count: int) -> None:
    model = build_model("SiamFC", channels=(4, 4, 4, 4, 4), adjust=adjust)
    assert len([name for name, _ in model.named_parameters() if name.startswith("head.")]) == count
    assert model(images(1, 127), images(1, 255)).shape == (1, 1, 17, 17)


def test_initial_weights_follow_the_seed_and_the_recipes() -> None:
    model = build_model("SiamRPN", hidden=8)
    torch.manual_seed(3)
    initialise_weights(model)
    first = model.backbone.get_parameter("conv3.0.weight").detach().clone()
    assert float(first.std()) == pytest.approx((2 / (384 * 9)) ** 0.5, rel=0.01)
    assert isinstance(model.head, torch.nn.Module)
    assert float(model.head.get_parameter("search_cls.weight").detach().std()) == pytest.approx(0.01, rel=0.05)
    torch.manual_seed(3)
    initialise_weights(model)
    assert torch.equal(first, model.backbone.get_parameter("conv3.0.weight"))


def test_gradients_reach_every_parameter() -> None:
    model = build_model("SiamFC", channels=(4, 4, 4, 4, 4), adjust="bias")
    model(images(2, 127), images(2, 255)).square().mean().backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_a_network_is_captured_whole_by_torch_compile() -> None:
    model = network("SiamFC", channels=(8, 8, 8, 8, 8))
    exemplar, search = images(1, 127), images(3, 135)
    with torch.no_grad():
        compiled = torch.compile(model, backend="eager", fullgraph=True)
        torch.testing.assert_close(compiled(exemplar, search), model(exemplar, search))


@pytest.mark.filterwarnings("ignore")
def test_a_network_can_be_traced_to_torchscript() -> None:
    model = network("SiamFC", channels=(8, 8, 8, 8, 8))
    exemplar, search = images(1, 127), images(3, 135)
    with torch.no_grad():
        traced = torch.jit.trace(model, (exemplar, search))
        torch.testing.assert_close(traced(exemplar, search), model(exemplar, search))


def test_pooling_before_the_relu_gives_what_the_papers_order_gives() -> None:
    model = network("SiamFC")
    state, x = dict(model.backbone.state_dict()), images(1, 127)
    with torch.inference_mode():
        found = model.backbone(x)
        for number, groups in enumerate((1, 2, 1, 2, 2), start=1):
            at = f"conv{number}"
            x = F.conv2d(
                x, state[f"{at}.0.weight"], state[f"{at}.0.bias"], stride=2 if number == 1 else 1, groups=groups
            )
            if number < 5:
                mean, var = state[f"{at}.1.running_mean"], state[f"{at}.1.running_var"]
                x = F.relu(F.batch_norm(x, mean, var, state[f"{at}.1.weight"], state[f"{at}.1.bias"], eps=1e-6))
            if number < 3:
                x = F.max_pool2d(x, 3, 2)
    assert relative(found, x) < 1e-6


@pytest.mark.parametrize(
    ("backbone", "geometry"),
    [
        # (kernel, stride, padding, dilation), as in SiamRPN++'s reference implementation.
        (
            "resnet50",
            {
                "conv1": (7, 2, 0, 1),
                "layer1.0.conv2": (3, 1, 1, 1),
                "layer1.0.downsample.0": (1, 1, 0, 1),
                "layer2.0.conv2": (3, 2, 0, 1),
                "layer2.0.downsample.0": (3, 2, 0, 1),
                "layer2.1.conv2": (3, 1, 1, 1),
                "layer3.0.conv2": (3, 1, 1, 1),
                "layer3.0.downsample.0": (3, 1, 1, 1),
                "layer3.1.conv2": (3, 1, 2, 2),
                "layer4.0.conv2": (3, 1, 2, 2),
                "layer4.0.downsample.0": (3, 1, 2, 2),
                "layer4.1.conv2": (3, 1, 4, 4),
            },
        ),
        (
            "resnet18",
            {
                "layer1.0.conv1": (3, 1, 1, 1),
                "layer2.0.conv1": (3, 2, 0, 1),
                "layer3.0.conv1": (3, 1, 1, 1),
                "layer3.0.conv2": (3, 1, 2, 2),
                "layer4.0.conv1": (3, 1, 2, 2),
                "layer4.1.conv1": (3, 1, 4, 4),
            },
        ),
        (
            "mobilenetv2",
            {
                "layer0.0": (3, 2, 0, 1),
                "layer2.0.conv.3": (3, 2, 0, 1),
                "layer3.0.conv.3": (3, 2, 0, 1),
                "layer4.0.conv.3": (3, 1, 1, 1),
                "layer4.1.conv.3": (3, 1, 2, 2),
                "layer5.0.conv.3": (3, 1, 2, 2),
                "layer6.0.conv.3": (3, 1, 2, 2),
                "layer6.1.conv.3": (3, 1, 4, 4),
                "layer7.0.conv.3": (3, 1, 4, 4),
            },
        ),
    ],
)
def test_upper_stages_dilate_as_in_the_reference(backbone: str, geometry: dict[str, tuple[int, ...]]) -> None:
    with torch.device("meta"):
        body = build_model("SiamRPN++", backbone=backbone).backbone
    for name, expected in geometry.items():
        conv: Any = body.get_submodule(name)
        found = (conv.kernel_size[0], conv.stride[0], conv.padding[0], conv.dilation[0])
        assert found == expected, name


def test_the_neck_crops_exemplars_to_their_centre_and_leaves_searches_whole() -> None:
    with torch.device("meta"):
        model: Any = build_model("SiamRPN++", backbone="resnet18")
        assert [level.shape[-1] for level in model.embed(torch.empty(1, 3, 127, 127))] == [7, 7, 7]
        assert [level.shape[-1] for level in model.embed(torch.empty(1, 3, 255, 255))] == [31, 31, 31]


def test_levels_are_averaged_with_learned_weights() -> None:
    from siamfc_eval.models.heads.rpn import MultiRPN

    torch.manual_seed(0)
    head = MultiRPN([4, 4]).eval()
    kernels = head.kernels([torch.randn(1, 4, 7, 7), torch.randn(1, 4, 7, 7)])
    searches = [torch.randn(1, 4, 12, 12), torch.randn(1, 4, 12, 12)]
    with torch.no_grad():
        head.get_parameter("cls_weight").copy_(torch.tensor([0.0, 1.0]))
        found, _ = head(kernels, searches)
        levels = [head.get_submodule(f"rpn{i + 2}")(kernels[2 * i : 2 * i + 2], [searches[i]])[0] for i in range(2)]
    share = torch.sigmoid(torch.tensor(1.0))
    torch.testing.assert_close(found, levels[0] * (1 - share) + levels[1] * share)


@pytest.mark.parametrize(
    ("name", "options"), [("SiamFC", {}), ("SiamFCRes22", {}), ("SiamRPN++", {"backbone": "mobilenetv2"})]
)
@pytest.mark.parametrize(("exemplar", "search"), [(20, 255), (127, 50)])
def test_images_that_are_too_small_are_named(name: str, options: dict[str, Any], exemplar: int, search: int) -> None:
    model = network(name, **options)
    small = min(exemplar, search)
    with (
        torch.inference_mode(),
        pytest.raises(InputError, match=rf"{small} x {small} pixels are too small for {name[:5]}"),
    ):
        model(images(1, exemplar), images(1, search))
