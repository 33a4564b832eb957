"""Models by their known names.

To add a model, write a function that builds it from keyword options (see `family_fc` and `family_rpn`) and name it
here. Targets are imported when used, so the names can be listed without torch.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from siamfc_eval.errors import InputError, MissingDependencyError, UnknownNameError

if TYPE_CHECKING:
    from siamfc_eval.models.siamese import SiameseNetwork

_FC = "siamfc_eval.models.family_fc"
_RPN = "siamfc_eval.models.family_rpn"

MODELS: dict[str, tuple[str, str]] = {
    "SiamFC_": (_FC, "siamfc_base"),
    "SiamFC": (_FC, "siamfc"),
    "SiamVGG": (_FC, "siamvgg"),
    "SiamFCRes22": (_FC, "siamfc_res22"),
    "SiamFCIncep22": (_FC, "siamfc_incep22"),
    "SiamFCNext22": (_FC, "siamfc_next22"),
    "SiamFCRes22W": (_FC, "siamfc_res22w"),
    "SiamRPN": (_RPN, "siamrpn"),
    "SiamRPNVGG": (_RPN, "siamrpn_vgg"),
    "SiamRPNRes22": (_RPN, "siamrpn_res22"),
    "SiamRPNIncep22": (_RPN, "siamrpn_incep22"),
    "SiamRPNResNeXt22": (_RPN, "siamrpn_resnext22"),
    "SiamRPN++": (_RPN, "siamrpn_pp"),
}
"""Name -> (module, function)."""

ALIASES = {"SiamRPNPP": "SiamRPN++"}
"""Other names that people use."""


def model_names() -> list[str]:
    """Known names of all models, simplest first; needs no torch."""
    return list(MODELS)


def _builder(name: str) -> Callable[..., SiameseNetwork]:
    if name not in MODELS:
        raise UnknownNameError("model", name, [*MODELS, *ALIASES])
    module, function = MODELS[name]
    try:
        builder: Callable[..., SiameseNetwork] = getattr(importlib.import_module(module), function)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingDependencyError("torch", "torch", f"model {name}") from error
    return builder


def model_summary(name: str) -> str:
    """One line on a model: its paper.

    Raises:
        UnknownNameError: no model has this name.
    """
    return (_builder(ALIASES.get(name, name)).__doc__ or "").strip().splitlines()[0]


def build_model(name: str, **options: Any) -> SiameseNetwork:
    """A model by its known name, freshly initialised, in training mode.

    Args:
        name: one of `model_names()`.
        options: of that model, for example `channels=(14, 38, 56, 56, 38)` for a narrow SiamFC.

    Raises:
        UnknownNameError: no model has this name.
        InputError: options that this model does not have, or values that cannot be built.
        MissingDependencyError: torch is not installed.
    """
    name = ALIASES.get(name, name)
    builder = _builder(name)
    try:
        model = builder(**options)
    except (TypeError, ValueError) as error:
        raise InputError(f"model {name} with options {options}: {error}") from error
    model.name = name
    model.options = options
    return model
