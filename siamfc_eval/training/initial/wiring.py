"""Which convolution of a backbone reads and writes which features: what a change of width must know."""

from __future__ import annotations

from typing import NamedTuple, cast

from torch import nn

from siamfc_eval.errors import InputError
from siamfc_eval.models.backbones.alexnet import AlexNet
from siamfc_eval.models.backbones.cropping import CirBottleneck, CirInception, CirResNeXt, Incep22, ResNet22, ResNeXt22
from siamfc_eval.models.backbones.vgg import VGG


class Layer(NamedTuple):
    """A convolution and the batch norms behind it, or batch norms alone."""

    convolution: nn.Conv2d | None
    norms: tuple[nn.BatchNorm2d, ...]
    reads: tuple[str, ...]
    """Names of the features that it reads, concatenated in this order; "image" is the input."""
    writes: str
    """Name of the features that it writes; layers whose outputs are added up write to the same."""
    path_width: int = 1
    """Channels of one path, where these features are many narrow paths side by side (ResNeXt)."""
    is_halved: bool = False
    """The features have two halves that layers read apart (AlexNet)."""


def wiring(backbone: nn.Module) -> list[Layer]:
    """The layers of a backbone in the order of computation.

    Raises:
        InputError: a backbone whose wiring is not known here.
    """
    if isinstance(backbone, AlexNet | VGG):
        return _chain(backbone, is_halved=isinstance(backbone, AlexNet))
    if isinstance(backbone, ResNet22 | Incep22 | ResNeXt22):
        return _stages(backbone)
    raise InputError(
        f"the width of {type(backbone).__name__} cannot be changed; AlexNet, VGG, ResNet22, Incep22 and ResNeXt22 can."
    )


def embedding_parts(backbone: nn.Module) -> tuple[str, ...]:
    """Names of the features that make up the embedding, in order."""
    layers = wiring(backbone)
    if isinstance(backbone, Incep22):
        return layers[-2].writes, layers[-1].writes
    return (layers[-1].writes,)


def _chain(backbone: nn.Module, *, is_halved: bool) -> list[Layer]:
    """Convolutions one behind the other, each with the batch norm that follows it."""
    layers: list[Layer] = []
    features = "image"
    for module in backbone.modules():
        if isinstance(module, nn.Conv2d):
            written = f"convolution {len(layers) + 1}"
            layers.append(Layer(module, (), (features,), written, is_halved=is_halved))
            features = written
        elif isinstance(module, nn.BatchNorm2d):
            layers[-1] = layers[-1]._replace(norms=(module,))
    return layers


def _stages(backbone: ResNet22 | Incep22 | ResNeXt22) -> list[Layer]:
    stem, norm = (backbone.conv0, backbone.bn0) if isinstance(backbone, ResNeXt22) else (backbone.conv1, backbone.bn1)
    layers = [Layer(stem, (norm,), ("image",), "stem")]
    features: tuple[str, ...] = ("stem",)
    for stage in ("layer1", "layer2"):
        for number, unit in enumerate(cast(nn.Sequential, getattr(backbone, stage)).children()):
            name = f"{stage}.{number}"
            if isinstance(unit, CirBottleneck):
                layers += _bottleneck(unit, name, features, stage)
                features = (stage,)
            elif isinstance(unit, CirResNeXt):
                layers += _paths(unit, name, features, stage)
                features = (stage,)
            elif isinstance(unit, CirInception):
                layers += _inception(unit, name, features)
                features = (f"{name} wide branch", f"{name} narrow branch")
    return layers


def _bottleneck(unit: CirBottleneck, name: str, reads: tuple[str, ...], writes: str) -> list[Layer]:
    layers = [
        Layer(unit.conv1, (unit.bn1,), reads, f"{name}.1"),
        Layer(unit.conv2, (unit.bn2,), (f"{name}.1",), f"{name}.2"),
        Layer(unit.conv3, (unit.bn3,), (f"{name}.2",), writes),
    ]
    if isinstance(unit.downsample, nn.Sequential):
        shortcut, norm = unit.downsample
        layers.append(Layer(cast(nn.Conv2d, shortcut), (cast(nn.BatchNorm2d, norm),), reads, writes))
    return layers


def _paths(unit: CirResNeXt, name: str, reads: tuple[str, ...], writes: str) -> list[Layer]:
    parts = dict(unit.basic.named_children())
    first, paths, last = (cast(nn.Conv2d, parts[key]) for key in ("conv1_0", "conv3_0", "conv1_1"))
    norms = [cast(nn.BatchNorm2d, parts[key]) for key in ("bn1", "bn2", "bn3")]
    inner, width = f"{name} paths", paths.in_channels // paths.groups
    layers = [
        Layer(first, (norms[0],), reads, inner, path_width=width),
        Layer(paths, (norms[1],), (inner,), inner, path_width=width),
        Layer(last, (norms[2],), (inner,), writes),
    ]
    layers += [Layer(cast(nn.Conv2d, shortcut), (), reads, writes) for shortcut in unit.shortcut]
    return [*layers, Layer(None, (unit.bn0,), (), writes)]


def _inception(unit: CirInception, name: str, reads: tuple[str, ...]) -> list[Layer]:
    wide, narrow = unit.branch3x3, unit.branch1x1
    return [
        Layer(wide.conv1, (wide.bn1,), reads, f"{name}.1"),
        Layer(wide.conv2, (wide.bn2,), (f"{name}.1",), f"{name}.2"),
        Layer(wide.conv3, (wide.bn3,), (f"{name}.2",), f"{name} wide branch"),
        Layer(narrow.conv, (narrow.bn,), reads, f"{name} narrow branch"),
    ]
