"""Siamese networks: one interface for every backbone and both kinds of head.

Images are float tensors (n, 3, H, W), RGB, 0..255; the network applies its own `preprocessing`.

====================  =========================================  ==========================================
method                FC models (`kind == "fc"`)                 RPN models (`kind == "rpn"`)
====================  =========================================  ==========================================
``embed(images)``     features (n, c, h, w)                      list of features, one per pyramid level
``template(images)``  exemplar features, a tensor                tuple of tensors: correlation kernels
``detect(t, search)`` response (n * k, 1, r, r)                  (cls (n * k, 2a, r, r), loc (n * k, 4a, r, r))
``forward(z, x)``     ``detect(template(z), x)``                 the same
====================  =========================================  ==========================================

A template of n targets meets n * k search regions: k in a row (the scales) for each target. Every tensor of a template
has the targets along its first axis, so templates of several targets are joined by `torch.cat` and picked apart by
indexing (`select_template`, `join_templates`). Samples never mix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from siamfc_eval.errors import InputError
from siamfc_eval.models.preprocessing import PLAIN_RGB, Preprocessing

Template = Tensor | tuple[Tensor, ...]
"""What `template` gives and `detect` takes; its tensors have the targets along the first axis."""


_TOO_SMALL = ("Kernel size can't be greater than actual input size", "Output size is too small")
"""How torch says that a convolution or pooling has more taps than there are pixels."""


class SiameseNetwork(nn.Module):
    """What FC and RPN models share: a backbone, the preprocessing and the sizes that a tracker must know."""

    kind: Literal["fc", "rpn"]
    name: str = ""
    """Known name, set by the registry."""
    options: dict[str, Any]
    """Options that the registry built it with; a checkpoint keeps them."""
    exemplar_size: int = 127
    """Side of the exemplar crop in pixels."""
    search_size: int = 255
    """Side of the search crop in pixels that the response size is quoted for; any larger one works too."""

    def __init__(self, backbone: nn.Module, preprocessing: Preprocessing = PLAIN_RGB) -> None:
        super().__init__()
        self.backbone = backbone
        self.options = {}
        self.stride = int(cast(int, backbone.stride))
        self._offset: Tensor
        self._gain: Tensor
        self.register_buffer("_gain", torch.ones(1, 3, 1, 1), persistent=False)
        self.register_buffer("_offset", torch.zeros(1, 3, 1, 1), persistent=False)
        self.set_preprocessing(preprocessing)

    @property
    def preprocessing(self) -> Preprocessing:
        """What the weights expect of the input."""
        return self._preprocessing

    def set_preprocessing(self, preprocessing: Preprocessing) -> None:
        """Declare what the weights expect; `embed` applies it from now on."""
        self._preprocessing = preprocessing
        reference = next(self.parameters())
        std = torch.tensor(preprocessing.std, dtype=torch.float64)
        mean = torch.tensor(preprocessing.mean, dtype=torch.float64)
        gain, offset = (preprocessing.scale / std).reshape(1, 3, 1, 1), (-mean / std).reshape(1, 3, 1, 1)
        # Weights without values (meta device) are filled later; the buffers then follow the default device.
        device = gain.device if reference.is_meta else reference.device
        self._gain, self._offset = gain.to(device, reference.dtype), offset.to(device, reference.dtype)

    def preprocess(self, images: Tensor) -> Tensor:
        """RGB images in 0..255 to the network's input.

        Raises:
            InputError: not a floating-point tensor of shape (n, 3, H, W).
        """
        if images.dim() != 4 or images.shape[1] != 3:
            raise InputError(
                f"images of shape {tuple(images.shape)}: expected (n, 3, height, width), channels first, RGB, 0..255"
            )
        if not images.is_floating_point():
            raise InputError(f"images of type {images.dtype}: expected floating point in 0..255; call .float() first")
        if self._preprocessing.is_identity:
            return images
        if self._preprocessing.order == "BGR":
            images = images.flip(1)
        return images * self._gain + self._offset

    def _sized(self, images: Tensor, compute: Callable[..., Any], *arguments: Any) -> Any:
        """`compute(*arguments)`, which works on features of these images.

        Raises:
            InputError: the images are too small for it.
        """
        try:
            return compute(*arguments)
        except RuntimeError as error:
            if not any(words in str(error) for words in _TOO_SMALL):
                raise
            raise InputError(
                f"images of {images.shape[-1]} x {images.shape[-2]} pixels are too small for "
                f"{self.name or 'the network'}. Exemplars usually have {self.exemplar_size} pixels, search regions "
                f"{self.search_size}"
            ) from error


class FullyConvolutional(SiameseNetwork):
    """SiamFC's shape: embed both images, cross-correlate."""

    kind: Literal["fc"] = "fc"

    def __init__(self, backbone: nn.Module, head: nn.Module, preprocessing: Preprocessing = PLAIN_RGB) -> None:
        super().__init__(backbone, preprocessing)
        self.head = head

    def embed(self, images: Tensor) -> Tensor:
        """Features (n, c, h, w) of images (n, 3, H, W) in RGB, 0..255."""
        return cast(Tensor, self._sized(images, self.backbone, self.preprocess(images)))

    def correlate(self, exemplar_features: Tensor, search_features: Tensor) -> Tensor:
        """Response maps (n * k, 1, r, r) of features of n exemplars and of n * k search regions (k in a row each)."""
        response: Tensor = self.head(exemplar_features, search_features)
        return response

    def template(self, images: Tensor) -> Tensor:
        """What the tracker keeps of n exemplars: their features."""
        return self.embed(images)

    def detect(self, template: Tensor, search: Tensor) -> Tensor:
        """Response maps (n * k, 1, r, r) of n templates in n * k search images."""
        return self.correlate(template, self.embed(search))

    def forward(self, exemplar: Tensor, search: Tensor) -> Tensor:
        return self.detect(self.template(exemplar), search)


