"""Models by their known names.

To add a model, write a function that builds it from keyword options (see `family_fc` and `family_rpn`) and name it
here, or offer it from a package of your own as an entry point of the group `siamfc_eval.models`. Targets are imported
when used, so the names can be listed without torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from siamfc_eval.errors import InputError, MissingDependencyError, UnknownNameError
from siamfc_eval.registry import Registry

if TYPE_CHECKING:
    from siamfc_eval.models.siamese import SiameseNetwork

Builder = Callable[..., "SiameseNetwork"]

MODELS: Registry[Builder] = Registry("model", "builtins:object", group="siamfc_eval.models")
"""Name -> function that builds it from keyword options."""

for _name, _builder in {
    "SiamFC_": "family_fc:siamfc_base",
    "SiamFC": "family_fc:siamfc",
    "SiamVGG": "family_fc:siamvgg",
    "SiamFCRes22": "family_fc:siamfc_res22",
    "SiamFCIncep22": "family_fc:siamfc_incep22",
    "SiamFCNext22": "family_fc:siamfc_next22",
    "SiamFCRes22W": "family_fc:siamfc_res22w",
    "SiamRPN": "family_rpn:siamrpn",
    "SiamRPNVGG": "family_rpn:siamrpn_vgg",
    "SiamRPNRes22": "family_rpn:siamrpn_res22",
    "SiamRPNIncep22": "family_rpn:siamrpn_incep22",
    "SiamRPNResNeXt22": "family_rpn:siamrpn_resnext22",
    "SiamRPN++": "family_rpn:siamrpn_pp",
}.items():
    MODELS.add(_name, f"siamfc_eval.models.{_builder}")

ALIASES = {"SiamRPNPP": "SiamRPN++"}
"""Other names that people use."""


def model_names() -> list[str]:
    """Known names of all models, simplest first; needs no torch."""
    return list(MODELS)


def _builder_of(name: str) -> Builder:
    if name not in MODELS:
        raise UnknownNameError("model", name, [*MODELS, *ALIASES])
    try:
        return MODELS[name]
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingDependencyError("torch", "torch", f"model {name}") from error


def model_summary(name: str) -> str:
    """One line on a model: its paper.

    Raises:
        UnknownNameError: no model has this name.
    """
    return (_builder_of(ALIASES.get(name, name)).__doc__ or "").strip().splitlines()[0]


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
    builder = _builder_of(name)
    try:
        model = builder(**options)
    except (TypeError, ValueError) as error:
        raise InputError(f"model {name} with options {options}: {error}") from error
    model.name = name
    model.options = options
    return model
