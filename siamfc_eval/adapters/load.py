"""Any tracker that a user can name, from the catalogue or from elsewhere."""

from __future__ import annotations

from pathlib import Path

from siamfc_eval.errors import InputError
from siamfc_eval.tracking.tracker import Tracker

TRAX_PREFIX = "trax:"
"""What a command line that speaks TraX is marked with."""


def load_tracker(spec: str, device: str = "auto", weights: Path | str | None = None) -> Tracker:
    """The tracker that a word on the command line means, ready to start.

    Args:
        spec: a name of the catalogue, a definition (.toml), a class (`path/to/file.py:ClassName`) or the command line
            of a TraX tracker (`trax:COMMAND`).
        device: "auto", "cpu", "cuda" or "cuda:N"; for networks of ours, and for classes that ask for it.
        weights: a weights file instead of the definition's own.

    Raises:
        UnknownNameError: no such tracker, with the nearest known names.
        InputError: the definition, its weights or the class cannot be used.
        TrackerError: a foreign class could not be built.
    """
    if spec.startswith(TRAX_PREFIX):
        from siamfc_eval.adapters.trax_client import TraxTracker

        command = spec.removeprefix(TRAX_PREFIX).strip()
        if not command:
            raise InputError(f"'{spec}': expected the command line of a TraX tracker, as in 'trax:python tracker.py'.")
        if weights is not None:
            raise InputError(f"'{spec}': give weights ({weights}) in the tracker's own command line.")
        return TraxTracker(command)
    if ".py:" in spec:
        from siamfc_eval.adapters.foreign import load_foreign

        return load_foreign(spec, device, weights)
    from siamfc_eval.tracking.catalogue import load_tracker as load_from_catalogue

    return load_from_catalogue(spec, device, weights)