class RegionProposal(SiameseNetwork):
    """SiamRPN's shape: embed both images, adjust, and score anchors."""

    kind: Literal["rpn"] = "rpn"

    def __init__(
        self,
        backbone: nn.Module,
        head: nn.Module,
        neck: nn.Module | None = None,
        preprocessing: Preprocessing = PLAIN_RGB,
    ) -> None:
        super().__init__(backbone, preprocessing)
        self.neck = neck
        self.head = head
        self.anchor_count = int(cast(int, head.anchors))
        self.classes = int(cast(int, head.classes))

    def embed(self, images: Tensor) -> list[Tensor]:
        """Features of images (n, 3, H, W) in RGB, 0..255: one tensor per pyramid level."""
        return self.adjust(self.extract(images))

    def extract(self, images: Tensor) -> list[Tensor]:
        """What the backbone alone makes of images, before the neck: one tensor per pyramid level."""
        features: Tensor | list[Tensor] = self._sized(images, self.backbone, self.preprocess(images))
        return [features] if isinstance(features, Tensor) else features

    def extract_exemplars(self, images: Tensor) -> list[Tensor]:
        """`extract` of exemplars; a head that asks for more of them than of search regions has a class of its own."""
        return self.extract(images)

    def adjust(self, levels: list[Tensor]) -> list[Tensor]:
        """What the neck makes of the backbone's features; the same ones where there is no neck."""
        return levels if self.neck is None else cast(list[Tensor], self.neck(levels))

    def template(self, images: Tensor) -> tuple[Tensor, ...]:
        """What the tracker keeps of n exemplars: the correlation kernels, computed once."""
        return cast(tuple[Tensor, ...], self._sized(images, self._kernels, self.adjust(self.extract_exemplars(images))))

    def _kernels(self, levels: list[Tensor]) -> tuple[Tensor, ...]:
        compute: Any = self.head.kernels
        return cast(tuple[Tensor, ...], compute(levels))

    def detect(self, template: tuple[Tensor, ...], search: Tensor) -> tuple[Tensor, Tensor]:
        """Raw class scores (n * k, classes * a, r, r) and box offsets (n * k, 4 * a, r, r).

        `objectness` and `offsets` make sense of them.

        Raises:
            InputError: the count of search images is no multiple of the template's.
        """
        if len(template[0]) == 0 or len(search) % len(template[0]):
            raise InputError(f"{len(search)} search images for {len(template[0])} templates: expected a multiple")
        cls, loc = self._sized(search, self.head, template, self.embed(search))
        return cls, loc

    def correlate(self, exemplar_levels: list[Tensor], search_levels: list[Tensor]) -> tuple[Tensor, Tensor]:
        """What `forward` gives, from the backbone's features (`extract_exemplars`, `extract`)."""
        cls, loc = self.head(self._kernels(self.adjust(exemplar_levels)), self.adjust(search_levels))
        return cls, loc

    def objectness(self, cls: Tensor) -> Tensor:
        """Probability of the target (n, a, r, r) for every anchor and cell, from the raw class scores."""
        count, _, rows, columns = cls.shape
        if self.classes == 1:
            return torch.sigmoid(cls)
        return torch.softmax(cls.reshape(count, 2, self.anchor_count, rows, columns), dim=1)[:, 1]

    def offsets(self, loc: Tensor) -> Tensor:
        """Box offsets (n, 4, a, r, r): dx, dy in anchor widths and heights, log w and log h ratios."""
        count, _, rows, columns = loc.shape
        return loc.reshape(count, 4, self.anchor_count, rows, columns)

    def forward(self, exemplar: Tensor, search: Tensor) -> tuple[Tensor, Tensor]:
        return self.detect(self.template(exemplar), search)


def select_template(template: Template, index: int) -> Template:
    """The template of one target, first axis kept (length 1)."""
    if isinstance(template, Tensor):
        return template[index : index + 1]
    return tuple(part[index : index + 1] for part in template)


def join_templates(templates: Sequence[Template]) -> Template:
    """One template of many targets, in the order given."""
    if isinstance(templates[0], Tensor):
        return torch.cat([cast(Tensor, template) for template in templates])
    return tuple(torch.cat(parts) for parts in zip(*cast(Sequence[tuple[Tensor, ...]], templates), strict=True))
