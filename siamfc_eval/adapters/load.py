"""Any tracker that a user can name, from the catalogue or from elsewhere."""

from __future__ import annotations

import dataclasses
from typing import Any

from siamfc_eval.adapters.classes.naming import is_class_spec
from siamfc_eval.tracking.family import LoadOptions
from siamfc_eval.tracking.tracker import Tracker

TRAX_PREFIX = "trax:"
"""What a command line that speaks TraX is marked with."""


def load_tracker(spec: str, options: LoadOptions | None = None, **single: Any) -> Tracker:
    """The tracker that a word on the command line means, ready to start.

    Args:
        spec: a name of the catalogue, a definition (.toml), a class (`path/to/file.py:Class` or
            `package.module:Class`) or the command line of a TraX tracker (`trax:COMMAND`).
        options: see `siamfc_eval.tracking.family.LoadOptions`.
        single: single options, e.g. `device="cpu"`.

    Raises:
        UnknownNameError: no such tracker, with the nearest known names.
        InputError: the definition, its weights or the class cannot be used.
        TrackerError: a foreign class could not be built.
        TypeError: no such option.
    """
    options = dataclasses.replace(options or LoadOptions(), **single)
    if spec.startswith(TRAX_PREFIX):
        from siamfc_eval.adapters.trax.family import tracker_of_command

        return tracker_of_command(spec, spec.removeprefix(TRAX_PREFIX).strip(), options)
    if is_class_spec(spec):
        from siamfc_eval.adapters.classes.family import tracker_of_spec

        return tracker_of_spec(spec, options)
    from siamfc_eval.tracking.catalogue import load_described

    return load_described(spec, options)


def check_tracker(spec: str, options: LoadOptions) -> None:
    """Whether a tracker is known and its definition and weights are there, without loading it.

    Args:
        spec: as of `load_tracker`; of classes and command lines only loading tells anything.
        options: how it will be loaded.

    Raises:
        UnknownNameError, InputError: as `load_tracker`.
    """
    if spec.startswith(TRAX_PREFIX) or is_class_spec(spec):
        return
    from siamfc_eval.tracking.catalogue import check_described

    check_described(spec, options)
