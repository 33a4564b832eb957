"""From what a user writes after --tracker to a tracker."""

from __future__ import annotations

from functools import partial

from siamfc_eval.running.processes import Loader
from siamfc_eval.tracking.catalogue import load_tracker
from siamfc_eval.tracking.tracker import Tracker


def open_tracker(spec: str, device: str = "auto") -> Tracker:
    """The tracker of a catalogue name, a .toml file, `path/file.py:Class` or `trax:COMMAND`.

    Raises:
        InputError: no such tracker, or it cannot be made.
        MissingDependencyError: it needs a package that is not installed.
    """
    if spec.startswith("trax:"):
        from siamfc_eval.adapters.trax_client import TraxTracker

        return TraxTracker(spec.removeprefix("trax:").strip())
    if ".py:" in spec:
        from siamfc_eval.adapters.foreign import load_foreign

        return load_foreign(spec)
    return load_tracker(spec, device)


def loader(spec: str | Tracker, device: str = "auto") -> Loader:
    """What makes the tracker again in another process."""
    return partial(open_tracker, spec, device) if isinstance(spec, str) else partial(_same, spec)


def _same(tracker: Tracker) -> Tracker:
    return tracker
