"""What a network expects of its input: colour order, range, mean and standard deviation."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from siamfc_eval.errors import InputError


@dataclass(frozen=True)
class Preprocessing:
    """How images (RGB, float, 0..255) become a network's input: reorder, multiply by `scale`, subtract `mean`, divide
    by `std`.

    Weights are right for one preprocessing only. A swapped colour order costs a hundredth or two of IoU, which hides
    well; therefore every checkpoint source declares its own.
    """

    order: Literal["RGB", "BGR"] = "RGB"
    """Channel order that the network was trained on."""
    scale: float = 1.0
    """1 for networks on 0..255, 1/255 for networks on 0..1."""
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Subtracted after scaling, in `order`."""
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Divided by after subtracting, in `order`."""

    @property
    def is_identity(self) -> bool:
        """True if RGB images in 0..255 go in as they are."""
        return self == Preprocessing()

    def to_json(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Preprocessing:
        """The reverse of `to_json`.

        Raises:
            InputError: unknown or malformed fields.
        """
        try:
            mean = tuple(float(v) for v in values.get("mean", (0, 0, 0)))
            std = tuple(float(v) for v in values.get("std", (1, 1, 1)))
            order, scale = values.get("order", "RGB"), float(values.get("scale", 1.0))
        except (TypeError, ValueError, AttributeError) as error:
            raise InputError(f"preprocessing {values!r}: {error}") from error
        unknown = set(values) - {"order", "scale", "mean", "std"}
        if unknown or order not in ("RGB", "BGR") or len(mean) != 3 or len(std) != 3 or not all(std):
            raise InputError(f"preprocessing {values!r}: expected order RGB or BGR, scale, mean and std of 3 values")
        return cls(order, scale, (mean[0], mean[1], mean[2]), (std[0], std[1], std[2]))


PLAIN_RGB = Preprocessing()
"""RGB in 0..255 as it is: siamfc-pytorch, MatConvNet, our own networks."""

PLAIN_BGR = Preprocessing(order="BGR")
"""BGR in 0..255 as OpenCV reads it: SiamDW, pysot, DaSiamRPN."""

IMAGENET_RGB = Preprocessing("RGB", 1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""ImageNet statistics on 0..1: what SiameseX trains its FC models with."""

HALF_RGB = Preprocessing("RGB", 1 / 255, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
"""Mean .5 and standard deviation .25 on 0..1: what SiameseX tracks its FC models with."""
