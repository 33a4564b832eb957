"""Models by their known names.

A model is a function that builds it from keyword options, under the name that people know it by.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from siamfc_eval.errors import InputError, UnknownNameError
from siamfc_eval.models.backbones.alexnet import STANDARD_WIDTHS, AlexNet
from siamfc_eval.models.heads.correlation import Correlation
from siamfc_eval.models.siamese import FullyConvolutional, SiameseNetwork

_BUILDERS: dict[str, Callable[..., SiameseNetwork]] = {}


def _siamfc(
    channels: Sequence[int] = STANDARD_WIDTHS,
    groups: Sequence[int] = (1, 2, 1, 2, 2),
    scale: float = 1e-3,
    adjust: str = "none",
    **backbone: Any,
) -> FullyConvolutional:
    """Bertinetto et al., "Fully-Convolutional Siamese Networks for Object Tracking" (ECCVW 2016), AlexNet."""
    return FullyConvolutional(AlexNet(channels, groups, **backbone), Correlation(scale, adjust))


_BUILDERS["SiamFC"] = _siamfc


def model_names() -> list[str]:
    """Known names of all models."""
    return list(_BUILDERS)


def build_model(name: str, **options: Any) -> SiameseNetwork:
    """A model by its known name, freshly initialised, in training mode.

    Args:
        name: one of `model_names()`.
        options: of that model, for example `channels=(14, 38, 56, 56, 38)` for a narrow SiamFC.

    Raises:
        UnknownNameError: no model has this name.
        InputError: options that this model does not have, or values that cannot be built.
    """
    if name not in _BUILDERS:
        raise UnknownNameError("model", name, model_names())
    try:
        model = _BUILDERS[name](**options)
    except (TypeError, ValueError) as error:
        raise InputError(f"model {name} with options {options}: {error}") from error
    model.name = name
    model.options = options
    return model
